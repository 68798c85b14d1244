"""A lab that is used for as long as a lesson: what it holds of the machine stays what it was.

    python -m benchmarks.soak             ten minutes
    python -m benchmarks.soak 100         so many seconds

The real lab in a real terminal shows a training, is led through all its panes and pictures, stops
the training and starts another, again and again. At the same place of each round it is counted
what it holds. The first eight rounds fill what is kept on purpose, as the log's newest entries and
what Textual remembers of colours and lines; from then on its memory may grow by a tenth, and files,
threads and processes not at all.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

import psutil

from engine.runs.finding import list_runs
from engine.runs.summary import Glance, glance
from tests.terminals import Terminal, experienced

PROMISE: Final = "a lab that is used beside a training holds no more of the machine than before"

SECONDS: Final = 600.0
GROWTH: Final = 1.1
"""By how much its memory may grow, in all."""
SETTLED: Final = 8
"""Rounds after which everything that is kept on purpose is there, however long they take."""
LEAST: Final = 3
"""Rounds that there must be after that, on whatever machine."""
REST: Final = 0.15
"""Seconds between two keys: a lab ticks in them."""

ROUND: Final = (
    *("1", "2", "a", "a", "a", "a", "w", "w", "w", "l", "l", "i", "o", "left", "right", "3", "4"),
    *(
        "v",
        "v",
        "v",
        "v",
        "v",
        "v",
        "V",
        "y",
        "z",
        "z",
        "5",
        "6",
        "7",
        "9",
        "E",
        "2",
        "t",
        "t",
        "t",
    ),
    *("g", "g", "g", "?", "escape", "c", "c", "home", "end", "+", "-", "2"),
)
"""The keys of a round: every pane, every picture, help, and back."""
SENT: Final = {
    "left": "\x1b[D",
    "right": "\x1b[C",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "escape": "\x1b",
}
"""What a terminal sends for keys that have names."""

TRAINED: Final = ("open", "two-moons", "--device", "cpu", "--set", "train.epochs=100000000")
WIDE: Final = ("--set", "model.hidden=[64, 64]")
"""Far too long to end by itself, and wide enough that steps alone fill no memory."""


@dataclass(frozen=True)
class Held:
    """What a process and those it started hold of the machine."""

    memory: int
    """Bytes that are its own."""
    files: int
    threads: int
    children: int

    @classmethod
    def by(cls, process: psutil.Process) -> Held:
        """Count what a process holds now."""
        return cls(
            process.memory_full_info().uss,
            process.num_fds(),
            process.num_threads(),
            len(process.children(recursive=True)),
        )


class Lesson:
    """A lab in a terminal, and the runs it starts."""

    def __init__(self, place: Path) -> None:
        self._runs = place / "runs"
        where = {"EPOCHAL_RUNS": str(self._runs), "XDG_STATE_HOME": experienced(place)}
        self.terminal = Terminal(*TRAINED, *WIDE, XDG_CONFIG_HOME=str(place), **where)
        self.terminal.shows("ready")

    def begin(self) -> None:
        """Start a run, and wait until it is trained."""
        before = len(list_runs(self._runs))
        self.terminal.press(" ")
        self.terminal.until(lambda: len(list_runs(self._runs)) > before and self._newest().step > 0)

    def end(self) -> None:
        """Stop the run that is shown, and wait until that is seen."""
        self.terminal.press("x")
        self.terminal.until(lambda: self._newest().end is not None)
        self.terminal.shows("stopped")

    def _newest(self) -> Glance:
        """Return how the newest run stands."""
        return glance(list_runs(self._runs)[0])

    def round(self) -> None:
        """Look at everything there is."""
        for key in ROUND:
            self.terminal.press(SENT.get(key, key))
            self.terminal.read(REST)


def rounds(place: Path, seconds: float) -> Iterator[tuple[float, Held]]:
    """Use a lab for so long, and yield after each round when that was, and what is held."""
    lesson = Lesson(place)
    lab = psutil.Process(lesson.terminal.process.pid)
    began, count = time.monotonic(), 0
    try:
        while time.monotonic() - began < seconds or count < SETTLED + LEAST:
            lesson.begin()
            lesson.round()
            count += 1
            yield time.monotonic() - began, Held.by(lab)
            lesson.end()
    finally:
        lesson.terminal.close()


def grown(before: list[Held], after: list[Held]) -> list[str]:
    """Return what was held more of, in words."""
    most = [max(column) for column in zip(*map(astuple, before), strict=True)]
    last = [min(column) for column in zip(*map(astuple, after[-LEAST:]), strict=True)]
    allowed = [most[0] * GROWTH, *most[1:]]
    names = ("bytes of memory", "files", "threads", "children")
    return [
        f"{then} {name} became {now}"
        for name, then, now, limit in zip(names, most, last, allowed, strict=True)
        if now > limit
    ]


def main() -> int:
    """Use a lab, say after each round what it holds, and print the row."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    settled: list[Held] = []
    later: list[Held] = []
    with tempfile.TemporaryDirectory() as place:
        for at, held in rounds(Path(place), seconds):
            (settled if len(settled) < SETTLED else later).append(held)
            memory = f"{held.memory / 1e6:.1f} MB, {held.files} files"
            words = f"{memory}, {held.threads} threads, {held.children} children"
            print(f"{at:5.0f} s: {words}", file=sys.stderr, flush=True)
    lost = grown(settled, later)
    for each in lost:
        print(each)
    tried = len(settled) + len(later)
    command = " ".join(["python -m benchmarks.soak", *sys.argv[1:]])
    print(
        f"| {PROMISE} | {tried} rounds | {tried if not lost else 0} | {len(lost)} | `{command}` |"
    )
    return int(bool(lost))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
