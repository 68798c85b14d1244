"""The foot of a picture over the steps: the level axis, and on it what happened when.

Ticks and labels, marks, requests, the step that is read, and every stretch of a curve that is not
finite: what would be a gap in the curve is a sign in the colour of trouble here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from rich.style import Style
from rich.text import Text

from ...style.glyphs import GlyphName
from ...style.look import Look
from ...style.numbers import count
from ...style.palette import Palette
from ...style.text import Lines
from ..base.axis import LABEL_WIDTH, Axis
from .curves import Curves

BIG_SIGNS: Final[dict[GlyphName, tuple[str, str]]] = {
    "braille": ("◀█▶", "▟█▙"),
    "blocks": ("◀█▶", "▟█▙"),
    "ascii": ("<!>", "/^\\"),
}
"""The signs of a request and of a mark for those who sit far away."""

Rule = list[tuple[str, Style]]
"""The cells of the axis."""


def column_of(step: float, level: Axis, columns: int) -> int:
    """Return the cell of a step, which is outside where the step is."""
    return math.floor((columns - 1) * level.share(step) + 0.5)


def draw_foot(curves: Curves, level: Axis, columns: int, look: Look) -> Lines:
    """Return the level axis: its line with ticks and what happened, and its labels.

    For the back row signs are three cells wide.

    Args:
        curves: What happened when.
        level: The axis.
        columns: Cells of the canvas over it.
        look: What to draw with.
    """
    _, _, corner, plain, tick = look.glyphs.axis
    faint = look.style("faint")
    rule: Rule = [(plain, faint)] * columns
    for value, _ in level.ticks:
        rule[column_of(value, level, columns)] = (tick, faint)
    if curves.cursor is not None:
        _sign(rule, [curves.cursor], level, tick, look.style("text", bold=True))
    _draw_breaks(rule, curves, level, look)
    signs = BIG_SIGNS[look.glyphs.name] if look.big else (look.glyphs.request, look.glyphs.mark)
    _sign(rule, curves.requests, level, signs[0], look.style("good", bold=look.big))
    _sign(rule, curves.marks, level, signs[1], look.style("warning", bold=look.big))
    if curves.best is not None:
        _sign(rule, [curves.best], level, look.glyphs.best, look.style("dev", bold=True))
    broken = [
        curve.broken_at
        for run in (*curves.others, curves)
        for curve in run.curves
        if curve.broken_at is not None
    ]
    _sign(rule, broken, level, look.glyphs.broken, look.style("bad", bold=True))
    axis = Text(" " * LABEL_WIDTH, end="")
    axis.append(corner, faint)
    for style, cells in groupby(rule, key=lambda cell: cell[1]):
        axis.append("".join(character for character, _ in cells), style)
    return [axis, _labels(curves.cursor, level, columns, look.palette)]


def _sign(rule: Rule, steps: Sequence[int], level: Axis, sign: str, style: Style) -> None:
    """Put a sign at each of these steps that is on the axis, its middle under the step."""
    for step in steps:
        if level.low <= step <= level.high:
            start = column_of(step, level, len(rule)) - len(sign) // 2
            for column, character in enumerate(sign, start):
                if 0 <= column < len(rule):
                    rule[column] = (character, style)


def _draw_breaks(rule: Rule, curves: Curves, level: Axis, look: Look) -> None:
    """Say where the curves of the run that is shown have values that are not finite.

    Each stretch of them begins with a sign, and the axis has their colour as far as it goes.
    """
    bad = look.style("bad", bold=True)
    for curve in curves.curves:
        for start, stop in curve.breaks:
            if stop < level.low or start > level.high:
                continue
            first = column_of(max(start, level.low), level, len(rule))
            last = column_of(min(stop, level.high), level, len(rule))
            for column in range(first, last + 1):
                rule[column] = (rule[column][0], bad)
            rule[first] = (look.glyphs.broken, bad)


def _labels(cursor: int | None, level: Axis, columns: int, palette: Palette) -> Text:
    """Return the labels under the axis; the cursor's own in place of those it would run into."""
    wide = columns + LABEL_WIDTH + 1
    labels = [" "] * wide
    here = (wide + 1, wide + 1)
    if cursor is not None and level.low <= cursor <= level.high:
        words = count(cursor)
        start = _start(words, cursor, level, columns)
        here = (start, start + len(words))
        labels[start : here[1]] = words
    free_from = LABEL_WIDTH
    for value, words in level.ticks:
        start = _start(words, value, level, columns)
        stop = start + len(words)
        if start >= free_from and (stop < here[0] or start > here[1]):
            labels[start:stop] = words
            free_from = stop + 1
    line = Text("".join(labels), palette.style("muted"), end="")
    line.stylize(palette.style("text", bold=True), *here)
    return line


def _start(words: str, step: float, level: Axis, columns: int) -> int:
    """Return where a label begins, so that its middle is under its step and it is on the line."""
    middle = LABEL_WIDTH + 1 + column_of(step, level, columns)
    return max(min(middle - len(words) // 2, LABEL_WIDTH + 1 + columns - len(words)), 0)
