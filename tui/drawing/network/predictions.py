"""What a network says of some rows, beside what is true: a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.text import Text

from ...style.look import Look
from ...style.numbers import count
from ...style.palette import Role
from ...style.text import Lines, fit, fitting, shortened
from ..base.arrays import Floats, evenly
from ..base.frame import cropped, headline, words
from .material import RecordedNetwork

INPUTS: Final = 5
"""How many inputs of a row are shown."""

Rows = Sequence[int]
"""Which rows of a set."""

WIDEST: Final = 12
"""Cells of a column."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """Rows of one set, in the units of the data."""

    part: str
    """Which set: ``train``, ``dev``, ``test`` or ``fresh``."""
    input_names: tuple[str, ...]
    target_names: tuple[str, ...]
    """The outputs, or the classes."""
    inputs: Floats
    """[rows, features]."""
    said: Floats
    """[rows, outputs]: the network's numbers; for classes the probability of each."""
    targets: NDArray[np.floating] | NDArray[np.integer]
    """[rows, outputs], or [rows] indices of classes."""
    classes: NDArray[np.int64] | None = None
    """[rows]: the class that the network says; none for numbers."""
    facts: tuple[str, ...] = ()
    keeps_test: str = ""
    """When the errors of the test set are counted, where there is one and it is not now."""


def gather(network: RecordedNetwork) -> Predictions:
    """Return what a network says of the set that judges it."""
    material = network.material
    part = material.parts[network.judged_by]
    classes, original = material.experiment.data.class_count > 0, material.scaling.to_original
    ask = network.probabilities if classes else network.answers
    return Predictions(
        part=network.judged_by,
        input_names=tuple(material.input_names),
        target_names=tuple(material.target_names),
        inputs=material.original_inputs(part),
        said=ask(part.inputs),
        targets=part.targets if classes else original(part.targets),
        classes=network.predicted(part.inputs) if classes else None,
        facts=network.facts,
        keeps_test=network.keeps_test,
    )


def draw_predictions(predictions: Predictions, width: int, height: int, look: Look) -> Lines:
    """Return the table, as many of its rows as fit, evenly spread over the set.

    Args:
        predictions: What to show.
        width: Cells, at least 0.
        height: Lines at most, at least 0.
        look: What to draw with.
    """
    of = {"fresh": "fresh rows"}.get(predictions.part, f"the {predictions.part} set")
    title = headline(f"predictions for {of}", predictions.facts, width, look)
    total = len(predictions.inputs)
    several = predictions.classes is None and len(predictions.target_names) > 1
    room = max(height - 3 - several, 0)
    rows = evenly(total, room).tolist()
    lines = [title, *_lines(_columns(predictions, rows, look), len(rows), width, look)]
    lines.append(words(summary(predictions, len(rows), width, look), width, look))
    return cropped(lines, width, height)


def summary(predictions: Predictions, shown: int, width: int, look: Look) -> str:
    """Return how many rows there are, and how good the answers are, in so many cells."""
    sums = _sums(predictions, shown, look)
    if predictions.keeps_test:
        waits = f"; test errors {predictions.keeps_test}"
        sums = [sums[0] + waits, sums[-1] + waits, *sums]
    return shortened(sums, width)


@dataclass(frozen=True)
class _Column:
    name: str
    cells: list[str]
    role: Role
    rank: float
    """0 is the last to go where there is no room."""
    bad: tuple[bool, ...] = ()
    """Which cells say that something is wrong."""
    group: str = ""
    """What several columns have in common."""


def _columns(predictions: Predictions, rows: Rows, look: Look) -> list[_Column]:
    """Return every column there is to show; what is said and what is true go last."""
    columns = [
        _Column(name, list(map(look.figure, values)), "muted", 1.5 + 200 * index)
        for index, (name, values) in enumerate(
            zip(predictions.input_names[:INPUTS], predictions.inputs[rows].T.tolist(), strict=False)
        )
    ]
    if predictions.inputs.shape[1] > INPUTS:
        dots = look.glyphs.ellipsis
        columns.append(_Column(dots, [dots] * len(rows), "muted", 1000))
    if predictions.classes is not None:
        return [*columns, *_class_columns(predictions, predictions.classes[rows], rows)]
    for index in range(len(predictions.target_names)):
        columns += _number_columns(predictions, index, rows, look)
    return columns


