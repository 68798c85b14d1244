"""How each kind of data is made, written as plain numpy: the part of a program that draws it.

The text computes what ``engine.data`` computes, number for number. To add a kind, add its
function here and to ``SOURCES``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

from ...components.expressions import CONSTANTS, FUNCTIONS
from ...data.text_file import declared_separator
from ...errors import EpochalError
from .text import WIDTH, call, define, listed, quoted

RNG: Final = "rng = np.random.default_rng(stream(DATA))"
"""Where the random numbers of the data come from."""


def moons(data: Any) -> str:
    """Two half circles."""
    first, second = _halves(data.samples)
    return _points(
        data,
        "Return two interleaved half circles, and the class of each point.",
        f"""\
        upper = np.linspace(0, np.pi, {first})
        lower = np.linspace(0, np.pi, {second})
        first = np.column_stack([np.cos(upper), np.sin(upper)])
        second = np.column_stack([1 - np.cos(lower), 0.5 - np.sin(lower)])
        """,
    )


def circles(data: Any) -> str:
    """A circle in another."""
    first, second = _halves(data.samples)
    return _points(
        data,
        "Return a circle around another, and the class of each point.",
        f"""\
        outer = np.linspace(0, 2 * np.pi, {first}, endpoint=False)
        inner = np.linspace(0, 2 * np.pi, {second}, endpoint=False)
        first = np.column_stack([np.cos(outer), np.sin(outer)])
        second = np.column_stack([np.cos(inner), np.sin(inner)]) * {data.factor!r}
        """,
    )


def spirals(data: Any) -> str:
    """Two spirals."""
    first, second = _halves(data.samples)
    arm = f'''\
def arm(count, start):
    """Return the points of one spiral, which ends at radius 2."""
    along = np.sqrt(np.linspace(0.01, 1, count))
    angle = start + along * {data.turns!r} * 2 * np.pi
    return np.column_stack(
        [2 * along * np.cos(angle), 2 * along * np.sin(angle)]
    )


'''
    return arm + _points(
        data,
        "Return two spirals wound into each other, and the class of each point.",
        f"""\
        first = arm({first}, 0.0)
        second = arm({second}, np.pi)
        """,
    )


def xor(data: Any) -> str:
    """A square in four quarters."""
    first, second = _halves(data.samples)
    return _points(
        data,
        "Return the points of a square; opposite quarters are of one class.",
        f"""\
        first = np.abs(rng.uniform(-1, 1, ({first}, 2)))
        second = np.abs(rng.uniform(-1, 1, ({second}, 2)))
        signs = np.where(rng.random(({first}, 1)) < 0.5, -1, 1)
        flips = np.where(rng.random(({second}, 1)) < 0.5, -1, 1)
        first, second = first * signs, second * np.hstack([flips, -flips])
        """,
    )


def function(data: Any) -> str:
    """Functions of x."""
    low, high = data.domain
    lines = [f"x = np.linspace({low!r}, {high!r}, {data.points})"]
    lines += call("y = np.column_stack", [listed([_numpy(text) for text in data.targets])])
    if data.noise:
        lines += [RNG, f"y += {data.noise!r} * rng.standard_normal(y.shape)"]
    lines.append("return x.reshape(-1, 1), y")
    return define("draw_data", "Return values of x, and what is to be learned of them.", lines)


def table(data: Any) -> str:
    """Rows written out."""
    lines = [
        *call("inputs = np.array", [listed([listed(map(repr, row)) for row in data.inputs])]),
        *call("targets = np.array", [listed(map(repr, data.targets))]),
        "return inputs, targets",
    ]
    return define("draw_data", "Return the rows, and the target of each.", lines)


def sums(data: Any) -> str:
    """Whole numbers and their sum, drawn afresh for every step."""
    lines = [
        f"numbers = rng.integers(0, {data.highest}, (count, {data.terms}), endpoint=True)",
        "totals = numbers.sum(axis=1, keepdims=True)",
        f"return numbers / {data.divide_by!r}, totals / {data.divide_by!r}",
    ]
    return define(
        "draw_rows",
        f"Return rows of {data.terms} whole numbers, and the sum of each.",
        lines,
        "rng, count",
    )


def bundled(data: Any) -> str:
    """A set that comes with scikit-learn."""
    name = f"load_{data.set}"
    options = ", scaled=False" if data.set == "diabetes" else ""
    column = "" if data.classes else ".reshape(-1, 1)"
    lines = [
        f"inputs, targets = {name}(return_X_y=True{options})",
        f"return inputs, targets{column}",
    ]
    function = define("draw_data", f"Return the {data.set} set of scikit-learn.", lines)
    return f"from sklearn.datasets import {name}\n\n\n{function}"


def file(data: Any) -> str:
    """Rows of a text file; other files are for libraries of their own."""
    ending = Path(data.path).suffix.lower()
    if ending not in (".csv", ".tsv"):
        raise EpochalError(f"data.path: no plain program can be written for a {ending} file")
    opened = call(
        "with open", [quoted(data.path), 'encoding="utf-8-sig"', 'newline=""'], WIDTH - 14
    )
    opened[-1] += " as file:"
    named = data.header is not False
    names = "lines[0]" if named else '[f"column{index + 1}" for index in range(len(lines[0]))]'
    lines = [
        *opened,
        *_read_lines(Path(data.path), data.separator or ("\t" if ending == ".tsv" else ",")),
        f"names = [name.strip() for name in {names}]" if named else f"names = {names}",
        f"columns = dict(zip(names, zip(*lines{'[1:]' if named else ''})))",
        *_assigned("features", data.input_names),
        f"inputs = {_table(data, 'features')}",
    ]
    if data.classes:
        target = quoted(data.targets[0]) if data.targets else "names[-1]"
        lines += [
            *_assigned("classes", data.target_names),
            f"cells = [cell.strip() for cell in columns[{target}]]",
            "targets = np.array([classes.index(cell) for cell in cells])",
        ]
    else:
        lines += [
            *_assigned("wanted", data.target_names),
            f"targets = {_table(data, 'wanted')}",
        ]
    function = define(
        "draw_data", "Return the rows of the file.", [*lines, "return inputs, targets"]
    )
    return f"import csv\n\n\n{function}"


def _read_lines(path: Path, separator: str) -> list[str]:
    """Return the lines that read a text file's cells, within the ``with``."""
    declared = declared_separator(path)
    source, blanks = "file", ""
    lines = [f"    next(file)  # sep={declared}"] if declared else []
    separator = declared or separator
    if separator == " ":
        source, blanks = "(line.strip() for line in file)", ", skipinitialspace=True"
    reader = f"csv.reader({source}, delimiter={quoted(separator)}{blanks})"
    return [*lines, f"    lines = [line for line in {reader} if any(line)]"]


