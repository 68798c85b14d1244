"""A histogram of weights: 200 bins as a density, reduced to the columns there are.

A column holds the mean density of the bins it covers, so the area stays 1 at any width. What the
weights were drawn from is a line of its own over the bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from rich.text import Text

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import count, figure
from ...style.palette import Palette
from ...style.text import Lines, cut, joined
from ..base.axis import Axis, linear_axis, roomy
from ..base.frame import FRAME_HEIGHT, FRAME_WIDTH, filled, framed, headline, words
from .density import Density, density_of

if TYPE_CHECKING:
    from .material import RecordedNetwork

Floats = NDArray[np.float64]

BINS: Final = 200

LEAST_WIDTH: Final = FRAME_WIDTH + 8
LEAST_HEIGHT: Final = 6
TWO_LINES: Final = 12
"""Lines of a picture that has room for two lines of figures."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Histogram:
    """Everything that the picture shows."""

    name: str
    """The parameter's."""
    values: Floats
    """Its numbers, in any order."""
    density: Density | None = None
    """What they were drawn from."""
    facts: tuple[str, ...] = ()
    """Whose weights they are."""


def gather(network: RecordedNetwork, layer: str | None = None) -> list[Histogram]:
    """Return the histograms of the parameters that are meant: all matrices where none is named."""
    return [
        Histogram(
            name=name,
            values=values.astype(np.float64).ravel(),
            density=density_of(network, name),
            facts=network.facts,
        )
        for name, values in network.matrices(layer)
    ]


def draw_histogram(histogram: Histogram, width: int, height: int, look: Look) -> Lines:
    """Return the picture: what it is, its figures, then the bars with their axes.

    Args:
        histogram: What to show.
        width: Cells, at least 0.
        height: Lines, at least 0.
        look: What to draw with.
    """
    title = headline(histogram.name, list(histogram.facts), width, look)
    finite = histogram.values[np.isfinite(histogram.values)]
    lines = [
        title,
        *_figure_lines(_figures(histogram, finite, look.glyphs), width, height, look.palette),
    ]
    if histogram.density is not None:
        sample = _line_character(look.glyphs) * 2
        drawn = f"{sample} drawn from: {histogram.density}"
        lines.append(words(drawn, width, look, "dev"))
    rows = height - len(lines) - FRAME_HEIGHT
    if width < LEAST_WIDTH or height < LEAST_HEIGHT or rows < 1 or not len(finite):
        return filled(lines, width, height)
    columns = width - FRAME_WIDTH
    ends = ends_of(finite)
    heights = column_densities(finite, ends, columns)
    expected = _expected(histogram.density, ends, columns)
    top = max(float(heights.max()), float(expected.max(initial=0.0)))
    upright = linear_axis(0.0, top, max(rows // 3, 1))
    level = Axis.between(*ends, max(columns // 12, 1))
    picture = bars(heights / upright.high, expected / upright.high, rows, look)
    return filled([*lines, *framed(picture, level, upright, look)], width, height)


def _figure_lines(figures: list[str], width: int, height: int, palette: Palette) -> Lines:
    """Return the figures in one line, or in two where they need them and there is room."""
    style = palette.style("text")
    line, shown = joined([(each, style) for each in figures], "  ", style, width)
    if not shown:
        return [cut(Text(figures[0], style, end=""), width)]
    rest = figures[shown:]
    if not rest or height < TWO_LINES:
        return [line]
    return [line, *_figure_lines(rest, width, 0, palette)]


def _figures(histogram: Histogram, finite: Floats, glyphs: Glyphs) -> list[str]:
    """Return how many numbers there are, and their mean, spread and ends."""
    total = len(histogram.values)
    parts = [f"n {count(total)}"]
    if len(finite):
        with np.errstate(all="ignore"):
            named = {
                "mean": finite.mean(),
                "std": finite.std(),
                "min": finite.min(),
                "max": finite.max(),
            }
        infinity = glyphs.infinity
        parts += [
            f"{key} {figure(float(value), infinity=infinity)}" for key, value in named.items()
        ]
    if len(finite) < total:
        parts.insert(1, f"{count(total - len(finite))} not finite, left out")
    return parts


def ends_of(finite: Floats) -> tuple[float, float]:
    """Return the first and the last edge; a constant gets a little room around it."""
    return roomy(float(finite.min()), float(finite.max()), 0.0)


def column_densities(finite: Floats, ends: tuple[float, float], columns: int) -> Floats:
    """Return the density in each of ``columns`` columns, from 200 bins."""
    counts, edges = np.histogram(finite, bins=BINS, range=ends)
    below = np.concatenate([[0.0], np.cumsum(counts)]) / len(finite)
    # A column's share is read off the bins' cumulative share: no bin is lost or counted twice.
    columns_edges = np.linspace(ends[0], ends[1], columns + 1)
    shares = np.diff(np.interp(columns_edges, edges, below))
    densities: Floats = shares / (ends[1] - ends[0]) * columns
    return densities


def _expected(density: Density | None, ends: tuple[float, float], columns: int) -> Floats:
    if density is None:
        return np.empty(0)
    edges = np.linspace(ends[0], ends[1], columns + 1)
    return density.at((edges[:-1] + edges[1:]) / 2)


def _line_character(glyphs: Glyphs) -> str:
    return "o" if glyphs.name == "ascii" else "━"


def bars(
    heights: Floats, expected: Floats, rows: int, look: Look, inks: Sequence[Style] = ()
) -> Lines:
    """Return the bars, given as shares of the height, the top line first.

    Args:
        heights: Of each column.
        expected: Of a line over them; empty for none.
        rows: Lines.
        look: What to draw with.
        inks: The colour of each column, where they are not all of one.
    """
    steps = 1 if look.glyphs.name == "ascii" else len(look.glyphs.levels)
    filled_steps = np.rint(np.clip(heights, 0, 1) * rows * steps).astype(int)
    # A bar that is there is seen, however small.
    filled_steps = np.where(heights > 0, np.maximum(filled_steps, 1), 0)
    line_rows = np.minimum((np.clip(expected, 0, 1) * rows).astype(int), rows - 1)
    bar = look.style("train")
    over = look.style("dev", bold=True)
    lines = []
    for row in range(rows - 1, -1, -1):
        line = Text(end="", no_wrap=True)
        for column, steps_here in enumerate(filled_steps.tolist()):
            level = min(max(steps_here - row * steps, 0), steps)
            if len(line_rows) and line_rows[column] == row and expected[column] > 0:
                line.append(
                    _line_character(look.glyphs), over + _behind(level, steps, look.palette)
                )
            elif level:
                full = "#" if look.glyphs.name == "ascii" else look.glyphs.levels[level - 1]
                line.append(full, inks[column] if inks else bar)
            else:
                line.append(" ")
        lines.append(line)
    return lines


def _behind(level: int, steps: int, palette: Palette) -> Style:
    """Return the bar's colour as a background, where it fills the cell behind the line."""
    if level < steps or not palette.colours:
        return Style.null()
    return Style(bgcolor=palette.style("train").color)
