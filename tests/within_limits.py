"""What may be given anything is tried in a process of its own, with little time and room.

    tests ── fork ──► a child tries one thing after the other: 5 s of a core and 300 MB for each
          ◄── pipe ── what it begins, and each that ended otherwise than with a clear word

Time is a core's, not the clock's, so that a busy machine fails nothing; a child that does nothing
at all is waited for until a deadline that only what hangs comes to.
"""

from __future__ import annotations

import io
import json
import os
import re
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from engine.errors import EpochalError

SECONDS: Final = 5.0
"""Of a core, for each thing that is tried."""
ROOM: Final = 300_000_000
"""Bytes of memory beyond what the process had before."""
DEADLINE: Final = 600.0
"""Seconds after which what says nothing hangs."""
STATUSES: Final = (None, 0, 1, 2)
"""How a command may end."""

_SOURCE: Final = Path(__file__).parents[1]
_ACTS: Final = re.compile(
    r"(?!\n|\t|\r|\x1b\[[0-9;]*m)[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)
"""What would act on a terminal, colours aside."""

Attempt = tuple[str, Callable[[], object]]
"""What is tried, and how."""


class TooLong(BaseException):
    """More than ``SECONDS`` of a core; nothing that catches errors catches it."""


class NotPlain(Exception):
    """What was printed would act on a terminal."""


@dataclass(frozen=True)
class Failure:
    """Something that ended otherwise than with a result or a clear word."""

    what: str
    """What was tried."""
    error: str
    """What became of it."""
    place: str = ""
    """Where in epochal."""

    @property
    def signature(self) -> str:
        """What is the same for all failures of one place."""
        return f"{self.error.split(':')[0]} at {self.place or self.what}"


def failures_of(attempts: Iterable[Attempt]) -> list[Failure]:
    """Try things one after the other in a child, and return those that failed."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        os.close(reading)
        _try_all(attempts, writing)
    os.close(writing)
    told, begun = list[Failure](), "fork"
    for line in _lines(reading):
        if line is None:
            os.kill(pid, signal.SIGKILL)
            told.append(Failure(begun, f"Hangs: nothing for {DEADLINE:g} seconds"))
            break
        message = json.loads(line)
        if isinstance(message, str):
            begun = message
        else:
            told.append(Failure(**message))
    os.close(reading)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status and not told:
        told.append(Failure(begun, f"Died: status {status}"))
    return told


def _lines(descriptor: int) -> Iterator[str | None]:
    """Yield the lines that come; None where nothing comes any more though there could."""
    rest = b""
    while select.select([descriptor], [], [], DEADLINE)[0]:
        if not (came := os.read(descriptor, 1 << 16)):
            return
        *whole, rest = (rest + came).split(b"\n")
        yield from (line.decode() for line in whole)
    yield None


def _try_all(attempts: Iterable[Attempt], descriptor: int) -> None:
    """In the child: try everything, say what fails, and be gone."""
    told = os.fdopen(descriptor, "w")
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        _limit()
        for what, call in attempts:
            print(json.dumps(what), file=told, flush=True)
            if failure := _tried(what, call):
                print(json.dumps(asdict(failure)), file=told, flush=True)
    except BaseException as error:
        failure = Failure("the trial itself", f"{type(error).__name__}: {error}", _place(error))
        print(json.dumps(asdict(failure)), file=told, flush=True)
    finally:
        os._exit(0)


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[5])
    room = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_DATA, (room, room))
    signal.signal(signal.SIGPROF, _too_long)
    # What a user would see as a stray line on stderr is a failure too.
    warnings.simplefilter("error")


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TooLong(f"more than {SECONDS:g} s of a core")


def _tried(what: str, call: Callable[[], object]) -> Failure | None:
    """Try one thing; return how it failed, if it did."""
    before = sys.stdout, sys.stderr
    with tempfile.TemporaryFile() as file:
        # A real file: commands write to its descriptor, too.
        sys.stdout = sys.stderr = out = io.TextIOWrapper(
            file, "utf-8", "backslashreplace", write_through=True
        )
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            call()
        except EpochalError:
            pass
        except SystemExit as error:
            if error.code not in STATUSES:
                return Failure(what, f"Status: {error.code}")
        except BaseException as error:
            signal.setitimer(signal.ITIMER_PROF, 0)
            return Failure(what, f"{type(error).__name__}: {error!s:.200}", _place(error))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            sys.stdout, sys.stderr = before
        out.flush()
        file.seek(0)
        acts = _ACTS.search(file.read().decode("utf-8", "replace"))
    return Failure(what, f"NotPlain: {acts[0]!r} was printed") if acts else None


def _place(error: BaseException) -> str:
    """Return the deepest place of epochal in a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        each for each in frames if each.filename.startswith((f"{_SOURCE}/engine", f"{_SOURCE}/tui"))
    ]
    if not (frame := next(reversed(ours or frames), None)):
        return ""
    return f"{frame.filename.removeprefix(f'{_SOURCE}/')}:{frame.lineno} {frame.name}"


@dataclass(kw_only=True)
class Tally:
    """How many were tried, and what failed: a signature for each place.

    Args:
        count: How many are to be tried.
        seconds: Begin none after so long.
    """

    count: int
    seconds: float
    tried: int = 0
    lost: int = 0

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self.signatures: dict[str, list[str]] = {}
        """Of each place that fails, which have failed there."""

    def numbers(self, first: int) -> Iterator[int]:
        """Yield the numbers of those to try, and say how far it is."""
        for number in range(first, first + self.count):
            if time.monotonic() - self._began > self.seconds:
                return
            yield number
            if self.tried % max(1, self.count // 20) == 0:
                print(f"{self.tried} of {self.count}", file=sys.stderr, flush=True)

    def add(self, number: int, name: str, failures: list[Failure]) -> None:
        """Count one, and say what failed where nothing has failed before."""
        self.tried += 1
        self.lost += bool(failures)
        for failure in failures:
            numbers = self.signatures.setdefault(failure.signature, [])
            if not numbers:
                print(f"seed {number}, {name}: {failure.what}: {failure.error}", flush=True)
                print(f"    {failure.place}", flush=True)
            numbers.append(f"{number}")

    def row(self, promise: str, command: str) -> str:
        """Return what came of it, as a row of ``benchmarks/RELIABILITY.md``."""
        for signature, numbers in sorted(self.signatures.items(), key=lambda each: -len(each[1])):
            print(f"{len(numbers):5} {signature}: seeds {', '.join(numbers[:8])}")
        survived = self.tried - self.lost
        return f"| {promise} | {self.tried} | {survived} | {self.lost} | `{command}` |"


def run(module: str, promise: str, try_one: Callable[[int], tuple[str, list[Failure]]]) -> int:
    """Run a program that tries so many: ``python -m MODULE COUNT [FIRST] [--seconds N]``."""
    arguments = sys.argv[1:]
    seconds = float("inf")
    if "--seconds" in arguments:
        at = arguments.index("--seconds")
        seconds = float(arguments[at + 1])
        del arguments[at : at + 2]
    numbers = [int(each) for each in arguments] or [100]
    tally = Tally(count=numbers[0], seconds=seconds)
    for number in tally.numbers(*numbers[1:2] or [0]):
        tally.add(number, *try_one(number))
    row = tally.row(promise, f"python -m {' '.join([module, *arguments])}")
    print(f"\n{row}")
    return int(bool(tally.lost))
