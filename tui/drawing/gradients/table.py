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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import count, figure, percent
from ...style.palette import Palette, Role
from ...style.text import Lines, cut, joined, pad, pad_left
from ..base.spark import draw_gauge, draw_verdict, scale, sparkline
from .layers import GradientTable, LayerRow, read_layers

if TYPE_CHECKING:
    from engine.recording.history import History

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
        widths: dict[str, int] = {}
        for column in ORDER:
            if column not in kinds:
                continue
            needed = wide.get(column, FIGURE + 1)
            if needed > left:
                break
            widths[column] = needed
            left -= needed
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
    line = Text(pad("layer", columns.name), end="")
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
    if columns.word:
        line.append(pad(" verdict", columns.verdict + columns.word))
    else:
        line.append(" " * columns.verdict)
    over_time = " over time" if columns.recent >= len(" over time") else " time"
    line.append(pad(over_time, columns.recent))
    line.stylize(look.style("muted"))
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


def _draw_row(
    layer: LayerRow, last: float, ends: tuple[int, int], columns: Columns, look: Look
) -> Text:
    role = standing(layer.weight, last)
    style = look.style(role)
    text, muted = look.style("text"), look.style("muted")
    name = pad(_label(layer.name, columns.name), columns.name, look.glyphs.ellipsis)
    line = Text(name, text, end="")
    shape = _ascii(f" {layer.shape}", look.glyphs)
    line.append(pad(shape, columns.shape, look.glyphs.ellipsis), muted)

    def add(words: str, cells: int, style: Style) -> None:
        if cells:
            line.append(pad_left(words, cells), style)

    add(_figure(layer.weight, look.glyphs), FIGURE + 1, style)
    add(_figure(layer.bias, look.glyphs), columns.bias, _bias_style(layer, last, look.palette))
    finite = layer.norm is None or math.isfinite(layer.norm)
    add(_figure(layer.norm, look.glyphs), columns.norm, text if finite else look.style("bad"))
    add(_figure(layer.update, look.glyphs), columns.update, look.style(update_role(layer.update)))
    for share, cells in ((layer.dead, columns.dead), (layer.saturated, columns.saturated)):
        add(_share(share), cells, look.style(share_role(share)))
    line.append_text(draw_verdict(layer.verdict, columns.verdict, columns.word, look))
    if columns.recent:
        line.append(" " + sparkline(layer.recent, columns.recent - 1, look.glyphs), style)
    if columns.gauge:
        line.append(" ")
        gauge = draw_gauge(layer.weight, ends, columns.gauge - 1, look, role)
        line.append_text(gauge)
    return line


def _label(name: str, width: int) -> str:
    """Return a layer's name, or its last part where the whole has no room."""
    last = name.rpartition(".")[2]
    return name if cell_len(name) <= width or last == name else f"  {last}"


def _bias_style(layer: LayerRow, last: float, palette: Palette) -> Style:
    if layer.bias is None or layer.idle_bias:
        return palette.style("muted")
    return palette.style(standing(layer.bias, last))


def _figure(value: float | None, glyphs: Glyphs) -> str:
    return "" if value is None else figure(value, infinity=glyphs.infinity)


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
    roles: tuple[Role, ...] = ("vanishing", "small", "level", "large")
    for limit, role in zip(limits, roles, strict=True):
        if ratio < limit:
            return role
    return "exploding"


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
    words.append(f"whole norm {figure(table.whole, infinity=look.glyphs.infinity)}")
    if table.probe_step is not None and table.probe_step != table.step:
        words.append(f"probe at step {count(table.probe_step)}")
    words += _whose(table)
    if "update" in table.kinds:
        words.append("update 1e-3 is usual")
    words += _first_to_last(table)
    line, _ = joined([(each, muted) for each in words], look.glyphs.dot, muted, width)
    return cut(line, width)


def _whose(table: GradientTable) -> list[str]:
    """Return which network of a population it is, or that it is all of them and how they stand."""
    if table.members == 1:
        return []
    if table.member is not None:
        name = f"{table.name}, " if table.name else ""
        return [f"{name}member {table.member + 1} of {table.members}"]
    diverged = table.crowd.diverged if table.crowd is not None else 0
    member_endings = table.crowd.member_endings if table.crowd is not None else ()
    return [f"medians of {count(table.members - diverged)} members", *member_endings]


def _first_to_last(table: GradientTable) -> list[str]:
    """Return how the first layer stands to the last, where both have a size."""
    if len(table.layers) < 2:
        return []
    first, last = table.layers[0], table.layers[-1]
    if not (math.isfinite(first.weight) and math.isfinite(last.weight) and last.weight > 0):
        return []
    return [f"{first.name} / {last.name} = {figure(first.weight / last.weight, 3)}"]
