"""A trained network's answers: for its own sets, for a file, for typed values, for new rows.

    run ─► rows (inputs, and targets where they are known) ─► answers ─► a table, or JSON

Everything is numpy, and numbers are in the units of the data.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..components.activations import ACTIVATIONS
from ..components.losses import LOSSES
from ..components.section import nearest, show
from ..data.cells import Notation, Remedies, numbers
from ..data.columns import Column
from ..data.sheet import Sheet, read
from ..data.text_file import Dialect
from ..errors import DataError, RequestError, RunError
from ..recording.fitting import UNSAID
from ..text.numbers import as_json, figure_text
from ..text.safe import plain
from ..text.tables import aligned
from .unseen_rows import NEW_ROWS, unseen_rows

if TYPE_CHECKING:
    from .run import LoadedRun

SHOWN: Final = 20
"""Rows of a table, unless more are asked for."""

COLUMNS: Final = 5
"""Inputs and outputs of a row that are shown."""


@dataclass(frozen=True, eq=False)
class RowsAsked:
    """The rows that a network is asked about."""

    source: str
    """What they are, in a few words."""
    inputs: NDArray[np.float64]
    """[rows, features]."""
    targets: NDArray[Any] | None = None
    """[rows, outputs], or [rows] indices of classes; none where they are not known."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network says, and whether it is right."""

    run: str
    weights_step: int
    """The step whose weights were used."""
    weights: str
    """What they are, in words: of the best step, of the last, or of the nearest that was kept."""
    rows: RowsAsked
    input_names: list[str]
    target_names: list[str]
    """Of the outputs, or of the classes."""
    outputs: NDArray[np.float64]
    """[rows, outputs]; for classes as the output layer gives them."""
    classes: NDArray[np.int64] | None
    """[rows]: the class it says; none where numbers are learned."""
    probabilities: NDArray[np.float64] | None
    """[rows]: of that class; none where the outputs are no probabilities."""

    @property
    def figure(self) -> tuple[str, float] | None:
        """The name and the value of what sums it up; none where no targets are known."""
        if self.rows.targets is None or not len(self.outputs):
            return None
        if self.classes is not None:
            return "accuracy", float((self.classes == self.rows.targets).mean())
        errors = self.outputs - self.rows.targets
        with np.errstate(all="ignore"):
            return "rmse", float(np.sqrt((errors**2).mean()))


def answers(run: LoadedRun, rows: RowsAsked) -> Answers:
    """Return what a run's network says of rows."""
    outputs = run.predict(rows.inputs)
    classes, probabilities = _classes(run, outputs)
    weights = run.header.run, run.weights_step, run.kept.words()
    names = _input_names(run), _target_names(run)
    return Answers(*weights, rows, *names, outputs, classes, probabilities)


def rows_of_set(run: LoadedRun, name: str | None, count: int | None = None) -> RowsAsked:
    """Return the rows of one of the run's sets.

    Args:
        run: Whose data.
        name: ``train``, ``dev`` or ``test``; the test set where left out, or the training set
            where there is none, or new rows where every step drew its own.
        count: How many new rows.

    Raises:
        RequestError: There is no such set.
    """
    from ..data import load

    data, seed = run.alone.data, run.alone.train.seed
    if data.fresh:
        if name is not None:
            raise RequestError(f"--set {name}: every step drew fresh rows; leave --set out")
        part = unseen_rows(data, seed, count or NEW_ROWS)
        inputs, targets = part.inputs.astype(np.float64), part.targets.astype(np.float64)
        return RowsAsked(f"{len(part)} new rows, never trained on", inputs, targets)
    dataset = load(data, seed)
    sets = {"train": dataset.train, "dev": dataset.dev, "test": dataset.test}
    there = [each for each, part in sets.items() if part is not None]
    wanted = name or ("test" if "test" in there else "train")
    chosen = sets.get(wanted)
    if chosen is None:
        raise RequestError(f"--set {wanted}: the run has no such set; it has {', '.join(there)}")
    inputs = chosen.original_inputs(dataset.scaling)
    scaled = dataset.scaling.targets is not None
    targets = dataset.scaling.to_original(chosen.targets) if scaled else chosen.targets
    return RowsAsked(f"the {wanted} set, {len(chosen)} rows", inputs, targets)


