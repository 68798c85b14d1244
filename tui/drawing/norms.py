"""The table of gradient norms: a row for each layer, from the input to the output.

Norms of a deep network span twenty powers of ten, so the gauge is logarithmic; what matters is
how a layer stands to the last one, so that decides its colour. Exactly 0 is no small number but
a unit that cannot learn, and is said in words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from tui.drawing.numbers import count, figure
from tui.drawing.text import Lines, cut, fit, pad, pad_left
from tui.glyphs import Glyphs
from tui.palette import Palette, Role

if TYPE_CHECKING:
    from engine.history import History

NUMBER: Final = 9
"""Cells of a norm, such as ``1.83e-11``."""

RECENT_STEPS: Final = 200
"""Steps the sparkline shows."""

LEAST_SPAN: Final = 0.5
"""The smallest range of a sparkline, in powers of ten."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerNorms:
    """One layer's gradients at one step."""

    name: str
    shape: str
    """Units in and out."""
    weight: float
    """Norm of the weights' gradient; NaN where it is not known or not finite."""
    bias: float
    recent: NDArray[np.float32]
    """The weight norm over the last steps, thinned, the newest last."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Norms:
    """Everything that the table shows."""

    layers: tuple[LayerNorms, ...]
    whole: float
    """Norm of all parameters' gradients together."""
    steps: int
    """How many steps the sparklines show."""
    member: int = 0
    members: int = 1


