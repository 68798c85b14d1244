"""Every kind of wrong file there is: what is said of it, where it is wrong, and what to do."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import pytest

from .files import PEOPLE, refusal, written


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class WrongFile(NamedTuple):
    """A file that is wrong, and how a preset says that it is laid out."""

    content: str | bytes | Callable[[str], object]
    """What it holds, or what makes it."""
    settings: Mapping[str, Any] = MappingProxyType({})
    name: str = "data.csv"


def packed(**arrays: Any) -> bytes:
    """An NPZ archive."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def table(**columns: Any) -> bytes:
    """A Parquet file."""
    import pyarrow
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


def sparse(path: str) -> None:
    """A file of three gigabytes that takes no room."""
    with Path(path).open("wb") as file:
        file.truncate(3 * 10**9)


def nothing(_: str) -> None:
    """No file."""


NUMBERS: Final = {"task": "numbers"}
TWO_NAMES: Final = {"header": False, "names": ["x", "y"]}
ASCII: Final = {"encoding": "ascii"}
GERMAN: Final = {"separator": ";", "decimal": ","}
NPZ: Final = "data.npz"
PARQUET: Final = "data.parquet"

FILES: Final = {
    "a name misspelt": WrongFile(lambda _: written(PEOPLE, "dataa.csv")),
    "a folder that is not there": WrongFile(nothing, name="no/data.csv"),
    "a folder": WrongFile(lambda path: Path(path).mkdir()),
    "a pipe": WrongFile(os.mkfifo),
    "a gigantic file": WrongFile(sparse),
    "a spreadsheet": WrongFile(b"PK\3\4", name="data.xlsx"),
    "an old spreadsheet": WrongFile(b"\xd0\xcf\x11\xe0", name="data.xls"),
    "a LibreOffice sheet": WrongFile(b"PK\3\4", name="data.ods"),
    "a text by another name": WrongFile(PEOPLE, name="data.txt"),
    "a file without an ending": WrongFile(PEOPLE, name="data"),
    "JSON": WrongFile("[]", name="data.json"),
    "a packed archive": WrongFile(gzip.compress(packed(x=[1, 2], y=[0, 1])), name="data.npz.gz"),
    "a ZIP archive": WrongFile(b"PK\3\4", name="data.zip"),
    "a spreadsheet that is called CSV": WrongFile(b"PK\3\4\0\0\0\0"),
    "an old spreadsheet that is called CSV": WrongFile(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"),
    "a packed file that is called CSV": WrongFile(gzip.compress(PEOPLE.encode())),
    "Parquet that is called CSV": WrongFile(b"PAR1\x15\x04"),
    "a web page that is called CSV": WrongFile(
        "<!DOCTYPE html>\n<html><body>Sign in, please</body></html>\n"
    ),
    "JSON that is called CSV": WrongFile('[{"x": 1, "y": 2},\n {"x": 3, "y": 4}]\n'),
    "a PDF that is called CSV": WrongFile(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
    "a packed file that is not packed": WrongFile(PEOPLE, name="data.csv.gz"),
    "a packed file cut short": WrongFile(
        gzip.compress(PEOPLE.encode() * 99)[:-20], name="data.csv.gz"
    ),
    "an empty file": WrongFile(""),
    "only blank lines": WrongFile(" \n\n"),
    "only a mark": WrongFile(b"\xef\xbb\xbf"),
    "only commas": WrongFile(",,\n,,\n"),
    "only names": WrongFile("x,y\n"),
    "one row": WrongFile("x,y\n1,2\n"),
    "Windows' own encoding": WrongFile("x,y\n1,Zürich\n2,b\n".encode("cp1252")),
    "UTF-16": WrongFile(PEOPLE.encode("utf-16")),
    "an encoding that is not the file's": WrongFile("x,y\n1,ä\n2,b\n", ASCII),
    "an encoding that there is not": WrongFile(PEOPLE, {"encoding": "utf8mb4"}),
    "bytes of no encoding": WrongFile(b"x,y\n1,\x81\x8d\xff\n2,b\n"),
    "no names": WrongFile("1,2\n3,4\n"),
    "no names above numbers and words": WrongFile(
        "5.1,3.5,setosa\n4.9,3.0,setosa\n6.3,3.3,virginica\n"
    ),
    "a blank line above": WrongFile("\nx,y\n1,2\n"),
    "a title above": WrongFile("Sales of 2024\nx,y\n1,2\n3,4\n"),
    "a name missing": WrongFile("x,,y\n1,2,3\n4,5,6\n"),
    "pandas' index": WrongFile(",x,y\n0,1,2\n1,3,4\n"),
    "a name twice": WrongFile("x,x,y\n1,2,3\n4,5,6\n"),
    "too few names in the preset": WrongFile("1,2,a\n3,4,b\n", TWO_NAMES),
    "names in the preset and in the file": WrongFile(PEOPLE, {"names": ["a", "b", "c"]}),
    "a short row": WrongFile("x,y\n1,a\n2\n3,b\n"),
    "a long row": WrongFile("x,y\n1,a\n2,b,3\n"),
    "a comma too many in every row": WrongFile("x,y\n1,a,\n2,b,\n"),
    "thousands that are not quoted": WrongFile("x,price\n1,2\n1,1,234\n", NUMBERS),
    "a blank line inside": WrongFile("x,y\n1,a\n\n2,b\n"),
    "a comment below": WrongFile("x,y\n1,a\n2,b\n# measured in May\n"),
    "semicolons": WrongFile(PEOPLE.replace(",", ";")),
    "tabs": WrongFile(PEOPLE.replace(",", "\t")),
    "bars": WrongFile(PEOPLE.replace(",", "|")),
    "blanks": WrongFile("rm crim medv\n1.5  2 3\n4 5   6\n", NUMBERS),
    "commas in a TSV file": WrongFile(PEOPLE, name="data.tsv"),
    "a separator that nobody has": WrongFile("sep=#\nx#y\n1#a\n2#b\n"),
    "two separators": WrongFile("sep=;\nx;y\n1;a\n2;b\n", {"separator": "|"}),
    "an open quote": WrongFile('x,y\n1,"a\n2,b\n'),
    "a stray quote": WrongFile('x,y\n1,"a"b\n2,b\n'),
    "a huge cell": WrongFile("x,y\n1," + "a" * 200_000 + "\n"),
    "an empty cell": WrongFile("x,y\n1,a\n,b\n2,a\n"),
    "a white cell": WrongFile("x,y\n1,a\n  ,b\n2,a\n"),
    "a question mark": WrongFile("x,y\n1,a\n?,b\n2,a\n"),
    "NaN": WrongFile("x,y\n1,a\nNaN,b\n2,a\n"),
    "a text that is said to be no value": WrongFile("x,y\n1,a\nso,b\n2,a\n", {"missing": ["so"]}),
    "one word among numbers": WrongFile("x,y\n1,a\nlots,b\n2,a\n"),
    "a column of words": WrongFile("x,sort,y\n1,red,a\n2,green,b\n"),
    "a line of units": WrongFile("x,y\nkg,cm\n1,2\n3,4\n5,6\n", NUMBERS),
    "a line of sums": WrongFile("x,y\n1,a\n2,b\nTotal,\n"),
    "a truth value": WrongFile("x,y\ntrue,a\nfalse,b\n"),
    "a date": WrongFile("x,y\n2024-05-01,a\n2024-05-02,b\n"),
    "a decimal comma": WrongFile('x,y\n"1,5",a\n2,b\n'),
    "thousands": WrongFile('x,y\n"1,234,567",a\n2,b\n'),
    "what may be either": WrongFile('x,y\n"1,234",a\n2,b\n'),
    "German numbers": WrongFile("x;y\n1.234,5;a\n2;b\n", {"separator": ";"}),
    "Swiss numbers": WrongFile("x,y\n12'345.25,a\n2,b\n"),
    "a decimal point where a comma is said": WrongFile("x;y\n1.5;a\n2;b\n", GERMAN),
    "money": WrongFile("x,y\n$250000,a\n2,b\n"),
    "per cent": WrongFile("x,y\n45%,a\n2,b\n"),
    "a unit": WrongFile("x,y\n12 kg,a\n2,b\n"),
    "another sign for minus": WrongFile("x,y\n\u22122.4,a\n2,b\n"),
    "brackets for minus": WrongFile("x,y\n(1250),a\n2,b\n"),
    "Python's underscore": WrongFile("x,y\n1_000,a\n2,b\n"),
    "what acts on a terminal": WrongFile("x,y\n1,a\n\x1b[2J,b\n2,a\n"),
    "infinity": WrongFile("x,y\n-inf,a\n1,b\n"),
    "a number beyond all": WrongFile("x,y\n1,a\n1e999,b\n"),
    "a number beyond float32": WrongFile("x,y\n1,a\n1e31,b\n"),
    "a row without a class": WrongFile("x,y\n1,a\n2,\n"),
    "one class": WrongFile("x,y\n1,a\n2,a\n"),
    "too many classes": WrongFile("x,y\n" + "".join(f"1,{n}\n" for n in range(1001))),
    "classes that are measured": WrongFile("x,y\n" + "".join(f"1,{n / 7}\n" for n in range(97))),
    "classes that are names": WrongFile("x,y\n" + "".join(f"1,person {n}\n" for n in range(60))),
    "words to be learned as numbers": WrongFile(PEOPLE, NUMBERS),
    "one column": WrongFile("x\n1\n2\n"),
    "an input that is not there": WrongFile(PEOPLE, {"inputs": ["agee"]}),
    "a target that goes in": WrongFile(PEOPLE, {"inputs": ["age", "sex"]}),
    "pictures in an archive": WrongFile(packed(x=np.zeros((2, 2, 2)), y=[0, 1]), name=NPZ),
    "arrays of different lengths": WrongFile(packed(x=[1, 2, 3], y=[0, 1]), name=NPZ),
    "complex numbers": WrongFile(packed(x=[1j, 2], y=[0, 1]), name=NPZ),
    "Python objects": WrongFile(packed(x=np.array([{}, {}], object), y=[0, 1]), name=NPZ),
    "bytes that are no text": WrongFile(packed(x=[1, 2], y=[b"a", b"\xff"]), name=NPZ),
    "a pickle": WrongFile(pickle.dumps([1, 2]), name=NPZ),
    "an archive cut short": WrongFile(
        packed(x=np.arange(99.0), y=np.arange(99) % 2)[:-40], name=NPZ
    ),
    "NaN in an archive": WrongFile(packed(x=[1, np.nan], y=[0, 1]), name=NPZ),
    "one-hot classes": WrongFile(packed(x=np.ones((4, 2)), y=np.eye(4)), name=NPZ),
    "lists in Parquet": WrongFile(table(x=[[1], [2]], y=[1, 2]), name=PARQUET),
    "a missing value in Parquet": WrongFile(table(x=[1.0, None], y=["a", "b"]), name=PARQUET),
    "Parquet cut short": WrongFile(table(x=[1.0, 2.0], y=[0, 1])[:-9], name=PARQUET),
}
"""A file of each kind that the table beside this module names."""


def told() -> Iterator[list[str]]:
    """Yield the rows of the table: kind, reason, place, remedy."""
    text = Path(__file__).with_name("wrong_files.md").read_text("utf-8")
    for line in text.partition("|---")[2].splitlines()[1:]:
        yield [cell.replace("\\|", "|") for cell in re.split(r"(?<!\\) ?\| ?", line)[1:-1]]


TABLE: Final = [*told()]


def test_the_table_names_every_kind_once() -> None:
    assert [row[0] for row in TABLE] == [*FILES]


@pytest.mark.parametrize(("kind", "reason", "where", "remedy"), TABLE, ids=[*FILES])
def test_a_wrong_file_is_refused_with_the_reason_the_place_and_a_remedy(
    kind: str, reason: str, where: str, remedy: str
) -> None:
    file = FILES[kind]
    if callable(file.content):
        file.content(file.name)
    else:
        written(file.content, file.name)
    said = refusal(file.name, **{"task": "classes", **file.settings})
    wrong = f"{where}: {reason}" if where else reason
    assert said.startswith((f"path: {Path(file.name).name}: {wrong}", wrong))
    assert remedy
    assert remedy in said[len(wrong) :]
