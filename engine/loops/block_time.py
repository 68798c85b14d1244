"""How long the rows of a loop wait to be written: longer where that takes long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

LEAST_SECONDS: Final = 0.5
MOST_SECONDS: Final = 1.0

SHARE: Final = 0.0005
"""Of a loop's time, what may go into writing before rows wait longer."""


class BlockTime:
    """The time of one block of rows, from its first row until it is written.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.due_at = clock() + LEAST_SECONDS
        """What the clock says when it is to be written."""
        self._seconds = LEAST_SECONDS

    def begin(self) -> None:
        """Have a block begin now."""
        self.due_at = self._clock() + self._seconds

    def __enter__(self) -> None:
        self._entered = self._clock()

    def __exit__(self, *_: object) -> None:
        """Know how long it took to write a block."""
        took = self._clock() - self._entered
        self._seconds = min(max(LEAST_SECONDS, took / SHARE), MOST_SECONDS)
