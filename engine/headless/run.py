"""Training without a screen: a run is started, followed to its end, and told of.

    start ─► a worker trains ─► recording ─► Follower ─► progress, result and diagnosis,
                 ▲                              │        or the lines as they are
                 └──────── stop ◄── Ctrl-C ─────┘

The command is a viewer like any other: all it knows of the run it reads from the recording.
"""

from __future__ import annotations

import json
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO, Final

from ..diagnosis import report
from ..errors import EpochalError, RunError
from ..presets.preset import Preset, dumps
from ..recording.events import End
from ..recording.file import Reader
from ..recording.history import History
from ..runs.folder import RunFolder, create_run
from ..runs.listing import ending_text
from ..runs.requests import Control
from ..text.files import last_lines, open_file
from ..text.owned import Share
from ..text.parsing import from_json
from ..text.safe import harmless, plain
from ..text.streams import leave_lost_terminal
from ..worker import launch
from .log import LogEntry, RunLog
from .progress import Progress, progress_for
from .result import result_text

POLL_SECONDS: Final = 0.1
"""How often the recording is looked at."""

LOG_LINES: Final = 5
"""How many lines of a dead worker's log are shown."""

_END: Final = b'{"kind":"end",'
"""How the line begins that ends a recording."""

DONE: Final = 0
FAILED: Final = 1
WRONG: Final = 2
INTERRUPTED: Final = 130


ONCE: Final = (signal.SIGHUP, signal.SIGUSR1)
"""What says but one thing however often it comes: a terminal that closes may tell it twice over,
and a scheduler that will take the machine now and then."""


