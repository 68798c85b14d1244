"""What a file holds for a network: its rows as codes, what is to be learned of each, and in which
set it is.

    file ─► sheet ─► rows that count ─► codes of the inputs, targets, what parts the rows
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..text.spelling import nearest, show
from .base import Shape
from .cells import Notation, Remedies
from .column_kinds import CategoryColumn, ColumnKind, TruthColumn
from .columns import FEWER, Sampling, release
from .file_cells import FileCells
from .file_classes import classes_of
from .file_column import FileColumn
from .preprocessing import Floats, RawColumn
from .sheet import Sheet, read
from .splits import SETS
from .text_file import Dialect

SHARES_ROUNDED: Final = 0.01
"""How far the shares of a row may be from 1, as rounding makes them."""

LEAST_ROWS: Final = 2
"""Rows that a file has at least."""

Task = Literal["classes", "numbers", "labels", "shares"]

_FEWER: Final = f"take a random sample of its rows by data.sample_rows = 100000, or {FEWER}"
"""What can be done about a file that is too large."""

_TARGET: Final = Remedies(
    missing='leave its row out of the file, or by missing = "drop" in data.columns',
    words="set data.task = 'classes' to tell names apart",
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a preset wants of a file."""

    dialect: Dialect
    notation: Notation
    task: Task
    inputs: tuple[str, ...] | None
    targets: tuple[str, ...] | None
    classes: tuple[str, ...] | None
    """Their names in their order."""
    kinds: tuple[tuple[str, ColumnKind], ...]
    """What columns are, by their names; the others are numbers."""
    parting: tuple[str, str]
    """How rows are parted: the way, and the column that says it."""
    rows: int | None = None
    """How many rows are drawn at random of those there are; all where left out."""


@dataclass(frozen=True, eq=False)
class FileRows:
    """What a file holds for a network."""

    inputs: Floats
    """[rows, raw columns] codes."""
    columns: list[RawColumn]
    """What goes in."""
    targets: NDArray[Any]
    """[rows, outputs] float64, or [rows] int64 for classes."""
    shape: Shape
    """Its rows and what its columns are."""
    file: Mapping[str, Any]
    """Name, size and SHA-256 of what was read; of a sample how many ``rows`` the file has and how
    many were ``drawn``."""
    parting: NDArray[Any]
    """[rows]: what the column says by which they are parted: a group, a time, the index of a set;
    empty where none does."""
    read: list[str]
    """The file's columns that go in."""
    learned: list[str]
    """The file's columns that are to be learned."""


@functools.lru_cache(maxsize=4)
def file_rows(path: Path, state: tuple[int, ...], wanted: Wanted) -> FileRows:
    """Read a file and return what is wanted of it; anew where its ``state`` is new.

    Raises:
        DataError: It does not hold, or a cell does not, with its row and column.
        ValueError: It has no such columns: a line for each key to change.
    """
    sheet = read(path, wanted.dialect, sampling=Sampling(wanted.rows, _FEWER))
    rows = _rows_of(sheet, path.name, wanted)
    del sheet
    release()
    return rows


