"""The rows that a trained network is asked about: its own sets, a file's, typed ones, new ones.

They are typed columns as codes, in the units of the data, read as the run's own file was.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from ..data import columns as limits
from ..data.cells import Notation, Remedies
from ..data.column_kinds import ColumnKind, TruthColumn
from ..data.columns import Column
from ..data.file_cells import FileCells
from ..data.sheet import Sheet, read
from ..data.source import PIECE
from ..data.text_file import Dialect
from ..errors import DataError, RequestError, RunError
from ..recording.fitting import UNSAID
from ..text.safe import plain
from ..text.spelling import nearest, show
from .unseen_rows import NEW_ROWS, unseen_rows

if TYPE_CHECKING:
    from .run import LoadedRun

LISTED: Final = 5
"""Columns that a message lists."""


@dataclass(frozen=True, eq=False)
class RowsAsked:
    """The rows that a network is asked about."""

    source: str
    """What they are, in a few words."""
    inputs: NDArray[np.float64]
    """[rows, raw columns] of codes: numbers, and the places of categories among their values."""
    targets: NDArray[Any] | None = None
    """[rows, outputs], or [rows] indices of classes; none where they are not known."""
    places: NDArray[np.int64] | None = None
    """Which rows of their file they are, from 0, where some were left out."""
    own: Mapping[str, Column] = field(default_factory=dict)
    """All rows of all columns of their file, as it has them."""
    trained_on: bool = False
    """Whether the network has learned from them, or from some of them."""

    def taken(self, rows: Any) -> RowsAsked:
        """Return some of the rows."""
        targets = None if self.targets is None else self.targets[rows]
        places = np.arange(len(self.inputs)) if self.places is None else self.places
        return replace(self, inputs=self.inputs[rows], targets=targets, places=places[rows])


def rows_of_set(run: LoadedRun, name: str | None, count: int | None = None) -> RowsAsked:
    """Return the rows of one of the run's sets.

    Args:
        run: Whose data.
        name: ``train``, ``dev`` or ``test``; the test set where left out, or the training set
            where there is none, or new rows where every step drew its own.
        count: How many new rows.

    Raises:
        RequestError: There is no such set, or its file is no longer what was trained on.
    """
    from ..data.loading import raw_parts

    data, seed = run.alone.data, run.alone.train.seed
    _check_unchanged(run, data.files)
    if data.fresh:
        if name is not None:
            raise RequestError(f"--set {name}: every step drew fresh rows; leave --set out")
        part = unseen_rows(data, seed, count or NEW_ROWS)
        inputs, targets = part.inputs.astype(np.float64), part.targets.astype(np.float64)
        return RowsAsked(f"{len(part)} new rows, never trained on", inputs, targets)
    sets = dict(zip(("train", "dev", "test"), raw_parts(data, seed), strict=True))
    there = [each for each, part in sets.items() if len(part)]
    wanted = name or ("test" if "test" in there else "train")
    if wanted not in there:
        raise RequestError(f"--set {wanted}: the run has no such set; it has {', '.join(there)}")
    chosen = sets[wanted]
    targets = chosen.targets if data.class_count else chosen.targets.astype(np.float64)
    inputs = chosen.inputs.astype(np.float64)
    source = f"the {wanted} set, {len(chosen)} rows"
    return RowsAsked(source, inputs, targets, trained_on=wanted == "train")


def _check_unchanged(run: LoadedRun, files: Sequence[Mapping[str, Any]]) -> None:
    """Refuse sets of a file that has changed: they would be parted in another way.

    Raises:
        RequestError: One has.
    """
    was = {file.get("name"): file.get("sha256") for file in run.header.files}
    for file in files:
        if was and was.get(file["name"]) != file["sha256"]:
            raise RequestError(
                f"{file['name']}: has changed since {plain(run.header.run)} was trained on it, so "
                "that its sets are not known; name a FILE to ask about"
            )


def rows_of_values(run: LoadedRun, typed: Sequence[str]) -> RowsAsked:
    """Return typed rows, such as ``0.5, 1.2`` or ``38, nurse``; nothing between commas is missing.

    Raises:
        RequestError: One has another number of values, or something that cannot be had.
    """
    names = column_names(run)
    rows = [_typed_row(text, names) for text in typed]
    columns = {
        name: list(cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)
    }
    sheet = Sheet(columns, {}, name="--values", size=0, sha256="")
    try:
        inputs, _ = replace(_cells(run, sheet), remedies=_TYPED).inputs(names)
    except DataError as error:
        raise RequestError(str(error)) from None
    return RowsAsked("typed values", inputs, own=columns)


def rows_of_file(run: LoadedRun, path: Path) -> RowsAsked:
    """Return the rows of a CSV, TSV, NPZ or Parquet file that has the columns of the inputs.

    Of a run on pictures it is a picture, a folder of them as the run's own was, or an archive.

    The targets are taken from it too where they are there: the columns of the outputs, or the one
    other column that has nothing but names of classes. A row is left out where the run's own were,
    for want of a value.

    Raises:
        DataError: The file cannot be read, lacks a column, or has a cell that cannot be had.
    """
    if are_pictures(run):
        return _rows_of_pictures(run, path)
    sheet = _sheet(run, path)
    names = column_names(run)
    if missing := [name for name in names if name not in sheet.columns]:
        there = list(sheet.columns)
        listed = ", ".join(f"{show(name)}{nearest(name, there)}" for name in missing[:LISTED])
        more = f" and {len(missing) - LISTED} more" * (len(missing) > LISTED)
        has = ", ".join(map(show, there[:20])) + ", …" * (len(there) > 20)
        raise DataError(f"{sheet.name}: lacks {listed}{more}; it has: {has}")
    cells = _cells(run, sheet)
    counts = cells.that_count(names)
    cells = replace(cells, counts=counts)
    if not cells.rows:
        raise DataError(f"{sheet.name}: every row lacks a value without which it is left out")
    inputs, _ = cells.inputs(names)
    source = f"{sheet.name}, {len(inputs)} rows"
    if len(inputs) < sheet.rows:
        source += f" ({sheet.rows - len(inputs)} without a value left out)"
    places = None if counts is None else np.flatnonzero(counts)
    trained_on = sheet.sha256 in [file.get("sha256") for file in run.header.files]
    targets = _file_targets(run, cells)
    return RowsAsked(source, inputs, targets, places, sheet.columns, trained_on)


def _rows_of_pictures(run: LoadedRun, path: Path) -> RowsAsked:
    """Return pictures as rows, each brought to the size of the run's own.

    Raises:
        DataError: They cannot be read.
    """
    from ..data.picture_files import read_picture, read_pictures
    from ..data.picture_folders import ENDINGS

    if len(run.header.row_shape) != 3:
        raise RunError(f"{plain(run.header.run)}: {UNSAID}")
    size = run.header.row_shape[1:]
    colour = run.header.experiment["data"].get("colour", "grey")
    name = plain(path.name)
    if path.suffix.lower() in ENDINGS:
        pixels = read_picture(path, size, colour)
        return RowsAsked(name, pixels.reshape(1, -1).astype(np.float64))
    asked = read_pictures(path, size, colour)
    names = target_names(run)
    targets = None
    if {*asked.classes} <= {*names}:
        targets = np.array([names.index(each) for each in asked.classes], np.int64)[asked.labels]
    rows = asked.pixels.reshape(len(asked.pixels), -1).astype(np.float64)
    trained_on = asked.sha256 in [file.get("sha256") for file in run.header.files]
    return RowsAsked(f"{name}, {len(rows)} pictures", rows, targets, trained_on=trained_on)


def rows_of_stream(run: LoadedRun, stream: BinaryIO) -> RowsAsked:
    """Return the rows of a CSV file that comes as a stream, as ``rows_of_file`` does.

    Raises:
        DataError: It is too large, lacks a column, or has a cell that cannot be had.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, size = Path(folder) / "standard-input.csv", 0
        with path.open("xb") as file:
            while piece := stream.read(PIECE):
                file.write(piece)
                if (size := size + len(piece)) > limits.MAX_TEXT_BYTES:
                    raise DataError(f"{path.name}: {limits.too_large(size, limits.MAX_TEXT_BYTES)}")
        return rows_of_file(run, path)


