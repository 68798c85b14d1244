"""A recording of ten million steps: what each command takes of it, in seconds and in memory.

    python -m benchmarks.memory [--steps 10000000] [--rounds 3]

The recording is that of ``benchmarks.million``, ten times as long. Times are those beyond
``python -c pass``; ``stop`` is answered at once, so they are its own. Memory is the proportional
set (PSS in /proc/PID/smaps_rollup, looked at every 20 ms, the greatest) less what the same command
takes of a recording of a thousand steps.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.million import QUIET, record
from engine.diagnosis import report
from engine.headless.log import RunLog
from engine.recording.events import End
from engine.recording.file import Reader
from engine.recording.history import History
from engine.recording.lines import encode
from engine.runs.requests import Inbox, lengths
from tests.labs import FakeRun
from tests.terminals import Terminal

LOOK_SECONDS = 0.02
"""How often the memory of a process is looked at."""
SHORT = 1000
"""Steps of the recording that memory is compared with."""


class Peak:
    """The most memory that a process held while this is entered, in MB."""

    def __init__(self, pid: int) -> None:
        self._path = Path(f"/proc/{pid}/smaps_rollup")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.most = 0.0

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            with contextlib.suppress(OSError):
                text = self._path.read_text("utf-8")
                pss = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
                self.most = max(self.most, int(pss[1]) / 1000 if pss else 0.0)


class Taken(NamedTuple):
    """What a command took."""

    seconds: float
    """Of the clock on the wall, which other work on the machine lengthens."""
    cpu: float
    """Seconds of the processor."""
    memory: float
    """The most it held, in MB."""

    def beyond(self, start: Taken, short: Taken) -> str:
        """Return the cells of a table: seconds beyond a start, memory beyond a short recording."""
        seconds, cpu = self.seconds - start.seconds, self.cpu - start.cpu
        return f"{seconds:.2f} | {cpu:.2f} | {self.memory - short.memory:.0f}"


def timed(*command: str, runs: Path) -> Taken:
    """Return what a command takes."""
    environment = {**os.environ, "EPOCHAL_RUNS": str(runs)}
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    with Peak(process.pid) as peak:
        _, _, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
    process.returncode = 0
    return Taken(seconds, usage.ru_utime + usage.ru_stime, peak.most)


def median(rounds: Sequence[Taken]) -> Taken:
    """Return the median times, and the most memory."""
    seconds, cpu, memory = zip(*rounds, strict=True)
    return Taken(statistics.median(seconds), statistics.median(cpu), max(memory))


def epochal(*arguments: str) -> Sequence[str]:
    """Return the command line of ``epochal``."""
    return (sys.executable, "-m", "tui", *arguments)


@contextlib.contextmanager
def answered(run: FakeRun) -> Iterator[None]:
    """Answer a request to stop with an end, which is taken back afterwards."""
    recording, over = run.folder.recording, threading.Event()
    size, inbox = recording.stat().st_size, Inbox(run.folder, lengths(run.folder))

    def answer() -> None:
        while not over.wait(0.005):
            if any(request.action == "stop" for request in inbox.poll()):
                with recording.open("ab") as file:
                    file.write(encode(End(step=run.step, status="stopped", reason="request")))
                return

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        os.truncate(recording, size)


def stopped(run: FakeRun) -> Taken:
    """Return what it takes to stop a run."""
    with answered(run):
        return timed(*epochal("stop", run.folder.name), runs=run.folder.path.parent)


def listed(run: FakeRun) -> Taken:
    """Return what it takes to list the run."""
    return timed(*epochal("runs"), runs=run.folder.path.parent)


def shown(run: FakeRun) -> Taken:
    """Return what it takes to show the run as text."""
    return timed(*epochal("show", run.folder.name), runs=run.folder.path.parent)


def lab(run: FakeRun) -> tuple[Taken, Taken]:
    """Return what the lab takes until it shows a run's newest part, and until all of it."""
    started = time.monotonic()
    terminal = Terminal("open", run.folder.name, EPOCHAL_RUNS=str(run.folder.path.parent))
    pid, newest = terminal.process.pid, f"step {run.step:,}".replace(",", " ")
    with Peak(pid) as peak:
        while newest not in terminal.text:
            terminal.read(0.005)
        first = whole = Taken(time.monotonic() - started, processor(pid), peak.most)
        while time.monotonic() - started < whole.seconds + QUIET:
            terminal.read(0.1)
            if "reading" in terminal.text:
                whole = Taken(time.monotonic() - started, processor(pid), peak.most)
    terminal.close()
    return first, whole._replace(memory=peak.most)


def processor(pid: int) -> float:
    """Return the seconds of the processor that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def followed(run: FakeRun) -> Taken:
    """Return what it takes to follow a run as the command does that trains it."""
    program = (sys.executable, "-m", "benchmarks.memory", "--follow", str(run.folder.recording))
    return timed(*program, runs=run.folder.path.parent)


def follow(recording: Path) -> None:
    """Read a recording as ``run --log-every`` does while it is written: piece by piece."""
    reader = Reader(recording)
    history, log = History(again=reader.again, resident_bytes=0), RunLog(print, every=10_000)
    while True:
        history.extend(reader.poll(1 << 18))
        log.tell(history, whole=not reader.behind)
        if not reader.behind:
            break
    report.findings_of(history)


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--follow", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.follow is not None:
        follow(given.follow)
        return
    start = median([timed(sys.executable, "-c", "pass", runs=Path()) for _ in range(5)])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        going = record(folder / "going", given.steps, ended=False)
        over = record(folder / "over", given.steps)
        short = record(folder / "short", SHORT)
        short_going = record(folder / "short-going", SHORT, ended=False)
        size = going.folder.recording.stat().st_size / 1e6
        print(f"{given.steps} steps, {size:.0f} MB; python -c pass takes {start.seconds:.3f} s\n")
        print("| | seconds | of the processor | MB |\n|---|---:|---:|---:|")
        for words, measured, long, beside in (
            ("`stop`", stopped, going, short_going),
            ("`runs`, the run going", listed, going, short_going),
            ("`runs`, the run over", listed, over, short),
            ("`show`", shown, over, short),
            ("followed as by `run --log-every`", followed, over, short),
        ):
            taken = median([measured(long) for _ in range(given.rounds)])
            print(f"| {words} | {taken.beyond(start, measured(beside))} |", flush=True)
        # First, for the lab's modules are compiled by whoever imports them first.
        beside = lab(short)[1]
        newest, whole = map(median, zip(*(lab(over) for _ in range(given.rounds)), strict=True))
        print(f"| the lab, its newest part | {newest.beyond(start, newest)} |")
        print(f"| the lab, all of it | {whole.beyond(start, beside)} |", flush=True)


if __name__ == "__main__":
    main()
