"""Data files: what they may look like, and every way in which one can be wrong."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tomllib
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.data import Scaling, columns, load, sheet
from engine.data.source import TextSource
from engine.data.text_file import read_text
from engine.errors import PresetError
from engine.experiment.experiment import Experiment
from engine.presets import preset as presets
from engine.recording.events import Header
from engine.recording.lines import decode, encode
from engine.training.header import header_of
from engine.training.trainer import Trainer

from .files import PEOPLE, archive, drawn, file, parquet, refusal, written

MANY = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestText:
    def test_the_last_column_is_learned_from_all_others(self) -> None:
        spec = file(written(PEOPLE))
        assert (spec.input_names, spec.target_names) == (["age", "height"], ["f", "m"])
        assert (spec.rows, spec.class_count) == (4, 2)
        part = drawn(spec)
        assert part.inputs.tolist() == [[31, 1.70], [42, 1.85], [17, 1.62], [65, 1.78]]
        assert (part.targets.tolist(), part.targets.dtype) == ([0, 1, 0, 1], np.int64)

    def test_columns_are_chosen_by_name_in_the_order_that_is_given(self) -> None:
        spec = file(written(PEOPLE), "numbers", inputs=["height"], targets=["age", "height"][:1])
        assert (spec.input_names, spec.target_names, spec.class_count) == (["height"], ["age"], 0)
        assert drawn(spec).targets.tolist() == [[31], [42], [17], [65]]
        spec = file(written(PEOPLE), inputs=["height", "age"], targets=["sex"])
        assert drawn(spec).inputs[0].tolist() == [1.70, 31]

    @pytest.mark.parametrize(
        ("name", "text", "settings"),
        [
            ("a.csv", "\ufeff" + PEOPLE, {}),
            ("a.csv", PEOPLE.replace("\n", "\r\n"), {}),
            ("a.csv", PEOPLE.rstrip("\n"), {}),
            ("a.csv", PEOPLE + "\n\n,,\n", {}),
            ("a.CSV", PEOPLE, {}),
            ("a.csv", PEOPLE.replace(",", " , "), {}),
            ("a.csv", '"' + PEOPLE.replace(",", '","').replace("\n", '"\n"').rstrip('"'), {}),
            ("a.tsv", PEOPLE.replace(",", "\t"), {}),
            ("a.csv", PEOPLE.replace(",", ";"), {"separator": ";"}),
            ("a.csv", PEOPLE.replace(",", "|"), {"separator": "|"}),
        ],
    )
    def test_comes_in_many_ways_and_says_the_same(
        self, name: str, text: str, settings: dict[str, Any]
    ) -> None:
        spec, plain = file(written(text, name), **settings), file(written(PEOPLE, "plain.csv"))
        assert spec.input_names == plain.input_names
        np.testing.assert_array_equal(drawn(spec).inputs, drawn(plain).inputs)
        np.testing.assert_array_equal(drawn(spec).targets, drawn(plain).targets)

    def test_a_quoted_cell_may_hold_separators_and_line_breaks(self) -> None:
        spec = file(written('x,"a ""name"", in\ntwo lines"\n1,"a, b"\n2,"c\nd"\n3,"a, b"\n'))
        assert spec.target_names == ["a, b", "c\nd"]
        assert drawn(spec).targets.tolist() == [0, 1, 0]

    def test_classes_that_are_numbers_are_in_their_order_and_names_in_the_alphabet_s(self) -> None:
        spec = file(written("x,y\n1,10\n2,9\n3,-1\n4,10\n"))
        assert spec.target_names == ["-1", "9", "10"]
        assert drawn(spec).targets.tolist() == [2, 1, 0, 2]
        assert file(written("x,y\n1,b\n2,a\n3,7\n")).target_names == ["7", "a", "b"]

    def test_a_row_of_a_file_with_quoted_line_breaks_is_counted_as_a_row(self) -> None:
        text = 'x,y\n1,"a\n\n"\nbad,b\n'
        assert refusal(written(text)).startswith("path: data.csv: row 3, column 'x': ")

    @pytest.mark.parametrize(
        ("text", "settings"),
        [
            ("31,1.70,f\n42,1.85,m\n17,1.62,f\n65,1.78,m\n", {"header": False}),
            (PEOPLE.replace(",", ";"), {"separator": ";"}),
            ("sep=;\r\n" + PEOPLE.replace(",", ";"), {}),
            ('"sep=\t"\n' + PEOPLE.replace(",", "\t"), {}),
            ("  " + PEOPLE.replace(",", "   ").replace("\n", " \n\t"), {"separator": " "}),
            (PEOPLE.replace(",", ";").replace(".", ","), {"separator": ";", "decimal": ","}),
            (PEOPLE.replace("31,", '"31,000",'), {"thousands": ",", "inputs": ["height"]}),
        ],
    )
    def test_what_a_file_is_laid_out_like_is_said_by_its_preset_or_itself(
        self, text: str, settings: dict[str, Any]
    ) -> None:
        spec, plain = file(written(text), **settings), file(written(PEOPLE, "plain.csv"))
        columns = slice(1, 2) if "inputs" in settings else slice(None)
        np.testing.assert_array_equal(drawn(spec).inputs, drawn(plain).inputs[:, columns])
        np.testing.assert_array_equal(drawn(spec).targets, drawn(plain).targets)

    @pytest.mark.parametrize(
        ("cell", "settings", "value"),
        [
            ("1,234", {"thousands": ","}, 1234.0),
            ("1,234", {"decimal": ","}, 1.234),
            ("1.234.567,5", {"thousands": ".", "decimal": ","}, 1234567.5),
            ("-1 234", {"thousands": " "}, -1234.0),
            ("12'345.25", {"thousands": "'"}, 12345.25),
            ("0,5e3", {"decimal": ","}, 500.0),
        ],
    )
    def test_numbers_are_read_as_the_preset_says(
        self, cell: str, settings: dict[str, Any], value: float
    ) -> None:
        spec = file(written(f'x,y\n"{cell}",a\n2,b\n'), **settings)
        assert drawn(spec).inputs[0, 0] == value

    def test_a_column_without_a_name_is_no_obstacle_where_it_is_not_used(self) -> None:
        text = ",a,b,y\n0,1,2,x\n1,3,4,z\n"
        spec = file(written(text), inputs=["a", "b"])
        assert (spec.input_names, spec.target_names) == (["a", "b"], ["x", "z"])
        assert drawn(spec).inputs.tolist() == [[1, 2], [3, 4]]

    @pytest.mark.parametrize(
        "names", ["country,2019,2020", "label,0,1", "x1,x2,class", "a,b,1st", "5.1 cm,b,c"]
    )
    def test_names_that_hold_digits_are_names(self, names: str) -> None:
        spec = file(written(f"{names}\n1,2,3\n4,5,6\n"))
        assert [*spec.input_names, *names.split(",")[2:]] == names.split(",")

    @given(
        rows=st.lists(
            st.tuples(
                st.floats(-1e3, 1e3, width=32).map(lambda value: f"{value:.3f}"),
                st.integers(-99, 99).map(str),
                st.sampled_from(["ash", "birch", "cedar"]),
            ),
            min_size=12,
            max_size=30,
        ).filter(lambda rows: len({row[2] for row in rows[1:]}) == 3)
    )
    @MANY
    def test_a_row_of_data_is_never_taken_for_names(self, rows: list[tuple[str, str, str]]) -> None:
        said = refusal(written("".join(",".join(row) + "\n" for row in rows)))
        assert said.startswith("path: data.csv: row 1: holds numbers")
        assert "data.header = false" in said


class TestArchives:
    def test_arrays_are_columns_and_a_matrix_is_many(self) -> None:
        x = np.arange(12.0).reshape(4, 3)
        spec = file(archive(x=x, age=[1, 2, 3, 4], y=[0, 2, 2, 0]))
        assert spec.input_names == ["x1", "x2", "x3", "age"]
        assert spec.target_names == ["0", "2"]
        np.testing.assert_array_equal(drawn(spec).inputs[:, :3], x)
        assert file(archive(x=x, y=[0, 1, 1, 0]), inputs=["x3", "x1"]).input_names == ["x3", "x1"]
        assert file(archive(x=x, y=[0, 1, 1, 0]), inputs=["x"]).input_names == ["x1", "x2", "x3"]

    def test_numbers_to_be_learned_may_be_a_matrix(self) -> None:
        spec = file(archive(x=[1, 2, 3], y=np.eye(3)), "numbers")
        assert (spec.input_names, spec.target_names) == (["x"], ["y1", "y2", "y3"])
        assert drawn(spec).targets.tolist() == np.eye(3).tolist()

    @pytest.mark.parametrize(
        "labels",
        [["a", "b", "a"], [b"a", b"b", b"a"], [True, False, True], [1.0, 0.0, 1.0], [3, -2, 3]],
    )
    def test_classes_may_be_of_any_type(self, labels: list[Any]) -> None:
        targets = drawn(file(archive(x=[1.5, 2.5, 3.5], y=np.array(labels)))).targets
        assert targets[0] == targets[2] != targets[1]

    def test_are_never_unpickled(self, place: Path) -> None:
        """The payload would leave a file, were it run."""
        trap = _Trap(str(place / "sprung"))
        archive(x=np.array([trap, trap], object), y=[0, 1])
        assert refusal("data.npz") == (
            "path: data.npz: array 'x': holds Python objects; save it as numbers or text"
        )
        written(pickle.dumps(trap), "data.npz")
        assert refusal("data.npz").startswith("path: data.npz: is no NPZ archive")
        assert not (place / "sprung").exists()


class _Trap:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


class TestParquet:
    def test_columns_of_numbers_and_names(self) -> None:
        columns = {"x": [1.5, 2, 3], "n": [1, 2, 3], "flag": [True, False, True], "y": list("bab")}
        spec = file(parquet(columns))
        assert (spec.input_names, spec.target_names) == (["x", "n", "flag"], ["a", "b"])
        assert drawn(spec).inputs.tolist() == [[1.5, 1, 1], [2, 2, 0], [3, 3, 1]]
        assert drawn(spec).targets.tolist() == [1, 0, 1]

    def test_dates_are_texts_as_a_text_file_has_them_and_decimals_are_numbers(self) -> None:
        columns = {
            "day": [date(2024, 5, 1), None, date(2024, 5, 3)],
            "price": [Decimal("1.25"), Decimal("2"), Decimal("3")],
            "nothing": [None, None, None],
            "y": list("bba"),
        }
        kinds = {"day": {"kind": "date", "parts": ["day"], "missing": "drop"}}
        spec = file(parquet(columns), inputs=["day", "price"], columns=kinds)
        assert drawn(spec).inputs.tolist() == [[1, 1.25], [3, 3]]
        assert "row 1, column 'nothing': is empty" in refusal("data.parquet", inputs=["nothing"])

    def test_names_may_be_packed_as_a_dictionary(self) -> None:
        pyarrow = pytest.importorskip("pyarrow")
        packed = pyarrow.array(["b", "a", "b"]).dictionary_encode()
        assert file(parquet({"x": [1, 2, 3], "y": packed})).target_names == ["a", "b"]

    @pytest.mark.parametrize(
        ("columns", "said"),
        [
            ({"x": [1.0, None], "y": [1, 2]}, "row 2, column 'x': is no finite number (got 'nan')"),
            ({"x": [1, 2], "y": ["a", None]}, "row 2, column 'y': is empty, which is no class"),
            ({"x": [[1], [2]], "y": [1, 2]}, "column 'x': is of type list<"),
        ],
    )
    def test_cells_without_a_number_or_a_name_are_refused(
        self, columns: dict[str, Any], said: str
    ) -> None:
        assert refusal(parquet(columns)).startswith(f"path: data.parquet: {said}")

    def test_what_is_none_is_refused(self) -> None:
        pytest.importorskip("pyarrow")
        said = refusal(written(b"PAR1 and nothing more", "data.parquet"))
        assert said.startswith("path: data.parquet: is no Parquet file, or a damaged one: ")


class TestWrongFiles:
    def test_one_that_is_not_there_is_told_with_the_one_that_is_meant(self, place: Path) -> None:
        written(PEOPLE, "people.csv")
        assert refusal("peple.csv") == (
            "path: peple.csv: there is no such file in . (did you mean 'people.csv'?)"
        )
        assert refusal("no/people.csv") == (
            "path: people.csv: there is no such file, and no folder no; correct its path"
        )
        assert "is no such file" in refusal("people.csv/x.csv")

    def test_a_folder(self, place: Path) -> None:
        Path("data.csv").mkdir()
        assert refusal("data.csv") == "path: data.csv: is a folder, not a file; name a file in it"

    def test_a_pipe_is_not_waited_for(self) -> None:
        os.mkfifo("data.csv")
        assert (
            refusal("data.csv")
            == "path: data.csv: is no ordinary file; save what comes of it as one"
        )

    def test_one_that_may_not_be_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any) -> bytes:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
        assert refusal(written(PEOPLE)) == "path: data.csv: cannot be read: permission denied"

    def test_one_too_large(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("data.csv", "data.npz"):
            with Path(name).open("wb") as sparse:
                sparse.truncate(3 * 10**9)
        assert "data.csv: has 3000 MB; at most 2000 are read; " in refusal("data.csv")
        assert "data.npz: has 3000 MB; at most 200 are read; " in refusal("data.npz")
        monkeypatch.setattr(columns, "MAX_BYTES", 20_000)
        with zipfile.ZipFile("bomb.npz", "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("x.npy", bytes(10**6))
        assert refusal("bomb.npz").startswith("path: bomb.npz: unpacked it has 1 MB")

    @pytest.mark.parametrize(
        "path", ["\0", "a" * 5000, "a" * 300 + ".csv", "", ".", "~", "\x1b.csv"]
    )
    def test_no_path_is_too_odd(self, path: str) -> None:
        with pytest.raises(ValidationError):
            file(path)

    def test_a_spreadsheet_is_refused_with_what_to_save_it_as(self) -> None:
        said = refusal(written(PEOPLE, "data.XLSX"))
        assert said == "path: data.XLSX: is a spreadsheet (.XLSX); save its sheet as CSV"

    @pytest.mark.parametrize("name", ["data.txt", "data", "data.npz.gz", "data.json"])
    def test_one_of_another_format(self, name: str) -> None:
        assert refusal(written(PEOPLE, name)).startswith(
            f"path: {name}: must end in '.csv', '.tsv', '.npz' or '.parquet' (got "
        )


BAD_TEXTS: list[tuple[str, str | bytes, str]] = [
    ("empty", "", "is empty"),
    ("only white", " \n\n", "is empty"),
    ("only a mark", b"\xef\xbb\xbf", "is empty"),
    ("only commas", ",,\n,,\n", "is empty"),
    ("only names", "x,y\n", "has no rows; at least 2 are needed"),
    ("one row", "x,y\n1,2\n", "has a single row; at least 2 are needed"),
    ("no names", "1,2\n3,4\n", "row 1: holds numbers; put a line with the columns' names above"),
    ("a blank line above", "\nx,y\n1,2\n", "row 1: is empty; put a line with the columns' names"),
    ("a bare return", "\r0", "row 1: is empty; put a line with the columns' names there"),
    ("a name missing", "x,,y\n1,2,3\n4,5,6\n", "row 1: column 2 has no name; name it"),
    ("an index without a name", ",x,y\n0,1,2\n1,3,4\n", "row 1: column 1 has no name (as an index "
     "that pandas wrote: to_csv(…, index=False) leaves it out); name it, or say by data.inputs"),
    ("a name twice", "x,x,y\n1,2,3\n", "row 1: two columns are called 'x'"),
    ("a short row", "x,y\n1,a\n2\n3,b\n", "row 3: has 1 cell, row 1 has 2"),
    ("a long row", "x,y\n1,a\n2,b,3\n", "row 3: has 3 cells, row 1 has 2"),
    ("a blank line inside", "x,y\n1,a\n\n2,b\n", "row 3: is empty"),
    ("a text", "x,y\n1,a\nn/a,b\n", "row 3, column 'x': is no number (got 'n/a') but stands "
     "for a missing one; leave its row out of the file, or its column out of data.inputs"),
    ("nothing", "x,y\n1,a\n,b\n", "row 3, column 'x': is empty"),
    ("white", "x,y\n1,a\n  ,b\n", "row 3, column 'x': is empty"),
    ("NaN", "x,y\n1,a\nNaN,b\n", "row 3, column 'x': is no number (got 'NaN') but stands"),
    ("infinity", "x,y\n-inf,a\n1,b\n", "row 2, column 'x': is no finite number (got '-inf')"),
    ("too large", "x,y\n1,a\n1e31,b\n", "row 3, column 'x': is beyond 1e+30 (got '1e31')"),
    ("beyond float", "x,y\n1,a\n1e999,b\n", "row 3, column 'x': is no finite number (got '1e999')"),
    ("a decimal comma", 'x,y\n"1,5",a\n2,b\n',
     "row 2, column 'x': is no number (got '1,5'); write a decimal point"),
    ("an underscore", "x,y\n1_000,a\n2,b\n", "row 2, column 'x': is no number (got '1_000')"),
    ("an escape", "x,y\n1,a\n\x1b[2J,b\n", "row 3, column 'x': is no number (got '\\x1b[2J')"),
    ("no class", "x,y\n1,a\n2,\n", "row 3, column 'y': is empty, which is no class"),
    ("one class", "x,y\n1,a\n2,a\n", "column 'y': every row is of class 'a'; there is nothing to"),
    ("too many classes", "x,y\n" + "".join(f"1,{i}\n" for i in range(1001)),
     "column 'y': has 1001 different values, at most 1000 can be classes; set data.task = 'num"),
    ("semicolons", PEOPLE.replace(",", ";"), "row 1: its cells seem to be parted by semicolons, "
     'not by commas; set data.separator = ";"'),
    ("tabs", PEOPLE.replace(",", "\t"), "row 1: its cells seem to be parted by tabs, "
     'not by commas; set data.separator = "\\t"'),
    ("an open quote", 'x,y\n1,"a\n2,b\n', "line 3: a quoted cell is never closed"),
    ("a stray quote", 'x,y\n1,"a"b\n2,b\n', "line 2: something stands after a closing quote; "
     "write a quote inside a cell twice"),
    ("a huge cell", "x,y\n1," + "a" * 200_000 + "\n", "line 2: a cell is longer than 131072"),
    ("Latin-1", "x,y\n1,é\n2,b\n".encode("latin-1"), "line 2: is not UTF-8 text; save the file"),
    ("UTF-16", PEOPLE.encode("utf-16"), "is not UTF-8 text; save it as UTF-8"),
    ("bytes", b"\x01\x02\0\0\0\0", "is not UTF-8 text; save it as UTF-8"),
]  # fmt: skip


BAD_CELLS: list[tuple[str, dict[str, Any], str]] = [
    ("?", {}, "(got '?') but stands for a missing one; leave its row out"),
    ("NA", {}, "(got 'NA') but stands for a missing one"),
    ("1,234", {}, """it is 1234 with data.thousands = ",", or 1.234 with data.decimal = ",\""""),
    ("1,234,567", {}, 'it is 1234567 with data.thousands = ","'),
    ("3,14", {}, 'write a decimal point, or set data.decimal = ","'),
    ("1.234,5", {}, 'set data.thousands = "." and data.decimal = ","'),
    ("1,234.5", {}, 'set data.thousands = ","'),
    ("12 345", {}, 'set data.thousands = " "'),
    ("$250000", {}, "write the number without '$'"),
    ("250,000 €", {}, "write the number without '€'"),
    ("45%", {}, "write the number without '%'"),
    ("\u22122.4", {}, "its minus is another sign than '-'"),
    ("(1250)", {}, "write '-1250'"),
    ("about 12 kg", {}, "write the number without 'about' and 'kg'"),
    ("1.5", {"decimal": ","}, "data.decimal says that a comma is the decimal mark here"),
    ("12,34", {"thousands": ","}, 'set data.decimal = ","'),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "settings", "said"), BAD_CELLS)
