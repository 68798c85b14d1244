"""Curves over the steps: a legend, a canvas with its two axes, and what happened when.

    legend      what the curves are, and their values at the step that is read
    canvas      bands, the other runs, the cursor, then the run that is shown
    foot        the level axis with marks, requests and what is not finite; its labels

plotext draws the curves, dotted ones too, wherever that stays within its budget; beyond it our own
canvas sets the same dots, in a twentieth of the time. What plotext has no notion of (bands, the
cursor, the thick strokes of a presentation) is always the canvas's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import numpy as np
from rich.style import Style

from ...style.look import Look
from ...style.run_colours import Pen, pen
from ...style.text import Lines
from ..base.arrays import Floats, finite_of
from ..base.axis import LABEL_WIDTH, Axis, linear_axis, log_axis, step_axis
from ..base.canvas import DOTS, Canvas, Dots, stroke
from ..base.frame import column_of, filled, with_upright
from ..base.pieces import Band, Piece, cut_band, cut_pieces, placed, points
from ..base.plotext import BUDGET, Polyline, cost, plotted
from .curves import CurveData, Curves, RunCurves, canvas_columns
from .foot import draw_foot
from .legend import draw_legend, legend_lines

LEAST_WIDTH: Final = LABEL_WIDTH + 12
LEAST_HEIGHT: Final = 5
"""Below this size there are words only."""

NEAR_ZERO: Final = 0.25
"""An axis of values that begin at so small a share of the greatest begins at 0: there it stays
while they fall."""

BROAD: Final = 4.0
"""A curve that goes up and down so many times as far as the other is a band."""

DASH: Final = 10
"""Dots of a thick dotted curve from one dash to the next."""

BAND: Final = "."
"""What a band is made of in ASCII."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScaledCurve:
    """One curve in the coordinates that are drawn, cut to the axis."""

    pen: Pen
    pieces: tuple[Piece, ...]
    """What is drawn as a stroke."""
    band: Band | None = None
    """Steps, and the least and the greatest value at each."""

    @property
    def values(self) -> Floats:
        """Everything that the upright axis has to hold."""
        parts = [ys for _, ys in self.pieces]
        return finite_of(np.concatenate([*parts, *(self.band or ())[1:], np.empty(0)]))

    @property
    def length(self) -> float:
        """How far its strokes go up and down, all taken together."""
        return sum(float(np.abs(np.diff(values)).sum()) for _, values in self.pieces)


def draw_curves(curves: Curves, width: int, height: int, look: Look) -> Lines:
    """Return the picture: a legend, then the canvas with its two axes.

    For the back row strokes are thick, signs on the axis wide, and the legend is bold.

    Args:
        curves: What to show.
        width: Cells, at least 0.
        height: Lines, at least 0.
        look: What to draw with.
    """
    if width <= 0 or height <= 0:
        return []
    small = width < LEAST_WIDTH or height < LEAST_HEIGHT
    legend = draw_legend(curves, width, height if small else legend_lines(curves, height), look)
    if look.big:
        for line in legend:
            line.stylize(Style(bold=True))
    if small:
        return filled(legend, width, height)
    drawn = _drawn(curves, look)
    columns, rows = canvas_columns(width), height - len(legend) - 2
    level = step_axis(curves.last, columns, curves.first)
    values = np.concatenate([np.empty(0), *(each.values for each in drawn)])
    canvas = Canvas(columns, rows, look.glyphs)
    places = _Dots(level, _upright(curves, values, rows), columns, rows, *DOTS[look.glyphs.name])
    _draw_all(canvas, curves, drawn, places, look)
    body = with_upright(canvas.lines(), _labels(places), look)
    return filled([*legend, *body, *draw_foot(curves, level, columns, look)], width, height)


# --- curves in the coordinates that are drawn ----------------------------------------------------


def _drawn(curves: Curves, look: Look) -> list[ScaledCurve]:
    """Return the curves in the order in which they lie on one another, the lowest first.

    The run that is shown is on top of the others, train on top of dev; but a curve that is a
    broad band would hide the other, so then it is the other way round.
    """
    several = bool(curves.others)
    drawn: list[ScaledCurve] = []
    for run in (*reversed(curves.others), curves):
        pens = [pen(index, run.slot, several, look) for index in (0, 1)]
        both = [
            _drawn_curve(curve, run, curves, pens[curve.is_held_out])
            for curve in reversed(run.curves)
        ]
        broad = len(both) > 1 and both[1].length > BROAD * both[0].length
        drawn += reversed(both) if broad else both
    return drawn


