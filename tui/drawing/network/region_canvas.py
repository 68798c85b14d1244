"""The decision region itself: what the network says of each place, and the points on it.

Colours are of 256 and at most eleven, so that a picture stays small on a line; half blocks give
two places to a cell. Where there are no colours, or only sixteen, a character says how sure the
network is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.style import Style
from rich.text import Text

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.palette import Palette
from ...style.text import Lines, Styled
from ..base.arrays import Floats
from ..base.shapes import SETS, hue, is_sixteen, point

Place = tuple[int, int]
"""A row and a column."""

Shape = tuple[int, str]
"""A point's class, and what it is drawn as."""

TWO_CLASSES: Final = {
    True: (32, 26, 25, 24, 60, 59, 95, 94, 130, 166, 172),
    False: (32, 74, 110, 117, 153, 254, 223, 222, 216, 215, 208),
}
"""For dark and light: from sure of class 0 over undecided to sure of class 1."""

MORE_CLASSES: Final = {
    True: ((25, 24), (130, 94), (29, 23), (96, 60), (124, 88)),
    False: ((110, 153), (215, 223), (115, 151), (176, 182), (210, 217)),
}
"""For dark and light, for each class: sure, and not so sure."""

POINT_COLOURS: Final = {True: (195, 229, 158, 225, 224), False: (17, 52, 22, 53, 88)}
"""The points of each class, bright on dark regions and dark on bright ones."""

SIXTEEN_FIELDS: Final = ((4, 15), (3, 0), (2, 0), (5, 15), (1, 15), (6, 0))
"""In sixteen colours for each class: its field, and what stands out from it in any terminal."""

SHADES: Final = " ░▒▓█"
ASCII_SHADES: Final = " .:-="
"""How sure of class 1 the network is where there are no colours."""

TEXTURES: Final = " ░▒▓·:"
ASCII_TEXTURES: Final = " .:-=+"
"""The classes where there are more than two and no colours."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """The points of one set, in the units of the data."""

    part: str
    """``train``, ``dev`` or ``test``."""
    places: Floats
    """[points, 2]."""
    labels: NDArray[np.int64]
    """[points]: the class of each."""
    wrong: int | None = None
    """How many of them the network takes for another class; None where nobody counts."""
    note: str = ""
    """What stands in place of that number."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Region:
    """Everything that the picture shows."""

    probabilities: Callable[[Floats], Floats]
    """From places [n, 2] in the units of the data to the classes' probabilities [n, classes];
    asked once for each picture, at just the places that it has."""
    classes: tuple[str, ...]
    points: tuple[Points, ...] = ()
    names: tuple[str, str] = ("x", "y")
    """The two inputs."""
    across: tuple[float, float] = (-math.pi, math.pi)
    """From where to where the first input goes."""
    up: tuple[float, float] = (-math.pi, math.pi)
    facts: tuple[str, ...] = ()
    """Whose weights they are."""
    held: str = ""
    """At what the other inputs are held; empty where there are none."""


def has_levels(palette: Palette) -> bool:
    """Return whether the terminal has colours enough for levels of them."""
    return palette.colours and not is_sixteen(palette)


def draw_canvas(region: Region, columns: int, rows: int, look: Look) -> Lines:
    """Return the region without its axes: one line a row, the top one first."""
    # The lines of the Linux console's ASCII have no half blocks, colours or not.
    fine = 2 if has_levels(look.palette) and look.glyphs.name != "ascii" else 1
    levels = _levels(region, columns, rows * fine, look.palette)
    points = _points_by_cell(region, columns, rows, look.glyphs)
    classes = len(region.classes)
    lines = []
    for row in range(rows):
        halves = levels[row * fine : (row + 1) * fine].T.tolist()
        cells = [
            draw_cell(tuple(halves[column]), points.get((row, column)), classes, look)
            for column in range(columns)
        ]
        # Neighbours that look the same are one piece, which saves bytes.
        line = Text(end="", no_wrap=True)
        for style, same in groupby(cells, key=lambda cell: cell[1]):
            line.append("".join(character for character, _ in same), style)
        lines.append(line)
    return lines