def are_pictures(run: LoadedRun) -> bool:
    """Whether a run's rows are pictures from files."""
    return bool(run.header.experiment.get("data", {}).get("kind") == "pictures")


def column_names(run: LoadedRun) -> list[str]:
    """Return the names of the columns that a row has."""
    return list(dict.fromkeys(column.of or column.name for column in run.preprocessing.columns))


def target_names(run: LoadedRun) -> list[str]:
    """Return the names of the outputs, or of the classes; early recordings do not hold them."""
    return run.header.target_names or run.experiment.data.target_names


def learns_classes(run: LoadedRun) -> bool:
    """Whether a run has learned to tell classes apart."""
    return "accuracy" in run.header.columns.get("train", ())


def _typed_row(typed: str, names: Sequence[str]) -> list[str]:
    """Return the cells of a row: between commas or semicolons, or else between blanks."""
    mark = next((mark for mark in ";," if mark in typed), "")
    if not mark:
        cells = typed.split()
    else:
        (cells,) = csv.reader([typed.replace("\n", " ")], delimiter=mark, skipinitialspace=True)
    if len(cells) != len(names):
        listed = ", ".join(names[:LISTED]) + ", …" * (len(names) > LISTED)
        raise RequestError(
            f"--values: the network takes {len(names)} values, {plain(listed)} (got {len(cells)})"
        )
    return cells


