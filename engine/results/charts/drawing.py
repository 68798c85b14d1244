"""Charts drawn as SVG: text and numbers only, nothing that runs or is fetched.

Colours are classes, so that a style sheet says what they are in the light and in the dark; where
a chart is moved through, a program finds its parts by their classes and ``data-`` attributes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...text.numbers import figure_text
from ...text.safe import plain
from .animation import Animation
from .axes import ChartAxis, step_text
from .curves import Chart, ChartLine

LEFT: Final = 62
"""Pixels at the left of a plot, for the numbers of its axis."""
RIGHT: Final = 26
BOTTOM: Final = 40
HEAD: Final = 30
"""Pixels of the title."""
LEGEND_ROW: Final = 24

LETTER: Final = 7.3
"""Pixels of a letter of a legend, about: nobody measures text here."""

VALUE: Final = 66
"""Pixels of a figure, which changes while a chart is moved through."""

MOST_NAME: Final = 24
"""Letters of a name in a legend."""

MOST_ROWS: Final = 4
"""Rows of a legend."""

SMALL: Final = 1e-3
"""Under this a figure is written with a power of ten, to be no longer than others."""

MOST_BANDS: Final = 3
"""Lines with bands of the extremes of a stretch; of a population each has its band."""

BAND_PIXELS: Final = 1.5
"""A band that is nowhere higher than this is not drawn."""


def said(text: object) -> str:
    """Return any text as it may stand in XML and HTML: no element, no control character."""
    return escape(plain(str(text)))


@dataclass(frozen=True)
class Area:
    """A rectangle of a drawing, in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Where it ends across."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Where it ends below."""
        return self.top + self.height

    @property
    def attributes(self) -> str:
        """What places a rectangle there."""
        return (
            f'x="{self.left:.6g}" y="{self.top:.6g}" '
            f'width="{self.width:.6g}" height="{self.height:.6g}"'
        )

    def across(self, axis: ChartAxis, values: NDArray[Any] | float) -> NDArray[np.float64]:
        """Return where values of its level axis stand."""
        return self.left + axis.share(values) * self.width

    def up(self, axis: ChartAxis, values: NDArray[Any] | float) -> NDArray[np.float64]:
        """Return where values of its upright axis stand, kept near the box."""
        return self.bottom - np.clip(axis.share(values), -0.02, 1.02) * self.height