def _levels(region: Region, columns: int, rows: int, palette: Palette) -> NDArray[np.int64]:
    """Return the level of each place [rows, columns]; -1 where the network says no number."""
    (left, right), (bottom, top) = region.across, region.up
    x = left + (np.arange(columns) + 0.5) / columns * (right - left)
    y = top - (np.arange(rows) + 0.5) / rows * (top - bottom)
    shares = region.probabilities(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
    finite: NDArray[np.bool_] = np.isfinite(shares).min(axis=1)
    shares = np.where(finite[:, None], shares, 0)
    if len(region.classes) == 2:
        shades = len(TWO_CLASSES[True]) if has_levels(palette) else len(SHADES)
        levels = np.clip(shares[:, 1] * shades, 0, shades - 1).astype(np.int64)
    else:
        unsure = shares.max(axis=1) < (1 + 1 / len(region.classes)) / 2
        levels = 2 * shares.argmax(axis=1) + unsure
    return np.where(finite, levels, -1).reshape(rows, columns)


def _points_by_cell(region: Region, columns: int, rows: int, glyphs: Glyphs) -> dict[Place, Shape]:
    """Return the class and the shape of what lies in each cell; the rarer sets lie on top."""
    (left, right), (bottom, top) = region.across, region.up
    cells: dict[Place, Shape] = {}
    for points in region.points:
        part = SETS.index(points.part)
        with np.errstate(all="ignore"):
            across = (points.places[:, 0] - left) / (right - left) * columns
            down = (top - points.places[:, 1]) / (top - bottom) * rows
        for a, d, label in zip(across.tolist(), down.tolist(), points.labels.tolist(), strict=True):
            if 0 <= a <= columns and 0 <= d <= rows:
                cell = min(int(d), rows - 1), min(int(a), columns - 1)
                cells[cell] = label, point(label, part, glyphs)
    return cells


def draw_cell(halves: tuple[int, ...], here: Shape | None, classes: int, look: Look) -> Styled:
    """Return one cell's character and what it looks like."""
    if is_sixteen(look.palette):
        return _sixteen_cell(halves[0], here, classes, look)
    if not look.palette.colours:
        return (here[1] if here else _shade(halves[0], classes, look.glyphs)), Style.null()
    upper, lower = (_colour(level, classes, look.palette) for level in (halves[0], halves[-1]))
    if here is None:
        character = "?" if min(halves) < 0 else "▀" if len(halves) > 1 else " "
        return character, _style(upper, lower)
    label, shape = here
    colours = POINT_COLOURS[look.palette.dark]
    return shape, _style(colours[label % len(colours)], lower)


@lru_cache(maxsize=1024)
def _style(colour: int, behind: int) -> Style:
    return Style(color=Color.from_ansi(colour), bgcolor=Color.from_ansi(behind))


def _colour(level: int, classes: int, palette: Palette) -> int:
    if level < 0:
        return palette.bad
    if classes == 2:
        return TWO_CLASSES[palette.dark][level]
    label, unsure = divmod(level, 2)
    hues = MORE_CLASSES[palette.dark]
    # Beyond five classes eleven colours are not enough for two shades each.
    return hues[label % len(hues)][unsure if classes <= 5 else 0]


def _sixteen_cell(level: int, here: Shape | None, classes: int, look: Look) -> Styled:
    """Return one cell in sixteen colours: full where the network is sure, a shade where not.

    A point has its own class's colours, whatever the network says of its place: where that is
    another class, it stands out.
    """
    unsure, undecided = (":", ".") if look.glyphs.name == "ascii" else ("▒", "░")
    if here is not None:
        return here[1], sixteen_style(here[0])
    if level < 0:
        return "?", look.style("bad")
    if classes == 2 and level == len(SHADES) // 2:
        return undecided, look.style("muted")
    label = int(level > len(SHADES) // 2) if classes == 2 else level // 2
    sure = level in (0, len(SHADES) - 1) if classes == 2 else not level % 2
    full = sixteen_style(label)
    return (" ", full) if sure else (unsure, Style(color=full.bgcolor))


def sixteen_style(label: int) -> Style:
    """Return the field of a class in sixteen colours, with what stands out from it."""
    behind, over = SIXTEEN_FIELDS[label % len(SIXTEEN_FIELDS)]
    return _style(over, behind)


def class_style(label: int, palette: Palette) -> Style:
    """Return how a class is written beside the region: as its points look in it."""
    if is_sixteen(palette):
        return sixteen_style(label) + Style(bold=True)
    return hue(label, palette, bold=True)


def _shade(level: int, classes: int, glyphs: Glyphs) -> str:
    if level < 0:
        return "?"
    ascii_only = glyphs.name == "ascii"
    if classes == 2:
        return (ASCII_SHADES if ascii_only else SHADES)[level]
    textures = ASCII_TEXTURES if ascii_only else TEXTURES
    return textures[level // 2 % len(textures)]
