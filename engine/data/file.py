"""Rows from a file of one's own: which columns go in, which are to be learned, and what of.

How files are read is ``engine.data.sheet``. A file is read when a preset is validated, because
the network's first and last layer follow from it, and not again until it changes.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from ..components.section import nearest, show
from ..errors import DataError, EpochalError
from ..text.source_code import define, listed, quoted
from .base import DataBase, Examples, Shape
from .cells import Notation, Remedies, numbers
from .encoding import UTF_8, is_encoding
from .sheet import Sheet, ending_of, read, state_of
from .source import PACKED
from .text_file import Dialect, reading_source

MAX_CLASSES: Final = 1000
"""Classes of a column; more are the sign of a column of numbers."""

MOST_LABELS: Final = 1_000_000
"""Different values that are counted before they are called no classes."""

FEW_CLASSES: Final = 20
"""Different values that are never too many to be classes."""

ROWS_A_CLASS: Final = 4
"""Rows that a class of numbers has at least, on average, where there are more than those."""

ColumnNames = Annotated[list[str], Field(min_length=1, max_length=100_000)]


@dataclass(frozen=True, eq=False)
class _Chosen:
    """What a file holds for a network."""

    inputs: NDArray[np.float64]
    """[rows, features]."""
    targets: NDArray[Any]
    """[rows, outputs] float64, or [rows] int64 for classes."""
    shape: Shape
    """Its rows and what its columns are."""
    file: Mapping[str, Any]
    """Name, size and SHA-256 of what was read."""


def _assigned(name: str, texts: list[str]) -> list[str]:
    return f"{name} = {listed(map(quoted, texts))}".split("\n")


class File(DataBase):
    """Rows of a file: CSV or TSV with a line of names at its top, NPZ, or Parquet."""

    place: ClassVar[int] = 5

    measured: ClassVar[bool] = True
    paths: ClassVar[tuple[str, ...]] = ("path",)

    kind: Literal["file"] = "file"
    path: Annotated[str, Field(min_length=1, max_length=4096)]
    """The file, ending in ``.csv``, ``.tsv``, ``.npz`` or ``.parquet``, the first two also packed
    as ``.csv.gz``; from the preset's own folder on, or from the current directory where it is set
    from outside."""
    task: Literal["classes", "numbers"]
    """What is to be learned: ``"classes"``, one column of names or numbers to tell apart, or
    ``"numbers"``, one column or several."""
    inputs: ColumnNames | None = None
    """The columns that go in, by name; all that are no targets where this is left out. An array
    ``x`` of an NPZ archive with two dimensions is the columns ``x1``, ``x2`` and so on, and
    ``x`` stands for all of them."""
    targets: ColumnNames | None = None
    """The columns to be learned, by name; the last one (of an NPZ archive: all of the last array)
    where this is left out."""
    separator: Literal[",", ";", "\t", "|", " "] | None = None
    """What parts the cells of a text file: a comma where this is left out, a tab in ``.tsv``, and
    what a first line such as ``sep=;`` says; ``" "`` is any number of blanks."""
    header: bool | None = None
    """Whether the first row of a text file holds the columns' names. Where this is left out it
    does, but one that looks like a row of data is refused; with false the columns are called as
    ``names`` says, or ``column1``, ``column2`` and so on."""
    names: ColumnNames | None = None
    """What the columns of a text file without names (``header = false``) are called, all of
    them."""
    encoding: Annotated[str, Field(min_length=1, max_length=40)] = UTF_8
    """What a text file's characters are written in, as Python calls it: ``"cp1252"`` or
    ``"utf-16"`` of Windows, ``"latin-1"``, ``"shift_jis"`` and so on."""
    missing: Annotated[list[str], Field(max_length=1000)] | None = None
    """The texts that are no value, beside the empty cell: ``["NA", "?"]``."""
    decimal: Literal[".", ","] = "."
    """The decimal mark of a text file's numbers."""
    thousands: Literal[",", ".", " ", "'"] | None = None
    """What parts thousands in a text file's numbers; nothing where this is left out."""

    @functools.cached_property
    def _chosen(self) -> _Chosen:
        """What the file holds; once validated, this never changes, whatever becomes of the file.

        Raises:
            DataError: The file does not hold.
            ValueError: It has no such columns: a line for each key to change.
        """
        path = Path(self.path)
        columns = [tuple(names) if names else None for names in (self.inputs, self.targets)]
        dialect = Dialect.of(self.model_dump())
        notation = Notation(self.decimal, self.thousands or "")
        return _choose(path, state_of(path), dialect, notation, self.task, *columns)

    @property
    @override
    def shape(self) -> Shape:
        return self._chosen.shape

    @property
    @override
    def files(self) -> list[Mapping[str, Any]]:
        return [self._chosen.file]

    @override
    def draw(self, rng: np.random.Generator) -> Examples:
        """The rows as they stand."""
        return Examples(self._chosen.inputs.copy(), self._chosen.targets.copy())

    @override
    def program(self) -> str:
        ending = ending_of(Path(self.path))
        if not ending.startswith((".csv", ".tsv")):
            raise EpochalError(f"data.path: no plain program can be written for a {ending} file")
        separator = self.separator or ("\t" if ending.startswith(".tsv") else ",")
        named = self.header is not False
        every = '[f"column{index + 1}" for index in range(len(lines[0]))]'
        names = _assigned("names", self.names) if self.names else [f"names = {every}"]
        lines = [
            *reading_source(self.path, separator, self.encoding),
            *(["names = [name.strip() for name in lines[0]]"] if named else names),
            f"columns = dict(zip(names, zip(*lines{'[1:]' if named else ''})))",
            *_assigned("features", self.given_names),
            f"inputs = {self._array_of('features')}",
        ]
        if self.class_count:
            target = quoted(self.targets[0]) if self.targets else "names[-1]"
            lines += _assigned("classes", self.target_names)
            lines.append(f"cells = [cell.strip() for cell in columns[{target}]]")
            lines.append("targets = np.array([classes.index(cell) for cell in cells])")
        else:
            lines += _assigned("wanted", self.target_names)
            lines.append(f"targets = {self._array_of('wanted')}")
        lines.append("return inputs, targets")
        drawn = define("draw_data", "Return the rows of the file.", lines)
        unpacking = "import gzip\n" if ending.endswith(PACKED) else ""
        return f"import csv\n{unpacking}\n\n{drawn}"

    def _array_of(self, names: str) -> str:
        """Return what makes an array of the named columns in a program, [rows, columns]."""
        if self.decimal == "." and not self.thousands:
            return f"np.array([columns[name] for name in {names}], float).T"
        cell = f'cell.replace({quoted(self.thousands)}, "")' if self.thousands else "cell"
        if self.decimal != ".":
            cell += f'.replace({quoted(self.decimal)}, ".")'
        return f"np.array([[float({cell}) for cell in columns[name]] for name in {names}]).T"

    def _problems(self) -> Iterator[str]:
        if self.thousands == self.decimal:
            yield f"thousands: is the decimal mark too ({show(self.decimal)}); set data.decimal"
            return
        if problems := [*self._text_problems()]:
            yield from problems
            return
        try:
            _ = self._chosen
        except DataError as error:
            yield f"path: {error}"
        except ValueError as error:
            yield from str(error).splitlines()
        else:
            yield from super()._problems()

    def _text_problems(self) -> Iterator[str]:
        """Yield what is wrong with how the text is said to be laid out."""
        if not is_encoding(self.encoding):
            yield (
                f"encoding: {show(self.encoding)} is none of Python's; say 'utf-8', 'cp1252', "
                "'latin-1', 'utf-16' or another"
            )
        if self.names and self.header is not False:
            yield "names: name the columns of a file that has no names; set data.header = false too"
        for name, count in Counter(self.names or []).items():
            if count > 1:
                yield f"names: {show(name)} stands there twice"
            elif not name.strip():
                yield f"names: {show(name)} is no name"


