"""What goes into each layer's activation, under the activation's curve and its slope.

    layer1 · gelu · weights of step 300
    3 of 32 units saturated  9 % of z flat  22 % below the minimum  z: mean -0.21, std 0.84
    ━━ gelu(z)  ━━ its slope  ▼ minimum -0.17 at z = -0.75  █ z of 100 train rows
          1 ┤          ⢀⠤⠒
          0 ┤⠒⠒⠒⠒⠒▼⠒⠊
        0.5 ┤     ▂▂▂▅▅██████▂▂
          0 ┼───────────────────
           -4          0

z is what goes into the activation, of every unit on every row. Where the bars lie under a flat
slope, no gradient passes; what cannot be seen, as a unit that is dead on all rows, is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.style import Style

from engine.components.activation_rules import ActivationRule
from engine.components.activations import ACTIVATIONS, SATURATED, ActivationEntry

from ...style.look import Look
from ...style.numbers import count, figure, percent
from ...style.palette import Role
from ...style.text import Lines, Styled, cut, joined
from ..base.axis import Axis, linear_axis
from ..base.canvas import Canvas
from ..base.frame import FRAME_HEIGHT, FRAME_WIDTH, filled, framed, headline, with_axis
from .histogram import bars, column_densities

if TYPE_CHECKING:
    from .material import RecordedNetwork

Floats = NDArray[np.float64]

Ends = tuple[float, float]
"""The first and the last z of a picture."""

LEAST_REACH: Final = 4.0
"""How far to either side of 0 the picture goes at least: there every activation bends."""
BEYOND: Final = 0.5
"""Per cent of z at either end that a picture may leave out; how many are left out is said."""
TOP: Final = 2.0
"""How high the curves are drawn at most: what rises for good would flatten all else."""
MOST_SUMS: Final = 1 << 22
"""Numbers z that are computed for a picture at most; of more, rows are evenly chosen."""

LEAST_WIDTH: Final = FRAME_WIDTH + 12
LEAST_HEIGHT: Final = 9
LETTERS: Final = ("h", "s")
"""What stands on the curve and on its slope where colours cannot tell which is which."""
CURVES: Final = 0.55
"""The share of the lines that the curves take, the bars beneath take the rest."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerSums:
    """One layer's activation, and what goes into it."""

    name: str
    """The layer's."""
    activation: str
    """Its activation's, as presets name it."""
    sums: Floats
    """[rows, units]: z; may hold anything. A unit of a convolution is a channel, and has a row for
    every place of every picture."""
    rows: int
    """How many rows of data went through the network."""
    part: str = "train"
    """Which rows went through the network."""
    facts: tuple[str, ...] = ()
    """Whose weights they are."""

    @property
    def entry(self) -> ActivationEntry:
        """What is known of the activation."""
        return ACTIVATIONS[self.activation]

    @cached_property
    def slopes(self) -> Floats | None:
        """[rows, units]: how steep the activation is there; None where units are mixed."""
        rule = self.entry.rule
        if not isinstance(rule, ActivationRule):
            return None
        with np.errstate(all="ignore"):
            return np.where(np.isnan(self.sums), np.nan, np.abs(rule.numpy_slope(self.sums)))

    @cached_property
    def shares(self) -> dict[str, float]:
        """What stops gradients, as shares: of units, or of z; what cannot be is left out.

        A unit is dead where its slope is 0 on every row, and saturated where its mean slope is
        next to nothing, as the probe of a run counts them.
        """
        slopes, entry = self.slopes, self.entry
        if slopes is None or not slopes.size:
            return {}
        flat = SATURATED * entry.traits.steepest
        shares: dict[str, float] = {}
        if not np.isfinite(self.sums).any():
            return shares
        if entry.traits.dies:
            shares |= {"dead": _share(slopes.max(0) == 0), "no slope": _share(slopes == 0)}
        if entry.traits.steepest:
            shares |= {"saturated": _share(slopes.mean(0) <= flat), "flat": _share(slopes <= flat)}
        if entry.minimum is not None:
            shares["below the minimum"] = _share(self.sums < entry.minimum[0])
        return shares

    def numbers(self) -> dict[str, Any]:
        """Return what is shown in numbers: what z is like, and what stops gradients."""
        finite = self.sums[np.isfinite(self.sums)]
        with np.errstate(all="ignore"):
            like = (float(finite.mean()), float(finite.std())) if len(finite) else (None, None)
        return {
            "activation": self.activation,
            "rows": self.rows,
            "units": self.sums.shape[1],
            "mean": like[0],
            "std": like[1],
            **{word.replace(" ", "_"): share for word, share in self.shares.items()},
        }


def _share(holds: NDArray[np.bool_]) -> float:
    return float(holds.mean())


