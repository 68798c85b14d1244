"""How a column lies over the members of a population: its mean and its range, row by row.

    [members, rows] ──► mean, low, high, deviation   each [rows], worked out once for every row

The range is from 5 % to 95 % of the members. A member that ended before the others has no numbers
any more, but its weights are held: so is its last number. One that diverged is left out of every
row, also of those before it did, for nobody could read the others beside what it ran up to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .values import Values

RANGE: Final = (0.05, 0.95)
"""The shares of the members at which the range begins and ends."""

PART: Final = 4096
"""Rows that are sorted at a time."""

Read = Callable[[int, int], Values]
"""Returns a column from one row to before another: [members, rows]."""


class Spread(NamedTuple):
    """A column over its members: [rows] each; NaN where no member has a finite number."""

    mean: Values
    low: Values
    high: Values
    deviation: Values
    """The standard deviation; NaN of fewer than two."""


def spread_of(values: Values) -> Spread:
    """Return mean, range and standard deviation of each row's finite values.

    Args:
        values: [rows, members].
    """
    finite = np.isfinite(values)
    counts = finite.sum(axis=1)
    some = counts > 0
    # NaN sorts to the end.
    ordered = np.sort(np.where(finite, values, np.float32(np.nan)), axis=1)
    sums = np.where(finite, values, np.float32(0)).sum(axis=1, dtype=np.float64)
    mean = np.where(some, sums / np.maximum(counts, 1), np.nan)
    squares = np.where(finite, values - mean[:, None], 0.0) ** 2
    variance = squares.sum(axis=1) / np.maximum(counts - 1, 1)
    deviation = np.where(counts > 1, np.sqrt(variance), np.nan)
    low, high = (_quantile(ordered, counts, share) for share in RANGE)
    return Spread(mean.astype(np.float32), low, high, deviation.astype(np.float32))


def _quantile(ordered: Values, counts: NDArray[np.int64], share: float) -> Values:
    """Return the value at a share of each row's first ``counts``, which rise: as numpy does."""
    places = share * np.maximum(counts - 1, 0)
    below = np.floor(places).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(counts - 1, 0))
    rows = np.arange(len(ordered))
    first, second = (ordered[rows, place].astype(np.float64) for place in (below, above))
    quantile: Values = (first + (second - first) * (places - below)).astype(np.float32)
    return quantile


def mean_of(values: Values) -> float:
    """Return the mean of the finite values; NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean(dtype=np.float64)) if len(finite) else float("nan")


class SpreadColumn:
    """The spread of one column, which grows with its rows: no row is worked out twice."""

    def __init__(self) -> None:
        self.count = 0
        """How many rows are worked out."""
        self._room = np.empty((len(Spread._fields), 0), np.float32)
        self._last = np.empty(0, np.float32)
        """The newest number of each member that counts."""

    def over(self, stop: int, read: Read, kept: NDArray[np.bool_]) -> Spread:
        """Return the spread of a column.

        Args:
            stop: Of how many rows.
            read: Reads the column.
            kept: Which members count; always the same ones.
        """
        if stop > self._room.shape[1]:
            spare = np.empty((len(self._room), 2 * stop - self._room.shape[1]), np.float32)
            self._room = np.concatenate([self._room, spare], axis=1)
        while self.count < stop:
            end = min(self.count + PART, stop)
            # Sorting runs over members: they are laid beside one another for it.
            new = self._held(np.ascontiguousarray(read(self.count, end)[kept].T))
            self._room[:, self.count : end] = np.stack(spread_of(new))
            self.count, self._last = end, new[-1].copy()
        return Spread(*self._room[:, :stop])

    def _held(self, new: Values) -> Values:
        """Return rows, [rows, members], with each member's last number where it has none more."""
        if not np.isnan(new).any():
            return new
        before = self._last if len(self._last) else np.full(new.shape[1], np.nan, np.float32)
        whole = np.concatenate([before[None], new])
        rows = np.where(np.isnan(whole), 0, np.arange(len(whole))[:, None])
        held: Values = np.take_along_axis(whole, np.maximum.accumulate(rows, axis=0), axis=0)[1:]
        return held


class Spreads:
    """The spreads of all columns of a group, and which members they leave out."""

    def __init__(self, members: int) -> None:
        self.kept: NDArray[np.bool_] = np.ones(members, np.bool_)
        self._columns: dict[str, SpreadColumn] = {}

    def leave_out(self, members: NDArray[np.bool_]) -> bool:
        """Leave out these members, unless that is all of them; return whether that is new."""
        kept = np.ones_like(members) if members.all() else ~members
        if np.array_equal(kept, self.kept):
            return False
        self.kept = kept
        self._columns.clear()
        return True

    def of(self, name: str, stop: int, read: Read) -> Spread:
        """Return the spread of a column in so many rows, which ``read`` reads."""
        return self._columns.setdefault(name, SpreadColumn()).over(stop, read, self.kept)

    def cut(self, count: int) -> None:
        """Forget the rows from ``count`` on."""
        # What members held before is nowhere kept, so all rows are worked out again.
        self._columns = {name: each for name, each in self._columns.items() if each.count <= count}
