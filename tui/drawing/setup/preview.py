"""The data of an experiment before any training, small enough to stand beside its settings.

Two inputs and classes are points of the plane, one input and numbers are curves; of anything else
the first rows are a table, with how often each class or number comes under it. The network, and
how its inputs are scaled, are not known here: numbers are in the units of the data.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.text import Text

from engine.text.safe import plain

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import count
from ...style.text import Lines, cut, joined, pad
from ..base.arrays import Floats, evenly, finite_of
from ..base.axis import Axes, Axis, linear_axis
from ..base.canvas import Canvas
from ..base.frame import FRAME_HEIGHT, FRAME_WIDTH, filled, framed, headline
from ..base.matrix import chosen, table_lines
from ..base.shapes import hue, point
from .preview_data import TABLE_ROWS, Preview

FRAMED_WIDTH: Final = FRAME_WIDTH + 24
FRAMED_HEIGHT: Final = 9
"""From this size on the axes have room."""

WIDEST: Final = 8
"""Cells of a column's heading."""


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
    ends = [ends_of(preview.inputs[:, index]) for index in (0, 1)]

    def draw(canvas: Canvas, level: Axis, upright: Axis) -> None:
        columns, rows = canvas.columns, canvas.rows
        majorities = _majorities(preview.inputs, labels, ends, columns, rows)
        for (row, column), label in majorities.items():
            across, up = column / max(columns - 1, 1), 1 - row / max(rows - 1, 1)
            style = hue(label, look.palette, bold=True)
            canvas.mark(across, up, point(label, 2, look.glyphs), style)

    return _drawn(preview, 2, ends, draw, width, height, look)


def _function(preview: Preview, width: int, height: int, look: Look) -> Lines:
    """Return the functions as curves, or the rows as points where no function is known."""
    heights = [preview.targets, *([] if preview.curves is None else [preview.curves])]
    ends = [ends_of(preview.inputs[:, 0]), ends_of(np.concatenate(heights))]

    def draw(canvas: Canvas, level: Axis, upright: Axis) -> None:
        for index in range(len(preview.target_names)):
            _draw_target(canvas, preview, index, (level, upright), look)

    return _drawn(preview, 0, ends, draw, width, height, look)


