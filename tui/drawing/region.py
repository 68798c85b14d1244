"""The decision region of a network of two inputs, with the points of its three sets on it.

Colours are of 256 and at most eleven, so that a picture stays small on a line; half blocks give
two places to a cell. Where there are no colours, a character says how sure the network is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.style import Style
from rich.text import Text

from tui.drawing.axis import Axis, linear_axis
from tui.drawing.frame import FRAME_HEIGHT, FRAME_WIDTH, filled, framed, headline, words
from tui.drawing.numbers import count
from tui.drawing.shapes import POINTS, SETS, hue, point
from tui.drawing.text import Lines, cut, fit
from tui.glyphs import Glyphs
from tui.palette import Palette

if TYPE_CHECKING:
    from tui.material import Network

Floats = NDArray[np.float64]
Probabilities = Callable[[Floats], Floats]

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

SHADES: Final = " ░▒▓█"
ASCII_SHADES: Final = " .:-="
"""How sure of class 1 the network is where there are no colours."""

TEXTURES: Final = " ░▒▓·:"
ASCII_TEXTURES: Final = " .:-=+"
"""The classes where there are more than two and no colours."""

LEGEND: Final = 26
"""Columns of the legend at the right, where there is room."""

LEAST_WIDTH: Final = FRAME_WIDTH + 6
LEAST_HEIGHT: Final = 7


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
    """How many of them the network takes for another class."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Region:
    """Everything that the picture shows."""

    probabilities: Probabilities
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


def gather(network: Network) -> Region:
    """Return the region of a network of two inputs and the points of all its sets."""
    material = network.material
    points = tuple(
        Points(
            part=name,
            places=material.original_inputs(part.inputs),
            labels=part.targets.astype(np.int64),
            wrong=int((network.predicted(part.inputs) != part.targets).sum()),
        )
        for name, part in material.parts.items()
    )
    places = np.concatenate([np.empty((0, 2)), *(each.places for each in points)])

    def probabilities(asked: Floats) -> Floats:
        return network.probabilities(material.scaled_inputs(asked))

    return Region(
        probabilities=probabilities,
        classes=tuple(material.target_names),
        points=points,
        names=(material.input_names[0], material.input_names[1]),
        across=_range(places[:, 0]),
        up=_range(places[:, 1]),
        facts=network.facts,
    )


def _range(values: Floats) -> tuple[float, float]:
    """Return -π … π, or what the values need where that is more."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    if -math.pi <= low and high <= math.pi:
        return -math.pi, math.pi
    margin = 0.05 * (high - low)
    return min(low - margin, -math.pi), max(high + margin, math.pi)


def draw_region(region: Region, width: int, height: int, glyphs: Glyphs, palette: Palette) -> Lines:
    """Return the picture: what it is, the region with its axes, and the legend beside or over it.

    A unit is as long across as up, as far as the legend leaves room.

    Args:
        region: What to show.
        width: Cells, at least 0.
        height: Lines, at least 0.
        glyphs: What to draw with.
        palette: What it looks like.
    """
    title = headline("decision region", list(region.facts), width, glyphs, palette)
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return filled([title], width, height)
    beside = width - FRAME_WIDTH - LEGEND >= 2 * LEAST_HEIGHT
    rows = height - 1 - FRAME_HEIGHT - (0 if beside else 1)
    columns = min(2 * rows, width - FRAME_WIDTH - (LEGEND if beside else 0))
    level, upright = _axis(region.across, columns // 9), _axis(region.up, rows // 4)
    canvas = _canvas(region, columns, rows, glyphs, palette)
    picture = framed(canvas, level, upright, glyphs, palette)
    if not beside:
        legend = glyphs.dot.join(_in_words(region, glyphs, palette))
        return filled([title, words(legend, width, glyphs, palette), *picture], width, height)
    legend_lines = draw_legend(region, LEGEND - 3, len(picture), glyphs, palette)
    return filled([title, *_beside(picture, legend_lines)], width, height)


def _axis(ends: tuple[float, float], most: int) -> Axis:
    """Return an axis that ends where the region does, with -π and π by name."""
    low, high = ends
    if ends == (-math.pi, math.pi):
        return Axis(low, high, ((low, "-pi"), (0.0, "0"), (high, "pi")))
    return Axis(low, high, linear_axis(low, high, max(most, 1)).ticks)


def _beside(picture: Lines, legend: Lines) -> Lines:
    width = max(line.cell_len for line in picture)
    return [
        Text.assemble(cut(line, width), "   ", note, end="")
        for line, note in zip(picture, legend, strict=True)
    ]


def _canvas(region: Region, columns: int, rows: int, glyphs: Glyphs, palette: Palette) -> Lines:
    """Return the region without its axes: one line a row, the top one first."""
    # The lines of the Linux console's ASCII have no half blocks, colours or not.
    fine = 2 if palette.colours and glyphs.name != "ascii" else 1
    levels = _levels(region, columns, rows * fine, palette)
    points = _points_by_cell(region, columns, rows, glyphs)
    classes = len(region.classes)
    lines = []
    for row in range(rows):
        halves = levels[row * fine : (row + 1) * fine].T.tolist()
        cells = (
            _cell(tuple(halves[column]), points.get((row, column)), classes, glyphs, palette)
            for column in range(columns)
        )
        lines.append(_joined(cells))
    return lines


def _joined(cells: Iterable[tuple[str, Style]]) -> Text:
    """Return cells as a line; neighbours that look the same are one piece, which saves bytes."""
    line = Text(end="", no_wrap=True)
    for style, same in groupby(cells, key=lambda cell: cell[1]):
        line.append("".join(character for character, _ in same), style)
    return line


def _levels(region: Region, columns: int, rows: int, palette: Palette) -> NDArray[np.int64]:
    """Return the level of each place [rows, columns]; -1 where the network says no number."""
    (left, right), (bottom, top) = region.across, region.up
    x = left + (np.arange(columns) + 0.5) / columns * (right - left)
    y = top - (np.arange(rows) + 0.5) / rows * (top - bottom)
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    shares = region.probabilities(places)
    known: NDArray[np.bool_] = np.isfinite(shares).min(axis=1)
    shares = np.where(known[:, None], shares, 0)
    if len(region.classes) == 2:
        shades = len(TWO_CLASSES[True]) if palette.colours else len(SHADES)
        levels = np.clip(shares[:, 1] * shades, 0, shades - 1).astype(np.int64)
    else:
        unsure = shares.max(axis=1) < (1 + 1 / len(region.classes)) / 2
        levels = 2 * shares.argmax(axis=1) + unsure
    return np.where(known, levels, -1).reshape(rows, columns)


def _points_by_cell(
    region: Region, columns: int, rows: int, glyphs: Glyphs
) -> dict[tuple[int, int], tuple[int, str]]:
    """Return the class and the shape of what lies in each cell; the rarer sets lie on top."""
    (left, right), (bottom, top) = region.across, region.up
    cells: dict[tuple[int, int], tuple[int, str]] = {}
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


def _cell(
    halves: tuple[int, ...],
    here: tuple[int, str] | None,
    classes: int,
    glyphs: Glyphs,
    palette: Palette,
) -> tuple[str, Style]:
    """Return one cell's character and what it looks like."""
    if not palette.colours:
        return (here[1] if here else _shade(halves[0], classes, glyphs)), Style.null()
    upper, lower = (_colour(level, classes, palette) for level in (halves[0], halves[-1]))
    if here is None:
        character = "?" if min(halves) < 0 else "▀" if len(halves) > 1 else " "
        return character, _style(upper, lower)
    label, shape = here
    colours = POINT_COLOURS[palette.dark]
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