def rows_of_values(run: LoadedRun, typed: Sequence[str]) -> RowsAsked:
    """Return typed rows, such as ``0.5, 1.2``.

    Raises:
        RequestError: One has another number of values, or something that is no number.
    """
    names = _input_names(run)
    rows = [_typed_row(text, names) for text in typed]
    return RowsAsked("typed values", np.array(rows, np.float64))


def rows_of_file(run: LoadedRun, path: Path) -> RowsAsked:
    """Return the rows of a CSV, TSV, NPZ or Parquet file that has the columns of the inputs.

    The targets are taken from it too where they are there: the columns of the outputs, or the one
    other column that has nothing but names of classes.

    Raises:
        DataError: The file cannot be read, lacks a column, or has a cell that is no number.
    """
    sheet = _sheet(run, path)
    names = _input_names(run)
    if missing := [name for name in names if name not in sheet.columns]:
        names = list(sheet.columns)
        listed = ", ".join(f"{show(name)}{nearest(name, names)}" for name in missing[:COLUMNS])
        more = f" and {len(missing) - COLUMNS} more" * (len(missing) > COLUMNS)
        there = ", ".join(map(show, names[:20])) + ", …" * (len(names) > 20)
        raise DataError(f"{sheet.name}: lacks {listed}{more}; it has: {there}")
    notation = _notation(run)
    inputs = np.stack([numbers(sheet, name, notation, _ROW) for name in names], axis=1)
    return RowsAsked(f"{sheet.name}, {sheet.rows} rows", inputs, _file_targets(run, sheet))


def text(told: Answers, count: int | None = None) -> str:
    """Return the answers as a table, and what sums them up.

    Args:
        told: The answers.
        count: How many rows to show; 20 where left out.
    """
    total = len(told.outputs)
    shown = min(total, SHOWN if count is None else count)
    inputs, outputs = told.input_names[:COLUMNS], told.target_names[:COLUMNS]
    head = [*inputs, *(["…"] if len(told.input_names) > COLUMNS else [])]
    if told.classes is not None:
        head += ["class", *(["probability"] if told.probabilities is not None else [])]
        head += ["truth", "right"] if told.rows.targets is not None else []
    else:
        extra = ["target", "error"] if told.rows.targets is not None else []
        several = [f" {name}" if len(told.target_names) > 1 else "" for name in outputs]
        head += [f"{what}{name}" for name in several for what in ["prediction", *extra]]
        head += ["…"] if len(told.target_names) > COLUMNS else []
    cells = [_cells(told, row) for row in range(shown)]
    lines = aligned([[plain(each) for each in line] for line in [head, *cells]])
    if shown < total:
        lines.append(f"… {total - shown} more rows; --rows {total} shows all")
    return "\n".join([*lines, "", summary_text(told)])


def summary_text(told: Answers) -> str:
    """Return what sums the answers up, in a line."""
    said = f"{told.run}: {told.rows.source}"
    if (figure := told.figure) is not None:
        name, value = figure
        said += f": {'root mean square error' if name == 'rmse' else name} {figure_text(value)}"
    return plain(f"{said} ({told.weights})")