@dataclass(frozen=True)
class Columns:
    """How wide each column is in a table of some width; 0 leaves it out."""

    name: int
    shape: int
    gauge: int
    recent: int
    bias: int

    @classmethod
    def of(cls, width: int) -> Columns:
        """Share out ``width``: names and norms first, then biases, gauge, sparkline, shapes."""
        name = 8 if width >= 30 else max(min(width - NUMBER - 1, 8), 0)
        left = width - name - NUMBER - 1
        bias = NUMBER + 1 if left >= 22 else 0
        left -= bias
        shape = 11 if left >= 52 else 0
        left -= shape
        recent = min(left * 2 // 5, 40) if left >= 24 else 0
        left -= recent + (1 if recent else 0)
        return cls(name, shape, min(max(left - 1, 0), 60) if left >= 4 else 0, recent, bias)


def gather(history: History, *, step: int, width: int, member: int = 0) -> Norms | None:
    """Return the norms at ``step``, or None where there are none yet."""
    rows, header = history.series.get("train"), history.header
    index = rows.row_at(step) if rows is not None else None
    if rows is None or header is None or index is None:
        return None
    recent = Columns.of(width).recent
    layers = []
    for name, shape in header.parameters.items():
        layer, _, kind = name.rpartition(".")
        column = f"grad_norm/{name}"
        if kind != "weight" or column not in rows.columns:
            continue
        bias = f"grad_norm/{layer}.bias"
        layers.append(
            LayerNorms(
                name=layer,
                shape=f"{shape[1]}→{shape[0]}" if len(shape) == 2 else "×".join(map(str, shape)),
                weight=rows.value(column, step, member),
                bias=rows.value(bias, step, member) if bias in rows.columns else math.nan,
                recent=_newest(rows.column(column, member)[: index + 1], recent),
            )
        )
    whole = rows.value("grad_norm", step, member) if "grad_norm" in rows.columns else math.nan
    return Norms(
        layers=tuple(layers),
        whole=whole,
        steps=min(index + 1, RECENT_STEPS),
        member=member,
        members=header.members,
    )


def _newest(column: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Return the last rows in at most ``width`` values, the greatest of each stretch; NaN stays."""
    values = column[-RECENT_STEPS:]
    if width <= 0 or len(values) <= width:
        return values[: max(width, 0)]
    starts = np.linspace(0, len(values), width, endpoint=False).astype(np.int64)
    greatest: NDArray[np.float32] = np.maximum.reduceat(values, starts)
    return greatest


def draw_heading(norms: Norms, width: int, glyphs: Glyphs, palette: Palette) -> Text:
    """Return the line over the table: what each column is, and the gauge's two ends."""
    columns = Columns.of(width)
    muted = palette.style("muted")
    line = Text(pad("layer", columns.name), muted, end="")
    if columns.shape:
        line.append(pad(" in→out" if glyphs.name != "ascii" else " in>out", columns.shape), muted)
    line.append(pad_left("weights", NUMBER), muted)
    if columns.bias:
        line.append(pad_left("biases", columns.bias), muted)
    if columns.gauge:
        low, high = scale(norms)
        left, right = f"1e{low}", f"1e{high}" if high else "1"
        inner = columns.gauge - len(left) - len(right)
        words = left + " " * inner + right if inner > 0 else pad(left, columns.gauge)
        line.append(" " + words, palette.style("faint"))
    if columns.recent:
        recent = f"last {count(norms.steps)} steps" if norms.steps > 1 else "last step"
        line.append(" " + pad(recent, columns.recent), muted)
    return cut(line, width)


def draw_rows(norms: Norms, width: int, glyphs: Glyphs, palette: Palette) -> Lines:
    """Return one line for each layer, the first layer on top."""
    columns, ends = Columns.of(width), scale(norms)
    last = norms.layers[-1].weight if norms.layers else math.nan
    return [cut(_row(layer, last, ends, columns, glyphs, palette), width) for layer in norms.layers]


def _row(
    layer: LayerNorms,
    last: float,
    ends: tuple[int, int],
    columns: Columns,
    glyphs: Glyphs,
    palette: Palette,
) -> Text:
    style = palette.style(standing(layer.weight, last))
    line = Text(pad(layer.name, columns.name, glyphs.ellipsis), palette.style("text"), end="")
    if columns.shape:
        shape = layer.shape if glyphs.name != "ascii" else layer.shape.replace("→", ">")
        line.append(pad(f" {shape}", columns.shape, glyphs.ellipsis), palette.style("muted"))
    line.append(pad_left(figure(layer.weight, infinity=glyphs.infinity), NUMBER), style)
    if columns.bias:
        bias_style = palette.style(standing(layer.bias, last))
        words = figure(layer.bias, infinity=glyphs.infinity)
        line.append(pad_left(words, columns.bias), bias_style)
    if columns.gauge:
        line.append(" ")
        line.append_text(
            draw_gauge(layer.weight, ends, columns.gauge, glyphs, palette, style_of=last)
        )
    if columns.recent:
        line.append(" " + sparkline(layer.recent, columns.recent, glyphs), style)
    return line


def draw_gauge(
    value: float,
    ends: tuple[int, int],
    width: int,
    glyphs: Glyphs,
    palette: Palette,
    *,
    style_of: float,
) -> Text:
    """Return a bar for ``value`` on a logarithmic scale between two powers of ten.

    Args:
        value: The norm.
        ends: The two powers.
        width: Cells.
        glyphs: What to draw with.
        palette: What it looks like.
        style_of: The last layer's norm, to which the colour compares.
    """
    if value == 0:
        return Text(pad("exactly 0", width, glyphs.ellipsis), palette.style("bad"), end="")
    if not math.isfinite(value):
        words = "not finite" if math.isinf(value) else "no number"
        return Text(pad(words, width, glyphs.ellipsis), palette.style("bad"), end="")
    low, high = ends
    share = (math.log10(abs(value)) - low) / (high - low)
    eighths = len(glyphs.eighths)
    filled = round(min(max(share, 0.0), 1.0) * width * eighths)
    whole, part = divmod(max(filled, 1), eighths)
    bar = glyphs.eighths[-1] * whole + (glyphs.eighths[part - 1] if part else "")
    line = Text(bar[:width], palette.style(standing(value, style_of)), end="")
    return line.append(glyphs.track * (width - len(line.plain)), palette.style("faint"))


def scale(norms: Norms) -> tuple[int, int]:
    """Return the gauge's two ends as powers of ten: every layer fits, and at least 4 between."""
    sizes = [
        math.log10(layer.weight)
        for layer in norms.layers
        if math.isfinite(layer.weight) and layer.weight > 0
    ]
    if not sizes:
        return -4, 0
    high = math.floor(max(sizes)) + 1
    return min(math.ceil(min(sizes)) - 1, high - 4), high


def standing(value: float, last: float) -> Role:
    """Return how a norm stands to the last layer's."""
    if not math.isfinite(value) or value == 0:
        return "bad"
    if not math.isfinite(last) or last <= 0:
        return "level"
    ratio = value / last
    for limit, role in ((1e-3, "vanishing"), (0.1, "small"), (10.0, "level"), (1e3, "large")):
        if ratio < limit:
            return role  # type: ignore[return-value]
    return "exploding"


def sparkline(values: Sequence[float] | NDArray[np.float32], width: int, glyphs: Glyphs) -> str:
    """Return values as little bars on a logarithmic scale of their own, the newest at the right.

    The scale has at least ``LEAST_SPAN``, so that a norm that hardly moves looks level.
    """
    sizes = np.asarray(values, np.float64)[-width:] if width > 0 else np.empty(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(np.abs(sizes))
    finite = logs[np.isfinite(logs)]
    steps = len(glyphs.levels)
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    span = max(high - low, LEAST_SPAN)
    # What hardly moves lies in the middle of one step, not on the edge between two.
    bottom = low if high - low >= LEAST_SPAN else (low + high) / 2 - span * (0.5 + 0.5 / steps)
    marks = []
    for size, log in zip(sizes.tolist(), logs.tolist(), strict=True):
        if size == 0:
            marks.append("0")
        elif not math.isfinite(log):
            marks.append("×" if glyphs.name != "ascii" else "x")
        else:
            level = int((log - bottom) / span * steps)
            marks.append(glyphs.levels[min(level, steps - 1)])
    return "".join(marks).ljust(max(width, 0))


def draw_footing(norms: Norms, width: int, glyphs: Glyphs, palette: Palette) -> Text:
    """Return the line under the table: the whole norm, first against last layer, the member."""
    muted = palette.style("muted")
    words = [f"all parameters {figure(norms.whole, infinity=glyphs.infinity)}"]
    if len(norms.layers) > 1:
        first, last = norms.layers[0], norms.layers[-1]
        if math.isfinite(first.weight) and math.isfinite(last.weight) and last.weight > 0:
            ratio = figure(first.weight / last.weight, 3)
            words.append(f"{first.name} / {last.name} = {ratio}")
    if norms.members > 1:
        words.append(f"member {norms.member + 1} of {norms.members}")
    return cut(Text(fit(glyphs.dot.join(words), width, glyphs.ellipsis), muted, end=""), width)