def _rows_of(sheet: Sheet, name: str, wanted: Wanted) -> FileRows:
    """Return what is wanted of a sheet.

    Args:
        sheet: What was read.
        name: The file's.
        wanted: What is wanted.

    Raises:
        DataError: A cell does not hold, with its row and column.
        ValueError: There are no such columns: a line for each key to change.
    """
    if problems := [*_unknown(sheet, wanted)]:
        raise ValueError("\n".join(problems))
    if sheet.nameless and not wanted.inputs:
        raise DataError(f"{sheet.name}: {_nameless(sheet)}")
    learned = _spread(sheet, wanted.targets or [_last(sheet, wanted)])
    others = sheet.columns.keys() - {*learned, wanted.parting[1]}
    going_in = _spread(sheet, wanted.inputs or [name for name in sheet.columns if name in others])
    if problems := [*_misfits(going_in, learned, wanted)]:
        raise ValueError("\n".join(problems))
    cells = FileCells(sheet, wanted.notation, dict(wanted.kinds), _INPUT)
    counts = cells.that_count([*going_in, *learned])
    if counts is not None and np.count_nonzero(counts) < LEAST_ROWS:
        left = "no row is" if not counts.any() else "a single row is"
        raise DataError(
            f"{sheet.name}: {left} left; the others lack a value of a column that "
            'drops these (missing = "drop" in data.columns)'
        )
    cells = replace(cells, counts=counts)
    inputs, columns = cells.inputs(going_in)
    targets, names = _targets(replace(cells, remedies=_TARGET), wanted, learned)
    meaning = "numbers" if wanted.task == "classes" else wanted.task
    features = _feature_names(columns)
    shape = Shape(len(inputs), features, names, wanted.task == "classes", meaning)
    file: dict[str, Any] = {"name": name, "size": sheet.size, "sha256": sheet.sha256}
    if sheet.rows < sheet.of:
        file |= {"rows": sheet.of, "drawn": sheet.rows}
    parting = _parting(cells, *wanted.parting)
    return FileRows(inputs, columns, targets, shape, file, parting, going_in, learned)


def _targets(cells: FileCells, wanted: Wanted, names: list[str]) -> tuple[NDArray[Any], list[str]]:
    """Return what is to be learned, and the names of the classes or of the outputs."""
    if wanted.task != "classes":
        numbers = cells.numbers(names)
        if wanted.task == "labels":
            _check_labels(cells, names, numbers)
        return _shares(cells, names, numbers) if wanted.task == "shares" else numbers, names
    kind = cells.kind(names[0])
    if isinstance(kind, TruthColumn):
        return cells.codes(names[0])[:, 0].astype(np.int64), [kind.no[0], kind.yes[0]]
    values = kind.values if isinstance(kind, CategoryColumn) else None
    return classes_of(cells.column(names[0]), wanted.classes or values)


def _check_labels(cells: FileCells, names: Sequence[str], numbers: Floats) -> None:
    """Refuse a label that is neither 0 nor 1."""
    wrong = np.argwhere((numbers != 0) & (numbers != 1))
    if len(wrong):
        row, place = wrong[0]
        raise cells.column(names[place]).wrong_at(
            row,
            f'is no label, 0 or 1 (got {numbers[row, place]:g}); say by kind = "truth" in '
            "data.columns what stands for yes and no",
        )


def _shares(cells: FileCells, names: Sequence[str], numbers: Floats) -> Floats:
    """Return shares that sum to 1 in each row, without what rounding made of it.

    Raises:
        DataError: Those of a row do not.
    """
    sums = numbers.sum(axis=1)
    wrong = (numbers < 0).any(axis=1) | (np.abs(sums - 1) > SHARES_ROUNDED)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise cells.column(names[0]).wrong_at(
            row, f"the row's shares must be at least 0 and sum to 1 (got {sums[row]:g})"
        )
    shares: Floats = numbers / sums[:, None]
    return shares


def _parting(cells: FileCells, way: str, name: str) -> NDArray[Any]:
    """Return what the column says by which the rows are parted; empty where none does."""
    if not name:
        return np.empty(0)
    if way == "time":
        return cells.times(name)
    column = replace(cells.column(name), remedies=_PARTING)
    column.check_there()
    places, texts = column.coded
    labels = np.array(texts, object)[places]
    return _sets(column, labels) if way == "column" else labels


def _sets(column: FileColumn, labels: NDArray[Any]) -> NDArray[np.int64]:
    """Return the index of the set that each row says it is in."""
    sets = np.full(len(labels), -1)
    for index, name in enumerate(SETS):
        sets[labels == name] = index
    if (other := sets < 0).any():
        row = int(np.flatnonzero(other)[0])
        raise column.wrong_at(row, f"must be one of {', '.join(SETS)} (got {show(labels[row])})")
    return sets


_INPUT: Final = Remedies(
    missing="leave its row out of the file, or its column out of data.inputs, or say by missing "
    "in data.columns what stands for it",
    words='words are no numbers: say by kind = "category" in data.columns what they are, or leave '
    "the column out by data.inputs",
    dates='dates go in as numbers: say by kind = "date" in data.columns how they are written and '
    "which parts of them go in, or leave the column out by data.inputs",
    truths='say by kind = "truth" in data.columns which words are yes and no, or leave the column '
    "out by data.inputs",
)
"""What can be done about a cell that goes in."""

