"""A pyramid of means and extremes over one column, so that a picture costs what it has columns.

    level 0   the rows themselves
    level 1   low, high, sum and counts of every 512 rows
    level 2   … of every 4096
    …

Levels are built from the rows when somebody looks, and only as far as whole groups go, so that
adding rows costs nothing and no row is folded twice. Finer ones would take as much room as the
rows, and a screen is as wide as a few hundred of them. Numbers that are not finite are counted
and left out: they spoil no neighbour, and are not forgotten. What was not said is only left out.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .values import are_broken

FACTOR: Final = 8
"""Entries of a level that become one of the next."""

UNIT: Final = FACTOR**3
"""Rows that become an entry of the first level."""


class Aggregates(NamedTuple):
    """Consecutive groups of rows: an entry for each, in float32, float32, float64, int64 and
    int64.
    """

    low: NDArray[Any]
    """The least finite value; inf where there is none."""
    high: NDArray[Any]
    """The greatest finite value; -inf where there is none."""
    total: NDArray[Any]
    """The sum of the finite values."""
    finite: NDArray[Any]
    """How many values are finite."""
    broken: NDArray[Any]
    """How many were said and are not finite."""

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
        folds = np.minimum, np.maximum, np.add, np.add, np.add
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
        are_broken(rows).astype(np.int64),
    )


def joined(parts: list[Aggregates]) -> Aggregates:
    """Return several folds one after the other."""
    return Aggregates(*map(np.concatenate, zip(*parts, strict=True)))


def folded(rows: NDArray[np.float32]) -> Aggregates:
    """Return an entry for every ``UNIT`` rows, which are the last axis and whole units."""
    units = rows.reshape(*rows.shape[:-1], -1, UNIT)
    finite = np.isfinite(units)
    if finite.all():
        # Nothing is to be left out of the sums, which are the same to the bit.
        low, high, total, broken = units, units, units.astype(np.float64), ~finite
    else:
        low, high, total, _, broken = aggregates_of(units)
    return Aggregates(low.min(-1), high.max(-1), total.sum(-1), finite.sum(-1), broken.sum(-1))


class Column(Protocol):
    """One member's column, wherever its rows are."""

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the rows from ``start`` to before ``stop``."""

    def folds(self, start: int, stop: int) -> Aggregates:
        """Return an entry for every ``UNIT`` rows; both ends are multiples of it."""


class Downsampler:
    """The levels over one column of one member.

    Args:
        column: Where its rows are.
    """

    def __init__(self, column: Column) -> None:
        self._column = column
        self._levels: list[_Level] = []

    def fold(self, start: int, stop: int, size: int) -> Aggregates:
        """Fold rows into groups that end at multiples of ``size``.

        Args:
            start: The first row of the first group.
            stop: The row after the last group's.
            size: Rows of a group; the first and the last may have fewer.
        """
        level = 0
        # The coarsest level whose entries never lie across the border of two groups.
        while size % (unit := _unit(level + 1)) == 0 and unit <= stop:
            level += 1
        unit = _unit(level)
        first, last = -(-start // unit) * unit, stop // unit * unit
        if first > last:
            return self._sum(start, stop, level)
        # Groups end at whole units, so what lies before the first and after the last of them is
        # each within one group.
        head = [self._sum(start, first, level)] if start < first else []
        tail = [self._sum(last, stop, level)] if last < stop else []
        whole = self._units(first, last, level)
        starts = np.arange(start // size * size, stop, size)
        places = np.maximum(starts - first, -len(head)) // unit + len(head)
        return joined([*head, whole, *tail]).grouped(places)

    def cut(self, count: int) -> None:
        """Forget what was folded of rows from ``count`` on."""
        for index, level in enumerate(self._levels):
            level.cut(count // _unit(index + 1))

    def _sum(self, start: int, stop: int, level: int) -> Aggregates:
        """Return a range of rows as one entry: a few entries of every level up to this one."""
        unit = _unit(level)
        first, last = -(-start // unit) * unit, stop // unit * unit
        if first > last:
            return self._sum(start, stop, level - 1)
        ends = ((start, first), (last, stop))
        parts = [self._sum(begin, end, level - 1) for begin, end in ends if begin < end]
        whole = self._units(first, last, level)
        return joined([whole, *parts]).grouped(np.zeros(1, np.int64))

    def _units(self, first: int, last: int, level: int) -> Aggregates:
        """Return the entries of a level for rows that are whole units of it."""
        if level == 0:
            return aggregates_of(self._column.rows(first, last))
        unit = _unit(level)
        return self._level(level, last).part(first // unit, last // unit)

    def _level(self, level: int, stop: int) -> Aggregates:
        """Return a level, built as far as there are whole groups before a row."""
        # Whole groups only: one that is still growing would have to be folded again.
        while len(self._levels) < level:
            self._levels.append(_Level())
        below: _Level | None = None
        for index, each in enumerate(self._levels[:level]):
            unit = _unit(index + 1)
            start, count = each.count, stop // unit
            if start < count and below is None:
                each.add(self._column.folds(start * unit, count * unit))
            elif start < count and below is not None:
                entries = below.fold.part(start * FACTOR, count * FACTOR)
                each.add(entries.grouped(np.arange(0, (count - start) * FACTOR, FACTOR)))
            below = each
        assert below is not None
        return below.fold


def _unit(level: int) -> int:
    """Return of how many rows an entry of a level is."""
    return UNIT * FACTOR ** (level - 1) if level else 1


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
