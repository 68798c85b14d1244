"""Text files as pyarrow reads them, where it is sure to read what stands there.

    pieces of UTF-8 ─► are quotes in order? ─► pyarrow ─► columns of text, or nothing

It is many times as quick as Python's reader, and more lenient: it drops a closing quote with
something after it, closes a quote at the end of the file, and takes an empty line for a row.
Wherever that may have happened nothing comes back, and Python's reader reads the file or says what
is wrong with it.
"""

from __future__ import annotations

import csv
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .columns import ALL_ROWS, Sampling, check_cells
from .row_sample import RowSample, RowsTaken, sampled
from .source import PIECE, TextSource, stream_of
from .text_column import WHITE, TextColumn

MOST_AT_ONCE: Final = 64 << 20
"""Bytes that pyarrow parses at once, at most."""

LINES_AT_ONCE: Final = 200
"""Lines that it parses at once, as far as that allows: what a part of a column takes beside its
cells is then little."""

QUOTE: Final = ord('"')


class Quotes:
    """Whether each quote begins or ends a cell, or stands twice inside of one.

    Then all readers agree on which cells there are.

    Args:
        separator: What parts cells.
    """

    def __init__(self, separator: str) -> None:
        self._beside = np.zeros(256, bool)
        self._beside[[*separator.encode(), *b'\r\n"']] = True
        self._is_open = False
        # The byte before the next to be looked at, and that one, whose follower is not known yet.
        self._last = b"\n"
        self._are_fine = True

    @property
    def are_fine(self) -> bool:
        """Whether they are, now that all was looked at."""
        self.look(b"\n")
        return self._are_fine and not self._is_open

    def look(self, piece: bytes) -> None:
        """Look at the next piece of the file."""
        codes = np.frombuffer(self._last + piece, np.uint8)
        if b'"' in piece or b'"' in self._last:
            places = np.flatnonzero(codes[1:-1] == QUOTE) + 1
            # Of two neighbours one opens and one closes; a second quote inside opens anew.
            opening, closing = places[self._is_open :: 2], places[not self._is_open :: 2]
            before, after = codes[opening - 1], codes[closing + 1]
            self._are_fine &= bool(self._beside[before].all() and self._beside[after].all())
            self._is_open ^= bool(len(places) % 2)
        self._last = codes[-2:].tobytes()


@dataclass(frozen=True)
class Layout:
    """Where the cells of a text file stand."""

    separator: str
    """What parts them."""
    width: int
    """How many each row has."""
    lines: int
    """Lines above all rows, which hold none."""
    rows: int
    """Rows above those that count."""
    sampling: Sampling = ALL_ROWS
    """How many of those are wanted."""


@dataclass(frozen=True)
class TextColumns:
    """The columns of a text file."""

    columns: list[TextColumn]
    taken: RowsTaken | None = None
    """Which rows these are; none where they are all of them."""


def read_columns(source: TextSource, layout: Layout, longest: int) -> TextColumns | None:
    """Return a file's columns, without the blank rows at its end; nothing where it is not sure.

    Args:
        source: The file, whose encoding was checked.
        layout: Where its cells stand.
        longest: Characters of a long row.

    Raises:
        DataError: It has too many cells.
    """
    import pyarrow

    quotes = Quotes(layout.separator)
    stream = stream_of(_looked_at(source, quotes))
    try:
        with stream, _reader(stream, layout, longest) as reader:
            sample = RowSample(layout.sampling.most) if layout.sampling.most else None
            batches = _filled(reader, layout, sample)
    except pyarrow.ArrowInvalid:
        return None
    if not batches or not quotes.are_fine:
        return None
    table = pyarrow.Table.from_batches(batches)
    columns = [TextColumn(column) for column in table.columns]
    return TextColumns(columns, None if sample is None else sample.taken)


def _looked_at(source: TextSource, quotes: Quotes) -> Generator[bytes]:
    for piece in source.utf_8():
        quotes.look(piece)
        yield piece


def _reader(stream: Any, layout: Layout, longest: int) -> Any:
    """Return what reads cells as texts and believes nothing of them."""
    import pyarrow
    from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, open_csv

    names = [str(index) for index in range(layout.width)]
    size = min(max(PIECE, LINES_AT_ONCE * longest), MOST_AT_ONCE)
    return open_csv(
        stream,
        ReadOptions(column_names=names, skip_rows=layout.lines, block_size=size),
        ParseOptions(delimiter=layout.separator, newlines_in_values=True, ignore_empty_lines=False),
        ConvertOptions(
            column_types=dict.fromkeys(names, pyarrow.string()),
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )


def _filled(reader: Any, layout: Layout, sample: RowSample | None) -> list[Any] | None:
    """Return the batches of rows that count, as far as the last that is not blank.

    Args:
        reader: What reads them.
        layout: Where they stand.
        sample: What draws from them; none where all are wanted.

    Returns:
        None where a row above is blank, which may be an empty line, or a cell is too long.
    """
    import pyarrow

    batches, rows, above, is_over = list[Any](), 0, layout.rows, False
    for batch in reader:
        rows += len(batch)
        held = min(rows, layout.sampling.most or rows)
        check_cells(held * layout.width, remedy=layout.sampling.remedy)
        filled = np.flatnonzero(~_blank_rows(batch.columns))
        end = int(filled[-1]) + 1 if len(filled) else 0
        if (is_over and end) or len(filled) < end or _has_long_cells(batch.columns):
            return None
        is_over = end < len(batch)
        counting = batch.slice(above, max(end - above, 0))
        above = max(above - len(batch), 0)
        if sample is not None:
            counting = counting.take(pyarrow.array(sample.offer(len(counting))))
        batches.append(counting)
        if sample is not None and sample.is_full:
            batches = sampled(batches, sample)
    return batches if sample is None or not batches else sampled(batches, sample)


def _blank_rows(columns: Sequence[Any]) -> NDArray[np.bool_]:
    """Return which rows have nothing but blanks."""
    from pyarrow import compute

    rows: NDArray[np.bool_] = np.ones(len(columns[0]), bool)
    for column in columns:
        rows &= compute.equal(compute.utf8_trim(column, characters=WHITE), "").to_numpy(False)
        if not rows.any():
            break
    return rows


def _has_long_cells(columns: Sequence[Any]) -> bool:
    """Whether a cell may have more characters than Python's reader lets through."""
    from pyarrow import compute

    most = csv.field_size_limit()
    return any(
        (compute.max(compute.binary_length(column)).as_py() or 0) > most for column in columns
    )
