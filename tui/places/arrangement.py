"""Where the panes stand: one at a time, in two columns, or in three.

    one                 two                            three
    ┌ tabs ─────────┐   ┌ setup, ──┐┌ curves ──────┐   ┌ setup, ┐┌ curves ────┐┌ network ──┐
    │ one of all    │   │ network, ││              │   │ runs,  ││            ││           │
    │               │   │ runs,    │├ gradients ───┤   │ log, … ││            ││           │
    │               │   │ log, …   │├ diagnosis ───┤   │        │├ gradients ─┤├ diagnosis ┤
    └───────────────┘   └──────────┘└──────────────┘   └────────┘└────────────┘└───────────┘

Arithmetic alone: nothing here knows Textual. The panes of the left column share it; in the others
they are stacked, in the order of their keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from .pane import Side
from .registry import PANES

Form = Literal["one", "two", "three"]
"""How many columns there are."""

TWO: Final = (120, 30)
THREE: Final = (180, 45)
"""From this size on there are so many columns."""

SIDE_WIDTH: Final = (46, 66)
"""The least and the greatest width of the left column, where nobody has chosen one."""
LEAST_MIDDLE: Final = 50
"""Cells that stay for the curves, whatever width was chosen for the column beside them."""
LEAST_CURVES: Final = 9
"""Lines that stay for the curves."""


class Box(NamedTuple):
    """A pane's place and size, in cells."""

    x: int
    y: int
    width: int
    height: int


def form_of(width: int, height: int) -> Form:
    """Return how many columns a screen has room for."""
    if width >= THREE[0] and height >= THREE[1]:
        return "three"
    return "two" if width >= TWO[0] and height >= TWO[1] else "one"


def side_width(width: int, form: Form, chosen: int) -> int:
    """Return the width of the left column.

    Args:
        width: Cells of the screen.
        form: How many columns there are.
        chosen: What somebody chose; 0 where nobody has.
    """
    share = 0.25 if form == "three" else 0.36
    usual = min(max(round(width * share), SIDE_WIDTH[0]), SIDE_WIDTH[1])
    most = width - LEAST_MIDDLE - (_right_width(width) if form == "three" else 0)
    return min(max(chosen or usual, 30), max(most, 30))


def _right_width(width: int) -> int:
    return min(max(round(width * 0.32), 54), 80)


def arrange(
    size: tuple[int, int],
    form: Form,
    recent: Sequence[str],
    wants: Mapping[str, int],
    chosen: int = 0,
) -> dict[str, Box]:
    """Return where every pane stands that is to be seen.

    Args:
        size: Cells across and down.
        form: How many columns there are.
        recent: The panes, the one visited last first; of those that share a place the first is
            seen.
        wants: How many lines a pane would take, border included, where it does not take what
            there is.
        chosen: The left column's width, where somebody chose one.
    """
    width, height = size
    if form == "one":
        return {recent[0]: Box(0, 0, width, height)}
    left = side_width(width, form, chosen)
    right = _right_width(width) if form == "three" else 0
    boxes = {_first(recent, _on("left", form)): Box(0, 0, left, height)}
    boxes |= _stack(_on("middle", form), wants, Box(left, 0, width - left - right, height))
    if form == "three":
        boxes |= _stack(_on("right", form), wants, Box(width - right, 0, right, height))
    return boxes


def _on(side: Side, form: Form) -> list[str]:
    return [place.name for place in PANES if place.side(form) == side]


def _first(recent: Sequence[str], among: Iterable[str]) -> str:
    names = list(among)
    return next((name for name in recent if name in names), names[0])


def _stack(names: Sequence[str], wants: Mapping[str, int], box: Box) -> dict[str, Box]:
    """Return a column: the lower panes take what they want, within bounds, the top one the rest."""
    top, *below = names
    boxes: dict[str, Box] = {}
    end = box.y + box.height
    room = box.height - LEAST_CURVES
    for index, name in reversed(list(enumerate(below))):
        most = max(min(round(box.height * 0.45), room - 3 * index), 0)
        lines = min(wants.get(name, 3), most)
        end, room = end - lines, room - lines
        boxes[name] = Box(box.x, end, box.width, lines)
    return {top: Box(box.x, box.y, box.width, end - box.y), **boxes}
