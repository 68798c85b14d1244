"""The lab's one clock: how long until the next picture.

Never once per step, and never faster than the machine and the link take it: a frame may cost a
fifth of the time, the rest belongs to the keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LOCAL_HZ: Final = 4.0
REMOTE_HZ: Final = 2.0
SHARE: Final = 0.2
"""The share of the time that frames may take."""
SLOWEST: Final = 4.0
"""Seconds between frames at most."""


class Clock:
    """How long until the next frame.

    Args:
        hertz: Frames a second where they are cheap.
    """

    def __init__(self, hertz: float = LOCAL_HZ) -> None:
        self._period = 1.0 / hertz
        self._cost = 0.0

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Clock:
        """Return the clock for where the lab runs: slower over SSH."""
        return cls(REMOTE_HZ if environment.get("SSH_CONNECTION") else LOCAL_HZ)

    @property
    def wait(self) -> float:
        """Seconds from one frame's start to the next one's."""
        return min(max(self._period, self._cost / SHARE), max(SLOWEST, self._period))

    def took(self, seconds: float) -> None:
        """Learn what a frame cost; a rise is believed at once, a fall over a few frames."""
        self._cost = seconds if seconds > self._cost else 0.7 * self._cost + 0.3 * seconds
