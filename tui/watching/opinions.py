"""What is wrong with the runs beside the one that is shown, found out again as they go on.

A run that trains is asked about once a second, and one of them at a time: a diagnosis costs some
milliseconds. Nothing here knows a screen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from ..drawing.lists.diagnosis import Opinion
from .view import Trace

SECONDS: Final = 1.0
"""How often a run that goes on is diagnosed."""


class Opinions:
    """Remembers what was found, so that a run is not asked about without need.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[tuple[int, int], float, Opinion]] = {}

    def of(self, traces: Sequence[Trace], at: int | None) -> tuple[Opinion, ...]:
        """Return what is wrong with runs.

        Args:
            traces: The runs.
            at: The step that is read; None for the newest of each.
        """
        runs = {each.run for each in traces}
        self._known = {run: opinion for run, opinion in self._known.items() if run in runs}
        due = [each for each in traces if self._is_due(each, at)]
        for trace in due:
            if trace.run in self._known and trace is not due[0]:
                continue
            step = _step_of(trace, at)
            self._known[trace.run] = (trace.version, step), self._clock(), _opinion(trace, step)
        return tuple(self._known[each.run][2] for each in traces)

    def _is_due(self, trace: Trace, at: int | None) -> bool:
        last = self._known.get(trace.run)
        if last is None or last[2].label != trace.title:
            return True
        if last[0] == (trace.version, _step_of(trace, at)):
            return False
        over = trace.history.end is not None
        return over or at is not None or self._clock() >= last[1] + SECONDS


def _step_of(trace: Trace, at: int | None) -> int:
    return trace.step if at is None else min(at, trace.step)


def _opinion(trace: Trace, step: int) -> Opinion:
    from engine.diagnosis import diagnose

    header = trace.history.header
    members = header.members if header is not None else 1
    findings = diagnose(trace.history, step) if members == 1 else ()
    return Opinion(run=trace.run, label=trace.title, step=step, findings=findings, members=members)