def objects(told: Answers, count: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield each row's answer as an object, then one that sums them up."""
    total = len(told.outputs)
    targets = told.rows.targets
    for row in range(total if count is None else min(count, total)):
        made: dict[str, Any] = {"row": row, "inputs": as_json(told.rows.inputs[row])}
        if told.classes is not None:
            made["class"] = _name(told, told.classes[row])
            if told.probabilities is not None:
                made["probability"] = as_json(told.probabilities[row])
            if targets is not None:
                made["truth"] = _name(told, targets[row])
                made["right"] = bool(told.classes[row] == targets[row])
        else:
            made["prediction"] = as_json(told.outputs[row])
            if targets is not None:
                made["target"] = as_json(targets[row])
                made["error"] = as_json(told.outputs[row] - targets[row])
        yield made
    figure = told.figure
    yield {
        "run": told.run,
        "rows": total,
        "of": told.rows.source,
        "weights_step": told.weights_step,
        "weights": told.weights,
        **({figure[0]: as_json(figure[1])} if figure else {}),
    }


def _input_names(run: LoadedRun) -> list[str]:
    """Return the names of a row's inputs; early recordings do not hold them."""
    return run.header.row_names or run.experiment.data.given_names


def _target_names(run: LoadedRun) -> list[str]:
    return run.header.target_names or run.experiment.data.target_names


def _learns_classes(run: LoadedRun) -> bool:
    return "accuracy" in run.header.columns.get("train", ())


def _classes(
    run: LoadedRun, outputs: NDArray[np.float64]
) -> tuple[NDArray[np.int64] | None, NDArray[np.float64] | None]:
    """Return the class of each row and its probability, as far as there are such things."""
    if not _learns_classes(run):
        return None, None
    # Of the experiment only the loss: the file it learned from may be gone.
    loss = LOSSES.get(run.header.experiment.get("loss", {}).get("name", ""))
    if loss is None:
        raise RunError(f"{plain(run.header.run)}: {UNSAID}")
    if loss.targets == "classes":
        likely = outputs.argmax(axis=1)
        logs = ACTIVATIONS["log_softmax"].numpy(outputs)
        return likely, np.exp(logs)[np.arange(len(outputs)), likely]
    said = outputs[:, 0]
    if loss.outputs == "logit":
        said = ACTIVATIONS["sigmoid"].numpy(said)
    second = said > 0.5
    probable = loss.outputs in ("logit", "probability")
    return second.astype(np.int64), np.where(second, said, 1 - said) if probable else None


def _typed_row(typed: str, names: Sequence[str]) -> list[float]:
    cells = re.findall(r"[^\s,;]+", typed)
    if len(cells) != len(names):
        listed = ", ".join(names[:COLUMNS]) + ", …" * (len(names) > COLUMNS)
        raise RequestError(
            f"--values: the network takes {len(names)} values, {plain(listed)} (got {len(cells)})"
        )
    return [_typed_number(cell) for cell in cells]


def _typed_number(cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RequestError(f"--values: {show(cell)} is no finite number")
    return number


def _notation(run: LoadedRun) -> Notation:
    """Return how the files of a run write numbers."""
    data = run.header.experiment.get("data", {})
    return Notation(data.get("decimal") or ".", data.get("thousands") or "")


def _sheet(run: LoadedRun, path: Path) -> Sheet:
    """Read a file as the run's own was read; one row is enough.

    Without a line of names, a file of as many columns as there are inputs has just those.
    """
    dialect = Dialect.of(run.header.experiment.get("data", {}))
    sheet = read(path, replace(dialect, names=()), least_rows=1)
    for names in (dialect.names, _input_names(run)):
        if dialect.header is False and len(sheet.columns) == len(names):
            return replace(sheet, columns=dict(zip(names, sheet.columns.values(), strict=True)))
    return sheet


_ROW: Final = Remedies(
    missing="leave its row out of the file", words="the network was trained on numbers there"
)
"""What can be done about a cell that a network is asked about."""


def _file_targets(run: LoadedRun, sheet: Sheet) -> NDArray[Any] | None:
    """Return the targets that a file has, if it has them."""
    names = _target_names(run)
    if not _learns_classes(run):
        if not all(name in sheet.columns for name in names):
            return None
        notation = _notation(run)
        return np.stack([numbers(sheet, name, notation, _ROW) for name in names], axis=1)
    index = {name: position for position, name in enumerate(names)}
    others = [name for name in sheet.columns if name not in _input_names(run)]
    columns = [_labels(sheet.columns[name]) for name in others]
    labelled = [labels for labels in columns if {*labels} <= {*names}]
    if len(labelled) != 1:
        return None
    return np.array([index[label] for label in labelled[0]], np.int64)


def _labels(column: Column) -> list[str]:
    """Return a column's cells as names of classes: 1.0 and 1 are one."""
    return [cell.strip() if isinstance(cell, str) else f"{float(cell):g}" for cell in column]


def _cells(told: Answers, row: int) -> list[str]:
    """Return a row of the table."""
    cells = [figure_text(float(value)) for value in told.rows.inputs[row, :COLUMNS]]
    cells += ["…"] if len(told.input_names) > COLUMNS else []
    targets = told.rows.targets
    if told.classes is not None:
        cells.append(_name(told, told.classes[row]))
        if told.probabilities is not None:
            cells.append(f"{told.probabilities[row]:.4f}")
        if targets is not None:
            right = "yes" if told.classes[row] == targets[row] else "no"
            cells += [_name(told, targets[row]), right]
        return cells
    for column, said in enumerate(told.outputs[row, :COLUMNS]):
        cells.append(figure_text(float(said)))
        if targets is not None:
            true = targets[row, column]
            cells += [figure_text(float(true)), figure_text(float(said - true))]
    return [*cells, "…"] if told.outputs.shape[1] > COLUMNS else cells


def _name(told: Answers, index: Any) -> str:
    return told.target_names[int(index)]