_ROW: Final = Remedies(
    missing="leave its row out of the file", words="the network was trained on numbers there"
)
"""What can be done about a cell that a network is asked about."""

_TYPED: Final = Remedies(missing="give a value", words="the network was trained on numbers there")
"""What can be done about one that is typed."""


def _cells(run: LoadedRun, sheet: Sheet) -> FileCells:
    """Return the cells of a sheet as the run's own file was read."""
    data = run.header.experiment.get("data", {})
    notation = Notation(data.get("decimal") or ".", data.get("thousands") or "")
    return FileCells(sheet, notation, _kinds(run, data), _ROW)


def _kinds(run: LoadedRun, data: Mapping[str, Any]) -> Mapping[str, ColumnKind]:
    """Return what the columns of a run's own file were.

    Raises:
        RunError: Its recording does not say it.
    """
    try:
        return TypeAdapter(dict[str, ColumnKind]).validate_python(data.get("columns") or {})
    except ValidationError:
        raise RunError(f"{plain(run.header.run)}: {UNSAID}") from None


def _sheet(run: LoadedRun, path: Path) -> Sheet:
    """Read a file as the run's own was read; one row is enough.

    Without a line of names, a file of as many columns as there are inputs has just those.
    """
    dialect = Dialect.of(run.header.experiment.get("data", {}))
    sheet = read(path, replace(dialect, names=()), least_rows=1)
    for names in (dialect.names, column_names(run)):
        if dialect.header is False and len(sheet.columns) == len(names):
            return replace(sheet, columns=dict(zip(names, sheet.columns.values(), strict=True)))
    return sheet


def _file_targets(run: LoadedRun, cells: FileCells) -> NDArray[Any] | None:
    """Return the targets that a file has, if it has them in every row."""
    names, columns = target_names(run), cells.sheet.columns
    if not learns_classes(run):
        there = all(name in columns and not cells.column(name).gaps.any() for name in names)
        return cells.numbers(names) if there else None
    others = [name for name in columns if name not in column_names(run)]
    said = run.header.experiment.get("data", {}).get("targets") or []
    # Another column may have the same words, as "yes" and "no".
    others = [name for name in others if name in said] or others
    labelled = [
        codes for codes in (_classes(cells, name, names) for name in others) if codes is not None
    ]
    return labelled[0] if len(labelled) == 1 else None


def _classes(cells: FileCells, name: str, classes: Sequence[str]) -> NDArray[np.int64] | None:
    """Return the class of each row where a column has nothing but names of classes.

    What a truth value's are called is said by the column's kind.
    """
    kind, column = cells.kind(name), cells.column(name)
    if isinstance(kind, TruthColumn) and not column.gaps.any():
        is_asked = [*classes] == [kind.no[0], kind.yes[0]]
        return cells.codes(name)[:, 0].astype(np.int64) if is_asked else None
    index = {each: position for position, each in enumerate(classes)}
    try:
        if not {*column.coded[1]} <= index.keys():
            return None
    except DataError:  # It has more values than are told apart.
        return None
    return column.taken(index).astype(np.int64)