@functools.lru_cache(maxsize=4)
def _choose(
    path: Path,
    state: tuple[int, ...],
    dialect: Dialect,
    notation: Notation,
    task: str,
    inputs: tuple[str, ...] | None,
    targets: tuple[str, ...] | None,
) -> _Chosen:
    """Read a file and return the columns that are wanted; anew where its ``state`` is new.

    Raises:
        DataError: It does not hold, or a cell does not, with its row and column.
        ValueError: It has no such columns: a line for each key to change.
    """
    sheet = read(path, dialect)
    if problems := [*_unknown(sheet, "inputs", inputs), *_unknown(sheet, "targets", targets)]:
        raise ValueError("\n".join(problems))
    if sheet.nameless and not inputs:
        raise DataError(f"{sheet.name}: {_nameless(sheet)}")
    learned = _spread(sheet, targets or [sheet.last])
    others = sheet.columns.keys() - set(learned)
    going_in = _spread(sheet, inputs or [name for name in sheet.columns if name in others])
    if problems := [*_misfits(going_in, learned, task)]:
        raise ValueError("\n".join(problems))
    matrix = np.empty((sheet.rows, len(going_in)))
    for index, name in enumerate(going_in):
        matrix[:, index] = numbers(sheet, name, notation, _INPUT)
    file = {"name": path.name, "size": sheet.size, "sha256": sheet.sha256}
    if task == "classes":
        labels, names = _classes(sheet, learned[0])
        return _Chosen(matrix, labels, Shape(len(matrix), going_in, names, True), file)
    values = np.stack([numbers(sheet, name, notation, _TARGET) for name in learned], axis=1)
    return _Chosen(matrix, values, Shape(len(matrix), going_in, learned), file)


