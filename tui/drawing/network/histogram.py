"""A histogram of weights: 200 bins as a density, reduced to the columns there are.

A column holds the mean density of the bins it covers, so the area stays 1 at any width. What the
weights were drawn from is a line of its own over the bars.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from rich.style import Style
from rich.text import Text

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import count
from ...style.text import Lines, cut, joined
from ..base.arrays import Floats, finite_of
from ..base.axis import Axis, linear_axis, roomy
from ..base.frame import FRAME_HEIGHT, FRAME_WIDTH, filled, framed, headline, words
from .material import RecordedNetwork

if TYPE_CHECKING:
    from engine.experiment.experiment import Experiment

BINS: Final = 200

LEAST_WIDTH: Final = FRAME_WIDTH + 8
LEAST_HEIGHT: Final = 6
TWO_LINES: Final = 12
"""Lines of a picture that has room for two lines of figures."""


GAINS: Final = {
    "relu": math.sqrt(2),
    "leaky_relu": math.sqrt(2 / (1 + 0.01**2)),
    "tanh": 5 / 3,
    "sigmoid": 1.0,
    "linear": 1.0,
}
"""PyTorch's ``calculate_gain``."""


@dataclass(frozen=True)
class Density:
    """A normal distribution (mean and standard deviation) or a uniform one (its two ends)."""

    kind: Literal["normal", "uniform"]
    first: float
    """The mean, or the lower end."""
    second: float
    """The standard deviation, or the upper end."""

    def at(self, places: Floats) -> Floats:
        """Return the density at each place."""
        if self.kind == "uniform":
            inside = (places >= self.first) & (places <= self.second)
            return np.where(inside, 1 / (self.second - self.first), 0.0)
        z = (places - self.first) / self.second
        density: Floats = np.exp(-z * z / 2) / (self.second * math.sqrt(2 * math.pi))
        return density

    def __str__(self) -> str:
        if self.kind == "uniform":
            return f"uniform from {self.first:.4g} to {self.second:.4g}"
        return f"normal, mean {self.first:.4g}, std {self.second:.4g}"


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
    density, finite = histogram.density, finite_of(histogram.values)
    lines = [headline(histogram.name, histogram.facts, width, look)]
    lines += _figure_lines(_figures(histogram, finite, look), width, height, look)
    if density is not None:
        drawn = f"{_line_character(look.glyphs) * 2} drawn from: {density}"
        lines.append(words(drawn, width, look, "dev"))
    rows = height - len(lines) - FRAME_HEIGHT
    if width < LEAST_WIDTH or height < LEAST_HEIGHT or rows < 1 or not len(finite):
        return filled(lines, width, height)
    columns, ends = width - FRAME_WIDTH, ends_of(finite)
    heights, expected = column_densities(finite, ends, columns), np.empty(0)
    if density is not None:
        edges = np.linspace(*ends, columns + 1)
        expected = density.at((edges[:-1] + edges[1:]) / 2)
    top = max(float(heights.max()), float(expected.max(initial=0.0)))
    upright = linear_axis(0.0, top, max(rows // 3, 1))
    level = Axis.between(*ends, max(columns // 12, 1))
    picture = bars(heights / upright.high, expected / upright.high, rows, look)
    return filled([*lines, *framed(picture, level, upright, look)], width, height)


def _figure_lines(figures: list[str], width: int, height: int, look: Look) -> Lines:
    """Return the figures in one line, or in two where they need them and there is room."""
    style = look.style("text")
    line, shown = joined([(each, style) for each in figures], "  ", style, width)
    if not shown:
        return [cut(look.line(figures[0], "text"), width)]
    rest = figures[shown:]
    return [line, *(_figure_lines(rest, width, 0, look) if rest and height >= TWO_LINES else [])]


def _figures(histogram: Histogram, finite: Floats, look: Look) -> list[str]:
    """Return how many numbers there are, and their mean, spread and ends."""
    total = len(histogram.values)
    parts = [f"n {count(total)}"]
    if len(finite) < total:
        parts.append(f"{count(total - len(finite))} not finite, left out")
    if not len(finite):
        return parts
    with np.errstate(all="ignore"):
        ends = {"min": finite.min(), "max": finite.max()}
        named = {"mean": finite.mean(), "std": finite.std(), **ends}
    return parts + [f"{key} {look.figure(float(value))}" for key, value in named.items()]


def ends_of(finite: Floats) -> tuple[float, float]:
    """Return the first and the last edge; a constant gets a little room around it."""
    return roomy(float(finite.min()), float(finite.max()), 0.0)


def column_densities(finite: Floats, ends: tuple[float, float], columns: int) -> Floats:
    """Return the density in each of ``columns`` columns, from 200 bins."""
    counts, edges = np.histogram(finite, bins=BINS, range=ends)
    below = np.concatenate([[0.0], np.cumsum(counts)]) / len(finite)
    # A column's share is read off the bins' cumulative share: no bin is lost or counted twice.
    shares = np.diff(np.interp(np.linspace(ends[0], ends[1], columns + 1), edges, below))
    densities: Floats = shares / (ends[1] - ends[0]) * columns
    return densities


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
    bar, over = look.style("train"), look.style("dev", bold=True)
    # A bar that fills the cell behind the line is that cell's background.
    filling = Style(bgcolor=bar.color) if look.palette.colours else Style.null()
    lines = []
    for row in range(rows - 1, -1, -1):
        line = Text(end="", no_wrap=True)
        for column, steps_here in enumerate(filled_steps.tolist()):
            level = min(max(steps_here - row * steps, 0), steps)
            if len(line_rows) and line_rows[column] == row and expected[column] > 0:
                line.append(_line_character(look.glyphs), over if level < steps else over + filling)
            elif level:
                full = "#" if look.glyphs.name == "ascii" else look.glyphs.levels[level - 1]
                line.append(full, inks[column] if inks else bar)
            else:
                line.append(" ")
        lines.append(line)
    return lines


# --- what weights were drawn from -----------------------------------------------------------------


def density_of(network: RecordedNetwork, parameter: str) -> Density | None:
    """Return what a parameter was drawn from, where the weights are still those it started with.

    None for what is not drawn number by number: constants, zeros, orthogonal matrices.
    """
    mlp = network.material.header.experiment.get("model", {}).get("kind", "mlp") == "mlp"
    if not (mlp and network.initial):
        return None
    layer, _, kind = parameter.partition(".")
    index = layer.removeprefix("layer")
    if kind not in ("weight", "bias") or not index.isdigit():
        return None
    shape = network.weights[f"{layer}.weight"].shape
    return _drawn_from(network.material.experiment, int(index), kind, shape)


def _drawn_from(
    experiment: Experiment, layer: int, kind: str, shape: tuple[int, ...]
) -> Density | None:
    init = getattr(experiment.model.inits[layer - 1], kind)
    fan_out, fan_in = shape[0], math.prod(shape[1:])
    match init.name:
        case "normal":
            return _normal(init.mean, init.std)
        case "uniform":
            return _uniform(init.a, init.b)
        case "default":
            return _uniform(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))
        case "xavier_normal":
            return _normal(0.0, init.gain * math.sqrt(2 / (fan_in + fan_out)))
        case "xavier_uniform":
            bound = init.gain * math.sqrt(6 / (fan_in + fan_out))
            return _uniform(-bound, bound)
        case "kaiming_normal":
            return _normal(0.0, _kaiming(init, fan_in, fan_out))
        case "kaiming_uniform":
            bound = math.sqrt(3) * _kaiming(init, fan_in, fan_out)
            return _uniform(-bound, bound)
    return None


def _kaiming(init: Any, fan_in: int, fan_out: int) -> float:
    return GAINS[init.nonlinearity] / math.sqrt(fan_in if init.mode == "fan_in" else fan_out)


def _normal(mean: float, std: float) -> Density | None:
    return Density("normal", mean, std) if std > 0 else None


def _uniform(low: float, high: float) -> Density | None:
    return Density("uniform", low, high) if low < high else None
