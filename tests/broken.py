"""Presets, lectures, settings, expressions and files of data as nobody in his senses writes them.

``python -m tests.broken 10000`` tries so many; the suite tries some. ``python -m tests.broken
1 57`` tries that of seed 57 again. Whatever it is, there is a result or a clear word for it, within
limits of time and memory.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import tomllib
from copy import deepcopy
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest.mock import patch

import numpy as np
import tomlkit
from pydantic import ValidationError

from engine.components.expressions import Expression
from engine.data.file import File
from engine.experiment.json_schema import json_schema
from engine.presets import preset as presets
from engine.randomness import generator
from engine.runs.folder import RunFolder
from tests.mutants import noted
from tests.mutations import BYTES, NOTES, OTHERS, mutated_notes, with_another_value
from tests.within_limits import Attempt, Failure, failures_of, run
from tui import cli

PROMISE: Final = "a preset, lecture, setting or file of data that is broken is refused in words"

PRESETS: Final = sorted(Path(__file__).parents[1].glob("presets/*.toml"))
LECTURES: Final = sorted(Path(__file__).parents[1].glob("presets/lectures/*.toml"))

KEYS: Final = sorted(
    {
        key
        for table in [json_schema(), *json_schema()["$defs"].values()]
        for key in table.get("properties", {})
    }
)
"""Every key that a preset may have somewhere."""

WORDS: Final = (
    *(*OTHERS, "a", "full", "auto", "sgd", "adam", "gelu", "moons", "python", "file", "sum"),
    *("table", "function", "sklearn", "日本", "~", "con\nnul", "x" * 5000, float("nan"), 10**7),
    *([0.5, 0.5], [1, "a"], [10**6] * 20, ["relu"] * 500, [1e308, 1e308], [[[[1]]]], [-1]),
    *({"name": "adam"}, {"step": 5}, {"kind": "file", "path": "/dev/zero"}, [{"units": 3}]),
)
"""What may stand anywhere in a preset."""

EXPRESSIONS: Final = (
    *("x**64", "x**-65", "1/0", "exp(exp(exp(x)))", "9**9**9**9", "x**(2**(2**(2**2)))", "log(-1)"),
    *("(" * 90 + "x" + ")" * 90, "-" * 199 + "x", "x+" * 99 + "x", "1" * 199, "0x" + "f" * 190),
    *("__import__('os')", "x.__class__", "lambda: 1", "x if x else 1", "1e999", "1j*x", "x@x"),
    *("exp(x,x)", "exp()", "exp(*x)", "exp(x=1)", "f(x)", "x\0", "𝐱", "x;x", "x=1", "x #c"),
    *("nan", "None", "b'x'", "f'{x}'", "(x:=1)", "await x", "*x", "{x}", "x[0]", "exp", "", "x//1"),
)

RAW: Final = (
    *(b"", bytes(1000), b"\xff" * 1000, b"[" * 200_000, b"a=" + b"[" * 200_000, b"\r" * 1000),
    *(b"a=" + b"{a=" * 50_000, b"a." * 20_000 + b"a=1", b"[" + b"a." * 20_000 + b"a]"),
    *(b"[[a]]\n" * 50_000, b"a=" + b"9" * 900_000, b"a=0x" + b"f" * 900_000, b"x" * 999_999),
    *(b"a='" + b"x" * 900_000 + b"'", b"[model]\nhidden=[" + b"1," * 200_000 + b"]"),
    *(b"[[marks]]\nat={step=1}\ntitle='x'\n" * 10_000, b"# c\n" * 200_000, b"a=1979-05-27"),
    *(b"a=[" + b"{}," * 100_000 + b"]", b"\n".join(b"[a%d.b.c]" % at for at in range(20_000))),
    b"[data]\nkind='function'\ntargets=[" + b"'x'," * 100_000 + b"]",
    b"[population]\nseeds=10000\nvary={"
    + b",".join(b'"k%d"=[1,2]' % at for at in range(1000))
    + b"}",
)
"""Files as large as they may be, and of one thing alone."""

CELLS: Final = (
    *("", "1", "-1.5", "1e400", "nan", "inf", "abc", "1,5", "1.000,5", "=1+1", "\0", "é", "\ufeff"),
    *('"', '"a', 'a"b"', "x" * 10_000, "9" * 5000, "\u202e", "\x1b[2J", " ", "NA", "True", "0x1f"),
)
"""What a cell of a table may hold."""


# Texts.


def broken_preset(draw: Random) -> bytes:
    """Return a preset some of whose values are others, or are missing."""
    tables = deepcopy(tomllib.loads(draw.choice(PRESETS).read_text("utf-8")))
    for _ in range(draw.choice([1, 1, 2, 3, 8])):
        with_another_value(tables, draw, WORDS)
        some = [tables, *(value for value in tables.values() if isinstance(value, dict))]
        if draw.random() < 0.4:
            word = draw.choice([*WORDS, *EXPRESSIONS])
            draw.choice(some)[draw.choice(KEYS)] = deepcopy(word)
    if draw.random() < 0.15:
        targets = [draw.choice(EXPRESSIONS) for _ in range(draw.choice([1, 3, 200]))]
        points = draw.choice([0, 1, 10, 10**7])
        tables["data"] = {"kind": "function", "points": points, "targets": targets}
    try:
        return tomlkit.dumps(tables).encode("utf-8", "surrogatepass")
    except Exception:
        return broken_text(draw.choice(PRESETS), draw)  # Not everything can be said in TOML.


def broken_text(path: Path, draw: Random) -> bytes:
    """Return a file some of whose characters are others, are missing, or stand there twice."""
    body = path.read_bytes()
    for _ in range(draw.choice([1, 1, 3, 8])):
        body = draw.choice(BYTES)(body or b" ", draw)
        at = draw.randrange(len(body) + 1)
        if draw.random() < 0.3:
            body = body[:at] + draw.choice(INSERTED) + body[at:]
    return body


INSERTED: Final = (
    *(b"\x1b]0;x\x07", b"[[", b"'''", b'"""', b"=", b"\n\n[", b"9" * 5000, b"{" * 500, b"[" * 2000),
    *(b"\n[[scenes]]\n", b"\nminutes=1e999\n", b"\npreset='/dev/zero'\n", b"\nrun='..'\n"),
    *(b"\nset=[" + b"'a=1'," * 1000 + b"]\n", b"{loss@" + b"9" * 400 + b"}", b"{loss / 0}"),
)


