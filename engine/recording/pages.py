"""The values of a group of rows, in pages of which the oldest are read again when they are asked
for.

    page 0       page 1       …        page n       the last one
    [columns, members, rows of a page] each         grows

A recording of ten million steps is half a gigabyte, and nobody looks at all of it at once. Where
it says where its lines stand, only so many pages are held as were looked at last. Of the others
two things are kept, so that what spans a whole run needs no reading: folds of every ``UNIT``
rows, and every ``SAMPLE``-th row itself. Whoever is to hold next to nothing keeps no folds, and
of the rows a sample that gets thinner the more there are.
"""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .downsampling import FACTOR, UNIT, Aggregates, folded, joined
from .events import LinePlace, Series
from .values import Values

Again = Callable[[LinePlace], Series | None]
"""Reads the rows of a line that was read before; None where they cannot be read any more."""

PAGE_BYTES: Final = 1 << 21
"""A page has at most so many bytes, or ``UNIT`` rows where these are more."""

RESIDENT_BYTES: Final = 1 << 25
"""Bytes of whole pages that are held of a group."""

RESIDENT_ROWS: Final = 1 << 16
"""Rows that are held whatever they take: few runs have more."""

SAMPLE: Final = 64
"""Rows from one that is kept of a page to the next."""

SAMPLED: Final = 1024
"""Rows of a sample of all of them, at least."""


