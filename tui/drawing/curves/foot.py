"""The foot of a picture over the steps: the level axis, and on it what happened when.

Ticks and labels, marks, requests, the step that is read, and every stretch of a curve that is not
finite: what would be a gap in the curve is a sign in the colour of trouble here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from rich.style import Style

from ...style.glyphs import GlyphName
from ...style.look import Look
from ...style.text import Lines, Styled
from ..base.axis import LABEL_WIDTH, Axis
from ..base.frame import column_of, level_labels
from .curves import Curves

BIG_SIGNS: Final[dict[GlyphName, tuple[str, str]]] = {
    "braille": ("◀█▶", "▟█▙"),
    "blocks": ("◀█▶", "▟█▙"),
    "ascii": ("<!>", "/^\\"),
}
"""The signs of a request and of a mark for those who sit far away."""

Rule = list[Styled]
"""The cells of the axis."""


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
    _sign(rule, curves.seams, level, look.glyphs.seam, look.style("text", bold=True))
    _sign(rule, curves.branches, level, look.glyphs.branch, look.style("text", bold=True))
    if curves.best is not None:
        _sign(rule, [curves.best], level, look.glyphs.best, look.style("dev", bold=True))
    drawn = (curve for run in (*curves.others, curves) for curve in run.curves)
    broken = [curve.broken_at for curve in drawn if curve.broken_at is not None]
    _sign(rule, broken, level, look.glyphs.broken, look.style("bad", bold=True))
    axis = look.line(" " * LABEL_WIDTH).append(corner, faint)
    for style, cells in groupby(rule, key=lambda cell: cell[1]):
        axis.append("".join(character for character, _ in cells), style)
    return [axis, level_labels(level, columns, look, cursor=curves.cursor, first=LABEL_WIDTH)]


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
