"""The library and Python's reader: wherever the first says anything, they say the same."""

from __future__ import annotations

import csv
import io
import itertools
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.data import arrow, source
from engine.data.arrow import Layout, Quotes, read_columns
from engine.data.cells import Notation, Remedies, numbers
from engine.data.columns import ReadColumns
from engine.data.sheet import Sheet
from engine.data.source import TextSource
from engine.data.text_column import WHITE, TextColumn
from engine.data.text_file import Dialect, read_text
from engine.errors import DataError

MANY = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.csv"


def by_library(path: Path, separator: str, width: int, rows: int = 0) -> list[list[str]] | None:
    layout = Layout(separator, width, lines=0, rows=rows)
    read = read_columns(TextSource(path, "utf-8"), layout, 1)
    return None if read is None else [list(column) for column in read.columns]


def by_python(text: str, separator: str, width: int) -> list[list[str]]:
    """The columns of a file as Python's reader has them; it is to be one that it reads."""
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    while rows and not "".join(rows[-1]).strip():
        rows.pop()
    assert {len(row) for row in rows} <= {width}
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


@MANY
@given(
    text=st.text(st.sampled_from('ab1"";,\n\r \té\0\u2028'), max_size=40),
    width=st.integers(1, 3),
    piece=st.sampled_from([1, 3, 1 << 20]),
    block=st.sampled_from([8, 32, 1 << 20]),
)
def test_what_the_library_reads_of_any_text_python_reads_alike(
    path: Path, text: str, width: int, piece: int, block: int
) -> None:
    path.write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(source, "PIECE", piece)
        patched.setattr(arrow, "PIECE", block)
        read = by_library(path, ",", width)
    assert read is None or read == by_python(text, ",", width)


CELLS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff\r\n"), max_size=8
)


@MANY
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS.filter(str.strip)), min_size=1, max_size=8),
    separator=st.sampled_from(",;\t|"),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    blank=st.sampled_from(["", "{0}", "{0}{0}", ",,{0}"]),
)
def test_the_library_reads_whatever_is_written_in_order(
    path: Path,
    rows: Sequence[Sequence[str]],
    separator: str,
    ending: str,
    quoting: Any,
    blank: str,
) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=separator, quoting=quoting, lineterminator=ending).writerows(rows)
    text = file.getvalue() + blank.format(ending).replace(",", separator)
    path.write_bytes(text.encode())
    assert by_library(path, separator, 3) == [list(column) for column in zip(*rows, strict=True)]


def both(monkeypatch: pytest.MonkeyPatch, path: Path, dialect: Dialect) -> Iterator[Any]:
    """Yield what comes of a file, read with the library and without, or what is said of it."""
    for reader in (read_columns, lambda *_: None):
        monkeypatch.setattr("engine.data.text_file.read_columns", reader)
        try:
            read = read_text(TextSource(path, "utf-8"), dialect, ",")
            yield {name: list(column) for name, column in read.columns.items()}, read.first_row
        except DataError as error:
            yield str(error)


@MANY
@given(
    text=st.lists(
        st.lists(st.sampled_from(["1", "2.5", "a", "", " ", '"b, c"', '"', '""', "é"]), max_size=3),
        max_size=6,
    ),
    header=st.sampled_from([None, True, False]),
    declared=st.booleans(),
)
def test_a_file_comes_to_the_same_with_the_library_and_without(
    path: Path, text: list[list[str]], header: bool | None, declared: bool
) -> None:
    lines = ["sep=,"] * declared + ["x,y"] + [",".join(row) for row in text]
    path.write_text("\n".join(lines))
    with pytest.MonkeyPatch.context() as patched:
        with_library, without = both(patched, path, Dialect(header=header))
    assert with_library == without


