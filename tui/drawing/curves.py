"""Curves over the steps: the canvas by plotext, axes, legend and everything in words by us.

plotext is handed at most two points a column, the least and the greatest of the rows there, so
that no spike is averaged away and a million rows cost what a hundred do. It never sees a number
that is not finite: those leave a gap and are named.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from rich.text import Text

from tui.drawing.axis import LABEL_WIDTH, Axis, linear_axis, log_axis, step_axis
from tui.drawing.numbers import count, figure
from tui.drawing.text import Lines, cut, fit, joined, pad_left
from tui.glyphs import Glyphs
from tui.palette import Palette

if TYPE_CHECKING:
    from engine.history import History, Rows

Quantity = Literal["loss", "accuracy"]
"""What the curves show."""

Floats = NDArray[np.float64]

LEAST_WIDTH: Final = LABEL_WIDTH + 12
LEAST_HEIGHT: Final = 5
"""Below this size there are words only."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """One curve, thinned to the columns of a screen."""

    label: str
    """``train`` or ``dev``."""
    steps: Floats
    """The last step of each bucket."""
    low: Floats
    """The least finite value of each bucket; NaN where it has none."""
    mean: Floats
    high: Floats
    newest: float
    """The last row's value, whatever it is."""
    broken_at: int | None = None
    """The first step whose value is not finite."""
    broken: float = float("nan")
    """That value."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Everything that a picture of curves shows."""

    curves: tuple[Curve, ...]
    last: int
    """The step at which the axis ends."""
    marks: tuple[int, ...] = ()
    log: bool = False
    """Whether the upright axis is logarithmic."""
    top: float | None = None
    """A value the axis never goes beyond."""


def canvas_columns(width: int) -> int:
    """Return how many columns of a picture are its canvas, and so how many buckets it takes."""
    return max(width - LABEL_WIDTH - 1, 1)


def gather(
    history: History, quantity: Quantity, *, step: int, last: int, width: int, member: int = 0
) -> tuple[Curve, ...]:
    """Return the train and dev curves of a history, thinned for a picture of this width.

    Args:
        history: What is known of the run.
        quantity: Which column.
        step: Rows after this one are left out.
        last: The step at which the axis ends.
        width: Cells of the picture.
        member: Which network.
    """
    columns = canvas_columns(width)
    found = []
    for group in ("train", "dev"):
        rows = history.series.get(group)
        if rows is None or quantity not in rows.columns:
            continue
        # As many buckets as the rows will have columns: then a bucket keeps its rows while the
        # curve grows, and what was drawn stays as it is.
        used = max(math.ceil(columns * min(step, last) / max(last, 1)), 1)
        buckets = rows.buckets(quantity, 0, step, used, member)
        broken_at, broken = first_broken(rows, quantity, step, member)
        found.append(
            Curve(
                label=group,
                steps=buckets.steps.astype(np.float64),
                low=buckets.low.astype(np.float64),
                mean=buckets.mean.astype(np.float64),
                high=buckets.high.astype(np.float64),
                newest=rows.value(quantity, step, member),
                broken_at=broken_at,
                broken=broken,
            )
        )
    return tuple(found)


def first_broken(rows: Rows, column: str, step: int, member: int) -> tuple[int | None, float]:
    """Return the first step up to ``step`` whose value is not finite, and that value."""
    index = rows.row_at(step)
    if index is None:
        return None, float("nan")
    values = rows.column(column, member)[: index + 1]
    # The sum is finite unless something in it is not (or it overflows, which costs a look).
    if np.isfinite(np.sum(values, dtype=np.float64)):
        return None, float("nan")
    broken = np.flatnonzero(~np.isfinite(values))
    if not len(broken):
        return None, float("nan")
    return int(rows.steps[broken[0]]), float(values[broken[0]])


