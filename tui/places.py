"""Where the panes stand: one at a time, in two columns, or in three.

    one                 two                            three
    ┌ tabs ─────────┐   ┌ setup, ──┐┌ curves ──────┐   ┌ setup, ┐┌ curves ────┐┌ network ──┐
    │ one of all    │   │ network, ││              │   │ runs,  ││            ││           │
    │               │   │ runs,    │├ gradients ───┤   │ log, … ││            ││           │
    │               │   │ log, …   │├ diagnosis ───┤   │        │├ gradients ─┤├ diagnosis ┤
    └───────────────┘   └──────────┘└──────────────┘   └────────┘└────────────┘└───────────┘

Arithmetic alone: nothing here knows Textual. To add a pane, add its row to ``PANES``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

Form = Literal["one", "two", "three"]
"""How many columns there are."""

Side = Literal["left", "middle", "right"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A pane's name and its column."""

    name: str
    """Its id."""
    label: str
    about: str
    """What is to be seen there, in a few words."""
    first: str
    """What gets the keys in it when it is visited for the first time."""
    two: Side
    """Its column where there are two."""
    three: Side
    """Its column where there are three."""

    def side(self, form: Form) -> Side:
        """Return its column in a form."""
        return self.three if form == "three" else self.two


PANES: Final = (
    Place(
        name="setup",
        label="Setup",
        about="the experiment, and every preset",
        first="presets",
        two="left",
        three="left",
    ),
    Place(
        name="curves",
        label="Curves",
        about="loss, accuracy, learning rate and gradient norm over the steps",
        first="curves",
        two="middle",
        three="middle",
    ),
    Place(
        name="gradients",
        label="Gradients",
        about="norms, weights and units of each layer",
        first="layers",
        two="middle",
        three="middle",
    ),
    Place(
        name="network",
        label="Network",
        about="what the network does with its data",
        first="network",
        two="left",
        three="right",
    ),
    Place(
        name="diagnosis",
        label="Diagnosis",
        about="what is wrong, and what would help",
        first="diagnosis",
        two="middle",
        three="right",
    ),
    Place(
        name="runs",
        label="Runs",
        about="every run there is",
        first="run-list",
        two="left",
        three="left",
    ),
    Place(
        name="log",
        label="Log",
        about="everything that happened",
        first="log",
        two="left",
        three="left",
    ),
    Place(
        name="microscope",
        label="Microscope",
        about="one update taken apart: every formula with its numbers",
        first="microscope",
        two="left",
        three="left",
    ),
)
"""Every pane, in the order of its key."""

NAMES: Final = tuple(place.name for place in PANES)

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
    middle = [name for name in _on("middle", form) if name != "curves"]
    boxes |= _stack("curves", middle, wants, Box(left, 0, width - left - right, height))
    if form == "three":
        boxes |= _stack("network", ["diagnosis"], wants, Box(width - right, 0, right, height))
    return boxes


def _on(side: Side, form: Form) -> list[str]:
    return [place.name for place in PANES if place.side(form) == side]


def _first(recent: Sequence[str], among: Iterable[str]) -> str:
    names = list(among)
    return next((name for name in recent if name in names), names[0])


def _stack(top: str, below: Sequence[str], wants: Mapping[str, int], box: Box) -> dict[str, Box]:
    """Return a column: the lower panes take what they want, within bounds, the top one the rest."""
    boxes: dict[str, Box] = {}
    end = box.y + box.height
    room = box.height - LEAST_CURVES
    for index, name in reversed(list(enumerate(below))):
        most = max(min(round(box.height * 0.45), room - 3 * index), 0)
        lines = min(wants.get(name, 3), most)
        end, room = end - lines, room - lines
        boxes[name] = Box(box.x, end, box.width, lines)
    return {top: Box(box.x, box.y, box.width, end - box.y), **boxes}