def test_quotes_are_found_out_of_order_wherever_a_piece_ends() -> None:
    for text, are_fine in [
        ('a,"b",c\n', True),
        ('"a ""b"" c","",""""\n"x\ny"', True),
        ('a,"b"c\n', False),
        ('a,5" disk\n', False),
        ('a,"b\n', False),
        ('"a" ,b\n', False),
    ]:
        for size in range(1, len(text) + 1):
            quotes = Quotes(",")
            for at in range(0, len(text), size):
                quotes.look(text[at : at + size].encode())
            assert quotes.are_fine == are_fine, (text, size)


def test_a_long_cell_a_long_line_and_too_many_cells_are_not_the_library_s(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text("a,b\n1," + "x" * 131_073 + "\n")
    assert by_library(path, ",", 2) is None
    path.write_text("a,b\n1," + "x" * 5000 + "\n")
    monkeypatch.setattr(arrow, "PIECE", 1000)
    assert by_library(path, ",", 2) is None
    monkeypatch.setattr("engine.data.columns.MOST_CELLS", 3)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="cells; at most"):
        by_library(path, ",", 2)


def column_of(cells: Sequence[str]) -> Sheet:
    half = len(cells) // 2
    column = TextColumn.of([cells[:half], cells[half:]])
    read = ReadColumns({"x": column}, {})
    return Sheet(name="data.csv", size=0, sha256="", **vars(read))


NOTATIONS = [
    Notation(decimal, thousands)
    for decimal, thousands in itertools.product(".,", ["", ",", ".", " ", "'"])
    if decimal != thousands
]
NUMBERS = st.text(st.sampled_from("0123456789+-.,eE' _"), max_size=9) | st.from_regex(
    r"\s?[+-]?\d{1,3}([,.' ]\d{3})*([.,]\d{1,3})?(e-?\d)?\s?", fullmatch=True
)


@MANY
@given(st.lists(NUMBERS | st.floats().map(str), min_size=1, max_size=4), st.sampled_from(NOTATIONS))
def test_the_library_takes_for_numbers_what_python_takes_for_them(
    cells: list[str], notation: Notation
) -> None:
    sheet, everywhere = column_of(cells), np.ones(len(cells), bool)
    expected = [notation.number(cell) for cell in cells]
    for index, number in enumerate(expected):
        fine = number is not None and abs(number) <= 1e30
        passed = everywhere.copy()
        passed[index] = False
        if fine:
            values = numbers(sheet, "x", notation, Remedies(), passed)
            assert values[index] == number
            assert math.copysign(1, values[index]) == math.copysign(1, number)
        else:
            with pytest.raises(DataError, match=rf"row {index + 1}, column 'x': is "):
                numbers(sheet, "x", notation, Remedies(), passed)


def test_blanks_are_what_python_takes_for_them() -> None:
    assert {*WHITE} == {char for char in map(chr, range(sys.maxunicode + 1)) if not char.strip()}


def test_blank_cells_and_texts_that_are_no_value_are_found_in_any_column() -> None:
    import pyarrow

    cells = ["a", " ", "", None, "NA", " NA\u3000", "\x1f"]
    for kind in (pyarrow.string(), pyarrow.large_string()):
        plain = pyarrow.chunked_array([cells[:3], cells[3:]], kind)
        for column in (TextColumn(plain), TextColumn(plain.dictionary_encode())):
            assert column.blanks().tolist() == [False, True, True, True, False, False, True]
            assert list(column.without(["NA"])) == ["a", " ", "", "", "", "", "\x1f"]
            assert list(column) == [cell or "" for cell in cells]


def test_cells_are_coded_by_what_stands_there_alone() -> None:
    import pyarrow

    cells = ["b", "a", None, "b", "", "c"]
    plain = pyarrow.chunked_array([cells[:3], cells[3:]], pyarrow.string())
    unused = pyarrow.DictionaryArray.from_arrays([2, 1, None, 2, 3, 4], ["z", "a", "b", "", "c"])
    for column in (TextColumn(plain), TextColumn(pyarrow.chunked_array([unused]))):
        places, texts = column.coded(4) or (np.empty(0, np.int64), [])
        assert [texts[place] for place in places] == list(column)
        assert {*texts} == {"a", "b", "c", ""}
        assert column.coded(3) is None
