"""Whether a run stalls: no step for ten times as long as one takes, and for a minute at least."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from statistics import median
from typing import Final

TIMES: Final = 10
"""How many times as long as a step takes there may be none."""

SECONDS: Final = 60.0
"""How long there may be none, however quick they are."""

KEPT: Final = 1000
"""Of how many beats the median is taken."""


class Pulse:
    """The steps of a run, as they come.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seconds = deque[float](maxlen=KEPT)
        """What a step took, each time that some came."""
        self._step, self._since = 0, clock()
        self._going = False

    def beat(self, step: int, *, paused: bool) -> None:
        """Take in which step was the last, and whether more are to come."""
        now = self._clock()
        if self._going and step > self._step:
            self._seconds.append((now - self._since) / (step - self._step))
        if step > self._step or paused or not self._going:
            self._since = now
        self._step, self._going = step, not paused

    def stall(self) -> str:
        """Return that no step comes, in words; nothing where some do, or where none are to."""
        if not self._going or not self._seconds:
            return ""
        usual, silence = median(self._seconds), self._clock() - self._since
        if silence < max(SECONDS, TIMES * usual):
            return ""
        return f"no step for {silence:.0f} s after step {self._step}; one took {usual:.3g} s before"