def draw_curves(curves: Curves, width: int, height: int, glyphs: Glyphs, palette: Palette) -> Lines:
    """Return the picture: a legend, then the canvas with its two axes.

    Args:
        curves: What to show.
        width: Cells, at least 0.
        height: Lines, at least 0.
        glyphs: What to draw with.
        palette: What it looks like.
    """
    if width <= 0 or height <= 0:
        return []
    legend = draw_legend(curves, width, glyphs, palette)
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return _filled([legend], width, height)
    drawable = [_drawable(curve, curves.log) for curve in curves.curves]
    values = [np.concatenate([low, high]) for low, high in drawable]
    finite = np.concatenate([*values, np.empty(0)])
    finite = finite[np.isfinite(finite)]
    rows = height - 3
    upright = _upright(curves, finite, rows)
    level = step_axis(curves.last, canvas_columns(width))
    columns = canvas_columns(width)
    canvas = _canvas(curves, drawable, (level, upright), (columns, rows), glyphs, palette)
    body = _with_axis(canvas, upright, glyphs, palette)
    foot = _foot(level, curves.marks, columns, glyphs, palette)
    return _filled([legend, *body, *foot], width, height)


def _drawable(curve: Curve, log: bool) -> tuple[Floats, Floats]:
    """Return a curve's two sides in the coordinates that are drawn, NaN where there are none."""
    low, high = curve.low, curve.high
    if log:
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = np.log10(low), np.log10(high)
    return np.where(np.isfinite(low), low, np.nan), np.where(np.isfinite(high), high, np.nan)


