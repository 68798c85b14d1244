"""What a network says of some rows, beside what is true: a table."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.text import Text

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import count, figure
from ...style.palette import Role
from ...style.text import Lines, fit, pad_left
from ...style.wording import shortened
from ..base.frame import cropped, headline, words

if TYPE_CHECKING:
    from .material import RecordedNetwork

Floats = NDArray[np.float64]

INPUTS: Final = 5
"""How many inputs of a row are shown."""

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
    name = network.judged_by
    part = material.parts[name]
    classes = material.experiment.data.classes > 0
    said = (
        network.probabilities(part.inputs)
        if classes
        else material.scaling.to_original(network.outputs(part.inputs))
    )
    return Predictions(
        part=name,
        input_names=tuple(material.input_names),
        target_names=tuple(material.target_names),
        inputs=material.original_inputs(part.inputs),
        said=said,
        targets=part.targets if classes else material.scaling.to_original(part.targets),
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
    title = headline(f"predictions for {of}", list(predictions.facts), width, look)
    total = len(predictions.inputs)
    several = predictions.classes is None and len(predictions.target_names) > 1
    room = max(height - 3 - several, 0)
    rows = np.unique(np.linspace(0, total - 1, min(room, total)).astype(int)).tolist()
    columns = _columns(predictions, rows, look.glyphs)
    lines = [title, *_lines(columns, len(rows), width, look)]
    sums = _sums(predictions, len(rows), look.glyphs)
    if predictions.keeps_test:
        sums = [
            f"{sums[0]}; test errors {predictions.keeps_test}",
            f"{sums[-1]}; test errors {predictions.keeps_test}",
            *sums,
        ]
    note = shortened(sums, width)
    lines.append(words(note, width, look))
    return cropped(lines, width, height)


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


def _columns(predictions: Predictions, rows: list[int], glyphs: Glyphs) -> list[_Column]:
    """Return every column there is to show; what is said and what is true go last."""
    shown = predictions.inputs[:, :INPUTS]
    columns = [
        _Column(
            name,
            [_number(value, glyphs) for value in shown[rows, index]],
            "muted",
            1.5 + 200 * index,
        )
        for index, name in enumerate(predictions.input_names[:INPUTS])
    ]
    if predictions.inputs.shape[1] > INPUTS:
        dots = [glyphs.ellipsis] * len(rows)
        columns.append(_Column(glyphs.ellipsis, dots, "muted", 1000))
    if predictions.classes is not None:
        return [*columns, *_class_columns(predictions, rows, glyphs)]
    for index in range(len(predictions.target_names)):
        columns += _number_columns(predictions, index, rows, glyphs)
    return columns


def _number_columns(
    predictions: Predictions, index: int, rows: list[int], glyphs: Glyphs
) -> list[_Column]:
    """Return the columns of one output."""
    names = predictions.target_names
    group = names[index] if len(names) > 1 else ""
    said, true = predictions.said[rows, index], predictions.targets[rows, index]
    with np.errstate(all="ignore"):
        errors = said - true
    bad = tuple((~np.isfinite(said)).tolist())
    cells = [[_number(value, glyphs) for value in each] for each in (said, true, errors)]
    return [
        _Column("prediction", cells[0], "train", 2 * index, bad, group),
        _Column("target", cells[1], "text", 2 * index + 1, (), group),
        _Column("error", cells[2], "dev", 150 + index, bad, group),
    ]


def _class_columns(predictions: Predictions, rows: list[int], glyphs: Glyphs) -> list[_Column]:
    assert predictions.classes is not None
    said, true = predictions.classes[rows], predictions.targets[rows].astype(int)
    names = predictions.target_names
    wrong = tuple((said != true).tolist())
    sure = [predictions.said[row, label] for row, label in zip(rows, said.tolist(), strict=True)]
    return [
        _Column("prediction", [names[label] for label in said.tolist()], "train", 0, wrong),
        _Column("sure", [_share(share) for share in sure], "muted", 150),
        _Column("target", [names[label] for label in true.tolist()], "text", 1),
        _Column("error", ["wrong" if each else "" for each in wrong], "bad", 2, wrong),
    ]


def _share(share: float) -> str:
    return f"{share:.1%}" if np.isfinite(share) else "NaN"


def _number(value: float, glyphs: Glyphs) -> str:
    return figure(float(value), infinity=glyphs.infinity)


def _lines(columns: list[_Column], rows: int, width: int, look: Look) -> Lines:
    """Return the headings and the rows of the columns that fit."""
    widths = [min(max(map(cell_len, [column.name, *column.cells])), WIDEST) for column in columns]
    shown: list[int] = []
    room = width + 2
    for index in sorted(range(len(columns)), key=lambda each: columns[each].rank):
        if widths[index] + 2 > room:
            break
        room -= widths[index] + 2
        shown.append(index)
    shown.sort()
    lines = [Text(end="", no_wrap=True) for _ in range(rows + 1)]
    for position, index in enumerate(shown):
        column, size = columns[index], widths[index]
        between = "  " if position else ""
        lines[0].append(
            between + pad_left(column.name, size, look.glyphs.ellipsis), look.style("muted")
        )
        for row, cell in enumerate(column.cells):
            bad = bool(column.bad) and column.bad[row]
            style = look.style("bad" if bad else column.role, bold=bad)
            lines[row + 1].append(between + pad_left(cell, size, look.glyphs.ellipsis), style)
    if any(columns[index].group for index in shown):
        groups = _groups([columns[index].group for index in shown], [widths[i] for i in shown])
        lines.insert(0, Text(groups, look.style("muted"), end=""))
    return lines


def _groups(groups: list[str], widths: list[int]) -> str:
    """Return the line over the headings: each group's name, in the middle of its columns."""
    line = ""
    for group, members in groupby(zip(groups, widths, strict=True), key=lambda each: each[0]):
        size = sum(width + 2 for _, width in members) - 2
        line += "  " + fit(group, size).center(size)
    return line[2:]


def _sums(predictions: Predictions, shown: int, glyphs: Glyphs) -> list[str]:
    """Return how many rows there are, and how far off the network is over all of them.

    The longest words come first, for where there is room.
    """
    total = len(predictions.inputs)
    kind = f"{predictions.part} row{'s' * (total != 1)}"
    some = f"{count(shown)} of {count(total)} {kind}" if shown < total else f"{count(total)} {kind}"
    if not total:
        return [some]
    if predictions.classes is not None:
        wrong = int((predictions.classes != predictions.targets).sum())
        right = f"{(total - wrong) / total:.2%} right"
        return [f"{some}; {count(wrong)} wrong, {right}", f"{some}; {right}", f"{kind}: {right}"]
    with np.errstate(all="ignore"):
        errors = predictions.said - predictions.targets
        rmse = figure(float(np.sqrt(np.square(errors).mean())), infinity=glyphs.infinity)
        largest = figure(float(np.abs(errors).max()), infinity=glyphs.infinity)
    return [
        f"{some}; over all: root mean square error {rmse}, largest {largest}",
        f"{some}; rms error {rmse}, largest {largest}",
        f"{some}; rms error {rmse}",
        f"{kind}: rms error {rmse}",
    ]