def test_a_cell_that_is_no_number_is_refused_with_what_to_do(
    cell: str, settings: dict[str, Any], said: str
) -> None:
    text = f'x,y\n1,a\n2,b\n"{cell}",a\n'
    message = refusal(written(text), **settings)
    assert message.startswith("path: data.csv: row 4, column 'x': is no number (got ")
    assert said in message


@pytest.mark.parametrize(
    ("text", "task", "said"),
    [
        ("x,y\n" + "".join(f"1,{n / 7}\n" for n in range(597)), "classes",
         "has 597 different numbers in 597 rows: these are no classes; set data.task = 'numbers'"),
        ("x,y\n" + "".join(f"1,person {n}\n" for n in range(60)), "classes",
         "has 60 different texts in 60 rows"),
        ("x,sort\nred,1\ngreen,0\nblue,1\n", "classes", "words are no numbers: say by kind = "),
        ("rm crim medv\n1.5  2 3\n4 5   6\n", "numbers",
         'parted by blanks, not by commas; set data.separator = " "'),
        ("1,5;a\n2,5;b\n", "classes", 'parted by semicolons, not by commas; set data.separator'),
        ("x,price,y\n1,2,3\n1,1,234,3\n", "numbers", "quote a cell that holds commas"),
        ("sep=#\nx#y\n", "classes", "row 1: declares a separator that is not known ('sep=#')"),
    ],
)  # fmt: skip
def test_a_refusal_gives_the_true_reason_and_a_remedy(text: str, task: str, said: str) -> None:
    assert said in refusal(written(text), task)