def _upright(curves: Curves, finite: Floats, rows: int) -> Axis:
    most = max(rows // 3, 1)
    if not len(finite):
        return Axis(0.0, 1.0, ())
    low, high = float(finite.min()), float(finite.max())
    if curves.log:
        return log_axis(10.0**low, 10.0**high, most)
    return linear_axis(low, high, most, top=curves.top)


def points(
    steps: Floats, low: Floats, mean: Floats, high: Floats
) -> list[tuple[list[float], list[float]]]:
    """Return the unbroken pieces of a curve as points, at most two for each bucket.

    Each bucket is entered on the side the curve comes from, so that a falling curve stays one
    stroke and does not zigzag.
    """
    pieces: list[tuple[list[float], list[float]]] = []
    xs: list[float] = []
    ys: list[float] = []
    before = float("nan")
    for step, least, middle, most in zip(
        steps.tolist(), low.tolist(), mean.tolist(), high.tolist(), strict=True
    ):
        if least != least and most != most:
            if xs:
                pieces.append((xs, ys))
                xs, ys = [], []
            continue
        first, second = (most, least) if before >= middle else (least, most)
        for value in (first,) if first == second else (first, second):
            if value == value:
                xs.append(step)
                ys.append(value)
        before = middle
    return [*pieces, (xs, ys)] if xs else pieces


def _canvas(
    curves: Curves,
    drawable: Sequence[tuple[Floats, Floats]],
    axes: tuple[Axis, Axis],
    size: tuple[int, int],
    glyphs: Glyphs,
    palette: Palette,
) -> Lines:
    """Return the canvas alone, drawn by plotext: one line a row, the top one first."""
    from plotext._figure import _figure_class

    # A figure of its own: the functions of ``plotext`` itself share one for the whole process.
    figure: Any = _figure_class()
    figure._limit_size(False, False)
    figure.plot_size(*size)
    figure.theme("clear")
    figure.frame(False)
    figure.xticks([])
    figure.yticks([])
    level, upright = axes
    figure.xlim(level.low, level.high)
    figure.ylim(upright.low, upright.high)
    markers = glyphs.markers if palette.colours else glyphs.plain_markers
    drawn = False
    # The first curve is drawn last: where two lie on one another, train is on top.
    for index in reversed(range(len(drawable))):
        curve, (low, high) = curves.curves[index], drawable[index]
        for xs, ys in points(curve.steps, low, curve.mean, high):
            figure.plot(xs, ys, marker=markers[index % 2], color=_colour(index, palette))
            drawn = True
    if not drawn:
        return [Text(" " * size[0], end="") for _ in range(size[1])]
    return Text.from_ansi(figure.build()).split("\n")[: size[1]]


def _colour(index: int, palette: Palette) -> int | str:
    """Return a curve's colour as plotext names it."""
    if not palette.colours:
        return "default"
    return palette.dev if index else palette.train


def _with_axis(canvas: Lines, upright: Axis, glyphs: Glyphs, palette: Palette) -> Lines:
    """Return the canvas with the upright axis at its left."""
    rows = len(canvas)
    plain, tick, *_ = glyphs.axis
    labels: dict[int, str] = {}
    for value, label in upright.ticks:
        labels.setdefault(rows - 1 - int(0.5 + (rows - 1) * upright.share(value)), label)
    lines = []
    for row, drawn in enumerate(canvas):
        line = Text(pad_left(labels.get(row, ""), LABEL_WIDTH), palette.style("muted"), end="")
        line.append(tick if row in labels else plain, palette.style("faint"))
        lines.append(line.append_text(drawn))
    return lines


def _foot(
    level: Axis, marks: Sequence[int], columns: int, glyphs: Glyphs, palette: Palette
) -> Lines:
    """Return the level axis: its line with ticks and marks, and its labels."""
    _, _, corner, plain, tick = glyphs.axis
    rule, labels = [plain] * columns, [" "] * (columns + LABEL_WIDTH + 1)
    free_from = LABEL_WIDTH
    for value, label in level.ticks:
        column = int(0.5 + (columns - 1) * level.share(value))
        rule[column] = tick
        start = LABEL_WIDTH + 1 + column - len(label) // 2
        start = min(start, len(labels) - len(label))
        if start >= free_from:
            labels[start : start + len(label)] = label
            free_from = start + len(label) + 1
    axis = Text(" " * LABEL_WIDTH, end="")
    axis.append(corner + "".join(rule), palette.style("faint"))
    for step in marks:
        if step <= level.high:
            place = LABEL_WIDTH + 1 + int(0.5 + (columns - 1) * level.share(step))
            axis = Text.assemble(
                axis[:place], (glyphs.mark, palette.style("warning")), axis[place + 1 :], end=""
            )
    return [axis, Text("".join(labels), palette.style("muted"), end="")]


def draw_legend(curves: Curves, width: int, glyphs: Glyphs, palette: Palette) -> Text:
    """Return the line over the canvas: each curve's sample, name and newest value.

    What cannot be drawn is said here: the first step that is not finite, values of 0 or less
    on a log axis.
    """
    muted = palette.style("muted")
    parts: list[tuple[str, Style]] = []
    samples = glyphs.keys if palette.colours else glyphs.plain_keys
    broken = [
        f"{curve.label} {_broken(curve, glyphs)}"
        for curve in curves.curves
        if curve.broken_at is not None
    ]
    parts += [(f"{words}", palette.style("bad", bold=True)) for words in broken]
    for index, curve in enumerate(curves.curves):
        newest = figure(curve.newest, infinity=glyphs.infinity)
        style = palette.style("dev" if index else "train", bold=True)
        parts.append((f"{samples[index % 2]} {curve.label} {newest}", style))
    if curves.log:
        hidden = any((curve.low <= 0).any() for curve in curves.curves)
        parts.append(("log axis; 0 and less not shown" if hidden else "log axis", muted))
    if not parts:
        parts.append(("nothing yet", muted))
    line, _ = joined(
        [(fit(words, width, glyphs.ellipsis), style) for words, style in parts], "   ", muted, width
    )
    return line


def _broken(curve: Curve, glyphs: Glyphs) -> str:
    assert curve.broken_at is not None
    return f"{figure(curve.broken, infinity=glyphs.infinity)} at step {count(curve.broken_at)}"


def _filled(lines: Lines, width: int, height: int) -> Lines:
    """Return exactly ``height`` lines of exactly ``width`` cells."""
    lines = lines[:height] + [Text(end="") for _ in range(height - len(lines))]
    return [cut(line, width) for line in lines]