class Interrupts:
    """What asks a command to end, counted while this is entered instead of ending it: Ctrl-C and
    SIGTERM, a terminal that is closed (SIGHUP), and a scheduler that needs the machine (SIGUSR1).
    """

    def __init__(self) -> None:
        self.count = 0
        """How many have come; those of ``ONCE`` count as one where none came before."""
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        for number in (signal.SIGINT, signal.SIGTERM, *ONCE):
            # Whoever wants it to outlive a terminal, as with nohup, has had it ignored.
            if number not in ONCE or signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._count)
        return self

    def __exit__(self, *raised: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _count(self, number: int, frame: FrameType | None) -> None:
        leave_lost_terminal()
        self.count = max(self.count, 1) if number in ONCE else self.count + 1


class Echo:
    """Passes a recording's lines on as they are; this one passes none."""

    def pass_on(self, upto: int, history: History, news: Sequence[LogEntry] = ()) -> None:
        """Write what the recording holds up to a byte and was not yet written.

        Args:
            upto: The byte.
            history: What is known of the run by then.
            news: What is told of it beside, where that is asked for: a line each, before the end.

        Raises:
            BrokenPipeError: Nobody reads any more.
        """


class EventLines(Echo):
    """Passes a recording's lines on as they are; that of the end gets a ``diagnosis`` beside its
    result.

    Args:
        recording: The file.
        out: Where they go.
        done: The bytes of it that are not passed on.
    """

    def __init__(self, recording: Path, out: BinaryIO, done: int = 0) -> None:
        self._recording, self._out, self._done = recording, out, done

    def pass_on(self, upto: int, history: History, news: Sequence[LogEntry] = ()) -> None:
        """Write what the recording holds up to a byte and was not yet written."""
        if upto <= self._done and not news:
            return
        with open_file(self._recording) as file:
            file.seek(self._done)
            lines = [line for line in file.read(upto - self._done).splitlines(True) if line.strip()]
        last = [lines.pop()] if history.end and lines and lines[-1].startswith(_END) else []
        lines += [json.dumps(each.plain()).encode() + b"\n" for each in news]
        lines += [_with_diagnosis(line, history) for line in last]
        self._out.write(harmless(b"".join(lines).decode("utf-8", "replace")).encode())
        self._out.flush()
        self._done = upto


def _with_diagnosis(line: bytes, history: History) -> bytes:
    """Return the last line of a recording with what is wrong with the run in it."""
    findings = [report.plain_object(each) for each in report.findings_of(history)]
    body = from_json(line) | {"diagnosis": findings}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


@dataclass
class Follower:
    """Follows a run from its first line to its last."""

    folder: RunFolder
    """The run."""
    worker: launch.Worker
    """The process that trains it."""
    interrupts: Interrupts
    """The first asks the worker to stop, the second ends it."""
    progress: Progress
    """Shows how it goes on."""
    echo: Echo = field(default_factory=Echo)
    """Passes its lines on."""
    log: RunLog = field(default_factory=lambda: RunLog(_nothing))
    """Tells each so many-th row and each improvement, as far as they are asked for."""
    sleep: Callable[[float], None] = time.sleep
    """Waits between two looks."""
    seams: int = 0
    """How often it has been gone on with, this time included."""
    deserted: bool = False
    """Whether whoever read the lines has gone."""

    def __post_init__(self) -> None:
        self._reader = Reader(self.folder.recording)
        self.history = History(again=self._reader.again, resident_bytes=0)
        """What is known of the run; of its rows the newest are held."""
        self._heeded = 0
        self._warned = 0
        self._introduced = False
        self._begun = 0

    def follow(self) -> End | None:
        """Return how the run ended; none where its worker died without a word."""
        try:
            return self._follow()
        except BaseException:
            # Nobody would know of a worker that goes on after the command that it belongs to.
            end_worker(self.folder, self.worker)
            raise

    def _follow(self) -> End | None:
        with self.progress:
            while True:
                # Asked first: what a worker writes before it ends is then surely read.
                dead = self.worker.poll() is not None
                self._read(last=dead)
                if self._end is not None or dead:
                    return self._end
                self._heed_interrupts()
                self.sleep(POLL_SECONDS)

    @property
    def _end(self) -> End | None:
        """How the run ended; not what ended it before this worker took it up."""
        return self.history.end if len(self.history.seams) >= self.seams else None

    def _read(self, *, last: bool) -> None:
        self.history.extend(self._reader.rest())
        self.progress.show(self.history)
        header = self.history.header
        if header is not None and header.gradients_why and not self._introduced:
            self.progress.say(f"gradients by {header.gradients_by}: {plain(header.gradients_why)}")
        self._introduced = header is not None
        beginnings = [*self.history.seams[self.seams - 1 :]] if self.seams else self.history.forks
        for beginning in beginnings[self._begun :]:
            self.progress.say(plain(beginning.words))
        self._begun = len(beginnings)
        for warning in self.history.warnings[self._warned :]:
            self.progress.say(plain(warning.message))
        self._warned = len(self.history.warnings)
        if not self.deserted:
            try:
                news = self.log.tell(self.history, whole=last)
                self.echo.pass_on(self._reader.offset, self.history, news)
            except BrokenPipeError:
                # As with any program in a pipe: when nobody reads on, the work is over.
                self.deserted = True
                self.interrupts.count += 1

    def _heed_interrupts(self) -> None:
        if self.interrupts.count > self._heeded:
            self._heeded = self.interrupts.count
            if self.interrupts.count == 1:
                self.progress.say("stopping after this step; once more kills the worker")
                Control(self.folder).send("stop")
            else:
                self.worker.kill()


@dataclass(frozen=True)
class Telling:
    """What is told of a run while it is followed, and after it."""

    as_json: bool = False
    """Pass the recording's lines on in place of the result."""
    quiet: bool = False
    """Show no progress."""
    improved: bool = False
    """Tell each improvement: on stderr, and as one more line where ``as_json``."""
    log_every: int = 0
    """Tell each so many-th row, and the improvements with them: on stdout."""


def run(
    preset: Preset,
    worker: launch.Worker,
    runs_dir: Path,
    *,
    device: str,
    allow_code: bool,
    telling: Telling,
    share: Share = "nobody",
) -> int:
    """Train a preset's experiment and tell of it.

    Args:
        preset: What to train.
        worker: Who trains it, without a folder yet.
        runs_dir: Where the run's folder goes.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        allow_code: Whether a network of one's own may be run.
        telling: What is told of it.
        share: Who else may read it.

    Returns:
        The exit status.
    """
    with Interrupts() as interrupts:
        folder = create_run(preset.called, dumps(preset.experiment, full=True), runs_dir, share)
        worker.give(folder, device=device, allow_code=allow_code)
        steps = preset.experiment.steps
        return follow_run(folder, worker, interrupts, telling, steps=steps, allow_code=allow_code)


def follow_run(
    folder: RunFolder,
    worker: launch.Worker,
    interrupts: Interrupts,
    telling: Telling,
    *,
    steps: int,
    done: int = 0,
    seams: int = 0,
    allow_code: bool = False,
) -> int:
    """Follow a run to its end, tell of it, and return the exit status.

    Args:
        folder: The run.
        worker: Who trains it.
        interrupts: What the user asks meanwhile.
        telling: What is told of it.
        steps: How many it is to take in all.
        done: The bytes that were recorded before it was gone on with.
        seams: How often it has been gone on with, this time included.
        allow_code: Whether a network of one's own may be run.

    Raises:
        RunError: It could not be gone on with.
    """
    as_json, every = telling.as_json, telling.log_every
    logged = bool(every) and not as_json
    progress = progress_for(steps, quiet=telling.quiet, logged=logged)
    # They were asked for: to be quiet is about what was not.
    say = _print_result if logged else print_plain if telling.quiet else progress.say
    follower = Follower(
        folder=folder,
        worker=worker,
        interrupts=interrupts,
        progress=progress,
        log=RunLog(
            _nothing if as_json else say, every=every, improved=telling.improved or every > 0
        ),
        echo=EventLines(folder.recording, sys.stdout.buffer, done) if as_json else Echo(),
        seams=seams,
    )
    end = follower.follow()
    if follower.deserted:
        raise BrokenPipeError
    header = follower.history.header
    if end is None and worker.poll() == WRONG:
        # It said why it could not go on; the recording is as it was.
        raise RunError(plain("\n".join(_log_lines(folder)[-1:])))
    if end is None:
        print_plain(_death_text(folder, worker, killed=interrupts.count > 1))
    elif as_json or not end.result:
        if end.status in ("failed", "diverged"):
            print_plain(f"{plain(folder.name)}: {ending_text(end)}")
    else:
        names = header.target_names if header else ()
        variants = header.variants if header else ()
        print(result_text(folder.name, end, names, variants), flush=True)
        if test := _unseen_test(folder, follower.history, allow_code=allow_code):
            print(f"\n{textwrap.indent(test, '  ')}", flush=True)
        print(f"\n{textwrap.indent(_diagnosis(follower.history), '  ')}", flush=True)
        experiment = header.experiment if header else {}
        changed = experiment.get("origin") is not None
        title = f"  {plain(str(experiment.get('title', '')))}\n" if changed else ""
        print(f"\n{title}  run  {plain(str(folder.path))}", flush=True)
    return _status(end, follower.history, interrupted=interrupts.count > 0)


def end_worker(folder: RunFolder, worker: launch.Worker) -> None:
    """Ask a worker to stop where it is; one that cannot be asked is ended."""
    try:
        Control(folder).send("stop")
    except EpochalError:
        worker.kill()


def _unseen_test(folder: RunFolder, history: History, *, allow_code: bool) -> str:
    """Return what a single network that learned from fresh rows says of new ones, as a table."""
    header = history.header
    # Only where every step drew its own are there no rows of a set.
    if header is None or header.members > 1 or any(header.rows):
        return ""
    from ..results.run import LoadedRun
    from ..results.unseen_rows import tested

    try:
        return tested(LoadedRun(folder, header, history, allow_code))
    except EpochalError as error:
        return f"no test on new rows: {error}"


def _diagnosis(history: History) -> str:
    return report.text(report.findings_of(history))


def _status(end: End | None, history: History, *, interrupted: bool) -> int:
    if interrupted:
        return INTERRUPTED
    if end is None or end.status not in ("finished", "stopped"):
        # A run that got no device never began: what was asked for cannot be had.
        begun = history.header is None or bool(history.header.device)
        return FAILED if begun else WRONG
    return DONE


def _death_text(folder: RunFolder, worker: launch.Worker, *, killed: bool) -> str:
    """Say that a worker is gone, and what its log says."""
    if not folder.path.exists():
        return f"{plain(str(folder.path))}: was removed or moved away; its worker has ended"
    where = f"what it recorded is in {plain(str(folder.path))}"
    if killed:
        return f"the worker was killed; {where}"
    log = _log_lines(folder)
    said = "\n".join(f"  {plain(line)}" for line in log)
    # Before it has a folder, what the loader says goes elsewhere.
    why = f" worker.log ends with:\n{said}" if log else f" Before that: {worker.last_words()}."
    return f"the worker died without a word ({_cause(worker.poll())}); {where}.{why}"


def _log_lines(folder: RunFolder) -> list[str]:
    return last_lines(folder.log, LOG_LINES)


def _cause(status: int | None) -> str:
    if status is not None and status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"


def _nothing(text: str) -> None:
    """Say nothing."""


def _print_result(text: str) -> None:
    print(text, flush=True)


def print_plain(text: str) -> None:
    """Print a text on stderr, at once."""
    print(text, file=sys.stderr, flush=True)