_PARTING: Final = Remedies(missing="data.split_by needs one in every row")


def _feature_names(columns: Sequence[RawColumn]) -> list[str]:
    """Return what the features are called.

    Raises:
        ValueError: Two of them would be called alike.
    """
    names = [name for column in columns for name in column.features]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(f"columns: two inputs would be called {show(twice[0])}; rename a column")
    return names


def _nameless(sheet: Sheet) -> str:
    """Say that a column has no name, and what to do about it."""
    first = sheet.nameless[0]
    index = " (as an index that pandas wrote: to_csv(…, index=False) leaves it out)"
    return (
        f"row {sheet.first_row - 1}: column {first} has no name{index if first == 1 else ''}; "
        "name it, or say by data.inputs which columns go in"
    )


def _last(sheet: Sheet, wanted: Wanted) -> str:
    """Return the last column, of which the one that parts the rows is none."""
    others = [name for name in sheet.columns if name != wanted.parting[1]]
    return sheet.last if sheet.last != wanted.parting[1] else others[-1]


def _spread(sheet: Sheet, names: Sequence[str]) -> list[str]:
    """Return the columns that names stand for: a matrix's name stands for all of its columns."""
    return [column for name in names for column in sheet.matrices.get(name, [name])]


def _unknown(sheet: Sheet, wanted: Wanted) -> Iterator[str]:
    """Say which of the named columns are not there."""
    listed = {"inputs": wanted.inputs or (), "targets": wanted.targets or ()}
    asked = [
        (f"{key}[{index}]", name)
        for key, names in listed.items()
        for index, name in enumerate(names)
    ]
    asked += [("columns", name) for name, _ in wanted.kinds if name not in sheet.columns]
    asked += [("split_by", name) for name in wanted.parting[1:] if name]
    there = [*sheet.matrices, *sheet.columns]
    has = ", ".join(map(show, there[:20])) + ", …" * (len(there) > 20)
    for key, name in asked:
        if name not in there:
            near = nearest(name, there)
            yield f"{key}: {sheet.name} has no column {show(name)}{near}; it has: {has}"


def _misfits(inputs: list[str], targets: list[str], wanted: Wanted) -> Iterator[str]:
    """Say which columns cannot be chosen together."""
    way, parting = wanted.parting
    if parting in targets:
        yield f"split_by: {show(parting)} is a target, and would give the answer away"
    if way == "column" and parting in inputs:
        yield f"inputs: {show(parting)} says which set a row is in, and cannot go in"
    for name, kind in wanted.kinds:
        if name in targets and wanted.classes and kind.kind == "truth":
            yield "classes: the target is a truth value, whose classes are its own; leave it out"
        if name in targets and (wrong := _no_target(kind, wanted.task)):
            yield f"columns: {show(name)} is a target, {wrong}"
    for key, names in (("inputs", inputs), ("targets", targets)):
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            yield f"{key}: {show(twice[0])} stands there twice"
    if both := set(inputs) & set(targets):
        yield f"inputs: {show(min(both))} is a target, and would give the answer away"
    if not inputs:
        yield "inputs: no column is left to go in; the file has nothing but targets"
    if wanted.task == "shares" and len(targets) < 2:
        yield "targets: a column for each class's share must be named, at least two"
    if wanted.task == "classes" and len(targets) > 1:
        yield (
            f"targets: classes stand in one column (got {len(targets)}); where they are one-hot, "
            "set task = 'shares', or write each row's class into one"
        )


def _no_target(kind: ColumnKind, task: Task) -> str:
    """Say why a kind of column cannot be a target; nothing where it can."""
    if kind.missing not in ("refuse", "drop"):
        return 'and what is not known is not to be learned; set missing = "drop" or "refuse"'
    if task != "classes" and kind.kind in ("category", "date"):
        return f"and a {kind.kind} is no number; set task = 'classes', or leave its kind out"
    return ""
