"""Which class was taken for which: a matrix of counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from ...style.look import Look
from ...style.numbers import count, figure
from ...style.text import Lines, Styled, pad_left, shortened
from ..base.frame import cropped, headline, words
from ..base.matrix import WIDEST, chosen
from ..base.shapes import hue
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
    part, counts = confusion.part, confusion.counts
    total, right = int(counts.sum()), int(np.trace(counts))
    share = figure(right / total) if total else "none"
    title = headline(f"confusion matrix of the {part} set", confusion.facts, width, look)
    accuracy = f"accuracy {share} ({count(right)} of {count(total)} {part} rows)"
    notes = [f"{accuracy}; rows: true class, columns: said", f"{accuracy}; rows: true", accuracy]
    if confusion.keeps_test:
        waits = f"; test errors {confusion.keeps_test}"
        notes = [notes[0] + waits, accuracy + waits, accuracy]
    rows = chosen(len(confusion.classes), max(height - 3, 1))
    table = _confusion_lines(confusion, rows, width, look)
    return cropped([title, words(shortened(notes, width), width, look), *table], width, height)


def _confusion_lines(confusion: Confusion, rows: list[int | None], width: int, look: Look) -> Lines:
    names = confusion.classes
    widest = max([len(count(int(confusion.counts.max(initial=0)))), *map(cell_len, names)])
    label = min(max(map(cell_len, names), default=1), 16, max(width // 4, 1))
    cell, gap = _cell(len(names), width - label - RIGHT - 2, min(max(widest, 3), WIDEST), confusion)
    fitting = max((width - label - RIGHT - 2) // (cell + gap), 0)
    columns = chosen(len(names), fitting) if fitting else []
    between, muted = " " * gap, look.style("muted")
    head = look.line(" " * label)
    for column in columns:
        head.append(between).append(*_class_name(column, names, cell, look))
    lines = [head.append("  " + pad_left("right", RIGHT), muted)]
    for row in rows:
        line = look.line().append(*_class_name(row, names, label, look))
        for column in columns:
            words, style = _count(confusion, row, column, look)
            line.append(between + pad_left(words, cell), style)
        lines.append(line.append("  " + pad_left(_recall(confusion, row, look), RIGHT), muted))
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


def _class_name(label: int | None, names: tuple[str, ...], width: int, look: Look) -> Styled:
    if label is None:
        return pad_left(look.glyphs.ellipsis, width), look.style("muted")
    return look.pad_left(names[label], width), hue(label, look.palette)


def _count(confusion: Confusion, row: int | None, column: int | None, look: Look) -> Styled:
    """Return how often a class was taken for another, and what that looks like."""
    if row is None or column is None:
        return look.glyphs.ellipsis, look.style("faint")
    here = int(confusion.counts[row, column])
    if not here:
        # Errors are what is looked for: cells without any stay quiet.
        return count(0) if row == column else look.glyphs.track, look.style("faint")
    return count(here), look.style("good" if row == column else "bad", bold=True)


def _recall(confusion: Confusion, row: int | None, look: Look) -> str:
    """Return the share of a class's rows that were recognised."""
    if row is None:
        return look.glyphs.ellipsis
    total = int(confusion.counts[row].sum())
    return f"{confusion.counts[row, row] / total:.1%}" if total else "none"
