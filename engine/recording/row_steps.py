"""The step of each row: rising, and nearly always a few runs of equal strides."""

from __future__ import annotations

import bisect
from array import array

import numpy as np
from numpy.typing import NDArray


class RowSteps:
    """Which step each row is of; it takes no room for rows that follow one another evenly."""

    def __init__(self) -> None:
        self.count = 0
        """How many rows there are."""
        # Not lists: what is logged now and then may have a run for every row.
        self._starts = array("q")
        """The first row of each run."""
        self._firsts = array("q")
        """Its step."""
        self._strides = array("q")

    def add(self, first: int, stride: int, count: int) -> None:
        """Add rows whose steps lie beyond all others."""
        gap = first - self.at(self.count - 1) if self.count else 0
        alone = self.count > 0 and self._starts[-1] == self.count - 1
        if self.count and (alone or gap == self._strides[-1]) and (count == 1 or gap == stride):
            self._strides[-1] = gap
        else:
            self._starts.append(self.count)
            self._firsts.append(first)
            self._strides.append(stride)
        self.count += count

    def cut(self, count: int) -> None:
        """Forget the rows from ``count`` on."""
        runs = bisect.bisect_left(self._starts, count)
        del self._starts[runs:], self._firsts[runs:], self._strides[runs:]
        self.count = min(self.count, count)

    def at(self, row: int) -> int:
        """Return the step of a row."""
        run = bisect.bisect_right(self._starts, row) - 1
        return self._firsts[run] + (row - self._starts[run]) * self._strides[run]

    def of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the steps of rows."""
        starts = np.array(self._starts, np.int64)
        runs = np.searchsorted(starts, rows, side="right") - 1
        firsts, strides = np.array(self._firsts, np.int64), np.array(self._strides, np.int64)
        steps: NDArray[np.int64] = firsts[runs] + (rows - starts[runs]) * strides[runs]
        return steps

    def strides(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how far from one another the rows lie among which each of these is."""
        runs = np.searchsorted(np.array(self._starts, np.int64), rows, side="right") - 1
        strides: NDArray[np.int64] = np.array(self._strides, np.int64)[runs]
        return strides

    def until(self, step: int) -> int:
        """Return how many rows there are up to a step."""
        run = bisect.bisect_right(self._firsts, step) - 1
        if run < 0:
            return 0
        stop = self._starts[run + 1] if run + 1 < len(self._starts) else self.count
        return min(self._starts[run] + (step - self._firsts[run]) // self._strides[run] + 1, stop)
