"""Which class was taken for which: a matrix of counts."""

from __future__ import annotations

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
from ...style.wording import shortened
from ..base.frame import cropped, headline, words
from ..base.matrix import WIDEST, chosen
from ..base.shapes import hue

if TYPE_CHECKING:
    from .material import RecordedNetwork


RIGHT: Final = 6
"""Cells of a share."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Confusion:
    """Which class the network took for which."""

    counts: NDArray[np.int64]
    """[true classes, classes said]."""
    classes: tuple[str, ...]
    part: str
    """Which set."""
    facts: tuple[str, ...] = ()
    keeps_test: str = ""
    """When the errors of the test set are counted, where there is one and it is not now."""


def gather(network: RecordedNetwork) -> Confusion:
    """Return which class of the set that judges the network was taken for which."""
    material = network.material
    part = material.parts[network.judged_by]
    size = len(material.target_names)
    pairs = part.targets.astype(np.int64) * size + network.predicted(part.inputs)
    return Confusion(
        counts=np.bincount(pairs, minlength=size * size).reshape(size, size),
        classes=tuple(material.target_names),
        part=network.judged_by,
        facts=network.facts,
        keeps_test=network.keeps_test,
    )


def draw_confusion(confusion: Confusion, width: int, height: int, look: Look) -> Lines:
    """Return the matrix: a row for each true class, a column for each class that was said.

    Args:
        confusion: What to show.
        width: Cells, at least 0.
        height: Lines at most, at least 0.
        look: What to draw with.
    """
    counts = confusion.counts
    total, right = int(counts.sum()), int(np.trace(counts))
    share = figure(right / total) if total else "none"
    title = headline(
        f"confusion matrix of the {confusion.part} set", list(confusion.facts), width, look
    )
    accuracy = f"accuracy {share} ({count(right)} of {count(total)} {confusion.part} rows)"
    long = f"{accuracy}; rows: true class, columns: said"
    notes = [long, f"{accuracy}; rows: true", accuracy]
    if confusion.keeps_test:
        notes = [
            f"{long}; test errors {confusion.keeps_test}",
            f"{accuracy}; test errors {confusion.keeps_test}",
            accuracy,
        ]
    note = shortened(notes, width)
    rows = chosen(len(confusion.classes), max(height - 3, 1))
    table = _confusion_lines(confusion, rows, width, look)
    return cropped([title, words(note, width, look), *table], width, height)


def _confusion_lines(confusion: Confusion, rows: list[int | None], width: int, look: Look) -> Lines:
    names = confusion.classes
    widest = max([len(count(int(confusion.counts.max(initial=0)))), *map(cell_len, names)])
    label = min(max(map(cell_len, names), default=1), 16, max(width // 4, 1))
    cell, gap = _cell(len(names), width - label - RIGHT - 2, min(max(widest, 3), WIDEST), confusion)
    fitting = max((width - label - RIGHT - 2) // (cell + gap), 0)
    columns = chosen(len(names), fitting) if fitting else []
    between = " " * gap
    muted = look.style("muted")
    head = Text(" " * label, end="", no_wrap=True)
    for column in columns:
        name = look.glyphs.ellipsis if column is None else names[column]
        head.append(
            between + pad_left(name, cell, look.glyphs.ellipsis), _class_style(column, look.palette)
        )
    head.append("  " + pad_left("right", RIGHT), muted)
    lines = [head]
    for row in rows:
        line = Text(end="", no_wrap=True)
        name = look.glyphs.ellipsis if row is None else names[row]
        line.append(pad_left(name, label, look.glyphs.ellipsis), _class_style(row, look.palette))
        for column in columns:
            here = None if row is None or column is None else int(confusion.counts[row, column])
            line.append(
                between + pad_left(_count_words(here, row, column, look.glyphs), cell),
                _count_style(here, row == column, look.palette),
            )
        line.append("  " + pad_left(_recall(confusion, row, look.glyphs), RIGHT), muted)
        lines.append(line)
    return lines


def _cell(classes: int, room: int, usual: int, confusion: Confusion) -> tuple[int, int]:
    """Return the cells of a column and between two: narrow ones where that lets all of them in."""
    if classes * (usual + 2) <= room:
        return usual, 2
    least = max(len(count(int(confusion.counts.max(initial=0)))), 2)
    for gap in (2, 1):
        if classes * (least + gap) <= room:
            return min(room // classes - gap, usual), gap
    return least, 2


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