def test_a_declared_separator_and_the_preset_s_must_agree() -> None:
    said = refusal(written("sep=;\nx;y\n1;a\n2;b\n"), separator="|")
    assert 'says that its cells are parted by semicolons (sep=;); set data.separator = ";"' in said


def test_thousands_and_decimals_need_marks_of_their_own() -> None:
    said = refusal(written(PEOPLE), thousands=",", decimal=",")
    assert said.startswith("thousands: is the decimal mark too (',')")


def test_one_hot_targets_are_refused_with_what_makes_them_classes() -> None:
    said = refusal(archive(x=np.ones((4, 2)), y=np.eye(4)))
    assert said.startswith("targets: classes stand in one column (got 4)")
    assert "set task = 'shares', or write each row's class into one" in said


@pytest.mark.parametrize(
    ("content", "said"), [bad[1:] for bad in BAD_TEXTS], ids=[bad[0] for bad in BAD_TEXTS]
)
def test_a_bad_text_file_is_refused_with_the_place(content: str | bytes, said: str) -> None:
    assert refusal(written(content)).startswith(f"path: data.csv: {said}")


def test_a_bad_target_is_refused_with_the_place_and_the_other_task() -> None:
    assert refusal(written(PEOPLE), "numbers") == (
        "path: data.csv: row 2, column 'sex': is no number (got 'f'); "
        "set data.task = 'classes' to tell names apart"
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"inputs": ["agee"]}, "inputs[0]: data.csv has no column 'agee' (did you mean 'age'?); "
         "it has: 'age', 'height', 'sex'"),
        ({"targets": ["age", "zzz"]}, "targets[1]: data.csv has no column 'zzz'; it has: "),
        ({"inputs": ["age", "age"]}, "inputs: 'age' stands there twice"),
        ({"inputs": ["age", "sex"]}, "inputs: 'sex' is a target, and would give the answer away"),
        ({"targets": ["age", "height", "sex"]}, "inputs: no column is left to go in"),
        ({"targets": ["height", "sex"]}, "targets: classes stand in one column (got 2)"),
        ({"split": [3, 2]}, "split: asks for 5 rows of 4"),
        ({"scale_targets": "range"}, "scale_targets: classes are no numbers to scale"),
    ],
)  # fmt: skip
def test_columns_and_keys_that_do_not_fit_are_refused(settings: dict[str, Any], said: str) -> None:
    assert refusal(written(PEOPLE), **settings).startswith(said)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": np.zeros((2, 2, 2)), "y": [0, 1]}, "array 'x': has 3 dimensions; must have 1, or 2"),
        ({"x": [1, 2], "y": 3}, "array 'y': has 0 dimensions"),
        ({"x": [1, 2, 3], "y": [0, 1]}, "array 'y': has 2 rows, array 'x' has 3"),
        ({"x": [1j, 2], "y": [0, 1]}, "array 'x': is of type complex128, neither numbers nor text"),
        (
            {"x": np.array(["2020-01-01"] * 2, "M8[D]"), "y": [0, 1]},
            "array 'x': is of type datetim",
        ),
        ({"x": [1, np.nan], "y": [0, 1]}, "row 2, column 'x': is no finite number (got 'nan')"),
        ({"x": [1, 2], "y": [0, np.inf]}, "row 2, column 'y': is empty, which is no class"),
        ({"x": np.ones((2, 2)), "x1": [1, 2], "y": [0, 1]}, "two columns are called 'x1'"),
        ({"x": ["a", "b"], "y": [0, 1]}, "row 1, column 'x': is no number (got 'a')"),
        ({"x": [], "y": []}, "has no rows; at least 2 are needed"),
        ({}, "has no arrays"),
    ],
)
def test_a_bad_archive_is_refused_with_the_place(arrays: dict[str, Any], said: str) -> None:
    assert refusal(archive(**arrays)).startswith(f"path: data.npz: {said}")