def _table(data: Any, names: str) -> str:
    """Return what makes an array of the named columns, [rows, columns]."""
    if data.decimal == "." and not data.thousands:
        return f"np.array([columns[name] for name in {names}], float).T"
    cell = "cell"
    if data.thousands:
        cell += f'.replace({quoted(data.thousands)}, "")'
    if data.decimal != ".":
        cell += f'.replace({quoted(data.decimal)}, ".")'
    return f"np.array([[float({cell}) for cell in columns[name]] for name in {names}]).T"


def _assigned(name: str, texts: list[str]) -> list[str]:
    return f"{name} = {listed(map(quoted, texts))}".split("\n")


SOURCES: Final[Mapping[str, Callable[[Any], str]]] = {
    "moons": moons,
    "circles": circles,
    "spirals": spirals,
    "xor": xor,
    "function": function,
    "table": table,
    "sum": sums,
    "sklearn": bundled,
    "file": file,
}
"""What writes the function that makes each kind of data."""


def _halves(samples: int) -> tuple[int, int]:
    return samples - samples // 2, samples // 2


def _points(data: Any, doc: str, shape: str) -> str:
    """Return the function that draws two classes of points.

    Args:
        data: The table of the preset.
        doc: What it returns.
        shape: The lines that make ``first`` and ``second``, the two classes before the noise.
    """
    first, second = _halves(data.samples)
    noise = f"points += rng.normal(0.0, {data.noise!r}, points.shape)"
    text = dedent(shape).rstrip()
    lines = [
        *([RNG] if data.noise or "rng." in text else []),
        text,
        "points = np.concatenate([first, second])",
        *([noise] if data.noise else []),
        f"return points, np.repeat([0, 1], [{first}, {second}])",
    ]
    return define("draw_data", doc, lines)


def _numpy(text: str) -> str:
    """Return an expression of x as numpy computes it."""
    node = _Named().visit(ast.parse(text.strip(), mode="eval").body)
    # Powers of plain things stand close, as formatters have it.
    source = re.sub(r"(?<![\w.\])])(\w+) \*\* (-?[\w.]+)", r"\1**\2", ast.unparse(node))
    has_x = any(isinstance(part, ast.Name) and part.id == "x" for part in ast.walk(node))
    return source if has_x else f"np.full_like(x, {source})"


class _Named(ast.NodeTransformer):
    """Gives constants and functions their names in numpy."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Put ``np.`` before what is not x."""
        if node.id == "tau":
            return ast.parse("2 * np.pi", mode="eval").body
        known = node.id in CONSTANTS or node.id in FUNCTIONS
        return ast.parse(f"np.{node.id}", mode="eval").body if known else node
