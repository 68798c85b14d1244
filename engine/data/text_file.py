"""CSV and TSV: a line of names, then a line of cells for each row; nothing is guessed."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from ..components.section import show
from ..errors import DataError
from ..text.source_code import WIDTH, call, quoted
from .arrow import Layout, read_columns
from .columns import PART, ReadColumns, TextColumn, check_cells, check_unique
from .encoding import UTF_8, check_encoding
from .source import PACKED, TextSource

SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}
"""What may part the cells of a line; any number of blanks is one."""

_FAULTS: Final = {
    "unexpected end of data": "a quoted cell is never closed",
    "field larger": "a cell is longer than 131072 characters; is a quote never closed?",
    "expected after": "something stands after a closing quote; write a quote inside a cell twice",
}
"""What is wrong in the words of Python's reader, and in ours."""

Cells = Sequence[Sequence[str]]
"""The cells of each row."""

SAMPLE: Final = 20
"""Rows that are looked at to see what parts their cells, and characters that may declare it."""

LINE: Final = 10_000_000
"""Characters of a line, of a hundred thousand columns."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a text file is laid out, as far as somebody says so."""

    separator: str | None = None
    """What parts its cells; by the file itself, or by its ending, where left out."""
    header: bool | None = None
    """Whether its first row holds the columns' names; where left out it does, and one that looks
    like a row of data is refused.
    """
    encoding: str = UTF_8
    """What its characters are written in, as Python calls it."""
    names: tuple[str, ...] = ()
    """What its columns are called where no row says it; numbered where left out."""
    missing: tuple[str, ...] = ()
    """The texts that are no value. Such a cell is read as an empty one."""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Return what a preset's ``data`` says, or a recording's."""
        return cls(
            separator=data.get("separator"),
            header=data.get("header"),
            encoding=data.get("encoding", UTF_8),
            names=tuple(data.get("names") or ()),
            missing=tuple(data.get("missing") or ()),
        )


def read_text(source: TextSource, dialect: Dialect, usual: str) -> ReadColumns:
    """Read CSV or TSV: a line of names, then a line of cells for each row.

    Args:
        source: The file.
        dialect: How it is laid out.
        usual: What parts its cells where nothing says so.

    Raises:
        DataError: Saying what is wrong, and where.
    """
    check_encoding(source)
    declared = declaration(source)
    if declared and dialect.separator not in (None, declared):
        raise DataError(
            f"row 1: says that its cells are parted by {SEPARATORS[declared]} (sep={declared}); "
            f"set data.separator = {_quoted(declared)}, or delete that line"
        )
    separator = dialect.separator or declared or usual
    top = 2 if declared else 1
    rows = _rows(source, separator, skip=bool(declared))
    sample = list(itertools.islice(rows, SAMPLE))
    if not any(map(_is_filled, sample)):
        raise DataError(f"row {top}: is empty" if any(map(_is_filled, rows)) else "is empty")
    _check_separator(sample, separator, top, said=dialect.separator is not None)
    names = [name.strip() for name in sample[0]]
    if not sample[0]:
        raise DataError(f"row {top}: is empty; put a line with the columns' names there")
    if dialect.header is False:
        names = _given_names(dialect.names, len(names), top)
    elif not any(names):
        raise DataError(f"row {top}: is empty; put a line with the columns' names there")
    first_row = top + (dialect.header is not False)
    columns = None
    if separator != " ":  # Any number of blanks is one, which the library does not know.
        layout = Layout(separator, len(names), lines=top - 1, rows=first_row - top)
        columns = read_columns(source, layout, longest=max(map(_length, sample)))
    if columns is None:
        below = itertools.chain(sample[first_row - top :], rows)
        columns = _columns(below, len(names), first_row, separator)
    if dialect.header is not False:
        _check_names(names, columns, top, sure=dialect.header is True)
    named = {name: column for name, column in zip(names, columns, strict=True) if name}
    nameless = tuple(index for index, name in enumerate(names, start=1) if not name)
    return ReadColumns(named, {}, nameless, first_row)


def _length(row: Sequence[str]) -> int:
    return sum(map(len, row)) + len(row)


def _is_filled(row: Sequence[str]) -> bool:
    text = "".join(row)
    return bool(text) and not text.isspace()


def _given_names(names: Sequence[str], width: int, top: int) -> list[str]:
    """Return the names of columns where the file has none."""
    if names and len(names) != width:
        raise DataError(f"row {top}: has {width} cells, data.names has {len(names)}; name them all")
    return [*names] or [f"column{index + 1}" for index in range(width)]


def declaration(source: TextSource) -> str:
    """Return the separator that a file's first line declares as Excel does, ``sep=;``; nothing
    where there is no such line.
    """
    with source.text() as text:
        said = text.read(SAMPLE).partition("\n")[0].strip().strip('"')
    if said[:4].lower() != "sep=":
        return ""
    separator = said[4:] or "\t"
    if separator not in SEPARATORS:
        raise DataError(f"row 1: declares a separator that is not known ({show(said)})")
    return separator


def _columns(
    rows: Iterator[list[str]], width: int, first_row: int, separator: str
) -> list[TextColumn]:
    """Return the columns of rows, without the blank ones at their end.

    Args:
        rows: Their cells.
        width: How many each must have.
        first_row: What the first is called.
        separator: What parts them.

    Raises:
        DataError: A row has another number of cells, or there are too many.
    """
    import pyarrow

    batches, held, wrong, filled = list[list[Any]](), list[list[str]](), "", 0
    for number, row in enumerate(rows, start=first_row):
        is_filled = _is_filled(row)
        if len(row) != width:
            # Blank lines at the end are none.
            wrong = wrong or _wrong_length(row, number, width, separator)
        if is_filled and wrong:
            raise DataError(wrong)
        if len(row) != width:
            continue
        held.append(row)
        filled = number - first_row + 1 if is_filled else filled
        if len(held) * width >= PART:
            batches.append(_packed(held))
            held.clear()
            check_cells((number - first_row + 1) * width)
    batches += [_packed(held)] if held else []
    parts = [[batch[index] for batch in batches] for index in range(width)]
    kind = pyarrow.string()
    return [TextColumn(pyarrow.chunked_array(part, kind).slice(0, filled)) for part in parts]


def _packed(rows: Sequence[Sequence[str]]) -> list[Any]:
    """Return the columns of rows."""
    import pyarrow

    return [pyarrow.array(cells, pyarrow.string()) for cells in zip(*rows, strict=True)]


def _wrong_length(row: Sequence[str], number: int, width: int, separator: str) -> str:
    """Say that a row has not as many cells as there are columns."""
    if not row:
        return f"row {number}: is empty"
    quote = f"; quote a cell that holds {SEPARATORS[separator]}" * (len(row) > width)
    cells = f"{len(row)} cell{'s' * (len(row) != 1)}"
    return f"row {number}: has {cells}, row 1 has {width}{quote}"


def _rows(source: TextSource, separator: str, *, skip: bool) -> Iterator[list[str]]:
    """Yield each row's cells; quoted cells may hold line breaks.

    Args:
        source: The file.
        separator: What parts its cells.
        skip: Whether to leave its first line out.
    """
    with source.text() as text:
        yield from _parsed(text, separator, skip=skip)


def _parsed(text: io.TextIOWrapper, separator: str, *, skip: bool) -> Iterator[list[str]]:
    lines = iter(lambda: _line(text), "")
    if skip:
        next(lines)
    blanks = separator == " "
    if blanks:  # Also at a line's beginning and end, where they part nothing.
        lines = (line.strip().replace("\t", " ") for line in lines)
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=blanks)
    try:
        yield from reader
    except csv.Error as error:
        what = next((fault for part, fault in _FAULTS.items() if part in str(error)), str(error))
        raise DataError(f"line {reader.line_num}: {what}") from None


def _line(text: io.TextIOWrapper) -> str:
    line = text.readline(LINE)
    if len(line) >= LINE:
        raise DataError(f"has a line of more than {LINE} characters; is it text at all?")
    return line


def _check_separator(rows: Cells, separator: str, top: int, *, said: bool) -> None:
    """Find out that a file is parted by something else than was thought.

    Where somebody said what parts it, several columns are enough to believe that: what stands in
    every cell may then be a decimal comma.
    """
    sample = rows[:SAMPLE]
    if said and len(sample[0]) > 1:
        return
    for other, called in SEPARATORS.items():
        if other != separator and _seems_parted(sample, other):
            raise DataError(
                f"row {top}: its cells seem to be parted by {called}, not by "
                f"{SEPARATORS[separator]}; set data.separator = {_quoted(other)}"
            )


def _seems_parted(rows: Cells, separator: str) -> bool:
    """Whether another separator parts what is thought to be cells."""
    alone = len(rows[0]) == 1
    if separator == " ":
        counts = {len(cell.split()) for row in rows for cell in row}
        return alone and len(counts) == 1 and min(counts) > 1
    if alone and separator in rows[0][0]:
        return True
    counts = {sum(cell.count(separator) for cell in row) for row in rows}
    return len(rows) > 1 and len(counts) == 1 and min(counts) > 0


def _quoted(separator: str) -> str:
    """Return a separator as a preset has it."""
    return f'"{repr(separator)[1:-1]}"'


def _check_names(
    names: Sequence[str], columns: Sequence[TextColumn], top: int, *, sure: bool
) -> None:
    """Refuse a first row that holds no names, or one name twice.

    Args:
        names: What it holds; empty where a column has none.
        columns: What stands below.
        top: What it is called.
        sure: Whether it is known to hold names.

    Raises:
        DataError: It holds no names, or looks like a row of data.
    """
    if not sure and _looks_like_data(names, columns):
        numbers = next(name for name in names if _is_number(name))
        others = "" if all(map(_is_number, names)) else f" such as {show(numbers)}"
        raise DataError(
            f"row {top}: holds numbers{others}; put a line with the columns' names above, or "
            "set data.header = false (the columns are then column1, column2 and so on; true "
            "where these are the names)"
        )
    check_unique([name for name in names if name], f"row {top}: ")


def _looks_like_data(names: Sequence[str], columns: Sequence[TextColumn]) -> bool:
    """Whether a first row is one of numbers, and of texts that are cells further down as well.

    Numbers can be names: years, or the columns of a matrix, but then they count on by one, and
    the texts beside them do not come again in their columns.
    """
    numbers = [name for name in names if _is_number(name)]
    if not numbers or len(numbers) == len(names):
        return bool(numbers)
    counted = [int(name) for name in numbers if name.isdecimal()]
    counts_on = counted == list(range(counted[0], counted[0] + len(numbers))) if counted else False
    again = any(
        name and not _is_number(name) and any(cell.strip() == name for cell in column)
        for name, column in zip(names, columns, strict=True)
    )
    return again or not counts_on or len(numbers) < 2


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def reading_source(path: str, separator: str, encoding: str) -> list[str]:
    """Return the lines of a program that read a text file's rows of cells into ``lines``."""
    declared = declaration(TextSource(Path(path), encoding))
    said = "utf-8-sig" if encoding.lower() == UTF_8 else encoding
    mode = ['"rt"'] if path.lower().endswith(PACKED) else []
    opener = "with gzip.open" if mode else "with open"
    arguments = [quoted(path), *mode, f"encoding={quoted(said)}", 'newline=""']
    opened = call(opener, arguments, WIDTH - 14)
    opened[-1] += " as file:"
    if declared:
        opened.append(f"    next(file)  # sep={declared}")
    separator = declared or separator
    source, blanks = "file", ""
    if separator == " ":
        source, blanks = "(line.strip() for line in file)", ", skipinitialspace=True"
    reader = f"csv.reader({source}, delimiter={quoted(separator)}{blanks})"
    return [*opened, f"    lines = [line for line in {reader} if any(line)]"]
