"""What the colours and shapes of a decision region mean, with how many points are wrong."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from rich.text import Text

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import count
from ...style.text import Lines, fit, joined
from ..base.frame import cropped, filled, words
from ..base.shapes import POINTS, SETS, point
from .region_canvas import ASCII_SHADES, SHADES, TWO_CLASSES, class_style, draw_cell, has_levels
from .region_data import Points, Region

WIDE: Final = 32
"""From this width on a set's points and errors stand in one line."""


def draw_legend(region: Region, width: int, height: int | None, look: Look) -> Lines:
    """Return the legend: axes, classes, sets, and how sure colours are.

    Args:
        region: What is shown.
        width: Cells.
        height: Lines; as many as it takes where none are given, and no blank ones between.
        look: What to draw with.
    """
    between = [] if height is None else [Text(end="")]
    lines = [
        *_ways(region, width, look),
        *between,
        *_sets(region, width, look),
        *between,
        *_says(region, width, look),
    ]
    return filled(lines, width, height) if height is not None else cropped(lines, width, len(lines))


def draw_line(region: Region, width: int, look: Look) -> Text:
    """Return the legend in one line: the sets and their errors, then as much as fits."""
    muted = look.style("muted")
    counted = [points for points in region.points if points.wrong is not None]
    parts = [
        (_set_in_words(region, points, look.glyphs) + " wrong" * (counted[-1:] == [points]), muted)
        for points in region.points
    ]
    parts.append((f"across {region.names[0]}, up {region.names[1]}", muted))
    line, _ = joined(parts, "  ", muted, width)
    return line


def _set_in_words(region: Region, points: Points, glyphs: Glyphs) -> str:
    part = SETS.index(points.part)
    shapes = "".join(point(label, part, glyphs) for label in _shown(region))
    wrong = points.note if points.wrong is None else count(points.wrong)
    return f"{shapes} {points.part} {wrong}".rstrip()


def _shown(region: Region) -> range:
    return range(min(len(region.classes), len(POINTS)))


def _ways(region: Region, width: int, look: Look) -> Lines:
    """Return which input goes which way."""
    across, up = region.names
    if width >= WIDE:
        return [words(f"across: {across}   up: {up}", width, look)]
    return [
        words(f"{way} {name}", width, look) for way, name in (("across:", across), ("up:    ", up))
    ]


def _says(region: Region, width: int, look: Look) -> Lines:
    """Return what each colour, or each character, says of the network."""
    muted = look.style("muted")
    if len(region.classes) != 2:
        lines = []
        for label, name in enumerate(region.classes):
            sample, style = draw_cell((2 * label,), None, len(region.classes), look)
            line = Text(2 * sample, style, end="")
            lines.append(line.append(f" the network says {name}", muted))
        return lines
    low, high = (fit(name, 8, look.glyphs.ellipsis) for name in region.classes)
    rest = width - cell_len(f"the network says {low}  {high}")
    scale = _scale(1 if width >= WIDE and rest < 2 * len(TWO_CLASSES[True]) else 2, look)
    if width >= WIDE:
        line = Text(f"the network says {low} ", muted, end="")
        return [line.append_text(scale).append(f" {high}", muted)]
    gap = " " * max(scale.cell_len - cell_len(low) - cell_len(high), 1)
    return [words("the network says", width, look), scale, Text(f"{low}{gap}{high}", muted, end="")]


def _scale(cells: int, look: Look) -> Text:
    """Return the levels side by side, from the first class to the second, ``cells`` for each."""
    line = Text(end="")
    if not has_levels(look.palette):
        shades = ASCII_SHADES if look.glyphs.name == "ascii" else SHADES
        for level in range(len(shades)):
            shade, style = draw_cell((level,), None, 2, look)
            line.append((cells + 1) * shade, style if look.palette.colours else look.style("text"))
        return line
    for index in TWO_CLASSES[look.palette.dark]:
        line.append(cells * " ", Style(bgcolor=Color.from_ansi(index)))
    return line


def _sets(region: Region, width: int, look: Look) -> Lines:
    """Return the classes, then each set: its shapes, its name, its points and errors."""
    lines: Lines = []
    shown = _shown(region)
    if all(len(region.classes[label]) == 1 for label in shown):
        head = Text(end="")
        for label in shown:
            head.append(region.classes[label], class_style(label, look.palette)).append(" ")
        lines.append(head.append(" class", look.style("muted")))
    else:
        for label in shown:
            called = fit(region.classes[label], width, look.glyphs.ellipsis)
            name = f"{point(label, 0, look.glyphs)} {called}"
            lines.append(Text(name, class_style(label, look.palette), end=""))
    for points in region.points:
        lines += _set(region, points, width, look)
    return lines


def _set(region: Region, points: Points, width: int, look: Look) -> Lines:
    part = SETS.index(points.part)
    line = Text(end="")
    for label in _shown(region):
        line.append(point(label, part, look.glyphs), class_style(label, look.palette)).append(" ")
    line.append(f" {points.part} {count(len(points.labels))}", look.style("text"))
    wrong = points.note if points.wrong is None else f"{count(points.wrong)} wrong"
    if not wrong:
        return [line]
    if width >= WIDE:
        return [line.append(f"{look.glyphs.dot}{wrong}", look.style("muted"))]
    indent = " " * (2 * len(_shown(region)) + 1)
    return [line, Text(indent + wrong, look.style("muted"), end="")]
