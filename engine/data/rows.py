"""Rows of a text file as Python reads them, and what is wrong with one that does not hold."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ..errors import DataError
from .arrow import Layout, TextColumns
from .columns import check_cells
from .row_sample import RowSample, sampled
from .source import TextSource
from .text_column import PART, TextColumn

SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}
"""What may part the cells of a line; any number of blanks is one."""

EMPTY: Final = "see that it was saved as a whole"
"""What can be done about a file with nothing in it."""

_FAULTS: Final = {
    "unexpected end of data": "a quoted cell is never closed; close it, or write a quote inside "
    "a cell twice",
    "field larger": "a cell is longer than 131072 characters; is a quote never closed?",
    "expected after": "something stands after a closing quote; write a quote inside a cell twice",
}
"""What is wrong in the words of Python's reader, and in ours."""

LINE: Final = 10_000_000
"""Characters of a line, of a hundred thousand columns."""


def rows_of(source: TextSource, separator: str, *, skip: bool) -> Iterator[list[str]]:
    """Yield each row's cells; quoted cells may hold line breaks.

    Args:
        source: The file.
        separator: What parts its cells.
        skip: Whether to leave its first line out.

    Raises:
        DataError: A line is no line of cells.
    """
    with source.text() as text:
        lines = iter(lambda: _line(text), "")
        if skip:
            next(lines)
        blanks = separator == " "
        if blanks:  # Also at a line's beginning and end, where they part nothing.
            lines = (line.strip().replace("\t", " ") for line in lines)
        reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=blanks)
        first_line = 1
        try:
            for row in reader:
                yield row
                first_line = reader.line_num + 1
        except csv.Error as error:
            what = next(
                (fault for part, fault in _FAULTS.items() if part in str(error)), str(error)
            )
            begins = f"; its row begins in line {first_line}" * (first_line < reader.line_num)
            raise DataError(f"line {reader.line_num}: {what}{begins}") from None


def _line(text: io.TextIOWrapper) -> str:
    line = text.readline(LINE)
    if len(line) >= LINE:
        raise DataError(f"has a line of more than {LINE} characters; is it text at all?")
    return line


def is_filled(row: Sequence[str]) -> bool:
    """Whether a row has more than blanks."""
    text = "".join(row)
    return bool(text) and not text.isspace()


def columns_of(rows: Iterator[list[str]], layout: Layout) -> TextColumns:
    """Return the columns of rows, without the blank ones at their end.

    Args:
        rows: Their cells, from the first that counts on.
        layout: Where they stand.

    Raises:
        DataError: A row has another number of cells, or there are too many.
    """
    import pyarrow

    most, names = layout.sampling.most, [str(index) for index in range(layout.width)]
    sample = RowSample(most) if most else None
    batches, held, wrong, filled = list[Any](), list[list[str]](), "", 0
    for count, row in enumerate(rows, start=1):
        if len(row) != layout.width:
            # Blank lines at the end are none.
            wrong = wrong or _wrong_length(row, layout.lines + layout.rows + count, layout)
        if is_filled(row):
            if wrong:
                raise DataError(wrong)
            filled = count
        if len(row) != layout.width:
            continue
        held.append(row)
        if len(held) * layout.width >= PART:
            check_cells(min(count, most or count) * layout.width, remedy=layout.sampling.remedy)
            if sample is not None and filled < count:
                # A blank row that is followed by none that is filled cannot be drawn.
                if len(held) * layout.width >= 2 * PART:
                    raise DataError(f"row {filled + 1}: is the first of too many that are blank")
                continue
            batches.append(_packed(held, names, sample))
            held.clear()
            if sample is not None and sample.is_full:
                batches = sampled(batches, sample)
    if sample is not None:
        del held[_last_filled(held) :]
    batches += [_packed(held, names, sample)] if held else []
    if not batches:
        empty = pyarrow.array([], pyarrow.string())
        return TextColumns([TextColumn(pyarrow.chunked_array([empty])) for _ in names])
    if sample is not None:
        batches = sampled(batches, sample)
    table = pyarrow.Table.from_batches(batches)
    table = table if sample else table.slice(0, filled)
    columns = [TextColumn(column) for column in table.columns]
    return TextColumns(columns, None if sample is None else sample.taken)


def _last_filled(rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows there are up to the last that has more than blanks."""
    return max((place for place, row in enumerate(rows, 1) if is_filled(row)), default=0)


def _packed(rows: Sequence[Sequence[str]], names: Sequence[str], sample: RowSample | None) -> Any:
    """Return rows as a batch of Arrow's; of a sample those that are taken."""
    import pyarrow

    arrays = [pyarrow.array(cells, pyarrow.string()) for cells in zip(*rows, strict=True)]
    batch = pyarrow.RecordBatch.from_arrays(arrays, names)
    return batch if sample is None else batch.take(pyarrow.array(sample.offer(len(rows))))


def _wrong_length(row: Sequence[str], number: int, layout: Layout) -> str:
    """Say that a row has not as many cells as there are columns, and what can be done."""
    if not row:
        return f"row {number}: is empty; delete the line"
    separators, top = SEPARATORS[layout.separator], layout.lines + 1
    if len(row) < layout.width:
        remedy = "complete it, or delete it"
    elif layout.width == 1:
        remedy = "delete the lines above the columns' names"
    elif not any(row[layout.width :]):
        remedy = f"delete the {separators} at its end"
    else:
        remedy = f"quote a cell that holds {separators}"
    cells = f"{len(row)} cell{'s' * (len(row) != 1)}"
    return f"row {number}: has {cells}, row {top} has {layout.width}; {remedy}"