def gather(network: RecordedNetwork, layer: str | None = None) -> list[LayerSums]:
    """Return what goes into the activations of the layers that are meant; of all by default.

    Raises:
        ViewError: There is no such layer, or only PyTorch can compute it.
    """
    from engine.recording.forward import layer_by_layer

    from .material import ViewError

    layers = {each.name: each for each in network.layers if each.learns}
    names = [*layers]
    wanted = names if layer is None else [layer.partition(".")[0]]
    if not set(wanted) <= set(names):
        raise ViewError(f"--layer: there is no {layer!r}; there are: {', '.join(names)}")
    parts = network.material.parts
    part = "train" if "train" in parts else next(iter(parts))
    inputs = parts[part].inputs
    units = sum(len(network.weights[f"{name}.weight"]) for name in names)
    if len(inputs) > (most := max(MOST_SUMS // units, 1)):
        inputs = inputs[np.linspace(0, len(inputs) - 1, most).astype(int)]
    portions = [
        [sums for sums, _ in layer_by_layer(network.layers, network.weights, rows)]
        for rows in network.portions(inputs)
    ]
    return [
        LayerSums(
            name=layer.name,
            activation=layer.activation,
            sums=_by_unit(np.concatenate(sums), len(network.weights[f"{layer.name}.weight"])),
            rows=len(inputs),
            part=part,
            facts=network.facts,
        )
        for layer, sums in zip(network.layers, zip(*portions, strict=True), strict=True)
        if layer.name in wanted
    ]


def _by_unit(sums: NDArray[Any], units: int) -> Floats:
    """Return a layer's z [rows, units * places] as [rows * places, units]."""
    places = sums.reshape(len(sums), units, -1).transpose(0, 2, 1)
    return places.reshape(-1, units).astype(np.float64)


def draw_sums(layer: LayerSums, width: int, height: int, look: Look) -> Lines:
    """Return the picture of a layer: what stops gradients, the curves, and z beneath.

    Args:
        layer: What to show.
        width: Cells, at least 0.
        height: Lines, at least 0.
        look: What to draw with.
    """
    title = f"{layer.name}{look.glyphs.dot}{layer.activation}"
    finite = layer.sums[np.isfinite(layer.sums)]
    ends = reach(finite)
    text, muted = look.style("text"), look.style("muted")
    lines = [
        headline(title, list(layer.facts), width, look),
        cut(joined(list(_facts(layer, finite, ends, look)), "  ", text, width)[0], width),
        cut(joined(_legend(layer, width, look), "  ", muted, width)[0], width),
    ]
    room = height - len(lines) - FRAME_HEIGHT
    if width < LEAST_WIDTH or height < LEAST_HEIGHT or not len(finite):
        return filled(lines, width, height)
    columns = width - FRAME_WIDTH
    upper = round(CURVES * room) if layer.slopes is not None else 0
    if upper:
        lines += draw_curves(layer.activation, ends, (columns, upper), look)
    lines += _bars(layer, finite, ends, (columns, room - upper), look)
    return filled(lines, width, height)


def reach(finite: Floats) -> Ends:
    """Return from where to where a picture goes: nearly all of z, and the bend in any case."""
    if not len(finite):
        return -LEAST_REACH, LEAST_REACH
    low, high = np.percentile(finite, [BEYOND, 100 - BEYOND])
    return min(float(low), -LEAST_REACH), max(float(high), LEAST_REACH)


def _facts(layer: LayerSums, finite: Floats, ends: Ends, look: Look) -> Iterator[Styled]:
    """Yield what stops gradients, then what z is like."""
    units, shares = layer.sums.shape[1], layer.shares
    text, infinity = look.style("text"), look.glyphs.infinity
    if layer.sums.size > len(finite):
        some = f"{count(layer.sums.size - len(finite))} not finite, left out"
        yield some if len(finite) else "no z is finite", look.style("bad", bold=True)
    for word in ("dead", "saturated"):
        if word in shares:
            many = round(shares[word] * units)
            style = look.style("warning", bold=True) if many else text
            yield f"{count(many)} of {count(units)} unit{'s' * (units != 1)} {word}", style
    for word, said in (
        ("no slope", "of z at slope 0"),
        ("flat", "of z flat"),
        ("below the minimum", "below the minimum"),
    ):
        # What is flat is the more telling where both can be.
        if word in shares and not (word == "no slope" and "flat" in shares):
            yield f"{percent(shares[word])} {said}", text
    if len(finite):
        with np.errstate(all="ignore"):
            mean, spread = float(finite.mean()), float(finite.std())
        yield f"z: mean {figure(mean, 3, infinity)}, std {figure(spread, 3, infinity)}", text
        outside = int(((finite < ends[0]) | (finite > ends[1])).sum())
        if outside:
            yield f"{count(outside)} z further out", look.style("muted")


def _legend(layer: LayerSums, width: int, look: Look) -> list[Styled]:
    """Return what the curves and the bars are."""
    rows = f"z of {count(layer.rows)} {layer.part} row{'s' * (layer.rows != 1)}"
    bar = "#" if look.glyphs.name == "ascii" else look.glyphs.levels[-1]
    z = (f"{bar} {rows}", look.style("muted"))
    if layer.slopes is None:
        mixed = f"{layer.activation} takes all units together: no curve of one z"
        return [z, (mixed, look.style("muted"))]
    return [*curve_legend(layer.activation, look, width), z]


def curve_legend(activation: str, look: Look, width: int) -> list[Styled]:
    """Return what the two curves of an activation are, and its least value, for so many cells."""
    keys = look.glyphs.keys if look.palette.colours or look.glyphs.name == "ascii" else LETTERS
    parts = [
        (f"{keys[0]} {activation}(z)", look.style("train", bold=True)),
        (f"{keys[1]} its slope", look.style("dev", bold=True)),
    ]
    if (minimum := ACTIVATIONS[activation].minimum) is not None:
        z, value = minimum
        least = f"{_least(look)} minimum {value:.2f} at z = {z:.2f}"
        if sum(len(words) + 2 for words, _ in parts) + len(least) > width:
            least = f"{_least(look)} least {value:.2f}"
        parts.append((least, look.style("warning")))
    return parts


def _least(look: Look) -> str:
    return "v" if look.glyphs.name == "ascii" else "▼"


def draw_curves(
    activation: str, ends: Ends, size: tuple[int, int], look: Look, level: Axis | None = None
) -> Lines:
    """Return an activation and its slope as curves with an upright axis; one of one z each.

    Args:
        activation: Its name.
        ends: The first and the last z.
        size: Columns and lines of the canvas.
        look: What to draw with.
        level: The axis of z under them, where they have one of their own.
    """
    entry = ACTIVATIONS[activation]
    assert isinstance(entry.rule, ActivationRule)
    columns, rows = size
    canvas = Canvas(columns, rows, look.glyphs)
    z = np.linspace(*ends, canvas.dot_columns)
    with np.errstate(all="ignore"):
        values, slopes = entry.rule.numpy(z), entry.rule.numpy_slope(z)
    both = np.concatenate([values, slopes])
    low, high = max(float(both.min()), -TOP), min(float(both.max()), TOP)
    upright = linear_axis(low, high, max(rows // 2, 1))
    drawn: tuple[tuple[Floats, Role, str], ...]
    drawn = ((slopes, "dev", "+"), (values, "train", "*"))
    for curve, role, character in drawn:
        shares = (curve - upright.low) / (upright.high - upright.low)
        # Beyond the picture there is nothing to draw: no line runs along its edge.
        shares = np.where((shares < -0.05) | (shares > 1.05), np.nan, shares)
        style = look.style(role, bold=True)
        canvas.curve(shares, style, character, thick=look.big)
        seen = np.flatnonzero((shares >= 0) & (shares <= 1))
        if len(seen) and not look.palette.colours and look.glyphs.name != "ascii":
            letter = LETTERS[role == "dev"]
            at = int(seen[-1 if role == "train" else -len(seen) // 8])
            canvas.mark(at / max(len(z) - 1, 1), float(shares[at]), letter, style)
    if entry.minimum is not None:
        place, value = entry.minimum
        across = (place - ends[0]) / (ends[1] - ends[0])
        canvas.mark(across, upright.share(value), _least(look), look.style("warning", bold=True))
    lines = canvas.lines()
    return with_axis(lines, upright, look) if level is None else framed(lines, level, upright, look)


def _bars(layer: LayerSums, finite: Floats, ends: Ends, size: tuple[int, int], look: Look) -> Lines:
    """Return the histogram of z with both axes, in warning colours where the slope is flat."""
    columns, rows = size
    heights = column_densities(finite[(finite >= ends[0]) & (finite <= ends[1])], ends, columns)
    upright = linear_axis(0.0, float(heights.max()), max(rows // 3, 1))
    level = Axis.between(*ends, max(columns // 12, 1))
    inks = _inks(layer, ends, columns, look)
    return framed(bars(heights / upright.high, np.empty(0), rows, look, inks), level, upright, look)


def _inks(layer: LayerSums, ends: Ends, columns: int, look: Look) -> list[Style]:
    """Return the colour of each column: that of what stops gradients there."""
    edges = np.linspace(*ends, columns + 1)
    z = (edges[:-1] + edges[1:]) / 2
    rule, entry = layer.entry.rule, layer.entry
    stops = np.zeros(columns, bool)
    if isinstance(rule, ActivationRule):
        with np.errstate(all="ignore"):
            slope = np.abs(rule.numpy_slope(z))
        if entry.traits.steepest or entry.traits.dies:
            stops = slope <= SATURATED * entry.traits.steepest
        if entry.minimum is not None:
            stops |= z < entry.minimum[0]
    good, bad = look.style("muted"), look.style("warning")
    return [bad if each else good for each in stops.tolist()]
