"""When the steps of a run were done: the pace of a replay, and steps per second."""

from __future__ import annotations

import bisect
import math
from array import array
from collections.abc import Sequence
from typing import Final

SPEED_SECONDS: Final = 2.0
"""Over how long the steps per second are counted."""


def _between(at: float, places: Sequence[float], values: Sequence[float]) -> float:
    """Return the value at a place between known ones, which rise from 0 on."""
    index = bisect.bisect_left(places, at)
    if index == len(places):
        return float(values[-1]) if values else 0.0
    start, first = (places[index - 1], values[index - 1]) if index else (0.0, 0.0)
    span = places[index] - start
    share = (max(at, start) - start) / span if span > 0 else 1.0
    return first + (values[index] - first) * share


class StepTimes:
    """When steps were done: the time and the last step of every block of rows."""

    def __init__(self) -> None:
        # Not lists: a long run has a hundred thousand blocks.
        self._times = array("d")
        self._steps = array("q")
        self._since = 0
        """The first block of those between which nothing waited."""

    def add(self, t: float, step: int) -> None:
        """Add the next block."""
        self._times.append(max(t, self._times[-1] if self._times else 0.0))
        self._steps.append(step)

    def interrupt(self) -> None:
        """Notice that training waited: what comes is not counted together with what was."""
        self._since = len(self._steps)

    def cut(self, step: int) -> None:
        """Forget the blocks after a step."""
        kept = bisect.bisect_right(self._steps, step)
        del self._times[kept:], self._steps[kept:]
        self.interrupt()

    def time_of(self, step: int) -> float:
        """Return when a step was done; within a block every step takes the same time."""
        return _between(step, self._steps, self._times)

    def step_at(self, t: float) -> int:
        """Return the last step that was done by a time."""
        return math.floor(_between(t, self._times, self._steps) + 1e-9)

    @property
    def blocks(self) -> tuple[Sequence[int], Sequence[float]]:
        """The last step of every block, and when it was done; not to be changed."""
        return self._steps, self._times

    def steps_per_second(self, step: int) -> float:
        """Return how fast it went over the last two seconds of training before a step."""
        stop = bisect.bisect_right(self._steps, step)
        if not stop:
            return 0.0
        since = self._since if stop > self._since else 0
        recent = self._times[stop - 1] - SPEED_SECONDS
        # One block from before the two seconds, so that they are covered.
        start = max(bisect.bisect_left(self._times, recent, since, stop) - 1, since)
        start = min(start, max(stop - 2, since))
        steps = self._steps[stop - 1] - self._steps[start]
        seconds = self._times[stop - 1] - self._times[start]
        return steps / seconds if seconds > 0 else 0.0
