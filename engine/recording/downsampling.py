"""A pyramid of means and extremes over one column, so that a picture costs what it has columns.

    level 0   the rows themselves
    level 1   low, high, sum and count of the finite ones of every 8 rows
    level 2   … of every 64
    …

Levels are built from the rows when somebody looks, and only as far as whole groups go, so that
adding rows costs nothing and no row is folded twice. Numbers that are not finite are counted and
left out: they spoil no neighbour, and are not forgotten.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

FACTOR: Final = 8
"""Entries of a level that become one of the next."""


class Aggregates(NamedTuple):
    """Consecutive groups of rows: an entry for each, in float32, float32, float64 and int64."""

    low: NDArray[Any]
    """The least finite value; inf where there is none."""
    high: NDArray[Any]
    """The greatest finite value; -inf where there is none."""
    total: NDArray[Any]
    """The sum of the finite values."""
    finite: NDArray[Any]
    """How many values are finite."""

    @property
    def mean(self) -> NDArray[np.float32]:
        """The mean of the finite values; NaN where there is none."""
        some = np.maximum(self.finite, 1)
        return np.where(self.finite > 0, self.total / some, np.nan).astype(np.float32)

    def part(self, start: int, stop: int) -> Aggregates:
        """Return the entries from ``start`` to before ``stop``."""
        return Aggregates(*(values[start:stop] for values in self))

    def grouped(self, starts: NDArray[np.int64]) -> Aggregates:
        """Return one entry for the entries from each start to before the next."""
        folds = np.minimum, np.maximum, np.add, np.add
        return Aggregates(
            *(fold.reduceat(values, starts) for fold, values in zip(folds, self, strict=True))
        )


def aggregates_of(rows: NDArray[np.float32]) -> Aggregates:
    """Return each row as an entry of its own."""
    finite = np.isfinite(rows)
    return Aggregates(
        np.where(finite, rows, np.float32(np.inf)),
        np.where(finite, rows, np.float32(-np.inf)),
        np.where(finite, rows, 0).astype(np.float64),
        finite.astype(np.int64),
    )


def joined(parts: list[Aggregates]) -> Aggregates:
    """Return several folds one after the other."""
    return Aggregates(*map(np.concatenate, zip(*parts, strict=True)))


class Downsampler:
    """The levels over one column of one member."""

    def __init__(self) -> None:
        self._levels: list[_Level] = []

    def fold(self, rows: NDArray[np.float32], start: int, stop: int, size: int) -> Aggregates:
        """Fold rows into groups that end at multiples of ``size``.

        Args:
            rows: The column as it is now: [rows].
            start: The first row of the first group.
            stop: The row after the last group's.
            size: Rows of a group; the first and the last may have fewer.
        """
        level, unit = 0, 1
        # The coarsest level whose entries never lie across the border of two groups.
        while size % (unit * FACTOR) == 0 and unit * FACTOR <= stop:
            level, unit = level + 1, unit * FACTOR
        first, last = -(-start // unit) * unit, stop // unit * unit
        if first > last:
            return self._sum(rows, start, stop, level)
        # Groups end at whole units, so what lies before the first and after the last of them is
        # each within one group.
        head = [self._sum(rows, start, first, level)] if start < first else []
        tail = [self._sum(rows, last, stop, level)] if last < stop else []
        whole = self._units(rows, first, last, level)
        starts = np.arange(start // size * size, stop, size)
        places = np.maximum(starts - first, -len(head)) // unit + len(head)
        return joined([*head, whole, *tail]).grouped(places)

    def cut(self, count: int) -> None:
        """Forget what was folded of rows from ``count`` on."""
        unit = 1
        for level in self._levels:
            unit *= FACTOR
            level.cut(count // unit)

    def _sum(self, rows: NDArray[np.float32], start: int, stop: int, level: int) -> Aggregates:
        """Return a range of rows as one entry: a few entries of every level up to this one."""
        unit = FACTOR**level
        first, last = -(-start // unit) * unit, stop // unit * unit
        if first > last:
            return self._sum(rows, start, stop, level - 1)
        ends = ((start, first), (last, stop))
        parts = [self._sum(rows, begin, end, level - 1) for begin, end in ends if begin < end]
        whole = self._units(rows, first, last, level)
        return joined([whole, *parts]).grouped(np.zeros(1, np.int64))

    def _units(self, rows: NDArray[np.float32], first: int, last: int, level: int) -> Aggregates:
        """Return the entries of a level for rows that are whole units of it."""
        if level == 0:
            return aggregates_of(rows[first:last])
        unit = FACTOR**level
        return self._level(rows, level).part(first // unit, last // unit)

    def _level(self, rows: NDArray[np.float32], level: int) -> Aggregates:
        """Return a level, built as far as there are whole groups."""
        # Whole groups only: one that is still growing would have to be folded again.
        while len(self._levels) < level:
            self._levels.append(_Level())
        count = len(rows)
        below: Aggregates | None = None
        for index in range(level):
            level_above = self._levels[index]
            count //= FACTOR
            if level_above.count < count:
                start, stop = level_above.count * FACTOR, count * FACTOR
                source = below.part(start, stop) if below else aggregates_of(rows[start:stop])
                level_above.add(source.grouped(np.arange(0, stop - start, FACTOR)))
            below = level_above.fold
        assert below is not None
        return below


class _Level:
    """A fold that grows: arrays twice as long as they must be, doubled when they are full."""

    def __init__(self) -> None:
        self.count = 0
        self._room = aggregates_of(np.empty(0, np.float32))

    @property
    def fold(self) -> Aggregates:
        return self._room.part(0, self.count)

    def add(self, entries: Aggregates) -> None:
        needed = self.count + len(entries.low)
        if needed > len(self._room.low):
            spare = aggregates_of(np.zeros(2 * needed - self.count, np.float32))
            self._room = joined([self.fold, spare])
        for room, new in zip(self._room, entries, strict=True):
            room[self.count : needed] = new
        self.count = needed

    def cut(self, count: int) -> None:
        self.count = min(self.count, count)
