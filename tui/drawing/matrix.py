"""Numbers in rows and columns: weights, and which class was taken for which.

Columns are aligned at their right; what does not fit is left out of the middle, and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from rich.text import Text

from tui.drawing.frame import cropped, headline, words
from tui.drawing.numbers import count, figure
from tui.drawing.shapes import hue
from tui.drawing.text import Lines, pad_left
from tui.glyphs import Glyphs
from tui.palette import Palette

if TYPE_CHECKING:
    from tui.material import Network

WIDEST: Final = 10
"""Cells of a column's heading."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """The weights of one layer."""

    name: str
    weight: NDArray[np.floating]
    """[units, inputs]; more axes are laid out in a row."""
    others: tuple[tuple[str, NDArray[np.floating]], ...] = ()
    """The biases and what else each unit has, by name: [units] each."""
    inputs: tuple[str, ...] = ()
    """The names of the inputs, where they have any."""
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Confusion:
    """Which class the network took for which."""

    counts: NDArray[np.int64]
    """[true classes, classes said]."""
    classes: tuple[str, ...]
    part: str
    """Which set."""
    facts: tuple[str, ...] = ()


def gather_layers(network: Network, layer: str | None = None) -> list[Layer]:
    """Return the layers that are meant, with everything that each unit has; all by default."""
    found = []
    names = [name for name, _ in network.matrices(layer)]
    for name in dict.fromkeys(name.split(".")[0] if layer is None else name for name in names):
        own = layer if layer is not None and "." in layer else name.split(".")[0]
        found.append(_layer(network, own))
    return found


def _layer(network: Network, name: str) -> Layer:
    facts = network.facts
    if name in network.weights:
        values = network.weights[name]
        return Layer(name=name, weight=values.reshape(len(values), -1), facts=facts)
    weight = network.weights[f"{name}.weight"]
    parameters = network.material.header.parameters
    others = tuple(
        (key.removeprefix(f"{name}."), network.weights[key])
        for key in parameters
        if key.startswith(f"{name}.") and key != f"{name}.weight"
    )
    inputs = tuple(network.material.input_names) if name == "layer1" and weight.ndim == 2 else ()
    return Layer(
        name=name,
        weight=weight.reshape(len(weight), -1),
        others=others,
        inputs=inputs,
        facts=facts,
    )


def gather_confusion(network: Network) -> Confusion:
    """Return which class of the set that judges the network was taken for which."""
    material = network.material
    part = material.parts[material.unseen]
    size = len(material.target_names)
    pairs = part.targets.astype(np.int64) * size + network.predicted(part.inputs)
    return Confusion(
        counts=np.bincount(pairs, minlength=size * size).reshape(size, size),
        classes=tuple(material.target_names),
        part=material.unseen,
        facts=network.facts,
    )


def draw_layer(layer: Layer, width: int, height: int, glyphs: Glyphs, palette: Palette) -> Lines:
    """Return a layer's weights as aligned numbers: a row for each unit, a column for each input.

    Args:
        layer: What to show.
        width: Cells, at least 0.
        height: Lines at most, at least 0.
        glyphs: What to draw with.
        palette: What it looks like.
    """
    units, inputs = layer.weight.shape
    title = headline(layer.name, [f"{units}x{inputs}", *layer.facts], width, glyphs, palette)
    note = equal_rows(layer)
    body = height - 2 - bool(note)
    rows = _chosen(units, max(body, 1))
    cells = [["", *_names(layer)]]
    for row in rows:
        cells.append(_row(layer, row, glyphs))
    table = _table(cells, 1 + len(layer.others), width, glyphs, palette)
    lines = [title, *table[: 1 + max(body, 0)]]
    if note:
        lines.append(words(note, width, glyphs, palette, "warning"))
    return cropped(lines, width, height)


def equal_rows(layer: Layer) -> str:
    """Say that units are copies of each other, where they all are: they learn the same."""
    units = layer.weight
    whole = np.concatenate([units, *(each.reshape(len(units), -1) for _, each in layer.others)], 1)
    if len(whole) < 2 or not np.array_equal(whole, np.broadcast_to(whole[0], whole.shape)):
        return ""
    what = "all 0" if not whole.any() else "equal"
    return f"the {count(len(whole))} rows are {what}: units that are copies learn the same"


def _names(layer: Layer) -> list[str]:
    inputs = layer.weight.shape[1]
    names = list(layer.inputs) if len(layer.inputs) == inputs else []
    names = names or [str(index) for index in range(1, inputs + 1)]
    return [*names, *(name for name, _ in layer.others)]


def _row(layer: Layer, row: int | None, glyphs: Glyphs) -> list[str]:
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


