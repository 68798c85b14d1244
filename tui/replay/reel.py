"""A recording's own time with its waits cut: when a replay at its pace shows which step.

    recorded   0 ──block──block────────── a pause ──────────block──block── 63 s
    played     0 ──block──block── limit ──block──block── 5 s

Rows come in blocks, and a block comes when its last step is done: what lies between two of them
is a wait. It is as long as the steps took, unless somebody paused the run.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from engine.recording.history import History

    from .lockstep import Lockstep


class Reel:
    """Steps by played seconds and played seconds by steps; it grows with its history.

    Args:
        history: What is known of the run.
        limit: Seconds that a wait is cut to.
    """

    def __init__(self, history: History | Lockstep, limit: float) -> None:
        self.limit: Final = limit
        self._history = history
        self._restart()

    def _restart(self) -> None:
        self._steps = [0]
        self._times = [0.0]
        self._newest = (0, 0.0)
        """The last block that was folded in: its step and its recorded time."""

    def update(self) -> None:
        """Take in the blocks that have come; costs what is new."""
        steps, times = self._history.blocks()
        read = len(self._steps) - 1
        if read > len(steps) or (read and (steps[read - 1], times[read - 1]) != self._newest):
            # Somebody resumed the run from an earlier step.
            self._restart()
            read = 0
        if read == len(steps):
            return
        waits = np.diff(np.array(times[read:]), prepend=self._newest[1])
        # Added up in the order in which they came, so that growing changes no bit.
        played = np.concatenate(([self._times[-1]], np.minimum(waits, self.limit)))
        self._times += np.cumsum(played)[1:].tolist()
        self._steps += steps[read:]
        self._newest = steps[-1], times[-1]

    @property
    def length(self) -> float:
        """Seconds of the whole."""
        return self._times[-1]

    def time_of(self, step: int) -> float:
        """Return when a step is shown."""
        return _between(step, self._steps, self._times)

    def step_at(self, time: float) -> float:
        """Return where a time lies between two steps."""
        return _between(time, self._times, self._steps)

    def recorded(self, step: int) -> float:
        """Return when a step was done, in seconds since the start: ``History.time_of``."""
        steps, times = self._history.blocks()
        if not steps or step <= 0:
            return 0.0
        if step <= steps[0]:
            return times[0] * step / steps[0]
        return _between(step, steps, times)


def _between(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return what belongs to ``x`` on the line through points with rising ``xs``."""
    right = bisect.bisect_right(xs, x)
    if right == 0:
        return float(ys[0])
    if right == len(xs):
        return float(ys[-1])
    low, high = xs[right - 1], xs[right]
    return ys[right - 1] + (ys[right] - ys[right - 1]) * (x - low) / (high - low)
