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

from ...style.look import Look
from ...style.numbers import count
from ...style.text import Lines, fitting
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
    layers = dict.fromkeys(name.removesuffix(".weight") for name in names)
    return [_layer(network, name) for name in layers]


def _layer(network: RecordedNetwork, name: str) -> LayerWeights:
    if name in network.weights:
        values = np.atleast_1d(network.weights[name])
        weight = values.reshape(len(values), -1)
        return LayerWeights(name=name, weight=weight, facts=network.facts)
    weight = network.weights[f"{name}.weight"]
    material = network.material
    return LayerWeights(
        name=name,
        weight=weight.reshape(len(weight), -1),
        others=tuple(
            (key.removeprefix(f"{name}."), network.weights[key])
            for key, shape in material.header.parameters.items()
            if key.startswith(f"{name}.") and list(shape) == [len(weight)]
        ),
        inputs=tuple(material.feature_names) if name == "layer1" and weight.ndim == 2 else (),
        facts=network.facts,
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
    body = height - 2 - bool(note := equal_rows(layer))
    names = list(layer.inputs) if len(layer.inputs) == inputs else []
    names = names or [str(index) for index in range(1, inputs + 1)]
    cells = [["", *names, *(name for name, _ in layer.others)]]
    cells += [_row(layer, row, look) for row in chosen(units, max(body, 1))]
    lines = [title, *table_lines(cells, 1 + len(layer.others), width, look)[: 1 + max(body, 0)]]
    lines += [words(note, width, look, "warning")] if note else []
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


def _row(layer: LayerWeights, row: int | None, look: Look) -> list[str]:
    """Return one unit's number and numbers; dots for the units that are left out."""
    if row is None:
        return [look.glyphs.ellipsis] * (layer.weight.shape[1] + len(layer.others) + 1)
    numbers = [*layer.weight[row].tolist(), *(float(each[row]) for _, each in layer.others)]
    return [str(row + 1), *(signed(number, look) for number in numbers)]


def signed(value: float, look: Look) -> str:
    """Return a weight with four decimals, or an exponent where those would hide it."""
    return f"{value:.4f}" if 5e-4 <= abs(value) < 1e4 else look.figure(value)


def chosen(size: int, room: int) -> list[int | None]:
    """Return which of ``size`` rows are shown in ``room`` lines; None for those left out."""
    if size <= room:
        return list(range(size))
    head = room // 2
    tail = room - head - 1
    return [*range(head), None, *range(size - tail, size)]


def table_lines(
    cells: list[list[str]], fixed: int, width: int, look: Look, widest: int = WIDEST
) -> Lines:
    """Return aligned lines: the first column and the last ``fixed - 1`` always, the rest as fits.

    Args:
        cells: Rows of equal length, the headings first.
        fixed: How many columns are never left out.
        width: Cells.
        look: What to draw with.
        widest: Cells of a column at most.
    """
    widths = [min(max(map(cell_len, column)), widest) for column in zip(*cells, strict=True)]
    last = len(widths) - (fixed - 1)
    lines = []
    for index, row in enumerate(cells):
        line = look.line()
        for column in _columns(widths, last, width):
            if column is None:
                line.append("  " + look.glyphs.ellipsis, look.style("muted"))
                continue
            if column == last and fixed > 1:
                line.append(f" {look.glyphs.axis[0]}", look.style("faint"))
            words_here = "  " * (column > 0) + look.pad_left(row[column], widths[column])
            line.append(words_here, look.style("text" if index and column else "muted"))
        lines.append(line)
    return lines


def _columns(widths: Sequence[int], last: int, width: int) -> list[int | None]:
    """Return which columns are shown; None stands for those that have no room."""
    fixed = [0, *range(last, len(widths))]
    room = width - sum(widths[column] + 2 for column in fixed) + 2 - 2 * (last < len(widths))
    inner = list(range(1, last))
    if sum(widths[column] + 2 for column in inner) <= room:
        return [0, *inner, *range(last, len(widths))]
    needed = [widths[column] + 2 for column in inner]
    # From both ends, for it is those that stay.
    ends = [place // 2 if place % 2 == 0 else -1 - place // 2 for place in range(len(inner))]
    kept = len(fitting(needed, ends, room - 3, 0))
    head, tail = kept - kept // 2, kept // 2
    return [0, *inner[:head], None, *inner[len(inner) - tail :], *range(last, len(widths))]