def _chosen(size: int, room: int) -> list[int | None]:
    """Return which of ``size`` rows are shown in ``room`` lines; None for those left out."""
    if size <= room:
        return list(range(size))
    head = room // 2
    tail = room - head - 1
    return [*range(head), None, *range(size - tail, size)]


def _table(
    cells: list[list[str]], fixed: int, width: int, glyphs: Glyphs, palette: Palette
) -> Lines:
    """Return aligned lines: the first column and the last ``fixed - 1`` always, the rest as fits.

    Args:
        cells: Rows of equal length, the headings first.
        fixed: How many columns are never left out.
        width: Cells.
        glyphs: What to draw with.
        palette: What it looks like.
    """
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    widths = [min(each, max(WIDEST, 1)) for each in widths]
    last = len(widths) - (fixed - 1)
    shown = _columns(widths, last, width)
    lines = []
    for index, row in enumerate(cells):
        line = Text(end="", no_wrap=True)
        for column in shown:
            style = _cell_style(index == 0 or column == 0, palette)
            if column is None:
                line.append("  " + glyphs.ellipsis, palette.style("muted"))
                continue
            bar = glyphs.axis[0] if column == last and fixed > 1 else ""
            line.append(f" {bar}" if bar else "", palette.style("faint"))
            between = 0 if column == 0 else 2
            words_here = pad_left(row[column], widths[column], glyphs.ellipsis)
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


def draw_confusion(
    confusion: Confusion, width: int, height: int, glyphs: Glyphs, palette: Palette
) -> Lines:
    """Return the matrix: a row for each true class, a column for each class that was said.

    Args:
        confusion: What to show.
        width: Cells, at least 0.
        height: Lines at most, at least 0.
        glyphs: What to draw with.
        palette: What it looks like.
    """
    counts = confusion.counts
    total, right = int(counts.sum()), int(np.trace(counts))
    share = f"{right / total:.4f}" if total else "none"
    title = headline(
        f"confusion matrix of the {confusion.part} set",
        list(confusion.facts),
        width,
        glyphs,
        palette,
    )
    note = f"accuracy {share} ({count(right)} of {count(total)}); rows: true class, columns: said"
    rows = _chosen(len(confusion.classes), max(height - 3, 1))
    table = _confusion_lines(confusion, rows, width, glyphs, palette)
    return cropped([title, words(note, width, glyphs, palette), *table], width, height)


def _confusion_lines(
    confusion: Confusion, rows: list[int | None], width: int, glyphs: Glyphs, palette: Palette
) -> Lines:
    names = confusion.classes
    widest = max([len(count(int(confusion.counts.max(initial=0)))), *(len(n) for n in names)])
    cell = min(max(widest, 3), WIDEST)
    label = min(max(map(len, names), default=1), 16)
    fitting = max((width - label - 10) // (cell + 2), 0)
    columns = _chosen(len(names), fitting) if fitting else []
    muted = palette.style("muted")
    head = Text(" " * label, end="", no_wrap=True)
    for column in columns:
        name = glyphs.ellipsis if column is None else names[column]
        head.append("  " + pad_left(name, cell, glyphs.ellipsis), _class_style(column, palette))
    head.append("    right", muted)
    lines = [head]
    for row in rows:
        line = Text(end="", no_wrap=True)
        name = glyphs.ellipsis if row is None else names[row]
        line.append(pad_left(name, label, glyphs.ellipsis), _class_style(row, palette))
        for column in columns:
            here = None if row is None or column is None else int(confusion.counts[row, column])
            line.append(
                "  " + pad_left(_count_words(here, row, column, glyphs), cell),
                _count_style(here, row == column, palette),
            )
        line.append("  " + pad_left(_recall(confusion, row, glyphs), 7), muted)
        lines.append(line)
    return lines


def _count_words(here: int | None, row: int | None, column: int | None, glyphs: Glyphs) -> str:
    if here is None:
        return glyphs.ellipsis
    # Errors are what is looked for: cells without any stay quiet.
    return count(here) if here or row == column else glyphs.track


def _count_style(here: int | None, diagonal: bool, palette: Palette) -> Style:
    if not here:
        return palette.style("faint")
    return palette.style("good", bold=True) if diagonal else palette.style("bad", bold=True)


def _class_style(label: int | None, palette: Palette) -> Style:
    return palette.style("muted") if label is None else hue(label, palette)


def _recall(confusion: Confusion, row: int | None, glyphs: Glyphs) -> str:
    """Return the share of a class's rows that were recognised."""
    if row is None:
        return glyphs.ellipsis
    total = int(confusion.counts[row].sum())
    return f"{confusion.counts[row, row] / total:.1%}" if total else "none"