def _number_columns(predictions: Predictions, index: int, rows: Rows, look: Look) -> list[_Column]:
    """Return the columns of one output."""
    names = predictions.target_names
    group = names[index] if len(names) > 1 else ""
    said, true = predictions.said[rows, index], predictions.targets[rows, index]
    with np.errstate(all="ignore"):
        errors = said - true
    bad = tuple((~np.isfinite(said)).tolist())
    cells = [list(map(look.figure, each.tolist())) for each in (said, true, errors)]
    return [
        _Column("prediction", cells[0], "train", 2 * index, bad, group),
        _Column("target", cells[1], "text", 2 * index + 1, (), group),
        _Column("error", cells[2], "dev", 150 + index, bad, group),
    ]


def _class_columns(predictions: Predictions, said: NDArray[np.int64], rows: Rows) -> list[_Column]:
    names, true = predictions.target_names, predictions.targets[rows].astype(int)
    wrong = tuple((said != true).tolist())
    shares: list[float] = predictions.said[rows, said].tolist()
    sure = [f"{each:.1%}" if isfinite(each) else "NaN" for each in shares]
    return [
        _Column("prediction", [names[label] for label in said.tolist()], "train", 0, wrong),
        _Column("sure", sure, "muted", 150),
        _Column("target", [names[label] for label in true.tolist()], "text", 1),
        _Column("error", ["wrong" if each else "" for each in wrong], "bad", 2, wrong),
    ]


def _lines(columns: list[_Column], rows: int, width: int, look: Look) -> Lines:
    """Return the headings and the rows of the columns that fit."""
    widths = [min(max(map(cell_len, [column.name, *column.cells])), WIDEST) for column in columns]
    order = sorted(range(len(columns)), key=lambda each: columns[each].rank)
    shown = fitting(widths, order, width, 2)
    lines = [Text(end="", no_wrap=True) for _ in range(rows + 1)]
    for index in shown:
        column = columns[index]
        between = "  " if lines[0] else ""
        lines[0].append(between + look.pad_left(column.name, widths[index]), look.style("muted"))
        for row, cell in enumerate(column.cells):
            bad = bool(column.bad) and column.bad[row]
            style = look.style("bad" if bad else column.role, bold=bad)
            lines[row + 1].append(between + look.pad_left(cell, widths[index]), style)
    if any(columns[index].group for index in shown):
        groups = _groups([columns[index].group for index in shown], [widths[i] for i in shown])
        lines.insert(0, look.line(groups, "muted"))
    return lines


def _groups(groups: list[str], widths: list[int]) -> str:
    """Return the line over the headings: each group's name, in the middle of its columns."""
    line = ""
    for group, members in groupby(zip(groups, widths, strict=True), key=lambda each: each[0]):
        size = sum(width + 2 for _, width in members) - 2
        line += "  " + fit(group, size).center(size)
    return line[2:]


def _sums(predictions: Predictions, shown: int, look: Look) -> list[str]:
    """Return how many rows there are, and how far off the network is over all of them.

    The longest words come first, for where there is room.
    """
    total = len(predictions.inputs)
    kind = f"{predictions.part} row{'s' * (total != 1)}"
    some = f"{count(shown)} of " * (shown < total) + f"{count(total)} {kind}"
    if not total:
        return [some]
    if predictions.classes is not None:
        wrong = int((predictions.classes != predictions.targets).sum())
        right = f"{(total - wrong) / total:.2%} right"
        return [f"{some}; {count(wrong)} wrong, {right}", f"{some}; {right}", f"{kind}: {right}"]
    with np.errstate(all="ignore"):
        errors = predictions.said - predictions.targets
        rmse = look.figure(float(np.sqrt(np.square(errors).mean())))
        largest = look.figure(float(np.abs(errors).max()))
    return [
        f"{some}; over all: root mean square error {rmse}, largest {largest}",
        f"{some}; rms error {rmse}, largest {largest}",
        f"{some}; rms error {rmse}",
        f"{kind}: rms error {rmse}",
    ]
