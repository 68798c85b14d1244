"""The command that records what another program says, a line of JSON at a time."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer

from ..options import NewRuns, grouped

if TYPE_CHECKING:
    from ..loops.recorded import RecordedRun

LINE_BYTES: Final = 1 << 20
"""Bytes of a line: a thousand names of two hundred characters take a quarter of it."""

MOST_TOLD: Final = 10
"""Lines without numbers that are told; of more it is said at the end how many there were."""

INTERRUPTED: Final = 130
"""Exit status where it was interrupted."""

_ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
"""Signals that end it as Ctrl-C does."""

_DEEP: Final = 5
"""Tables within tables whose numbers are taken."""


@grouped
def record(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the run is called.")],
    place: NewRuns,
) -> None:
    """Record the numbers that another program prints, live: a line of JSON for each step.

    As in: my-program | epochal record NAME, with lines such as {"step": 1, "loss": 0.5}. Without a
    step each line is the next one. epochal attach shows it meanwhile.
    """
    from ..loops.recorded import record as begin
    from ..runs.meter import Meter, Pipeline
    from ..runs.nvidia import gpu_reader

    # What is of interest is not what it takes to read lines, but what it takes to write them.
    meter = Meter(gpu_reader(), processes=Pipeline())
    run = begin(name, runs=place.folder, share=place.shared, meter=meter)
    print(f"{run.folder.name} is recorded; epochal attach shows it", file=sys.stderr)
    # Whoever wants it to outlive a terminal, as with nohup, has that ignored.
    heeded = [each for each in _ENDING if signal.getsignal(each) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _interrupt) for number in heeded}
    try:
        told = NumberLines(run).take(sys.stdin.buffer)
    except KeyboardInterrupt:
        run.end("stopped", "interrupted")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    whole = run.is_open
    run.end()
    print(f"{run.folder.name}: {told} lines to step {run.step}")
    if not whole:
        raise typer.Exit(1)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class NumberLines:
    """Lines of JSON as the numbers of a run.

    Args:
        run: What they are recorded in.
    """

    def __init__(self, run: RecordedRun) -> None:
        self._run, self._wrong = run, 0

    def take(self, stream: BinaryIO) -> int:
        """Record all lines of a stream, and return how many had numbers."""
        taken = 0
        for number, line in enumerate(_lines(stream), start=1):
            if line.strip():
                why = self._take(line)
                taken += not why
                if why:
                    self._complain(f"line {number} {why}, and is left out")
        if self._wrong > MOST_TOLD:
            print(f"and {self._wrong - MOST_TOLD} more lines are left out", file=sys.stderr)
        return taken

    def _take(self, line: bytes) -> str:
        """Record a line; return why not, in words, where it cannot be."""
        from ..text.parsing import from_json

        if len(line) >= LINE_BYTES:
            return f"has more than {LINE_BYTES} bytes"
        try:
            said = from_json(line)
        except ValueError:
            return "is no JSON"
        if not isinstance(said, dict):
            return 'is no table of numbers, such as {"step": 1, "loss": 0.5}'
        step = said.pop("step", None)
        if step is not None and (type(step) is not int or not 0 <= step <= 2**53):
            return "has a step that is no whole number from 0 on"
        numbers = dict(_numbers(said))
        if not numbers:
            return "has no numbers"
        self._run.log(step, numbers)
        return ""

    def _complain(self, words: str) -> None:
        self._wrong += 1
        if self._wrong <= MOST_TOLD:
            print(words, file=sys.stderr)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a stream as they come; of one that is too long its beginning."""
    while line := stream.readline(LINE_BYTES):
        yield line
        while len(line) >= LINE_BYTES and not line.endswith(b"\n"):
            line = stream.readline(LINE_BYTES)


def _numbers(
    said: Mapping[str, Any], before: str = "", depth: int = 0
) -> Iterator[tuple[str, float]]:
    """Yield the numbers of a table by name, those of tables in it as ``table/name``."""
    for name, value in said.items():
        if isinstance(value, dict) and depth < _DEEP:
            yield from _numbers(value, f"{before}{name}/", depth + 1)
        elif isinstance(value, int | float):
            try:
                yield before + name, float(value)
            except OverflowError:
                yield before + name, float("inf") if value > 0 else float("-inf")