def sample_stride(count: int) -> int:
    """Return how far apart the rows of a sample of so many are: a multiple of ``SAMPLE``."""
    return max(1 << max((count // SAMPLED).bit_length() - 1, 0), SAMPLE)


class _Kept(NamedTuple):
    """What is kept of a page that is not held any more."""

    folds: Aggregates | None
    """Of every ``UNIT`` rows: [columns, members, units]."""
    first: int
    """The place of the first row of the sample."""
    sample: Values
    """Rows at equal distances: [columns, members, rows]."""


class Pages:
    """The values of a group.

    Args:
        columns: How many columns there are.
        members: How many networks.
        again: Reads a line again; without it all rows are held.
        resident_bytes: How much of the whole pages is held; ``RESIDENT_BYTES`` where left out. With
            0 nothing is kept that takes more room the more rows there are.
    """

    def __init__(
        self,
        columns: int,
        members: int,
        again: Again | None = None,
        resident_bytes: int | None = None,
    ) -> None:
        self.count = 0
        """How many rows there are."""
        self.size: Final = _page_size(4 * columns * members)
        """Rows of a page."""
        self._again = again
        self._is_brief = resident_bytes == 0
        self._stride = SAMPLE
        """How far apart the rows are that are kept of pages."""
        held = RESIDENT_BYTES if resident_bytes is None else resident_bytes
        # A page is held beside the one that grows, so that a sum across its border reads nothing.
        rows = max(RESIDENT_ROWS, held // max(4 * columns * members, 1))
        self._resident = max(rows // self.size, 1)
        self._whole: dict[int, Values] = {}
        """The pages that are held, the one that was looked at last at the end."""
        self._kept: list[_Kept | None] = []
        """Of every whole page what is kept of it, once it was not held any more."""
        self._last: Values = np.empty((columns, members, 0), np.float32)
        """The page that grows, and room."""
        # Where each line stands whose rows these are, and its first row.
        self._line_rows, self._line_starts, self._line_bytes = array("q"), array("q"), array("q")

    @property
    def shape(self) -> tuple[int, int]:
        """How many columns and members there are."""
        columns, members, _ = self._last.shape
        return columns, members

    @property
    def held_rows(self) -> int:
        """How many rows are in memory."""
        return len(self._whole) * self.size + self.count % self.size

    @property
    def sampled_rows(self) -> int:
        """How many rows of pages that are not held are in memory."""
        return sum(kept.sample.shape[2] for kept in self._kept if kept is not None)

    def add(self, values: Values, line: LinePlace | None) -> None:
        """Add rows, [columns, count, members], and where they stand in the recording."""
        if line is None:
            self._again = None
        else:
            self._line_rows.append(self.count)
            self._line_starts.append(line.start)
            self._line_bytes.append(line.length)
        while values.shape[1]:
            place = self.count % self.size
            part = values[:, : self.size - place]
            stop = place + part.shape[1]
            self._make_room(stop)
            # [columns, members, rows]: what is drawn is a column over its rows, which lie together.
            self._last[:, :, place:stop] = part.transpose(0, 2, 1)
            self.count += part.shape[1]
            values = values[:, part.shape[1] :]
            if stop == self.size:
                self._turn_over()

    def cut(self, count: int) -> None:
        """Forget the rows from ``count`` on."""
        if count >= self.count:
            return
        page = count // self.size
        if page < len(self._kept):
            self._last = self._page(page)[:, :, : count % self.size].copy()
            self._whole = {each: rows for each, rows in self._whole.items() if each < page}
            del self._kept[page:]
        lines = bisect.bisect_left(self._line_rows, count)
        del self._line_rows[lines:], self._line_starts[lines:], self._line_bytes[lines:]
        self.count = count

    def ranges(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield from which row to which rows lie in one page."""
        while start < stop:
            end = min((start // self.size + 1) * self.size, stop)
            yield start, end
            start = end

    def rows(self, start: int, stop: int) -> Values:
        """Return consecutive rows, [columns, members, rows]."""
        return self._parts((slice(None), slice(None)), start, stop)

    def across(self, column: int, start: int, stop: int) -> Values:
        """Return a column of consecutive rows, [members, rows]."""
        return self._parts((column, slice(None)), start, stop)

    def column(self, column: int, member: int, start: int, stop: int) -> Values:
        """Return one member's column of consecutive rows, [rows]."""
        return self._parts((column, member), start, stop)

    def picked(self, column: int, rows: NDArray[np.int64]) -> Values:
        """Return a column of any rows, [members, rows]."""
        numbers = np.empty((self.shape[1], len(rows)), np.float32)
        pages, places = np.divmod(rows, self.size)
        for page in np.unique(pages).tolist():
            of_page = pages == page
            numbers[:, of_page] = self._some(page, column, places[of_page])
        return numbers

    def folds(self, column: int, member: int, start: int, stop: int) -> Aggregates:
        """Return a fold of every ``UNIT`` rows; both ends are multiples of it."""
        return joined([self._folds(column, member, *ends) for ends in self.ranges(start, stop)])

    def _folds(self, column: int, member: int, start: int, stop: int) -> Aggregates:
        page, place = divmod(start, self.size)
        kept = self._kept[page] if page < len(self._kept) else None
        if kept is None or kept.folds is None:
            return folded(self.column(column, member, start, stop))
        first, last = place // UNIT, (place + stop - start) // UNIT
        return Aggregates(*(each[column, member, first:last] for each in kept.folds))

    def _some(self, page: int, column: int, places: NDArray[np.int64]) -> Values:
        """Return a column of some rows of a page, [members, rows]."""
        kept = self._kept[page] if page not in self._whole and page < len(self._kept) else None
        if kept is not None and not ((page * self.size + places) % self._stride).any():
            page_rows, places = kept.sample, (places - kept.first) // self._stride
        else:
            page_rows = self._page(page)
        numbers: Values = page_rows[column][:, places]
        return numbers

    def _parts(self, which: tuple[int | slice, int | slice], start: int, stop: int) -> Values:
        """Return some columns and members of consecutive rows."""
        parts = []
        for begin, end in self.ranges(start, stop):
            page, place = divmod(begin, self.size)
            parts.append(self._page(page)[*which, place : place + end - begin])
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts, axis=-1) if parts else self._last[*which, :0]

    def _make_room(self, needed: int) -> None:
        """Have room for so many rows of the page that grows."""
        room = self._last.shape[2]
        if needed > room:
            # For twice as much: a row is then copied once on average, however many there come.
            enough = self.size if self._kept else min(2 * needed, self.size)
            spare = np.empty((*self.shape, enough - room), np.float32)
            self._last = np.concatenate([self._last, spare], axis=2)

    def _turn_over(self) -> None:
        """Begin the next page."""
        self._hold(len(self._kept), self._last)
        self._kept.append(None)
        self._last = self._last[:, :, :0].copy()

    def _page(self, page: int) -> Values:
        """Return a page, [columns, members, rows]; the last has room behind its rows."""
        if page == len(self._kept):
            return self._last
        values = self._whole.pop(page, None)
        if values is None:
            values = self._read_again(page)
        self._hold(page, values)
        return values

    def _hold(self, page: int, values: Values) -> None:
        """Hold a page, and let go of the one that was looked at the longest ago."""
        self._whole[page] = values
        while self._again is not None and len(self._whole) > self._resident:
            oldest = next(iter(self._whole))
            if self._kept[oldest] is None:
                self._keep_of(oldest)
            del self._whole[oldest]

    def _keep_of(self, page: int) -> None:
        """Keep of a page what is asked for without it."""
        rows, first = self._whole[page], -page * self.size % self._stride
        folds = None if self._is_brief else folded(rows)
        self._kept[page] = _Kept(folds, first, rows[:, :, first :: self._stride].copy())
        while self._is_brief and sample_stride(self.count) > self._stride:
            self._thin_out()

    def _thin_out(self) -> None:
        """Keep every second row of those that are kept."""
        self._stride *= 2
        for page, kept in enumerate(self._kept):
            if kept is not None:
                first = -page * self.size % self._stride
                skipped = (first - kept.first) // (self._stride // 2)
                sample = kept.sample[:, :, skipped::2].copy()
                self._kept[page] = _Kept(kept.folds, first, sample)

    def _read_again(self, page: int) -> Values:
        """Return a page from the lines that it came from; what is not there any more is NaN."""
        assert self._again is not None
        start, stop = page * self.size, (page + 1) * self.size
        values = np.full((*self.shape, self.size), np.nan, np.float32)
        index = bisect.bisect_right(self._line_rows, start) - 1
        while index < len(self._line_rows) and (first := self._line_rows[index]) < stop:
            more = index + 1 < len(self._line_rows)
            end = self._line_rows[index + 1] if more else self.count
            series = self._again(LinePlace(self._line_starts[index], self._line_bytes[index]))
            begin, end = max(start, first), min(stop, end)
            if series is not None and self._fits(series, end - first):
                part = series.values[:, begin - first : end - first]
                values[:, :, begin - start : end - start] = part.transpose(0, 2, 1)
            index += 1
        return values

    def _fits(self, series: Series, count: int) -> bool:
        columns, members = self.shape
        return series.count >= count and series.values.shape == (columns, series.count, members)


def _page_size(row_bytes: int) -> int:
    """Return how many rows a page has: a multiple of ``UNIT``."""
    size = UNIT
    while size * FACTOR * max(row_bytes, 1) <= PAGE_BYTES:
        size *= FACTOR
    return size