def setting(draw: Random) -> str:
    """Return what may follow ``--set``."""
    key = ".".join(draw.choices(KEYS, k=draw.choice([1, 2, 2, 2, 3])))
    key += draw.choice(["", "", "[0]", "[-1]", "[999999]", ".", "[", "[0][0][0]"])
    value = draw.choice([repr(draw.choice(WORDS)), draw.choice(EXPRESSIONS), "'''", "{a=1,a=2}"])
    return draw.choice(
        [f"{key}={value}", f"{key}={value}", key, f"={value}", f"{key}={value}]\n[x"]
    )


def expression(draw: Random) -> str:
    """Return what may be a function of x."""
    signs = "x+-*/()1234567890. e^,[]'\"_\\expsincolgqrt"
    size = draw.choice([3, 10, 50, 199, 300])
    return draw.choice([draw.choice(EXPRESSIONS), "".join(draw.choices(signs, k=size))])


# Files of data.


def broken_table(draw: Random, suffix: str) -> bytes:
    """Return a file of data that is broken somewhere."""
    rows = draw.choice([0, 1, 2, 5, 200])
    columns = [
        [draw.choice(CELLS) if draw.random() < 0.05 else f"{draw.gauss(0, 1):.3g}"] * (1 + rows)
        for _ in range(draw.choice([1, 2, 3, 40]))
    ]
    body = {".npz": _npz, ".parquet": _parquet, ".csv": _csv}[suffix](columns, draw)
    return draw.choice(BYTES)(body, draw) if body and draw.random() < 0.5 else body


def _csv(columns: list[list[str]], draw: Random) -> bytes:
    separator = draw.choice([",", ",", ";", "\t", "|"])
    rows = [separator.join(cells) for cells in zip(*columns, strict=True)]
    rows[0] = separator.join(f"c{at}" for at in range(len(columns)))
    for _ in range(draw.choice([0, 0, 1, 3])):
        cells = draw.choice(CELLS) if draw.random() < 0.5 else separator * draw.choice([1, 9, 5000])
        rows[draw.randrange(len(rows))] = cells
    encoding = draw.choice(["utf-8", "utf-8", "utf-16", "latin-1"])
    return draw.choice(["\n", "\n", "\r\n", "\r"]).join(rows).encode(encoding, "replace")