_INPUT: Final = Remedies(
    words="words cannot go in: leave the column out by data.inputs, or write numbers for its words"
)
_TARGET: Final = Remedies(
    missing="leave its row out of the file", words="set data.task = 'classes' to tell names apart"
)


def _nameless(sheet: Sheet) -> str:
    """Say that a column has no name, and what to do about it."""
    first = sheet.nameless[0]
    index = " (as an index that pandas wrote: to_csv(…, index=False) leaves it out)"
    return (
        f"row {sheet.first_row - 1}: column {first} has no name{index if first == 1 else ''}; "
        "name it, or say by data.inputs which columns go in"
    )


def _spread(sheet: Sheet, names: Sequence[str]) -> list[str]:
    """Return the columns that names stand for: a matrix's name stands for all of its columns."""
    return [column for name in names for column in sheet.matrices.get(name, [name])]


def _unknown(sheet: Sheet, key: str, names: Sequence[str] | None) -> Iterator[str]:
    """Say which of the named columns are not there."""
    there = [*sheet.matrices, *sheet.columns]
    listed = ", ".join(map(show, there[:20])) + ", …" * (len(there) > 20)
    for index, name in enumerate(names or []):
        if name not in sheet.columns and name not in sheet.matrices:
            near = nearest(name, there)
            yield f"{key}[{index}]: {sheet.name} has no column {show(name)}{near}; it has: {listed}"


def _misfits(inputs: list[str], targets: list[str], task: str) -> Iterator[str]:
    """Say which columns cannot be chosen together."""
    for key, names in (("inputs", inputs), ("targets", targets)):
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            yield f"{key}: {show(twice[0])} stands there twice"
    if both := set(inputs) & set(targets):
        yield f"inputs: {show(min(both))} is a target, and would give the answer away"
    if not inputs:
        yield "inputs: no column is left to go in; the file has nothing but targets"
    if task == "classes" and len(targets) > 1:
        yield (
            f"targets: classes stand in one column (got {len(targets)}); where they are one-hot, "
            "write each row's class into one, as targets.argmax(axis=1) gives it"
        )


def _classes(sheet: Sheet, name: str) -> tuple[NDArray[np.int64], list[str]]:
    """Return each row's class, and the classes' names: numbers by size, then texts by letter."""
    # Each class by when it first came: millions of rows are of a few.
    met: dict[str, int] = {}
    codes = np.fromiter(_codes(sheet, name, met), np.int64)
    if "" in met:
        row = int(np.flatnonzero(codes == met[""])[0])
        raise DataError(
            f"{sheet.place(name, row)}: is empty, which is no class; leave the row out of the file"
        )
    names = sorted(met, key=_order)
    if len(names) == 1:
        raise DataError(
            f"{sheet.name}: column {show(name)}: every row is of class {show(names[0])}; "
            "there is nothing to tell apart"
        )
    if wrong := _no_classes(names, len(codes)):
        raise DataError(f"{sheet.name}: column {show(name)}: {wrong}")
    positions = {label: position for position, label in enumerate(names)}
    return np.array([positions[label] for label in met], np.int64)[codes], names


def _codes(sheet: Sheet, name: str, met: dict[str, int]) -> Iterator[int]:
    """Yield for each row which class it is of, by when that first came, as ``met`` has it."""
    for cell in sheet.columns[name]:
        yield met.setdefault(_label(cell), len(met))
        if len(met) > MOST_LABELS:
            raise DataError(
                f"{sheet.name}: column {show(name)}: has more than {MOST_LABELS} different values, "
                f"at most {MAX_CLASSES} can be classes; set data.task = 'numbers', or data.targets"
            )


def _no_classes(names: Sequence[str], rows: int) -> str:
    """Say why so many different values are no classes; nothing where they may be."""
    are_numbers = not _order(names[-1])[0]
    remedy = "; set data.task = 'numbers'" if are_numbers else "; set data.targets"
    if len(names) > MAX_CLASSES:
        return f"has {len(names)} different values, at most {MAX_CLASSES} can be classes{remedy}"
    if len(names) <= FEW_CLASSES:
        return ""
    if are_numbers and len(names) * ROWS_A_CLASS > rows:
        return f"has {len(names)} different numbers in {rows} rows: these are no classes{remedy}"
    if not are_numbers and len(names) * 2 > rows:
        return (
            f"has {len(names)} different texts in {rows} rows, as names or remarks have: "
            f"these are no classes{remedy}"
        )
    return ""


def _label(cell: Any) -> str:
    """Return a cell as the name of a class: 1.0 and 1 are one; empty where there is no value."""
    if isinstance(cell, str):
        return cell.strip()
    number = float(cell)
    if not np.isfinite(number):
        return ""
    return str(int(number)) if number.is_integer() else repr(number)


def _order(label: str) -> tuple[bool, float, str]:
    try:
        number = float(label)
    except ValueError:
        number = np.nan
    return (False, number, label) if np.isfinite(number) else (True, 0.0, label)