def draw_chart(
    chart: Chart, box: Area, marks: Sequence[int] = (), animation: Animation | None = None
) -> str:
    """Return a chart as a group of SVG.

    Args:
        chart: What it shows.
        box: Where it stands, with its title and its numbers.
        marks: Steps at which there is something to see.
        animation: How it is drawn anew over and over, where it is.
    """
    legend, rows = _legend(chart, box)
    top = box.top + HEAD + rows * LEGEND_ROW + 6
    plot = Area(box.left + LEFT, top, box.width - LEFT - RIGHT, box.bottom - BOTTOM - top)
    steps = ChartAxis.of_steps(chart.last_step, max(int(plot.width // 90), 2))
    values = _upright(chart, plot)
    parts = [
        f'<text class="title" x="{box.left + 4:g}" y="{box.top + 20:g}">{said(chart.title)}</text>',
        *legend,
        *draw_axes(plot, steps, values),
        f'<text class="number" text-anchor="end" x="{plot.right:g}" y="{box.bottom - 4:g}">'
        "step</text>",
        *(_mark(plot, steps, step) for step in marks if step <= chart.last_step),
        f'<svg {plot.attributes} viewBox="{plot.left:g} {plot.top:g} {plot.width:g} '
        f'{plot.height:g}">{_revealed(plot, animation)}',
        *(_band(line, plot, steps, values) for line in chart.lines[: _bands(chart)]),
        *(_curve(line, plot, steps, values) for line in chart.lines),
        "</g></svg>",
        draw_cursor(plot, animation),
    ]
    return f'<g class="chart">{"".join(parts)}</g>'


def _revealed(plot: Area, animation: Animation | None) -> str:
    """Return the beginning of the group of curves, which grows where there is an animation."""
    if animation is None:
        return "<g>"
    name = f"plot-{plot.left:.0f}-{plot.top:.0f}"
    grows = animation.drawn_to("width", 0, plot.width)
    clip = f'<clipPath id="{name}"><rect {plot.attributes}>{grows}</rect></clipPath>'
    return f'{clip}<g clip-path="url(#{name})">'


def draw_cursor(plot: Area, animation: Animation | None = None) -> str:
    """Return the line that stands at a step: where it begins, and how far it goes."""
    ends = f'data-left="{plot.left:g}" data-width="{plot.width:g}"'
    place = f'x1="{plot.right:g}" x2="{plot.right:g}" y1="{plot.top:g}" y2="{plot.bottom:g}"'
    if animation is None:
        return f'<line class="cursor" visibility="hidden" {place} {ends}/>'
    moves = "".join(animation.drawn_to(x, plot.left, plot.right) for x in ("x1", "x2"))
    return f'<line class="cursor" {place} {ends}>{moves}</line>'


def _upright(chart: Chart, plot: Area) -> ChartAxis:
    columns = [values for line in chart.lines for values in (line.low, line.high)]
    values = np.concatenate(columns)
    most = max(int(plot.height // 36), 3)
    return ChartAxis.of_values(values[np.isfinite(values)], most, logarithmic=chart.logarithmic)


def draw_axes(plot: Area, level: ChartAxis, upright: ChartAxis) -> Iterator[str]:
    """Yield the lines and the numbers of two axes."""
    for value, text in upright.ticks:
        y = float(plot.up(upright, value))
        yield f'<path class="grid" d="M{plot.left:g} {y:.1f}H{plot.right:g}"/>'
        yield (
            f'<text class="number" text-anchor="end" x="{plot.left - 8:g}" y="{y + 5:.1f}">'
            f"{said(text)}</text>"
        )
    for value, text in level.ticks:
        # A long number under the last tick would stand out of the picture.
        most = plot.right + RIGHT - len(text) * LETTER / 2
        x = min(float(plot.across(level, value)), most)
        yield (
            f'<text class="number" text-anchor="middle" x="{x:.1f}" y="{plot.bottom + 20:g}">'
            f"{escape(text)}</text>"
        )
    yield f'<path class="axis" d="M{plot.left:g} {plot.top:g}V{plot.bottom:g}H{plot.right:g}"/>'


def _mark(plot: Area, steps: ChartAxis, step: int) -> str:
    x = float(plot.across(steps, step))
    return f'<path class="mark" d="M{x:.1f} {plot.top:g}V{plot.bottom:g}"/>'


def _curve(line: ChartLine, plot: Area, steps: ChartAxis, values: ChartAxis) -> str:
    data = path(plot.across(steps, line.steps), plot.up(values, line.mean))
    return f'<path class="line {line.colour}" d="{data}"/>' if data else ""


def path(across: NDArray[np.float64], up: NDArray[np.float64]) -> str:
    """Return a line through points, with a gap where a point is none."""
    there = np.flatnonzero(np.isfinite(up))
    pieces = np.split(there, np.flatnonzero(np.diff(there) > 1) + 1) if len(there) else []
    return "".join(
        # A point alone is as long as its round ends are.
        f"M{_places(across[piece], up[piece])}" + ("h0" if len(piece) == 1 else "")
        for piece in pieces
    )


def _places(across: NDArray[np.float64], up: NDArray[np.float64]) -> str:
    return " ".join(f"{x:.1f} {y:.1f}" for x, y in zip(across, up, strict=True))


def _bands(chart: Chart) -> int:
    """Return of how many lines the band is drawn: over many nothing would be seen through them."""
    return len(chart.lines) if chart.band or len(chart.lines) <= MOST_BANDS else 0


def _band(line: ChartLine, plot: Area, steps: ChartAxis, values: ChartAxis) -> str:
    across = plot.across(steps, line.steps)
    high, low = plot.up(values, line.high), plot.up(values, line.low)
    there = np.isfinite(high) & np.isfinite(low)
    if not there.any() or float((low - high)[there].max()) < BAND_PIXELS:
        return ""
    outline = np.concatenate([high[there], low[there][::-1]])
    data = _places(np.concatenate([across[there], across[there][::-1]]), outline)
    return f'<path class="band {line.colour}" d="M{data}Z"/>'


def _legend(chart: Chart, box: Area) -> tuple[list[str], int]:
    """Return the names of the lines with their newest values, and in how many rows."""
    parts, x, row = list[str](), box.left + 4, 0
    for number, line in enumerate(chart.lines):
        name = shortened(line.name, MOST_NAME)
        width = 28 + LETTER * (len(name) + 1) + VALUE
        if x + width > box.right and x > box.left + 4:
            x, row = box.left + 4, row + 1
        y = box.top + HEAD + row * LEGEND_ROW + 16
        if row == MOST_ROWS:
            return [*parts, draw_more(len(chart.lines) - number, box, y - LEGEND_ROW)], row
        parts.append(
            f'<path class="line {line.colour}" d="M{x:.1f} {y - 5:.1f}h14"/>'
            f'<text class="legend" x="{x + 19:.1f}" y="{y:.1f}">{said(name)} '
            f'<tspan class="value" data-line="{number}">{said(newest_value(line))}</tspan></text>'
        )
        x += width
    if note := _note(chart):
        row += 1
        y = box.top + HEAD + row * LEGEND_ROW + 16
        parts.append(f'<text class="number" x="{box.left + 4:.1f}" y="{y:.1f}">{said(note)}</text>')
    return parts, row + 1


def draw_more(count: int, box: Area, y: float) -> str:
    """Return how many names a legend has no room for."""
    return f'<text class="number" text-anchor="end" x="{box.right:g}" y="{y:g}">+ {count}</text>'


def _note(chart: Chart) -> str:
    broken = [line.broken for line in chart.lines if line.broken is not None]
    notes = [
        f"not finite by step {step_text(min(broken))}" if broken else "",
        f"{chart.left_out} more between them" if chart.left_out else "",
        "line: mean of the networks, band: nine tenths" if chart.band else "",
    ]
    return "; ".join(filter(None, notes))


def shortened(text: str, most: int) -> str:
    """Return a text with no more letters than there is room for."""
    return text if len(text) <= most else f"{text[: max(most - 1, 1)]}…"


def newest_value(line: ChartLine) -> str:
    """Return the last number of a line as a figure; nothing where there is none."""
    if not len(line.shown):
        return ""
    value = float(line.shown[-1])
    if 0 < abs(value) < SMALL:
        mantissa, exponent = f"{value:.3e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    return figure_text(value)
