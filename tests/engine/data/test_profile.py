"""What is found out of a file of one's own: its layout, and what each of its columns is."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from engine.data.cells import Notation
from engine.data.profile.column import ColumnProfile
from engine.data.profile.layout import TextLayout
from engine.data.profile.profile import Profile, profile_of
from engine.errors import DataError

EXCEL = "Größe;Gewicht;Klasse\n1,75;70,5;a\n1,80;1.080,1;b\n1,60;55,0;a\n"


def profiled(tmp_path: Path, text: str, encoding: str = "utf-8", name: str = "rows.csv") -> Profile:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return profile_of(path)


def layout(profile: Profile) -> TextLayout:
    assert profile.layout is not None
    return profile.layout


def table(**columns: list[object]) -> str:
    lines = [columns.keys(), *zip(*columns.values(), strict=True)]
    return "\n".join(",".join(map(str, line)) for line in lines)


def column(tmp_path: Path, cells: list[object], name: str = "x") -> ColumnProfile:
    """Return what is found of a column beside another."""
    text = table(**{name: cells}, other=[f"{row}.5" for row in range(len(cells))])
    return profiled(tmp_path, text).columns[name]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_an_export_of_a_german_spreadsheet_is_read_as_it_was_written(
    tmp_path: Path, encoding: str
) -> None:
    profile = profiled(tmp_path, EXCEL, encoding)
    assert layout(profile).encoding == encoding.removesuffix("-sig")
    assert layout(profile).example == "Größe"
    assert layout(profile).separator == ";"
    assert profile.notation == Notation(",", ".")
    assert list(profile.columns) == ["Größe", "Gewicht", "Klasse"]
    assert profile.columns["Gewicht"].high == "1080.1"


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a,b\n1,2\n3,4\n", ","),
        ("a\tb\n1\t2\n3\t4\n", "\t"),
        ("a|b\n1|2\n3|4\n", "|"),
        ("rm crim\n 1.5   2\n10.25 4\n", " "),
        ("1,5;2,5;x\n3,5;4,5;y\n", ";"),
        ('name;b\n"Doe, John";2\n"Roe, Jane";4\n', ";"),
        ("name,b\nJohn Doe,2\nJane Roe,4\n", ","),
        ("sep=;\na;b\n1;2\n3;4\n", ";"),
    ],
)
def test_what_parts_cells_gives_every_row_as_many(
    tmp_path: Path, text: str, separator: str
) -> None:
    profile = profiled(tmp_path, text)
    assert layout(profile).separator == separator
    assert profile.rows == 2
    assert layout(profile).declared is text.startswith("sep=")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("age,job\n31,cook\n45,cook\n", True),
        ("5.1,3.5,rose\n4.9,3.0,lily\n5.0,3.1,rose\n", False),
        ("label,0,1,2\n3,0.5,0.1,0.2\n5,0.1,0.3,0.4\n", True),
        ("name,job\nann,cook\nbob,cook\n", True),
        ("ann,cook\nbob,cook\nann,clerk\nbob,cook\n", False),
        ("1,2,3\n4,5,7\n9,7,6\n", False),
    ],
)
def test_a_first_row_of_names_is_told_from_one_of_data(
    tmp_path: Path, text: str, named: bool
) -> None:
    profile = profiled(tmp_path, text)
    assert layout(profile).header is named
    assert profile.rows == text.count("\n") - named


def test_packed_text_is_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(EXCEL.encode("cp1252")))
    assert layout(profile_of(path)).encoding == "cp1252"


@pytest.mark.parametrize(
    ("cells", "kind", "why"),
    [
        ([1.5, 2.25, 3, 4], "number", ""),
        ([7, 8, 9, 30], "number", ""),
        (["a", "b", "a", "b"], "category", ""),
        (["yes", "No", "no", "Yes"], "truth", ""),
        ([1, 0, 0, 1], "truth", ""),
        (["2024-01-31", "2024-02-01", "2024-02-01", ""], "date", ""),
        (["31.1.2024", "1.2.2024", "1.2.2024", "3.4.2025"], "date", ""),
        ([20240131, 20240201, 20240202, 20240301], "date", ""),
        (["ann", "bob", "cleo", "dan"], "text", "has another text in every row"),
        ([1, 2, 3, 4], "index", "counts the rows"),
        ([7, 7, 7, 7], "constant", "has '7' in every row"),
        (["", "", "", ""], "empty", "has no value in any row"),
        ([*range(2, 22), "ten"], "text", "correct it, or name it in data.missing"),
    ],
)
def test_a_column_is_what_all_of_its_values_are(
    tmp_path: Path, cells: list[object], kind: str, why: str
) -> None:
    profile = column(tmp_path, cells)
    assert profile.kind == kind
    assert why in profile.why
    assert bool(why) is bool(profile.why)


def test_what_numbers_rows_is_told_by_its_name_where_it_does_not_count(tmp_path: Path) -> None:
    cells: list[object] = [812, 77, 23, 454]
    assert column(tmp_path, cells, "PassengerId").kind == "index"
    assert column(tmp_path, cells, "row_id").kind == "index"
    assert column(tmp_path, cells, "paid").kind == "number"


def test_words_are_a_category_where_they_come_again(tmp_path: Path) -> None:
    few: list[object] = [f"town {row % 9}" for row in range(100)]
    many: list[object] = [f"street {row % 40}" for row in range(100)]
    assert column(tmp_path, few).kind == "category"
    assert "40 different texts in 100 rows" in column(tmp_path, many).why


def test_what_is_missing_is_told_from_what_is_there(tmp_path: Path) -> None:
    text = table(age=["?", 30, 41, "-"], job=["?", "cook", "-", "cook"], pay=["", 2.5, 3.5, 4.5])
    profile = profiled(tmp_path, text)
    assert profile.missing == ("-", "?")
    assert [each.missing for each in profile.columns.values()] == [2, 2, 1]
    assert profile.columns["age"].kind == "number"
    # A word is a value wherever nothing says that it is none.
    alone = profiled(tmp_path, table(job=["none", "cook", "none", "cook"], pay=[1.5, 2.5, 3, 4]))
    assert alone.missing == ()
    assert alone.columns["job"].distinct == 2


def test_dates_whose_days_could_be_months_keep_both_readings(tmp_path: Path) -> None:
    either = column(tmp_path, ["01/02/2024", "03/04/2024", "03/04/2024"])
    assert either.formats == ("%d/%m/%Y", "%m/%d/%Y")
    sure = column(tmp_path, ["01/02/2024", "13/04/2024", "03/04/2024"])
    assert sure.formats == ("%d/%m/%Y",)
    assert sure.parts == ("month", "weekday", "days")
    assert (sure.low, sure.high) == ("2024-02-01", "2024-04-13")


@pytest.mark.parametrize(
    ("separator", "value"), [(";", 1.234), (",", 1234.0)], ids=["semicolons", "commas"]
)
def test_a_number_that_could_be_another_is_named(
    tmp_path: Path, separator: str, value: float
) -> None:
    cells = ['"1,234"', '"2,345"', '"3,456"']
    text = "\n".join([f"x{separator}y", *(f"{cell}{separator}word" for cell in cells)])
    profile = profiled(tmp_path, text)
    assert profile.doubtful == "1,234"
    # Nobody parts thousands behind a nought.
    assert (
        profiled(tmp_path, text.replace("1,234", "0,234").replace("2,345", "0,345")).doubtful == ""
    )
    assert profile.notation.number("1,234") == value
    assert profiled(tmp_path, text.replace("2,345", "2,3")).doubtful == ""


def test_an_archive_of_numbers_has_no_layout(tmp_path: Path) -> None:
    path = tmp_path / "rows.npz"
    np.savez(path, x=np.array([[0.5, 1.0], [np.nan, 2.0], [1.5, 3.0]]), y=np.array([0, 1, 1]))
    profile = profile_of(path)
    assert profile.layout is None
    assert profile.rows == 3
    assert profile.columns["x1"].missing == 1
    assert list(profile.columns) == ["x1", "x2", "y"]


@pytest.mark.parametrize("text", ["", "\n\n", "a,b\n1,2\n3\n", 'a,b\n1,"2\n'])
def test_what_is_wrong_with_a_file_is_said_with_its_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"rows\.csv: "):
        profiled(tmp_path, text)


def test_the_first_rows_can_be_looked_at(tmp_path: Path) -> None:
    profile = profiled(tmp_path, table(a=range(100), b=[f" {row}.5 " for row in range(100)]))
    assert profile.preview["b"][:2] == ["0.5", "1.5"]
    assert len(profile.preview["a"]) == 20


def test_columns_that_have_a_type_are_what_it_says(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    days = [date(2020, 1, 31), date(2020, 2, 1), None, date(2020, 2, 1)]
    columns = {"day": days, "flag": [True, None, False, True], "job": ["a", "b", "a", None]}
    path = tmp_path / "rows.parquet"
    pytest.importorskip("pyarrow.parquet").write_table(pyarrow.table(columns), path)
    profile = profile_of(path)
    kinds = {name: (each.kind, each.missing) for name, each in profile.columns.items()}
    assert kinds == {"day": ("date", 1), "flag": ("truth", 1), "job": ("category", 1)}
