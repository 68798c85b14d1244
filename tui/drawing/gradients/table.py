"""The gradient table: a row for each layer, from the input to the output.

    layer    in→out  grad W  grad b  norm W  update  dead  saturated  verdict  over time  gauge

Norms of a deep network span twenty powers of ten, so the gauge is logarithmic; what matters is
how a layer stands to the last one, so that decides the colour of its gradient. An update is
coloured by how far it is from a thousandth of its weights. Exactly 0 is no small number but a
layer that cannot learn, and is said in words. What makes a layer sick is ``engine.diagnosis``'s
business: here its verdict is only written.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from engine.recording.history import History

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import count, figure, percent
from ...style.palette import Role
from ...style.text import Lines, cut, fitting, joined, pad, pad_left
from ..base.spark import Powers, draw_gauge, draw_verdict, scale, sparkline
from ..members.crowd import Crowd
from .layers import GradientTable, LayerRow, read_layers

FIGURE: Final = 8
"""Cells of a figure, such as ``1.83e-11``."""

SHARE: Final = 5
"""Cells of a share, such as ``100 %``."""

WORD: Final = 10
"""Cells of a verdict's word."""

NAME: Final = 8
"""Cells of a layer's name where there is no room to spare."""

LONGEST_NAME: Final = 20
"""Cells of a layer's name at most."""

SHAPE: Final = 11
"""Cells of units in and out, with the space before them."""

PICTURES: Final = 20
"""Cells that a gauge and a sparkline need together."""

SMALL_PICTURE: Final = 7
"""Cells that a sparkline alone needs."""

USUAL_UPDATE: Final = 1e-3
"""The part of its own size by which a weight that learns well is changed in a step."""