def _npz(columns: list[list[str]], draw: Random) -> bytes:
    rows = len(columns[0])
    shape = draw.choice([(rows, len(columns)), (rows,), (), (rows, 2, 2), (0, 2), (rows + 1, 1)])
    kind = draw.choice(["f8", "f4", "i8", "u8", "?", "c16", "U5", "S5", "O", "M8[D]", "f2"])
    values = np.zeros(shape, kind)
    if kind[0] == "f" and values.size:
        values.flat[0] = draw.choice([np.nan, np.inf, 6e4])
    names = draw.choice([("inputs", "targets"), ("inputs",), ("x", "y"), ("a/b", "../c")])
    out = io.BytesIO()
    save = draw.choice([np.savez, np.savez_compressed])
    save(out, **dict.fromkeys(names, values))
    return out.getvalue()


def _parquet(columns: list[list[str]], draw: Random) -> bytes:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        return draw.randbytes(100)
    made = {f"c{at}": _column(cells, draw) for at, cells in enumerate(columns)}
    out = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.table(made), out)
    return bytes(out.getvalue().to_pybytes())


def _column(cells: list[str], draw: Random) -> list[Any]:
    count = len(cells)
    return draw.choice(
        [
            cells,
            [draw.gauss(0, 1) for _ in cells],
            [None] * count,
            [[1, 2]] * count,
            [{"a": 1}] * count,
            [b"\xff"] * count,
            [True] * count,
            [2**62] * count,
        ]
    )


# What is tried.


def checked(path: Path) -> None:
    """Check a preset or a lecture; where it holds, write it down, read it again and explain it."""
    said = _command("check", str(path))
    _command("explain", str(path))
    if said:
        return
    experiment = presets.load(str(path)).experiment
    again = path.with_name("again.toml")
    again.write_text(presets.dumps(experiment, full=True), "utf-8")
    assert repr(presets.load(str(again)).experiment) == repr(experiment), "is another, written down"


def changed(line: str, name: str) -> None:
    """Change a preset, and filter runs by the same."""
    _command("explain", name, "--set", line)
    _command("explain", name, "--vary", line)
    _command("runs", "--filter", line)


def computed(text: str) -> None:
    """Compute an expression."""
    try:
        function = Expression(text)
    except ValueError:
        return
    function(np.linspace(-1, 1, 1000))


def learned(path: Path, task: str) -> None:
    """Read a file of data, and what a program that reads it looks like."""
    try:
        data = File.model_validate({"path": str(path), "task": task})
    except ValidationError:
        return
    data.draw(generator(0, "data"))
    data.program()


def _command(*arguments: str) -> int | str | None:
    try:
        cli.main(list(arguments))
    except SystemExit as error:
        if error.code not in (None, 0, 1, 2):
            raise
        return error.code
    return 0


def trial(place: Path, draw: Random) -> Attempt:
    """Return what is tried: its kind, and how."""
    kinds = ["preset", "text", "raw", "set", "lecture", "notes", "expression", "data"]
    match draw.choices(kinds, [30, 15, 2, 20, 8, 5, 10, 20])[0]:
        case "preset":
            return "preset", partial(checked, _file(place / "case.toml", broken_preset(draw)))
        case "text":
            body = broken_text(draw.choice(PRESETS), draw)
            return "text of a preset", partial(checked, _file(place / "case.toml", body))
        case "raw":
            return "raw", partial(checked, _file(place / "case.toml", draw.choice(RAW)))
        case "lecture":
            body = broken_text(draw.choice(LECTURES), draw)
            return "lecture", partial(checked, _file(place / "case.toml", body))
        case "notes":
            _file(place / "notes.toml", mutated_notes(NOTES, draw)[1])
            return "notes", partial(noted, RunFolder(place))
        case "set":
            return "setting", partial(changed, setting(draw), draw.choice(PRESETS).stem)
        case "expression":
            return "expression", partial(computed, expression(draw))
    suffix = draw.choice([".csv", ".csv", ".npz", ".parquet"])
    path = _file(place / f"case{suffix}", broken_table(draw, suffix))
    return f"a file {suffix}", partial(learned, path, draw.choice(["classes", "numbers"]))


def _file(path: Path, body: bytes) -> Path:
    path.write_bytes(body)
    return path


def try_one(place: Path, seed: int) -> tuple[str, list[Failure]]:
    """Make something up, try it, and return what it is, and what failed.

    Args:
        place: An empty folder.
        seed: What is made up.
    """
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    attempt = trial(place, Random(seed))
    with patch.dict(os.environ, XDG_CONFIG_HOME=str(place), EPOCHAL_RUNS=str(place)):
        return attempt[0], failures_of([attempt])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for each in PRESETS:
            presets.load(str(each))  # What that imports, nobody is to pay for later.
        sys.exit(run("tests.broken", PROMISE, partial(try_one, Path(folder, "place"))))
