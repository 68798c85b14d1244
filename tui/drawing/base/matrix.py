"""Weights as numbers in rows and columns.

Columns are aligned at their right; what does not fit is left out of the middle, and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import count, figure
from ...style.palette import Palette
from ...style.text import Lines, pad_left
from .frame import cropped, headline, words

if TYPE_CHECKING:
    from ..network.material import RecordedNetwork

WIDEST: Final = 10
"""Cells of a column's heading."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerWeights:
    """The weights of one layer."""

    name: str
    weight: NDArray[np.floating]
    """[units, inputs]; more axes are laid out in a row."""
    others: tuple[tuple[str, NDArray[np.floating]], ...] = ()
    """The biases and what else each unit has, by name: [units] each."""
    inputs: tuple[str, ...] = ()
    """The names of the inputs, where they have any."""
    facts: tuple[str, ...] = ()


def gather(network: RecordedNetwork, layer: str | None = None) -> list[LayerWeights]:
    """Return the layers that are meant, with everything that each unit has; all by default."""
    names = [name for name, _ in network.matrices(layer)]
    if layer is not None:
        return [_layer(network, layer)]
    own = (name.removesuffix(".weight") if name.endswith(".weight") else name for name in names)
    return [_layer(network, name) for name in dict.fromkeys(own)]


def _layer(network: RecordedNetwork, name: str) -> LayerWeights:
    facts = network.facts
    if name in network.weights:
        values = np.atleast_1d(network.weights[name])
        return LayerWeights(name=name, weight=values.reshape(len(values), -1), facts=facts)
    weight = network.weights[f"{name}.weight"]
    shapes = network.material.header.parameters
    others = tuple(
        (key.removeprefix(f"{name}."), network.weights[key])
        for key, shape in shapes.items()
        if key.startswith(f"{name}.") and list(shape) == [len(weight)]
    )
    inputs = tuple(network.material.input_names) if name == "layer1" and weight.ndim == 2 else ()
    return LayerWeights(
        name=name, weight=weight.reshape(len(weight), -1), others=others, inputs=inputs, facts=facts
    )


def draw_layer(layer: LayerWeights, width: int, height: int, look: Look) -> Lines:
    """Return a layer's weights as aligned numbers: a row for each unit, a column for each input.

    Args:
        layer: What to show.
        width: Cells, at least 0.
        height: Lines at most, at least 0.
        look: What to draw with.
    """
    units, inputs = layer.weight.shape
    title = headline(layer.name, [f"{units}x{inputs}", *layer.facts], width, look)
    note = equal_rows(layer)
    body = height - 2 - bool(note)
    rows = chosen(units, max(body, 1))
    cells = [["", *_names(layer)]]
    for row in rows:
        cells.append(_row(layer, row, look.glyphs))
    table = table_lines(cells, 1 + len(layer.others), width, look)
    lines = [title, *table[: 1 + max(body, 0)]]
    if note:
        lines.append(words(note, width, look, "warning"))
    return cropped(lines, width, height)


def equal_rows(layer: LayerWeights) -> str:
    """Say that units are copies of each other, where they all are: they learn the same."""
    units = layer.weight
    whole = np.concatenate([units, *(each.reshape(len(units), -1) for _, each in layer.others)], 1)
    first = np.broadcast_to(whole[0], whole.shape)
    # Each unit's sums may be taken in another order: a few units in the last place are no parting.
    if len(whole) < 2 or not np.allclose(whole, first, rtol=1e-5, atol=0):
        return ""
    what = "equal" if np.array_equal(whole, first) else "equal but for rounding"
    what = what if whole.any() else "all 0"
    return f"the {count(len(whole))} rows are {what}: units that are copies learn the same"


def _names(layer: LayerWeights) -> list[str]:
    inputs = layer.weight.shape[1]
    names = list(layer.inputs) if len(layer.inputs) == inputs else []
    names = names or [str(index) for index in range(1, inputs + 1)]
    return [*names, *(name for name, _ in layer.others)]


def _row(layer: LayerWeights, row: int | None, glyphs: Glyphs) -> list[str]:
    """Return one unit's number and numbers; dots for the units that are left out."""
    size = layer.weight.shape[1] + len(layer.others)
    if row is None:
        return [glyphs.ellipsis] * (size + 1)
    numbers = [*layer.weight[row].tolist(), *(float(each[row]) for _, each in layer.others)]
    return [str(row + 1), *(signed(number, glyphs) for number in numbers)]


def signed(value: float, glyphs: Glyphs) -> str:
    """Return a weight with four decimals, or an exponent where those would hide it."""
    if value == 0 or not np.isfinite(value) or not 5e-4 <= abs(value) < 1e4:
        return figure(value, infinity=glyphs.infinity)
    return f"{value:.4f}"


def chosen(size: int, room: int) -> list[int | None]:
    """Return which of ``size`` rows are shown in ``room`` lines; None for those left out."""
    if size <= room:
        return list(range(size))
    head = room // 2
    tail = room - head - 1
    return [*range(head), None, *range(size - tail, size)]


def table_lines(
    cells: list[list[str]], fixed: int, width: int, look: Look, *, widest: int = WIDEST
) -> Lines:
    """Return aligned lines: the first column and the last ``fixed - 1`` always, the rest as fits.

    Args:
        cells: Rows of equal length, the headings first.
        fixed: How many columns are never left out.
        width: Cells.
        look: What to draw with.
        widest: Cells of a column at most.
    """
    widths = [max(cell_len(row[column]) for row in cells) for column in range(len(cells[0]))]
    widths = [min(each, widest) for each in widths]
    last = len(widths) - (fixed - 1)
    shown = _columns(widths, last, width)
    lines = []
    for index, row in enumerate(cells):
        line = Text(end="", no_wrap=True)
        for column in shown:
            style = _cell_style(index == 0 or column == 0, look.palette)
            if column is None:
                line.append("  " + look.glyphs.ellipsis, look.style("muted"))
                continue
            bar = look.glyphs.axis[0] if column == last and fixed > 1 else ""
            line.append(f" {bar}" if bar else "", look.style("faint"))
            between = 0 if column == 0 else 2
            words_here = pad_left(row[column], widths[column], look.glyphs.ellipsis)
            line.append(" " * between + words_here, style)
        lines.append(line)
    return lines


def _cell_style(heading: bool, palette: Palette) -> Style:
    return palette.style("muted" if heading else "text")


def _columns(widths: Sequence[int], last: int, width: int) -> list[int | None]:
    """Return which columns are shown; None stands for those that have no room."""
    fixed = [0, *range(last, len(widths))]
    room = width - sum(widths[column] + 2 for column in fixed) + 2 - 2 * (last < len(widths))
    inner = list(range(1, last))
    if sum(widths[column] + 2 for column in inner) <= room:
        return [0, *inner, *range(last, len(widths))]
    room -= 3
    kept = 0
    for column in inner:
        if widths[column] + 2 > room:
            break
        room -= widths[column] + 2
        kept += 1
    head, tail = kept - kept // 2, kept // 2
    left = inner[:head]
    right = inner[len(inner) - tail :] if tail else []
    return [0, *left, None, *right, *range(last, len(widths))]
