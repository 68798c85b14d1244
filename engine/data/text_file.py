"""CSV and TSV: a line of names, then a line of cells for each row; nothing is guessed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..components.section import show
from ..errors import DataError
from ..text.files import read_file
from ..text.source_code import WIDTH, call, quoted
from .columns import MAX_BYTES, ReadColumns, check_unique

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
"""Rows that are looked at to see what parts their cells."""


@dataclass(frozen=True)
class Dialect:
    """How a text file is laid out, as far as somebody says so."""

    separator: str | None = None
    """What parts its cells; by the file itself, or by its ending, where left out."""
    header: bool | None = None
    """Whether its first row holds the columns' names; where left out it does, and one that looks
    like a row of data is refused.
    """


def read_text(data: bytes, dialect: Dialect, usual: str) -> ReadColumns:
    """Read CSV or TSV: a line of names, then a line of cells for each row."""
    declared, text = declaration(_decoded(data))
    if declared and dialect.separator not in (None, declared):
        raise DataError(
            f"row 1: says that its cells are parted by {SEPARATORS[declared]} (sep={declared}); "
            f"set data.separator = {_quoted(declared)}, or delete that line"
        )
    separator = dialect.separator or declared or usual
    rows = list(_rows(text, separator))
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    if not rows:
        raise DataError("is empty")
    top = 2 if declared else 1
    _check_separator(rows, separator, top, said=dialect.separator is not None)
    if dialect.header is False:
        names, cells = [f"column{index + 1}" for index in range(len(rows[0]))], rows
    else:
        names, cells = _names(rows, top, sure=dialect.header is True), rows[1:]
    first_row = top + len(rows) - len(cells)
    _check_lengths_of_rows(cells, len(names), first_row, separator)
    columns = zip(*cells, strict=True) if cells else ([] for _ in names)
    named = {name: list(column) for name, column in zip(names, columns, strict=True) if name}
    nameless = tuple(index for index, name in enumerate(names, start=1) if not name)
    return ReadColumns(named, {}, nameless, first_row)


def declaration(text: str) -> tuple[str, str]:
    """Return the separator that a text's first line declares as Excel does, ``sep=;``, and the
    rest of the text; no separator and the whole text where there is no such line.
    """
    line, _, rest = text.partition("\n")
    said = line.strip().strip('"')
    if said[:4].lower() != "sep=":
        return "", text
    separator = said[4:] or "\t"
    if separator not in SEPARATORS:
        raise DataError(f"row 1: declares a separator that is not known ({show(said)})")
    return separator, rest


def _check_lengths_of_rows(rows: Cells, width: int, first_row: int, separator: str) -> None:
    """Hold every row to have as many cells as there are columns."""
    for number, row in enumerate(rows, start=first_row):
        if not row:
            raise DataError(f"row {number}: is empty")
        if len(row) != width:
            quote = f"; quote a cell that holds {SEPARATORS[separator]}" * (len(row) > width)
            cells = f"{len(row)} cell{'s' * (len(row) != 1)}"
            raise DataError(f"row {number}: has {cells}, row 1 has {width}{quote}")


def _decoded(data: bytes) -> str:
    """Return a text file's text."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4096]:
        raise DataError("is not UTF-8 text; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"line {line}: is not UTF-8 text; save the file as UTF-8") from None


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    """Yield each row's cells; quoted cells may hold line breaks."""
    lines: Iterable[str] = io.StringIO(text, newline="")
    blanks = separator == " "
    if blanks:  # Also at a line's beginning and end, where they part nothing.
        lines = (line.strip().replace("\t", " ") for line in lines)
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=blanks)
    try:
        yield from reader
    except csv.Error as error:
        what = next((fault for part, fault in _FAULTS.items() if part in str(error)), str(error))
        raise DataError(f"line {reader.line_num}: {what}") from None


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


def _names(rows: Cells, top: int, *, sure: bool) -> list[str]:
    """Return the columns' names from the first row; empty where a column has none.

    Args:
        rows: All rows.
        top: What the first one is called.
        sure: Whether it is known to hold names.

    Raises:
        DataError: It holds no names, or looks like a row of data.
    """
    names = [name.strip() for name in rows[0]]
    if not any(names):
        raise DataError(f"row {top}: is empty; put a line with the columns' names there")
    if not sure and _looks_like_data(names, rows[1:]):
        numbers = next(name for name in names if _is_number(name))
        others = "" if all(map(_is_number, names)) else f" such as {show(numbers)}"
        raise DataError(
            f"row {top}: holds numbers{others}; put a line with the columns' names above, or "
            "set data.header = false (the columns are then column1, column2 and so on; true "
            "where these are the names)"
        )
    check_unique([name for name in names if name], f"row {top}: ")
    return names


def _looks_like_data(names: Sequence[str], rows: Cells) -> bool:
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
        for name, column in zip(names, zip(*rows, strict=False), strict=False)
    )
    return again or not counts_on or len(numbers) < 2


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def reading_source(path: str, separator: str) -> list[str]:
    """Return the lines of a program that read a text file's rows of cells into ``lines``."""
    opened = call("with open", [quoted(path), 'encoding="utf-8-sig"', 'newline=""'], WIDTH - 14)
    opened[-1] += " as file:"
    if declared := declaration(_decoded(read_file(Path(path), MAX_BYTES)))[0]:
        opened.append(f"    next(file)  # sep={declared}")
    separator = declared or separator
    source, blanks = "file", ""
    if separator == " ":
        source, blanks = "(line.strip() for line in file)", ", skipinitialspace=True"
    reader = f"csv.reader({source}, delimiter={quoted(separator)}{blanks})"
    return [*opened, f"    lines = [line for line in {reader} if any(line)]"]
