"""The lab's one clock: how long until the next picture.

Never once per step, and never faster than the machine and the link take it: a frame may cost a
fifth of the machine's time and half of the link's, the rest belongs to the keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LOCAL_HZ: Final = 4.0
REMOTE_HZ: Final = 2.0
SHARE: Final = 0.2
"""The share of the time that frames may take."""
LINK_SHARE: Final = 0.5
"""The share of what the link carries that frames may be."""
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
        self._carried = 0.0

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Clock:
        """Return the clock for where the lab runs: slower over SSH."""
        return cls(REMOTE_HZ if environment.get("SSH_CONNECTION") else LOCAL_HZ)

    @property
    def wait(self) -> float:
        """Seconds from one frame's start to the next one's."""
        needed = max(self._period, self._cost / SHARE, self._carried / LINK_SHARE)
        return min(needed, max(SLOWEST, self._period))

    def took(self, seconds: float) -> None:
        """Learn what a frame cost; a rise is believed at once, a fall over a few frames."""
        self._cost = _learned(self._cost, seconds)

    def carried(self, seconds: float) -> None:
        """Learn for how long a frame kept the link busy, in the same way."""
        self._carried = _learned(self._carried, seconds)


def _learned(before: float, seconds: float) -> float:
    return seconds if seconds > before else 0.7 * before + 0.3 * seconds
