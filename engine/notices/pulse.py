"""Whether a run stalls: no step for ten times as long as one takes, and for a minute at least.

Before two were seen nobody knows how long one takes: then it is a minute, from the beginning on.
"""

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
        self._step: int | None = None
        """The last step that was heard of; none before the first."""
        self._since, self._paused = clock(), False

    def beat(self, step: int, *, paused: bool) -> None:
        """Take in which step was the last, and whether more are to come."""
        now, last = self._clock(), self._step
        # The first comes after whatever was loaded, and of a run gone on with after many others.
        if last is not None and step > last and not self._paused:
            self._seconds.append((now - self._since) / (step - last))
        if last is None or step > last or paused or self._paused:
            self._since = now
        self._step, self._paused = step, paused

    def stall(self) -> str:
        """Return that no step comes, in words; nothing where some do, or where none are to."""
        if self._paused:
            return ""
        silence = self._clock() - self._since
        usual = median(self._seconds) if self._seconds else 0.0
        if silence < max(SECONDS, TIMES * usual):
            return ""
        after = "since it began" if self._step is None else f"after step {self._step}"
        before = f"; one took {usual:.3g} s before" if self._seconds else ""
        return f"no step for {silence:.0f} s {after}{before}"