ORDER: Final = ("verdict", "norm", "word", "update", "bias", "dead", "saturated")
"""The columns after a layer's name and its gradient, the most important first."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """How wide each column is in a table of some width, its space included; 0 leaves it out."""

    name: int
    shape: int = 0
    bias: int = 0
    norm: int = 0
    update: int = 0
    dead: int = 0
    saturated: int = 0
    verdict: int = 0
    """The verdict's symbol."""
    word: int = 0
    recent: int = 0
    gauge: int = 0

    @classmethod
    def of(cls, width: int, kinds: frozenset[str], longest: int = NAME) -> Columns:
        """Share out ``width``: figures first, in their order, then pictures, shapes and names."""
        name = NAME if width >= 30 else max(min(width - FIGURE - 1, NAME), 0)
        left = max(width - name - FIGURE - 1, 0)
        wide = {"verdict": 2, "word": WORD + 1, "dead": SHARE + 1, "saturated": SHARE + 1}
        if width >= 80:
            wide["saturated"] = len("saturated") + 1
        order = [column for column in ORDER if column in kinds]
        needed = [wide.get(column, FIGURE + 1) for column in order]
        fits = fitting(needed, range(len(order)), left, 0)
        widths: dict[str, int] = {order[at]: needed[at] for at in fits}
        left -= sum(widths.values())
        longer = max(min(longest, LONGEST_NAME) - name, 0)
        if longer and left >= longer + PICTURES:
            name, left = name + longer, left - longer
        if left >= SHAPE + PICTURES:
            widths["shape"] = SHAPE
            left -= SHAPE
        if left >= PICTURES:
            widths["recent"] = min(max(left * 2 // 5, len(" over time")), 41)
            widths["gauge"] = min(left - widths["recent"], 61)
        elif left >= SMALL_PICTURE:
            widths["recent"] = left
        return cls(name=name, **widths)


def gather(
    history: History, *, step: int, width: int, member: int | None = 0, cursor: bool = False
) -> GradientTable | None:
    """Return what a table of this width shows at ``step``, or None where there is nothing yet.

    Without a ``member`` it shows the medians over all of them.
    """

    def recent(kinds: frozenset[str], longest: int) -> int:
        return Columns.of(width, kinds, longest).recent - 1

    return read_layers(history, step, recent, member=member, cursor=cursor)


def draw_heading(table: GradientTable, width: int, look: Look) -> Text:
    """Return the line over the table: what each column is, and the gauge's two ends."""
    columns = Columns.of(width, table.kinds, table.longest)
    line = look.line(pad("layer", columns.name), "muted")
    line.append(pad(_ascii(" in→out", look.glyphs), columns.shape))
    line.append(pad_left("grad W", FIGURE + 1))
    for words, cells in (
        ("grad b", columns.bias),
        ("norm W", columns.norm),
        ("update", columns.update),
        ("dead", columns.dead),
        ("saturated" if columns.saturated > SHARE + 1 else "sat.", columns.saturated),
    ):
        line.append(pad_left(words, cells))
    line.append(pad(" verdict" if columns.word else "", columns.verdict + columns.word))
    over_time = " over time" if columns.recent >= len(" over time") else " time"
    line.append(pad(over_time, columns.recent))
    if columns.gauge:
        line.append(" " + _gauge_heading(table, columns.gauge - 1), look.style("faint"))
    return cut(line, width)


def _gauge_heading(table: GradientTable, width: int) -> str:
    """Return the two ends of the gauge, and what it shows where there is room."""
    low, high = scale([layer.weight for layer in table.layers])
    left, right = f"1e{low}", f"1e{high}" if high else "1"
    inner = width - len(left) - len(right)
    between = "grad W".center(inner) if inner >= len("grad W") + 2 else " " * max(inner, 0)
    return pad(left + between + right, width)


def draw_rows(table: GradientTable, width: int, look: Look) -> Lines:
    """Return one line for each layer, the first layer on top."""
    columns = Columns.of(width, table.kinds, table.longest)
    ends = scale([layer.weight for layer in table.layers])
    last = table.layers[-1].weight if table.layers else math.nan
    return [cut(_draw_row(layer, last, ends, columns, look), width) for layer in table.layers]


def _draw_row(layer: LayerRow, last: float, ends: Powers, columns: Columns, look: Look) -> Text:
    role, text, bad = standing(layer.weight, last), look.style("text"), look.style("bad")
    style, muted = look.style(role), look.style("muted")
    idle = layer.bias is None or layer.idle_bias
    bias = muted if idle else look.style(standing(layer.bias or 0.0, last))
    finite = layer.norm is None or math.isfinite(layer.norm)
    line = look.line().append(look.pad(_label(layer.name, columns.name), columns.name), text)
    line.append(look.pad(_ascii(f" {layer.shape}", look.glyphs), columns.shape), muted)
    for value, cells, value_style in (
        (layer.weight, FIGURE + 1, style),
        (layer.bias, columns.bias, bias),
        (layer.norm, columns.norm, text if finite else bad),
        (layer.update, columns.update, look.style(update_role(layer.update))),
    ):
        line.append(pad_left("" if value is None else look.figure(value), cells), value_style)
    for share, cells in ((layer.dead, columns.dead), (layer.saturated, columns.saturated)):
        line.append(pad_left(_share(share), cells), look.style(share_role(share)))
    line.append(draw_verdict(layer.verdict, columns.verdict, columns.word, look))
    if columns.recent:
        line.append(" " + sparkline(layer.recent, columns.recent - 1, look.glyphs), style)
    if columns.gauge:
        line.append(" ").append(draw_gauge(layer.weight, ends, columns.gauge - 1, look, role))
    return line


def _label(name: str, width: int) -> str:
    """Return a layer's name, or its last part where the whole has no room."""
    last = name.rpartition(".")[2]
    return name if cell_len(name) <= width or last == name else f"  {last}"


def _share(value: float | None) -> str:
    """Return a share in whole percent, and none of it only where it is none."""
    if value is None or not math.isfinite(value):
        return "" if value is None else "NaN"
    return "<1 %" if 0 < value < 0.01 else percent(value)


def _ascii(words: str, glyphs: Glyphs) -> str:
    return words if glyphs.name != "ascii" else words.replace("→", ">").replace("×", "x")


def standing(value: float, last: float) -> Role:
    """Return how a norm stands to the last layer's."""
    if not math.isfinite(value) or value == 0:
        return "bad"
    if not math.isfinite(last) or last <= 0:
        return "level"
    return _distance(value / last, (1e-3, 0.1, 10.0, 1e3))


def update_role(value: float | None) -> Role:
    """Return how far an update is from the usual one: a factor of ten is a lot, a hundred more."""
    if value is None:
        return "muted"
    if not math.isfinite(value) or value == 0:
        return "bad"
    return _distance(value / USUAL_UPDATE, (0.01, 0.1, 10.0, 100.0))


def _distance(ratio: float, limits: tuple[float, float, float, float]) -> Role:
    roles: tuple[Role, ...] = ("vanishing", "small", "level", "large", "exploding")
    return roles[bisect_right(limits, ratio)]


def share_role(value: float | None) -> Role:
    """Return how a share of units that do not answer looks: none, some, half of them, all."""
    if value is None or value == 0:
        return "muted"
    if not value < 1:
        return "bad"
    return "warning" if value >= 0.5 else "text"


def draw_footing(table: GradientTable, width: int, look: Look) -> Text:
    """Return the line under the table: which steps, the whole norm, what is usual, the member."""
    muted = look.style("muted")
    words = [f"step {count(table.step)}"] if table.cursor else []
    words.append(f"whole norm {look.figure(table.whole)}")
    if table.probe_step is not None and table.probe_step != table.step:
        words.append(f"probe at step {count(table.probe_step)}")
    words += [*_whose(table), *(["update 1e-3 is usual"] if "update" in table.kinds else [])]
    words += _first_to_last(table)
    return cut(joined([(each, muted) for each in words], look.glyphs.dot, muted, width)[0], width)


def _whose(table: GradientTable) -> list[str]:
    """Return which network of a population it is, or that it is all of them and how they stand."""
    if table.members == 1:
        return []
    if table.member is not None:
        name = f"{table.name}, " if table.name else ""
        return [f"{name}member {table.member + 1} of {table.members}"]
    crowd = table.crowd or Crowd(members=table.members, training=table.members)
    return [f"medians of {count(table.members - crowd.diverged)} members", *crowd.member_endings]


def _first_to_last(table: GradientTable) -> list[str]:
    """Return how the first layer stands to the last, where both have a size."""
    if len(table.layers) < 2:
        return []
    first, last = table.layers[0], table.layers[-1]
    if not (math.isfinite(first.weight) and math.isfinite(last.weight) and last.weight > 0):
        return []
    return [f"{first.name} / {last.name} = {figure(first.weight / last.weight, 3)}"]