def test_a_damaged_archive_is_refused() -> None:
    whole = Path(archive(x=np.arange(1000.0), y=np.arange(1000) % 2)).read_bytes()
    for cut in (10, 200, len(whole) // 2, len(whole) - 30):
        assert "data.npz: " in refusal(written(whole[:cut], "data.npz"))


@pytest.mark.parametrize(
    "header",
    [
        b" no header",
        b"\n\x00{'descr': '<f8', (",
        b"\n\x00{[]: 1}      ",
        b"\n\x00{'descr': '<f8'",
        b"\x00\x20" + b"-(" * 4096,
        b"\n\x00\x00\xff\xfe       ",
    ],
)
def test_an_array_whose_header_is_damaged_is_refused(header: bytes) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("x.npy", b"\x93NUMPY\x01\x00" + header)
        made.writestr("notes.txt", b"hello")
    assert refusal(written(packed.getvalue(), "data.npz")).startswith(
        "path: data.npz: array 'x': cannot be read: "
    )


ONLY_TARGETS = ("Value error, inputs: no column is left to go in",)


@MANY
@given(st.text() | st.binary(), st.sampled_from(["a.csv", "a.tsv", "a.npz", "a.parquet"]))
def test_any_file_is_data_or_one_problem(content: str | bytes, name: str) -> None:
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    said = ""
    try:
        assert file(written(data, name)).rows >= 2
    except ValidationError as error:
        (told,) = error.errors()
        said = told["msg"]
    assert said.startswith((f"Value error, path: {name}: ", *ONLY_TARGETS)) or not said
    assert len(said.splitlines()) <= 1


@MANY
@given(st.sampled_from(["a.npz", "a.parquet"]), st.booleans(), st.data())
def test_a_file_with_any_bytes_changed_is_data_or_one_problem(
    name: str, packed: bool, data: st.DataObject
) -> None:
    if name == "a.npz":
        (np.savez_compressed if packed else np.savez)(name, x=np.arange(9.0), y=list("abcabcabc"))
    else:
        parquet({"x": np.arange(9.0), "y": list("abcabcabc")}, name)
    content = bytearray(Path(name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    said = ""
    try:
        assert file(written(bytes(content), name)).rows >= 2
    except ValidationError as error:
        (told,) = error.errors()
        said = told["msg"]
    assert said.startswith((f"Value error, path: {name}: ", *ONLY_TARGETS)) or not said
    assert len(said.splitlines()) <= 1


_CELLS = st.sampled_from(["1", "2.5", "-3e4", "", "a", '"b, c"', "nan", "1_0", '"', "é"])


@MANY
@given(st.lists(st.lists(_CELLS, min_size=2, max_size=3).map(",".join), max_size=6))
def test_any_rows_are_data_or_a_problem(rows: list[str]) -> None:
    said = ""
    try:
        part = drawn(file(written("\n".join(["x,y", *rows]))))
        assert np.isfinite(part.inputs).all()
    except ValidationError as error:
        said = str(error)
    assert "path: data.csv: " in said or not said


@MANY
@given(st.lists(st.lists(st.floats(-1e30, 1e30), min_size=2, max_size=2), min_size=2, max_size=9))
def test_numbers_come_back_as_they_were_written(rows: list[list[float]]) -> None:
    text = "x,y\n" + "".join(f"{x!r},{y!r}\n" for x, y in rows)
    part = drawn(file(written(text), "numbers"))
    assert np.concatenate([part.inputs, part.targets], axis=1).tolist() == rows


class TestReading:
    def test_a_file_is_read_once_and_again_when_it_changes(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reads: list[str] = []

        def counted(source: TextSource, *settings: Any) -> columns.ReadColumns:
            reads.append(source.path.name)
            return read_text(source, *settings)

        monkeypatch.setattr(sheet, "read_text", counted)
        os.utime(written(PEOPLE), (0, 0))
        first, again = file("data.csv"), file("data.csv", split=[2, 2])
        assert (first.rows, again.rows, reads) == (4, 4, ["data.csv"])
        written(PEOPLE + "20,1.8,m\n")
        assert file("data.csv").rows == 5
        assert reads == ["data.csv"] * 2

    def test_a_file_just_written_may_be_written_again_in_the_same_moment(self) -> None:
        """Clocks of file systems tick every few milliseconds; sizes may stay the same."""
        for age in range(10, 60):
            part = drawn(file(written(f"x,y\n{age},a\n2,b\n")))
            assert part.inputs[0].tolist() == [age]

    def test_what_was_validated_stays_whatever_becomes_of_the_file(self) -> None:
        spec = file(written(PEOPLE))
        Path("data.csv").unlink()
        assert (spec.rows, spec.class_count, len(load(spec, 0).train)) == (4, 2, 4)

    def test_nobody_can_change_what_others_see(self) -> None:
        spec = file(written(PEOPLE))
        with pytest.raises(ValueError, match="read-only"):
            drawn(spec).inputs[:] = 0
        drawn(spec).targets[:] = 1
        assert drawn(spec).inputs.any()

    def test_a_recording_names_what_was_read(self) -> None:
        (named,) = file(written(PEOPLE)).files
        digest = hashlib.sha256(PEOPLE.encode()).hexdigest()
        assert named == {"name": "data.csv", "size": len(PEOPLE), "sha256": digest}

    def test_training_on_a_file_leaves_its_checksum_and_scaling_in_the_header(self) -> None:
        tables = {
            "data": {"kind": "file", "path": written(PEOPLE), "task": "classes"},
            "loss": {"name": "cross_entropy"},
        }
        tables["data"] |= {"split": [0.5, 0.25, 0.25], "scale_inputs": "standard"}
        trainer = Trainer(Experiment.model_validate(tables), device="cpu")
        trainer.advance(2)
        header = decode(encode(header_of(trainer, "run")))
        assert isinstance(header, Header)
        assert header.files == trainer.experiment.data.files
        assert (header.rows, header.input_names) == ([2, 1, 1], ["age", "height"])
        assert header.target_names == ["f", "m"]
        rows = drawn(file("data.csv")).inputs
        np.testing.assert_array_equal(
            Scaling.from_plain(header.scaling).scale_inputs(rows),
            load(trainer.experiment.data, 0).scaling.scale_inputs(rows),
        )

    def test_large_offsets_keep_their_precision_through_scaling(self) -> None:
        """Seconds since 1970 have more digits than float32."""
        text = "t,y\n" + "".join(f"{1_600_000_000 + i},{i}\n" for i in range(10))
        data = load(file(written(text), "numbers", scale_inputs="range"), 0)
        np.testing.assert_allclose(data.train.inputs[:, 0], np.arange(10) / 9, rtol=1e-6)


class TestPresets:
    TEXT = "[data]\nkind = 'file' # mine\npath = 'data.csv'\ntask = 'classes'\nsplit = [2, 1, 1]\n"

    def problems(self, *overrides: str) -> list[str]:
        with pytest.raises(PresetError) as caught:
            presets.load("sub/x.toml", overrides)
        return str(caught.value).splitlines()

    @pytest.fixture(autouse=True)
    def preset(self, place: Path) -> None:
        (place / "sub").mkdir()
        written(self.TEXT, "sub/x.toml")
        written(PEOPLE, "sub/data.csv")
        written(PEOPLE.replace("sex", "other"), "here.csv")

    def test_a_path_starts_at_the_preset_and_ends_up_absolute(self, place: Path) -> None:
        experiment = presets.load("sub/x.toml").experiment
        assert experiment.data.path == str(place / "sub" / "data.csv")  # type: ignore[union-attr]
        assert experiment.widths == [2, 5, 1]
        assert experiment.data.sizes == (2, 1, 1)

    def test_a_path_set_from_outside_starts_at_the_current_directory(self, place: Path) -> None:
        experiment = presets.load("sub/x.toml", ["data.path=here.csv"]).experiment
        assert experiment.data.path == str(place / "here.csv")  # type: ignore[union-attr]

    def test_a_path_may_start_at_home(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(place / "sub"))
        experiment = presets.load("sub/x.toml", ["data.path=~/data.csv"]).experiment
        assert experiment.data.path == str(place / "sub" / "data.csv")  # type: ignore[union-attr]

    def test_the_resolved_experiment_can_be_read_from_anywhere(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        experiment = presets.load("sub/x.toml").experiment
        text = presets.dumps(experiment, full=True)
        monkeypatch.chdir("/")
        assert presets.resolve(tomllib.loads(text), "x.toml") == experiment
        dumped = experiment.model_dump(mode="json", exclude_none=True)
        assert Experiment.model_validate(dumped) == experiment

    def test_saving_keeps_the_path_as_it_was_written(self, place: Path) -> None:
        experiment = presets.load("sub/x.toml", ["data.split=[3, 1]"]).experiment
        presets.save(place / "sub" / "x.toml", experiment, self.TEXT)
        saved = (place / "sub" / "x.toml").read_text()
        title, _, rest = saved.partition("[data]")
        assert title.strip() == 'title = "x, changed: split 3 1"'
        data, _, _ = rest.partition("\n[origin]")
        assert "[data]" + data == self.TEXT.replace("[2, 1, 1]", "[3, 1]")

    def test_a_problem_names_preset_key_file_row_and_column(self, place: Path) -> None:
        written(PEOPLE.replace("1.62", "tall"), "sub/data.csv")
        assert self.problems() == [
            "sub/x.toml: data.path: data.csv: row 4, column 'height': is no number (got 'tall'); "
            "correct it, or leave its row out of the file, or its column out of data.inputs, "
            "or say by missing in data.columns what stands for it"
        ]

    def test_a_problem_of_an_override_names_the_override(self) -> None:
        assert self.problems("data.inputs=['ag']") == [
            "--set data.inputs=['ag']: data.inputs[0]: data.csv has no column 'ag' "
            "(did you mean 'age'?); it has: 'age', 'height', 'sex'"
        ]
        assert self.problems("data.path=gone.csv")[0].startswith(
            "--set data.path=gone.csv: data.path: gone.csv: there is no such file in "
        )

    def test_what_nobody_can_guess_is_asked_for(self) -> None:
        written("data.kind = 'file'", "sub/x.toml")
        assert self.problems() == [
            "sub/x.toml: data.path: is missing",
            "sub/x.toml: data.task: is missing",
        ]
