"""The activation that is chosen, beside the setting: its curve and its slope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.components.activations import ACTIVATIONS

from ...style.look import Look
from ...style.text import Lines, cut, joined
from ..base.axis import Axis
from ..base.frame import FRAME_HEIGHT, FRAME_WIDTH, filled
from ..network.activations import LEAST_REACH, LEAST_WIDTH, curve_legend, draw_curves

LEAST_CURVES: Final = 3
"""Lines below which curves say nothing."""


def known_activations(text: str) -> tuple[str, ...]:
    """Return the activations that a setting names, each once; ``relu sigmoid`` has two."""
    names = text.replace(",", " ").split()
    return tuple(dict.fromkeys(name for name in names if name in ACTIVATIONS))


def draw_activations(names: Sequence[str], width: int, height: int, look: Look) -> Lines:
    """Return a picture of each activation, one under the other, in exactly this room.

    Args:
        names: Theirs, as presets have them.
        width: Cells.
        height: Lines.
        look: What to draw with.
    """
    lines: Lines = []
    for index, name in enumerate(names):
        room = (height - len(lines)) // (len(names) - index)
        lines += filled(_one(name, width, room, look), width, room)
    return filled(lines, width, height)


def _one(name: str, width: int, height: int, look: Look) -> Lines:
    entry = ACTIVATIONS[name]
    head = look.line(look.fit(name, width), "text", bold=True)
    legend = cut(
        joined(curve_legend(name, look, width), "  ", look.style("muted"), width)[0], width
    )
    rows = height - 2 - FRAME_HEIGHT
    if entry.output_only or rows < LEAST_CURVES or width < LEAST_WIDTH:
        return [head, *look.muted(entry.about, width)]
    ends = (-LEAST_REACH, LEAST_REACH)
    level = Axis.between(*ends, max((width - FRAME_WIDTH) // 12, 1))
    return [head, legend, *draw_curves(name, ends, (width - FRAME_WIDTH, rows), look, level)]