def _shade(level: int, classes: int, glyphs: Glyphs) -> str:
    if level < 0:
        return "?"
    ascii_only = glyphs.name == "ascii"
    if classes == 2:
        return (ASCII_SHADES if ascii_only else SHADES)[level]
    textures = ASCII_TEXTURES if ascii_only else TEXTURES
    return textures[level // 2 % len(textures)]


def draw_legend(region: Region, width: int, height: int, glyphs: Glyphs, palette: Palette) -> Lines:
    """Return what stands beside the region: axes, classes, sets, and how sure colours are."""
    muted = palette.style("muted")
    lines = [
        words(f"{way} {name}", width, glyphs, palette)
        for way, name in zip(("across:", "up:    "), region.names, strict=True)
    ]
    lines.append(Text(end=""))
    lines += _sets(region, width, glyphs, palette)
    lines.append(Text(end=""))
    if len(region.classes) == 2:
        lines.append(words("the network says", width, glyphs, palette))
        lines.append(_scale(glyphs, palette))
        low, high = (fit(name, 8, glyphs.ellipsis) for name in region.classes)
        gap = " " * max(_scale(glyphs, palette).cell_len - len(low) - len(high), 1)
        lines.append(Text(f"{low}{gap}{high}", muted, end=""))
    else:
        for label, name in enumerate(region.classes):
            line = Text(end="")
            sample, style = _cell((2 * label,), None, len(region.classes), glyphs, palette)
            line.append(2 * sample, style)
            lines.append(line.append(f" the network says {name}", muted))
    return filled(lines, width, height)


def _scale(glyphs: Glyphs, palette: Palette) -> Text:
    """Return the levels side by side, from the first class to the second."""
    line = Text(end="")
    if not palette.colours:
        shades = ASCII_SHADES if glyphs.name == "ascii" else SHADES
        return line.append("".join(3 * shade for shade in shades), palette.style("text"))
    for index in TWO_CLASSES[palette.dark]:
        line.append("  ", Style(bgcolor=Color.from_ansi(index)))
    return line


def _sets(region: Region, width: int, glyphs: Glyphs, palette: Palette) -> Lines:
    """Return the classes, then a line for each set: its shapes, its name, its points and errors."""
    lines: Lines = []
    shown = range(min(len(region.classes), len(POINTS)))
    if all(len(region.classes[label]) == 1 for label in shown):
        head = Text(end="")
        for label in shown:
            head.append(region.classes[label] + " ", hue(label, palette, bold=True))
        lines.append(head.append(" class", palette.style("muted")))
    else:
        for label in shown:
            name = f"{point(label, 0, glyphs)} {fit(region.classes[label], width, glyphs.ellipsis)}"
            lines.append(Text(name, hue(label, palette, bold=True), end=""))
    for points in region.points:
        part = SETS.index(points.part)
        line = Text(end="")
        for label in shown:
            line.append(point(label, part, glyphs) + " ", hue(label, palette, bold=True))
        line.append(f" {points.part} {count(len(points.labels))}", palette.style("text"))
        lines.append(line)
        if points.wrong is not None:
            note = " " * (2 * len(shown) + 1) + f"{count(points.wrong)} wrong"
            lines.append(Text(note, palette.style("muted"), end=""))
    return lines


def _in_words(region: Region, glyphs: Glyphs, palette: Palette) -> list[str]:
    """Return the legend in one line's parts."""
    shown = range(min(len(region.classes), len(POINTS)))
    parts = []
    for points in region.points:
        shapes = "".join(point(label, SETS.index(points.part), glyphs) for label in shown)
        wrong = "" if points.wrong is None else f" ({count(points.wrong)} wrong)"
        parts.append(f"{points.part} {shapes}{wrong}")
    return [*parts, f"across {region.names[0]}, up {region.names[1]}"]
