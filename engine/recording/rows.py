"""The rows of one group: which step each is of, and any part of them, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..text.numbers import shortest
from .downsampling import FACTOR, Aggregates, Downsampler, folded
from .events import Series
from .member_spread import Spread, Spreads
from .pages import Again, Pages
from .row_steps import RowSteps
from .values import Values, are_broken, are_unsaid

Side = Literal["low", "high"]
"""An end of the range over the members of a population, as in
``engine.recording.member_spread``."""


SEARCH: Final = 64
"""Buckets in which what is not finite is looked for; so many rows are looked at one by one."""

LOOK_BACK: Final = 4096
"""Rows at most in which it is looked for what was said last."""


@dataclass(frozen=True)
class Buckets:
    """A column over a range of steps, in a bounded number of entries."""

    steps: NDArray[np.int64]
    """The last step of each."""
    low: NDArray[np.float32]
    """The least finite value; NaN where there is none."""
    mean: NDArray[np.float32]
    """The mean of the finite values; NaN where there is none."""
    high: NDArray[np.float32]
    """The greatest finite value; NaN where there is none."""
    nonfinite: NDArray[np.bool_]
    """Whether a value that was said is NaN or infinite."""

    def __len__(self) -> int:
        return len(self.steps)


class _MemberColumn(NamedTuple):
    """One member's column of the rows themselves."""

    pages: Pages
    column: int
    member: int

    def rows(self, start: int, stop: int) -> Values:
        return self.pages.column(self.column, self.member, start, stop)

    def folds(self, start: int, stop: int) -> Aggregates:
        return self.pages.folds(self.column, self.member, start, stop)


class _SpreadColumn(NamedTuple):
    """A mean over the members, or an end of their range."""

    spread: Callable[[int], Spread]
    which: str

    def rows(self, start: int, stop: int) -> Values:
        values: Values = getattr(self.spread(stop), self.which)[start:]
        return values

    def folds(self, start: int, stop: int) -> Aggregates:
        return folded(self.rows(start, stop))


