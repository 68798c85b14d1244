"""Text files: their encoding, their names, what stands for no value, and what packs them."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data import columns
from engine.data.sheet import read
from engine.data.text_file import Dialect

from .files import PEOPLE, drawn, file, refusal, written

ROWS = "31,1.70,f\n42,1.85,m\n17,1.62,f\n65,1.78,m\n"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def assert_same(spec: Any) -> None:
    """It holds what PEOPLE does."""
    plain = file(written(PEOPLE, "plain.csv"))
    assert (spec.input_names, spec.target_names) == (plain.input_names, plain.target_names)
    np.testing.assert_array_equal(drawn(spec).inputs, drawn(plain).inputs)
    np.testing.assert_array_equal(drawn(spec).targets, drawn(plain).targets)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "UTF-8", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "cp500"]
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_is_read_in_the_encoding_that_is_said(encoding: str, mark: str) -> None:
    mark *= encoding.lower().startswith("utf")
    assert_same(file(written((mark + PEOPLE).encode(encoding)), encoding=encoding))


def test_words_are_what_the_encoding_makes_them() -> None:
    text = "x,stadt\n1,Zürich\n2,Köln\n"
    assert file(written(text.encode("cp1252")), encoding="cp1252").target_names == [
        "Köln",
        "Zürich",
    ]


@pytest.mark.parametrize(
    ("text", "written_in", "said", "refused"),
    [
        ("x,y\n1,Zürich\n2,b\n", "cp1252", "utf-8",
         'line 2: is not UTF-8 text; save the file as UTF-8, or set data.encoding = "cp1252" '
         "(reads 'Zürich') or "),
        ("x,y\n1,東京\n2,b\n", "shift_jis", "utf-8", '"shift_jis" (reads \'東京\')'),
        (PEOPLE, "utf-16", "utf-8", 'set data.encoding = "utf-16" (reads \'age\')'),
        (PEOPLE, "utf-16", "cp1252", 'is not cp1252 text; save it as UTF-8, or set data.encoding'),
        ("x,y\n1,a\n2,ä\n", "utf-8", "ascii", 'line 3: is not ascii text; save the file as UTF-8, '
         "or set data.encoding = \"utf-8\" (reads 'ä')"),
    ],
)  # fmt: skip
def test_a_file_in_another_encoding_is_refused_with_those_that_would_read_it(
    text: str, written_in: str, said: str, refused: str
) -> None:
    assert refused in refusal(written(text.encode(written_in)), encoding=said)


@pytest.mark.parametrize("name", ["klingon", "base64", "rot13", "idna", "unicode_escape", "a\0b"])
def test_an_encoding_that_is_none_is_refused(name: str) -> None:
    said = refusal(written(PEOPLE), encoding=name)
    assert said.startswith("encoding: ")
    assert "is none of Python's; say 'utf-8', 'cp1252'" in said


class TestNames:
    def test_stand_in_the_preset_where_the_file_has_none(self) -> None:
        names = ["age", "height", "sex"]
        assert_same(file(written(ROWS), header=False, names=names))
        spec = file(written(ROWS), header=False, names=names, inputs=["height"])
        assert spec.input_names == ["height"]

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"header": False, "names": ["age", "sex"]},
             "path: data.csv: row 1: has 3 cells, data.names has 2; name them all"),
            ({"names": ["age", "height", "sex"]},
             "names: name the columns of a file that has no names; set data.header = false too"),
            ({"header": False, "names": ["a", "b", "a"]}, "names: 'a' stands there twice"),
            ({"header": False, "names": ["a", " ", "b"]}, "names: ' ' is no name"),
        ],
    )  # fmt: skip
    def test_are_refused_where_they_do_not_fit(self, settings: dict[str, Any], said: str) -> None:
        assert refusal(written(ROWS), **settings) == said


class TestMissing:
    def test_a_text_that_is_no_value_is_an_empty_cell(self) -> None:
        written("x,y,z\n1,a,-\n NA ,b,na\n-,-,-\n")
        sheet = read(Path("data.csv"), Dialect(missing=("NA", "-")))
        cells = {name: list(column) for name, column in sheet.columns.items()}
        assert cells == {"x": ["1", "", ""], "y": ["a", "b", ""], "z": ["", "na", ""]}

    def test_it_is_refused_like_one_where_a_value_is_needed(self) -> None:
        text = "x,y\n1,a\n?,b\n"
        assert "row 3, column 'x': is no number (got '?')" in refusal(written(text))
        said = refusal(written(text), missing=["?"])
        assert said.startswith("path: data.csv: row 3, column 'x': is empty")
        said = refusal(written("x,y\n1,a\n2,b\n3,b\n"), missing=["a"])
        assert said.startswith(
            "path: data.csv: row 2, column 'y': is empty, or says so by data.missing, "
        )


class TestPacked:
    @pytest.mark.parametrize("name", ["data.csv.gz", "data.CSV.GZ", "data.tsv.gz"])
    def test_a_file_may_be_packed(self, name: str) -> None:
        text = PEOPLE.replace(",", "\t") if "tsv" in name else PEOPLE
        spec = file(written(gzip.compress(text.encode("utf-16"), mtime=0), name), encoding="utf-16")
        assert_same(spec)
        assert spec.files[0]["size"] == Path(name).stat().st_size

    def test_one_is_held_against_its_limit_while_it_is_unpacked(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(columns, "MAX_TEXT_BYTES", 20_000_000)
        written(gzip.compress(b"0,1\n" * 10_000_000, 1, mtime=0), "bomb.csv.gz")
        said = refusal("bomb.csv.gz")
        assert said.startswith("path: bomb.csv.gz: unpacked it has 2")
        assert "; at most 20 are read; save fewer" in said

    @pytest.mark.parametrize("cut", [0, 5, 20, -5])
    def test_a_damaged_one_is_refused(self, cut: int) -> None:
        packed = gzip.compress(PEOPLE.encode(), mtime=0)
        content = packed[:cut] + b"\1\2" + packed[cut:]
        assert refusal(written(content, "data.csv.gz")).startswith(
            "path: data.csv.gz: is not packed by gzip, or damaged: "
        )


@pytest.mark.parametrize(
    ("name", "content", "settings"),
    [
        ("a.csv.gz", gzip.compress(PEOPLE.encode(), mtime=0), {}),
        ("a.csv", PEOPLE.encode("utf-16"), {"encoding": "utf-16"}),
        ("a.csv", ROWS.encode(), {"header": False, "names": ["age", "height", "sex"]}),
        ("a.csv", ("sep=,\n" + ROWS).encode("cp500"), {"header": False, "encoding": "cp500"}),
    ],
)
def test_a_program_reads_the_same(name: str, content: bytes, settings: dict[str, Any]) -> None:
    spec = file(written(content, name), **settings)
    names: dict[str, Any] = {"np": np}
    exec(spec.program(), names)
    inputs, targets = names["draw_data"]()
    np.testing.assert_array_equal(inputs, drawn(spec).inputs)
    np.testing.assert_array_equal(targets, drawn(spec).targets)