def _drawn_curve(curve: CurveData, run: RunCurves, curves: Curves, look: Pen) -> ScaledCurve:
    low, mean, high = (placed(each, curves.log) for each in (curve.low, curve.mean, curve.high))
    # A population's band is its members', whether their mean is smoothed or not.
    sides = [placed(each, curves.log) for each in curve.range or ()]
    if curve.smooth is not None:
        sides = sides or [low, high]
        low = mean = high = placed(curve.smooth, curves.log)
    band = None
    # Bands of several runs would hide one another: the shown one has it.
    if sides and run is curves:
        band = cut_band((curve.steps, sides[0], sides[1]), curves.first, curves.last)
    pieces = cut_pieces(points(curve.steps, low, mean, high), curves.first, curves.last)
    return ScaledCurve(pen=look, pieces=pieces, band=band)


def _upright(curves: Curves, values: Floats, rows: int) -> Axis:
    most = max((rows + 1) // 3, 1)
    if curves.reach is not None and len(values):
        ends = placed(np.array(curves.reach), curves.log)
        values = np.concatenate([values, ends[np.isfinite(ends)]])
    if not len(values):
        return Axis(0.0, 1.0, ())
    low, high = float(values.min()), float(values.max())
    if curves.log:
        return log_axis(10.0**low, 10.0**high, most)
    low = 0.0 if 0 < low <= NEAR_ZERO * high else low
    return linear_axis(low, high, most, top=curves.top)


# --- the canvas ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Dots:
    """Where steps and values lie on a canvas, in dots of some size."""

    level: Axis
    upright: Axis
    columns: int
    rows: int
    across: int
    """Dots of a cell."""
    down: int

    def of(self, steps: Floats, values: Floats) -> tuple[Dots, Dots]:
        """Return dots: their columns from the left and rows from the bottom."""
        # A step's cell is the one that the axis, marks and cursor have for it.
        across = (self.columns - 1) * self.level.share(steps) + 0.5
        xs = np.floor(np.round(self.across * across, 8))
        with np.errstate(over="ignore"):
            ups = np.clip(self.upright.share(values), 0, 1)
        ys = np.floor(np.round(0.5 + (self.rows * self.down - 1) * ups, 8))
        return xs.astype(np.int64), ys.astype(np.int64)


def _draw_all(
    canvas: Canvas, curves: Curves, drawn: Sequence[ScaledCurve], places: _Dots, look: Look
) -> None:
    """Draw everything on the canvas, what lies lowest first."""
    for each in drawn:
        if each.band is not None:
            _draw_band(canvas, places, each.band, each.pen)
    if curves.cursor is not None:
        column = column_of(curves.cursor, places.level, canvas.columns)
        canvas.upright(column, look.glyphs.axis[0], look.style("muted"))
    of_curves = (_strokes(places, of, each, thick=look.big) for of, each in enumerate(drawn))
    strokes = list(chain.from_iterable(of_curves))
    given = sum(len(each.given[0]) for each in strokes)
    dots = sum(len(each.dots[0]) for each in strokes if not each.pen.dotted)
    if look.big or cost(canvas.columns * canvas.rows, given, dots) > BUDGET:
        for piece in strokes:
            _draw_stroke(canvas, piece, thick=look.big)
    else:
        _draw_by_plotext(canvas, strokes)
    for each in drawn:
        _draw_letter(canvas, places, each)


def _draw_band(canvas: Canvas, places: _Dots, band: Band, look: Pen) -> None:
    """Draw what lies between the least and the greatest values, every other dot of it."""
    steps, low, high = band
    drawn = np.isfinite(high)
    # What a log axis has no place for lies below its foot.
    low, high = (np.where(np.isfinite(each), each, places.upright.low) for each in (low, high))
    (xs, bottoms), (_, tops) = places.of(steps, low), places.of(steps, high)
    here = np.arange(xs[0], xs[-1] + 1)
    sides = [np.interp(here, xs, np.where(drawn, side, np.nan)) for side in (bottoms, tops)]
    finite = np.isfinite(sides[0]) & np.isfinite(sides[1])
    below, above = (np.where(finite, side, -1.0)[:, None] for side in sides)
    up = np.arange(canvas.dot_rows)[None, :]
    checked = (here[:, None] + up) % 2 == 0 if places.across > 1 else np.ones((1, 1), bool)
    columns, rows = np.nonzero((up >= np.floor(below)) & (up <= np.ceil(above)) & checked)
    canvas.dots(here[columns], rows, look.band, BAND, over=False)


@dataclass(frozen=True, eq=False)
class _Stroke:
    """A piece of a curve, on the dots of its places."""

    of: int
    """Which curve it is a piece of."""
    pen: Pen
    coarse: bool
    """Whether it is made of one character a cell: its places are cells then."""
    points: tuple[Dots, Dots]
    """Where it turns."""
    dots: tuple[Dots, Dots]
    """What is set of it."""

    @property
    def given(self) -> tuple[Dots, Dots]:
        """What plotext is given: it draws no dotted lines, but dots."""
        return self.dots if self.pen.dotted else self.points


def _strokes(places: _Dots, of: int, curve: ScaledCurve, *, thick: bool) -> Iterator[_Stroke]:
    """Yield a curve's pieces."""
    of_pen = _coarse(curve.pen, places)
    for steps, values in curve.pieces:
        xs, ys = of_pen.of(steps, values)
        # Several points on one dot are one.
        new = np.ones(len(xs), bool)
        new[1:] = (np.diff(xs) != 0) | (np.diff(ys) != 0)
        points = xs[new], ys[new]
        across, up = stroke(*points)
        if curve.pen.dotted:
            # Dots of which each fills the gaps beside it would be a line: those are dashes.
            shown = np.arange(len(across)) % DASH < DASH // 2 if thick else slice(None, None, 2)
            across, up = across[shown], up[shown]
        yield _Stroke(of, curve.pen, of_pen is not places, points, (across, up))


def _coarse(look: Pen, places: _Dots) -> _Dots:
    """Return the places of a curve that is made of one character a cell."""
    fine = look.marker in ("braille", "hd")
    return places if fine or places.across == 1 else replace(places, across=1, down=1)


def _draw_stroke(canvas: Canvas, stroke: _Stroke, *, thick: bool) -> None:
    """Draw a piece of a curve ourselves."""
    style = stroke.pen.style + Style(bold=True) if thick else stroke.pen.style
    xs, ys = stroke.dots
    if stroke.coarse:
        characters = np.zeros((canvas.rows, canvas.columns), np.uint32)
        characters[canvas.rows - 1 - ys, xs] = ord(stroke.pen.marker)
        canvas.cells(characters, style)
    else:
        canvas.dots(xs, ys, style, stroke.pen.marker, thick=thick)


def _draw_by_plotext(canvas: Canvas, strokes: Sequence[_Stroke]) -> None:
    tall, wide = canvas.dot_rows, canvas.dot_columns
    # How many dots lie between the middles of two cells, for plotext.
    apart = (wide - 1) / max(canvas.columns - 1, 1), (tall - 1) / max(canvas.rows - 1, 1)
    polylines = []
    for each in strokes:
        by = apart if each.coarse else (1, 1)
        xs, ys, dotted = each.given[0] * by[0], each.given[1] * by[1], each.pen.dotted
        line = Polyline(xs=xs, ys=ys, marker=each.pen.marker, of=each.of, joined=not dotted)
        polylines.append(line)
    cells = plotted(polylines, canvas.columns, canvas.rows, (wide, tall))
    pens = {each.of: each.pen for each in strokes}
    for of in sorted(cells):
        canvas.cells(cells[of], pens[of].style)


def _draw_letter(canvas: Canvas, places: _Dots, curve: ScaledCurve) -> None:
    """Put a curve's letter at its end."""
    if curve.pen.letter and curve.pieces:
        steps, values = curve.pieces[-1]
        of_pen = _coarse(curve.pen, places)
        xs, ys = of_pen.of(steps[-1:], values[-1:])
        row, column = canvas.rows - 1 - int(ys[0]) // of_pen.down, int(xs[0]) // of_pen.across
        canvas.letter(row, column, curve.pen.letter, curve.pen.style + Style(bold=True))


# --- what is around the canvas -------------------------------------------------------------------


def _labels(places: _Dots) -> dict[int, str]:
    """Return what the upright axis says at which rows: a tick is where a curve at it would be."""
    labels: dict[int, str] = {}
    for value, label in places.upright.ticks:
        _, ys = places.of(np.zeros(1), np.array([value]))
        labels.setdefault(places.rows - 1 - int(ys[0]) // places.down, label)
    return labels