class Rows:
    """The rows of one group.

    Args:
        columns: The names of the columns.
        members: How many networks there are.
        again: Reads a line of the recording again, so that not all rows need be held.
        resident_bytes: How much is held then, at least.
    """

    def __init__(
        self,
        columns: Iterable[str],
        members: int,
        again: Again | None = None,
        resident_bytes: int | None = None,
    ) -> None:
        self._names: Final = tuple(columns)
        # A loop has room for its loss, and may never say one.
        self._is_silent = "loss" in self._names
        self.members: Final = members
        """How many networks there are."""
        self.count = 0
        """How many rows there are."""
        self.memo: dict[Hashable, Any] = {}
        """What others have worked out of these rows; forgotten where any of them are."""
        self._index = {name: index for index, name in enumerate(self._names)}
        self._pages = Pages(len(self._names), members, again, resident_bytes)
        self._steps = RowSteps()
        self._downsamplers: dict[tuple[str, int | Side | None], Downsampler] = {}
        self._spreads = Spreads(members)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns; a loss that no row has is none."""
        is_left_out = self._is_silent and self.count
        return tuple(name for name in self._names if name != "loss") if is_left_out else self._names

    @property
    def steps(self) -> NDArray[np.int64]:
        """The step of each row, rising: as many numbers as there are rows."""
        return self.steps_of(np.arange(self.count))

    @property
    def last_step(self) -> int:
        """The step of the newest row; there must be one."""
        return self.step_of(self.count - 1)

    @property
    def held_rows(self) -> int:
        """How many rows are in memory, and need not be read."""
        return self._pages.held_rows

    @property
    def sampled_rows(self) -> int:
        """How many of the others are in memory, for what spans the whole run."""
        return self._pages.sampled_rows

    def step_of(self, row: int) -> int:
        """Return the step of a row."""
        return self._steps.at(row)

    def steps_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the step of each of these rows."""
        return self._steps.of(rows) if self.count else np.empty(0, np.int64)

    def count_until(self, step: int) -> int:
        """Return how many rows there are up to a step."""
        return min(self._steps.until(step), self.count)

    def fits(self, series: Series) -> bool:
        """Return whether rows have these columns and members."""
        return series.values.shape == (len(self._names), series.count, self.members)

    def add(self, series: Series) -> None:
        """Add consecutive rows, in place of any from the first one's step on."""
        if self.count and series.first <= self.last_step:
            self.cut(series.first - 1)
        if self._is_silent:
            self._is_silent = bool(are_unsaid(series.values[self._index["loss"]]).all())
        self._pages.add(series.values, series.line)
        if series.steps:
            for step in series.steps:
                self._steps.add(step, 1, 1)
        else:
            self._steps.add(series.first, series.stride, series.count)
        self.count += series.count

    def hole(self, first: int, stride: int, count: int, *, over: bool) -> int | None:
        """Return the first of some steps whose row should be here and is not, if one is not.

        What was recorded every so many steps has no holes, however many are left out between.

        Args:
            first: The first of them.
            stride: From one to the next.
            count: How many there are.
            over: Whether no more rows come: then nothing may be missing behind the last one.
        """
        last = first + stride * (count - 1)
        before, behind = self.count_until(first - 1), self.count_until(last)
        # With the rows on both sides; where there is none, those steps themselves.
        rows = np.arange(max(before - 1, 0), min(behind + 1, self.count))
        steps, strides = self.steps_of(rows), np.empty(0, np.int64)
        if len(rows):
            strides = self._steps.strides(rows)
        if not before:
            steps, strides = np.r_[first - stride, steps], np.r_[0, strides]
        if behind == self.count and over:
            steps, strides = np.r_[steps, last + stride], np.r_[strides, stride]
        allowed = np.maximum(np.maximum(strides[:-1], strides[1:]), stride)
        holes = np.flatnonzero(np.diff(steps) > allowed)
        if not len(holes):
            return None
        return first + stride * max(0, (int(steps[holes[0]]) - first) // stride + 1)

    def cut(self, step: int) -> None:
        """Forget the rows after ``step``."""
        self.count = self.count_until(step)
        self._pages.cut(self.count)
        self._steps.cut(self.count)
        for downsampler in self._downsamplers.values():
            downsampler.cut(self.count)
        self._spreads.cut(self.count)
        self.memo.clear()

    def until(self, step: int) -> Rows:
        """Return the rows up to a step, which share the memory of these: as they stood then."""
        # Rows are only ever added behind: as long as this one is used, its part stays what it was.
        then = copy(self)
        then.count = self.count_until(step)
        return then

    def as_series(self, group: str) -> Iterator[Series]:
        """Yield all rows as they were recorded, a series for each run of equal stride."""
        for start, stop in self.ranges(0, self.count):
            rows = self._pages.rows(start, stop).transpose(0, 2, 1)
            yield from series_of(group, self.steps_of(np.arange(start, stop)), rows)

    def between(self, first: int, last: int) -> Values:
        """Return the rows from one step to another, [columns, count, members]."""
        start, stop = self.count_until(first - 1), self.count_until(last)
        return self._pages.rows(start, stop).transpose(0, 2, 1)

    def ranges(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield rows in ranges of which one at a time is not too much to hold."""
        yield from self._pages.ranges(start, stop)

    def column(
        self, name: str, member: int | Side | None = 0, start: int = 0, stop: int | None = None
    ) -> NDArray[np.float32]:
        """Return a column, [rows]; it may be a view, and grows no further.

        Args:
            name: Which.
            member: Of which network; None for the mean over those that count, or an end of
                their range.
            start: The first row.
            stop: The row after the last; without it all there are.
        """
        return self._column(name, member).rows(start, self.count if stop is None else stop)

    def spread(self, name: str) -> Spread:
        """Return how a column lies over the members that count: [rows] each."""
        return self._spread(name, self.count)

    def leave_out(self, members: NDArray[np.bool_]) -> None:
        """Leave these members out of what is said of all of them, in every row."""
        if self._spreads.leave_out(members):
            for key in [key for key in self._downsamplers if not isinstance(key[1], int)]:
                del self._downsamplers[key]

    def across(self, name: str, rows: NDArray[np.int64] | int) -> NDArray[np.float32]:
        """Return every member's numbers of a column: [members], of some rows [members, rows]."""
        numbers = self._pages.picked(self._index[name], np.atleast_1d(rows))
        return numbers[:, 0] if isinstance(rows, int) else numbers

    def each(self, name: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return a column's number for every member in a row of its own: [members]."""
        different, places = np.unique(rows, return_inverse=True)
        return self.across(name, different)[np.arange(self.members), places]

    def row_at(self, step: int) -> int | None:
        """Return the newest row at or before a step, if there is one."""
        return self.count_until(step) - 1 if self.count_until(step) else None

    def value(self, name: str, step: int, member: int | None = 0) -> float:
        """Return a column's newest value at or before a step; NaN where none was said.

        Args:
            name: Which column.
            step: At or before which step.
            member: Of which network; None for the mean over those that count.
        """
        row = self.said_row(name, step, member)
        if row is None:
            return float("nan")
        return shortest(self.column(name, member, row, row + 1)[0])

    def said_row(self, name: str, step: int, member: int | None = 0) -> int | None:
        """Return the newest row at or before a step in which a column was said; where that is long
        ago, the newest there is. None where there is no row.

        Args:
            name: Which column.
            step: At or before which step.
            member: Of which network; None for the mean over those that count.
        """
        row, size = self.row_at(step), 1
        while row is not None and size <= LOOK_BACK:
            start = max(row + 1 - size, 0)
            said = np.flatnonzero(~are_unsaid(self.column(name, member, start, row + 1)))
            if len(said):
                return start + int(said[-1])
            size *= SEARCH
        return row

    def buckets(
        self, name: str, first_step: int, last_step: int, width: int, member: int | Side | None = 0
    ) -> Buckets:
        """Return a column over a range of steps in at most ``width`` buckets.

        The cost is that of the buckets, not of the rows. Buckets end at multiples of their size,
        so that they stay the same while rows are added.

        Args:
            name: Which column.
            first_step: The first step that counts.
            last_step: The last step that counts.
            width: How many buckets at most.
            member: Of which network; None for the mean over those that count, or an end of
                their range.
        """
        start, stop = self.count_until(first_step - 1), self.count_until(last_step)
        if start >= stop or width < 1:
            nothing = np.empty(0, np.float32)
            return Buckets(np.empty(0, np.int64), nothing, nothing, nothing, np.empty(0, np.bool_))
        each = self.stretches(name, start, stop, _bucket_size(start, stop, width), member)
        # Where nothing was said there is nothing to draw, and a line goes on across it.
        there = np.isfinite(each.mean) | each.nonfinite
        return each if there.all() else Buckets(*(part[there] for part in vars(each).values()))

    def stretches(
        self, name: str, start: int, stop: int, size: int, member: int | Side | None = 0
    ) -> Buckets:
        """Return a column's rows in buckets that end at multiples of ``size``.

        Args:
            name: Which column.
            start: The first row.
            stop: The row after the last.
            size: Rows of a bucket; the first and the last may have fewer.
            member: As for ``buckets``.
        """
        of = 0 if self.members == 1 else member
        if (name, of) not in self._downsamplers:
            self._downsamplers[name, of] = Downsampler(self._column(name, of))
        fold = self._downsamplers[name, of].fold(start, stop, size)
        ends = np.minimum((np.arange(start // size, -(-stop // size)) + 1) * size, stop)
        some = fold.finite > 0
        return Buckets(
            steps=self.steps_of(ends - 1),
            low=np.where(some, fold.low, np.float32(np.nan)),
            mean=fold.mean,
            high=np.where(some, fold.high, np.float32(np.nan)),
            nonfinite=fold.broken > 0,
        )

    def first_broken(self, name: str, start: int, stop: int, member: int | None = 0) -> int | None:
        """Return the first row of a range whose value is not finite, if there is one.

        It is looked for in buckets, then in the buckets of the first one that has any: a look
        costs the same however many rows there are.
        """
        while stop - start > SEARCH:
            size = _bucket_size(start, stop, SEARCH)
            wrong = np.flatnonzero(self.stretches(name, start, stop, size, member).nonfinite)
            if not len(wrong):
                return None
            begin = (start // size + int(wrong[0])) * size
            start, stop = max(start, begin), min(stop, begin + size)
        broken = np.flatnonzero(are_broken(self.column(name, member, start, stop)))
        return start + int(broken[0]) if len(broken) else None

    def _column(self, name: str, member: int | Side | None) -> _MemberColumn | _SpreadColumn:
        """Return where a column's rows are."""
        if self.members == 1 or isinstance(member, int):
            of = member if self.members > 1 and isinstance(member, int) else 0
            return _MemberColumn(self._pages, self._index[name], of)
        return _SpreadColumn(partial(self._spread, name), member or "mean")

    def _spread(self, name: str, stop: int) -> Spread:
        return self._spreads.of(name, stop, partial(self._pages.across, self._index[name]))


def series_of(group: str, steps: NDArray[np.int64], values: Values) -> Iterator[Series]:
    """Yield rows as events, a series for each run of equal stride.

    Args:
        group: Which columns.
        steps: The step of each row, rising.
        values: [columns, rows, members].
    """
    start = 0
    while start < len(steps):
        strides = np.diff(steps[start:])
        stride = int(strides[0]) if len(strides) else 1
        changes = np.flatnonzero(strides != stride)
        stop = start + int(changes[0]) + 1 if len(changes) else len(steps)
        first = int(steps[start])
        yield Series(group=group, first=first, stride=stride, values=values[:, start:stop])
        start = stop


def _bucket_size(start: int, stop: int, width: int) -> int:
    """Return the least size of few digits in base 8 that needs at most ``width`` buckets."""
    size = -(-(stop - start) // width)
    unit = 1
    while unit * FACTOR <= size:
        unit *= FACTOR
    size = -(-size // unit) * unit
    while -(-stop // size) - start // size > width:
        # One bucket holds everything only if no multiple of its size lies inside.
        size = size + unit if width > 1 else size * FACTOR
    return size