def _drawn(
    preview: Preview,
    part: int,
    ends: list[tuple[float, float]],
    draw: Callable[[Canvas, Axis, Axis], None],
    width: int,
    height: int,
    look: Look,
) -> Lines:
    """Return a canvas with what is drawn on it, under a legend, with axes where they have room."""
    legend = _legend(preview, part, width, look) if height >= 5 else []
    height -= len(legend)
    has_axes = width >= FRAMED_WIDTH and height >= FRAMED_HEIGHT
    columns, rows = width - FRAME_WIDTH * has_axes, height - FRAME_HEIGHT * has_axes
    # The axes end where the data does, with round numbers between.
    (left, right), (bottom, top) = ends
    level = Axis(left, right, linear_axis(left, right, max(columns // 12, 1)).ticks)
    upright = Axis(bottom, top, linear_axis(bottom, top, max(rows // 3, 1)).ticks)
    canvas = Canvas(columns, rows, look.glyphs)
    draw(canvas, level, upright)
    drawn = canvas.lines()
    return [*legend, *(framed(drawn, level, upright, look) if has_axes else drawn)]


def _legend(preview: Preview, part: int, width: int, look: Look) -> Lines:
    """Return the line that says what is what."""
    muted = look.style("muted")
    parts = [
        (look.fit(f"{point(index, part, look.glyphs)} {name}", width), style)
        for index, name in enumerate(preview.target_names)
        for style in (hue(index, look.palette, bold=True),)
    ]
    line, shown = joined(parts, "  ", muted, width)
    if shown < len(parts):
        more = f"  {look.glyphs.ellipsis} {len(parts) - shown} more"
        line, shown = joined(parts, "  ", muted, width - len(more))
        line.append(f"  {look.glyphs.ellipsis} {len(parts) - shown} more", muted)
    return [cut(line, width)]


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


def _draw_target(canvas: Canvas, preview: Preview, index: int, axes: Axes, look: Look) -> None:
    """Draw one target: its curve, where it has one, and some of its rows."""
    level, upright = axes
    scattered, inputs, targets = True, preview.inputs[:, 0], preview.targets[:, index]
    if preview.grid is not None and preview.curves is not None:
        places = np.linspace(level.low, level.high, canvas.dot_columns)
        values = np.interp(places, preview.grid, preview.curves[:, index])
        canvas.curve(upright.share(values), hue(index, look.palette), "*+.=~-"[index % 6])
        exact = np.interp(inputs, preview.grid, preview.curves[:, index])
        scattered = bool(np.abs(exact - targets).max() > 0.02 * (upright.high - upright.low))
    rows = evenly(len(inputs), canvas.columns * 2 if scattered else max(canvas.columns // 6, 2))
    shape, style = point(index, 0, look.glyphs), hue(index, look.palette, bold=True)
    for x, y in zip(inputs[rows].tolist(), targets[rows].tolist(), strict=True):
        if math.isfinite(x) and math.isfinite(y):
            canvas.mark(level.share(x), upright.share(y), shape, style, behind=scattered)


# --- the table -----------------------------------------------------------------------------------


def draw_table(preview: Preview, width: int, height: int, look: Look) -> Lines:
    """Return the first rows, and under them how often each class or number comes."""
    bars = min(len(preview.target_names), (height - 1) // 2) if height >= 6 else 0
    room = max(height - 1 - bars - bool(bars), 0)
    targets = preview.target_names if not preview.classes else ("class",)
    cells = [["", *preview.input_names, *targets]]
    for row in range(min(room, len(preview.inputs), TABLE_ROWS)):
        codes = zip(preview.columns, preview.inputs[row].tolist(), strict=True)
        given = [column.text(code) for column, code in codes]
        given += [] if preview.classes else preview.targets[row].tolist()
        named = [preview.target_names[int(preview.targets[row])]] if preview.classes else []
        cells.append([str(row + 1), *(_cell(each, look) for each in given), *named])
    lines = table_lines(cells, 1 + min(len(targets), 2), width, look, widest=WIDEST)[: room + 1]
    if bars:
        draw = _class_bars if preview.classes else _spreads
        lines += [Text(end=""), *draw(preview, width, bars, look)]
    return lines


def _cell(value: str | float, look: Look) -> str:
    return plain(value) if isinstance(value, str) else _number(value, look)


def _number(value: float, look: Look) -> str:
    """Return a number of the data as one would write it down."""
    usual = math.isfinite(value) and 1e-3 <= abs(value) < 1e5
    return f"{value:.4g}" if usual else look.figure(value)


def _class_bars(preview: Preview, width: int, height: int, look: Look) -> Lines:
    """Return how often each class comes among the rows that were looked at."""
    counts = np.bincount(preview.targets.astype(int), minlength=len(preview.target_names))
    shares = (counts / max(int(counts.sum()), 1)).tolist()
    label = min(max(map(cell_len, preview.target_names)), max(width // 3, 1), 12)
    room = max(width - label - 7, 0)
    lines = []
    for index in chosen(len(counts), height):
        if index is None:
            lines.append(look.line(look.glyphs.ellipsis, "muted"))
            continue
        name, bar = preview.target_names[index], look.glyphs.bar(shares[index] / max(shares) * room)
        line = Text(f"{look.pad(name, label)} {pad(bar, room)}", hue(index, look.palette), end="")
        lines.append(line.append(f"{shares[index]:6.1%}", look.style("muted")))
    return lines


def _spreads(preview: Preview, width: int, height: int, look: Look) -> Lines:
    """Return how each target's numbers are spread: from the least to the greatest."""
    label = min(max(map(cell_len, preview.target_names)), max(width // 4, 1), 12)
    lines = []
    for index in chosen(len(preview.target_names), height):
        if index is None:
            lines.append(look.line(look.glyphs.ellipsis, "muted"))
            continue
        values = finite_of(preview.targets[:, index])
        low, high = ends_of(values)
        least = _number(float(values.min(initial=high)), look)
        most = _number(float(values.max(initial=low)), look)
        room = max(width - label - len(least) - len(most) - 3, 0)
        style, muted = hue(index, look.palette), look.style("muted")
        bars = _spread(values, (low, high), room, look.glyphs) if room else ""
        name = f"{look.pad(preview.target_names[index], label)} "
        said = ((name, style), (f"{least} ", muted), (bars, style), (f" {most}", muted))
        lines.append(Text.assemble(*said, end=""))
    return lines


def _spread(values: NDArray[Any], ends: tuple[float, float], columns: int, glyphs: Glyphs) -> str:
    counts, _ = np.histogram(values, bins=columns, range=ends)
    top = max(int(counts.max(initial=0)), 1)
    return "".join(
        glyphs.levels[math.ceil(many / top * len(glyphs.levels)) - 1] if many else " "
        for many in counts.tolist()
    )


def ends_of(values: NDArray[Any]) -> tuple[float, float]:
    """Return the least and the greatest finite value, with a little room where they are one."""
    finite = finite_of(values)
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    half = 0.5 * max(abs(low), 1e-30) if low == high else 0.0
    return low - half, high + half
