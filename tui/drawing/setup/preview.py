"""The data of an experiment before any training, small enough to stand beside its settings.

Two inputs and classes are points of the plane, one input and numbers are curves; of anything else
the first rows are a table, with how often each class or number comes under it. The network, and
how its inputs are scaled, are not known here: numbers are in the units of the data.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.style import Style

from ...style.look import Look
from ...style.numbers import count
from ...style.text import Lines, cut, fit, joined
from ..base.arrays import Floats
from ..base.axis import Axis, linear_axis
from ..base.canvas import Canvas
from ..base.frame import FRAME_HEIGHT, FRAME_WIDTH, filled, framed, headline
from ..base.shapes import hue, point
from .preview_data import Preview
from .preview_table import draw_table, ends_of

FRAMED_WIDTH: Final = FRAME_WIDTH + 24
FRAMED_HEIGHT: Final = 9
"""From this size on the axes have room."""


def draw_preview(preview: Preview, width: int, height: int, look: Look) -> Lines:
    """Return the picture: how many rows there are, then what they look like.

    Args:
        preview: What to show.
        width: Cells, at least 0.
        height: Lines, at least 0.
        look: What to draw with.
    """
    title, facts = _facts(preview)
    lines = [headline(title, facts, width, look)]
    if height > 1 and width > 0 and len(preview.inputs):
        draw = draw_table
        if preview.is_plane:
            draw = _plane
        elif preview.is_function:
            draw = _function
        lines += draw(preview, width, height - 1, look)
    return filled(lines, width, height)


def _facts(preview: Preview) -> tuple[str, list[str]]:
    """Return how many rows there are, and how they are parted."""
    total = sum(preview.sizes)
    named = zip(preview.sizes, ("train", "dev", "test"), strict=True)
    facts = [f"{count(size)} {name}" for size, name in named if size]
    inputs, outputs = len(preview.input_names), len(preview.target_names)
    what = "classes" if preview.classes else "targets" if outputs > 1 else "target"
    shape = [f"{count(inputs)} input{'s' * (inputs > 1)}", f"{count(outputs)} {what}"]
    title = f"{count(total)} row{'s' * (total != 1)}" if total else "fresh rows"
    return title, [*(facts if len(facts) > 1 else []), *shape]


def _plane(preview: Preview, width: int, height: int, look: Look) -> Lines:
    """Return the points: in each cell the class that most of them are of."""
    labels = preview.targets.astype(int)
    parts = [
        (f"{point(label, 2, look.glyphs)} {name}", hue(label, look.palette, bold=True))
        for label, name in enumerate(preview.target_names)
    ]
    legend = _legend(parts, width, height, look)
    columns, rows, has_axes = _room(width, height - len(legend))
    ends = [ends_of(preview.inputs[:, index]) for index in (0, 1)]
    level, upright = _axes(ends, columns, rows)
    canvas = Canvas(columns, rows, look.glyphs)
    for (row, column), label in _majorities(preview.inputs, labels, ends, columns, rows).items():
        across, up = column / max(columns - 1, 1), 1 - row / max(rows - 1, 1)
        canvas.mark(across, up, point(label, 2, look.glyphs), hue(label, look.palette, bold=True))
    drawn = canvas.lines()
    return [*legend, *(framed(drawn, level, upright, look) if has_axes else drawn)]


def _majorities(
    places: Floats,
    labels: NDArray[np.int64],
    ends: list[tuple[float, float]],
    columns: int,
    rows: int,
) -> dict[tuple[int, int], int]:
    """Return for each cell [row, column] with points the class that most of them are of."""
    (left, right), (bottom, top) = ends
    finite = np.isfinite(places).all(axis=1)
    places, labels = places[finite], labels[finite]
    column = np.rint((places[:, 0] - left) / (right - left) * (columns - 1)).astype(int)
    row = np.rint((top - places[:, 1]) / (top - bottom) * (rows - 1)).astype(int)
    size = int(labels.max(initial=0)) + 1
    keys, counts = np.unique((row * columns + column) * size + labels, return_counts=True)
    most: dict[tuple[int, int], tuple[int, int]] = {}
    for key, many in zip(keys.tolist(), counts.tolist(), strict=True):
        cell, label = divmod(key, size)
        here = divmod(cell, columns)
        most[here] = max(most.get(here, (0, 0)), (many, label))
    return {cell: label for cell, (_, label) in most.items()}


def _function(preview: Preview, width: int, height: int, look: Look) -> Lines:
    """Return the functions as curves, or the rows as points where no function is known."""
    parts = [
        (f"{point(index, 0, look.glyphs)} {name}", hue(index, look.palette, bold=True))
        for index, name in enumerate(preview.target_names)
    ]
    legend = _legend(parts, width, height, look)
    columns, rows, has_axes = _room(width, height - len(legend))
    heights = (
        preview.targets
        if preview.curves is None
        else np.concatenate([preview.targets, preview.curves])
    )
    ends = [ends_of(preview.inputs[:, 0]), ends_of(heights)]
    level, upright = _axes(ends, columns, rows)
    canvas = Canvas(columns, rows, look.glyphs)
    for index in range(len(preview.target_names)):
        _draw_target(canvas, preview, index, (level, upright), look)
    drawn = canvas.lines()
    return [*legend, *(framed(drawn, level, upright, look) if has_axes else drawn)]


def _draw_target(
    canvas: Canvas, preview: Preview, index: int, axes: tuple[Axis, Axis], look: Look
) -> None:
    """Draw one target: its curve, where it has one, and some of its rows."""
    level, upright = axes
    scattered = True
    if preview.grid is not None and preview.curves is not None:
        places = level.low + (level.high - level.low) * np.linspace(0, 1, canvas.dot_columns)
        values = np.interp(places, preview.grid, preview.curves[:, index])
        heights = (values - upright.low) / (upright.high - upright.low)
        canvas.curve(heights, hue(index, look.palette), "*+.=~-"[index % 6])
        exact = np.interp(preview.inputs[:, 0], preview.grid, preview.curves[:, index])
        spread = upright.high - upright.low
        scattered = bool(np.abs(exact - preview.targets[:, index]).max() > 0.02 * spread)
    most = canvas.columns * 2 if scattered else max(canvas.columns // 6, 2)
    rows = np.unique(np.linspace(0, len(preview.inputs) - 1, most).astype(int)).tolist()
    for row in rows:
        x, y = float(preview.inputs[row, 0]), float(preview.targets[row, index])
        if math.isfinite(x) and math.isfinite(y):
            style = hue(index, look.palette, bold=True)
            canvas.mark(
                level.share(x),
                upright.share(y),
                point(index, 0, look.glyphs),
                style,
                behind=scattered,
            )


def _legend(parts: list[tuple[str, Style]], width: int, height: int, look: Look) -> Lines:
    """Return the line that says what is what, where there is room for one."""
    if height < 5:
        return []
    parts = [(fit(words, width, look.glyphs.ellipsis), style) for words, style in parts]
    line, shown = joined(parts, "  ", look.style("muted"), width)
    if shown < len(parts):
        more = f"  {look.glyphs.ellipsis} {len(parts) - shown} more"
        line, shown = joined(parts, "  ", look.style("muted"), width - len(more))
        line.append(f"  {look.glyphs.ellipsis} {len(parts) - shown} more", look.style("muted"))
    return [cut(line, width)]


def _room(width: int, height: int) -> tuple[int, int, bool]:
    """Return the columns and rows of the canvas, and whether there are axes around it."""
    if width < FRAMED_WIDTH or height < FRAMED_HEIGHT:
        return width, height, False
    return width - FRAME_WIDTH, height - FRAME_HEIGHT, True


def _axes(ends: list[tuple[float, float]], columns: int, rows: int) -> tuple[Axis, Axis]:
    """Return the axes: they end where the data does, with round numbers between."""
    (left, right), (bottom, top) = ends
    level = linear_axis(left, right, max(columns // 12, 1))
    upright = linear_axis(bottom, top, max(rows // 3, 1))
    return Axis(left, right, level.ticks), Axis(bottom, top, upright.ticks)
