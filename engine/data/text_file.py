"""CSV and TSV: a line of names, then a line of cells for each row; nothing is guessed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from ..errors import DataError
from ..text.endings import PACKED
from ..text.source_code import WIDTH, call, quoted
from ..text.spelling import show
from .arrow import Layout, read_columns
from .columns import ALL_ROWS, ReadColumns, Sampling, check_unique
from .encoding import UTF_8, check_encoding
from .rows import EMPTY, SEPARATORS, columns_of, is_filled, rows_of
from .source import TextSource
from .text_column import TextColumn

Cells = Sequence[Sequence[str]]
"""The cells of each row."""

SAMPLE: Final = 20
"""Rows that are looked at to see what parts their cells, and characters that may declare it."""


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


def read_text(
    source: TextSource, dialect: Dialect, usual: str, sampling: Sampling = ALL_ROWS
) -> ReadColumns:
    """Read CSV or TSV: a line of names, then a line of cells for each row.

    Args:
        source: The file.
        dialect: How it is laid out.
        usual: What parts its cells where nothing says so.
        sampling: How many of its rows are wanted.

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
    rows = rows_of(source, separator, skip=bool(declared))
    sample = list(itertools.islice(rows, SAMPLE))
    if not any(map(is_filled, sample)):
        if any(map(is_filled, rows)):
            raise DataError(f"row {top}: is empty; delete the blank lines above")
        raise DataError(f"is empty; {EMPTY}")
    _check_separator(sample, separator, top, said=dialect.separator is not None)
    names = [name.strip() for name in sample[0]]
    if not sample[0]:
        raise DataError(f"row {top}: is empty; put a line with the columns' names there")
    if dialect.header is False:
        names = _given_names(dialect.names, len(names), top)
    elif not any(names):
        raise DataError(f"row {top}: is empty; put a line with the columns' names there")
    first_row = top + (dialect.header is not False)
    layout = Layout(separator, len(names), top - 1, first_row - top, sampling)
    # That any number of blanks is one, the library does not know.
    is_known = separator != " "
    read = read_columns(source, layout, max(map(_length, sample))) if is_known else None
    if read is None:
        read = columns_of(itertools.chain(sample[layout.rows :], rows), layout)
    columns = read.columns
    if dialect.header is not False:
        _check_names(names, columns, top, sure=dialect.header is True)
    named = {name: column for name, column in zip(names, columns, strict=True) if name}
    nameless = tuple(index for index, name in enumerate(names, start=1) if not name)
    return ReadColumns(named, {}, nameless, first_row, read.taken)


def _length(row: Sequence[str]) -> int:
    return sum(map(len, row)) + len(row)


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
        raise DataError(
            f"row 1: declares a separator that is not known ({show(said)}); save the file with "
            "commas, semicolons or tabs"
        )
    return separator


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


def reading_source(path: str, separator: str, encoding: str, *, gaps: bool = False) -> list[str]:
    """Return the lines of a program that read a text file's rows of cells into ``lines``.

    Args:
        path: The file.
        separator: What parts its cells where it does not say so itself.
        encoding: What its characters are written in.
        gaps: Whether cells may be empty, and so all of a row's.
    """
    declared = declaration(TextSource(Path(path), encoding))
    said = "utf-8-sig" if encoding.lower() == UTF_8 else encoding
    mode = ['"rt"'] if path.lower().endswith(PACKED) else []
    opener = "with gzip.open" if mode else "with open"
    arguments = [quoted(path), *mode, f"encoding={quoted(said)}", 'newline=""']
    opened = call(opener, arguments, WIDTH - 4 - len(" as file:"))
    opened[-1] += " as file:"
    if declared:
        opened.append(f"    next(file)  # sep={declared}")
    separator = declared or separator
    source, blanks = "file", ""
    if separator == " ":
        source, blanks = "(line.strip() for line in file)", ", skipinitialspace=True"
    reader = f"csv.reader({source}, delimiter={quoted(separator)}{blanks})"
    if not gaps:
        return [*opened, f"    lines = [line for line in {reader} if any(line)]"]
    at_end = ["while not any(lines[-1]):  # blank ones at the end", "    lines.pop()"]
    return [*opened, f"    lines = [line for line in {reader} if line]", *at_end]
