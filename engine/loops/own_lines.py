"""What a script's error is told by: its own lines, as where Python runs it, and not those of who
runs it here.
"""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Iterator, Mapping
from types import CodeType, TracebackType
from typing import Any


def tell_own_lines(error: BaseException, runner: CodeType) -> None:
    """Have an error that a script has not caught be told by the script's own lines, by whatever
    tells of errors then, as the script may have had that changed.

    Args:
        error: What is raised on, until it ends this process.
        runner: What ran the script.
    """
    before, own = sys.excepthook, [own_trace(error.__traceback__, runner)]

    def tell(kind: type[BaseException], told: BaseException, trace: TracebackType | None) -> None:
        sys.excepthook = before
        if told is error:
            # Let go of here: what the lines hold may have to end before the process does.
            trace = own.pop()
        before(kind, told.with_traceback(trace), trace)

    sys.excepthook = tell


def own_trace(trace: TracebackType | None, runner: CodeType) -> TracebackType | None:
    """Return a traceback without the lines that lead to a script; none where nothing is left, as
    where a script makes no sense at all.

    Args:
        trace: The whole.
        runner: What ran the script, by Python's ``runpy``.
    """
    below = next((each for each in _traces(trace) if each.tb_frame.f_code is runner), None)
    if below is None:
        return trace
    inner = (each for each in _traces(below.tb_next))
    return next((each for each in inner if each.tb_frame.f_globals is not vars(runpy)), None)


def names_in(error: BaseException, ours: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the names of the script that an error ended; what its functions had may go.

    Args:
        error: It.
        ours: The names of what ran the script.
    """
    ways = (ours, vars(runpy))
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    names = (each.f_globals for each in frames)
    return next((each for each in names if not any(each is one for one in ways)), {})


def _traces(trace: TracebackType | None) -> Iterator[TracebackType]:
    """Yield each line of a traceback, the outermost first."""
    while trace is not None:
        yield trace
        trace = trace.tb_next
