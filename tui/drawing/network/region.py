"""The decision region of two inputs of a network, with the points of its three sets on it.

The region is ``region_canvas``'s, what its colours and shapes mean ``region_legend``'s; here is
what is shown, and how the two share the room.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from rich.text import Text

from ...style.look import Look
from ...style.numbers import count
from ...style.text import Lines, cut, joined
from ..base.axis import Axis, roomy
from ..base.frame import FRAME_HEIGHT, FRAME_WIDTH, cropped, filled, framed, headline, words
from ..base.shapes import POINTS, SETS, point
from .held import held_inputs
from .material import RecordedNetwork
from .region_canvas import (
    SHADES,
    TWO_CLASSES,
    Points,
    Region,
    class_style,
    draw_canvas,
    draw_cell,
    has_levels,
)

WIDE: Final = 32
"""From this width on a set's points and errors stand in one line."""

LEGEND: Final = 26
"""Columns of the legend at the right, where there is room."""

SQUARE_ROWS: Final = 10
"""Rows of a region with axes at least; with fewer it takes all the room there is, without."""

LEAST_WIDTH: Final = 8
LEAST_HEIGHT: Final = 3


def gather(network: RecordedNetwork) -> Region:
    """Return the region of two inputs of a network, and the points of all its sets.

    Of more inputs the others are held, and a point lies where it does in these two.
    """
    material, held = network.material, held_inputs(network.material, 2)
    across_at, up_at = held.varying
    points = []
    for name, part in material.parts.items():
        counted = network.may_count(name)
        wrong = int((network.predicted(part.inputs) != part.targets).sum()) if counted else None
        places = material.original_inputs(part)[:, held.varying]
        labels = part.targets.astype(np.int64)
        note = "" if counted else network.keeps_test
        points.append(Points(part=name, places=places, labels=labels, wrong=wrong, note=note))
    extent = material.experiment.data.extent
    across, up = (_ends(*material.input_ranges[each], extent) for each in held.varying)
    return Region(
        probabilities=lambda asked: network.probabilities(material.scaled_inputs(held.rows(asked))),
        classes=tuple(material.target_names),
        points=tuple(points),
        names=(material.input_names[across_at], material.input_names[up_at]),
        across=across,
        up=up,
        facts=network.facts,
        held=held.words,
    )


def _ends(low: float, high: float, extent: tuple[float, float] | None) -> tuple[float, float]:
    """Return from where to where an input goes: as its kind of data says, else as its rows do."""
    if not math.isfinite(low):
        return extent or (-1.0, 1.0)
    if extent is None:
        return roomy(low, high)
    if extent[0] <= low and high <= extent[1]:
        return extent
    low, high = roomy(low, high)
    return min(low, extent[0]), max(high, extent[1])


def draw_region(region: Region, width: int, height: int, look: Look) -> Lines:
    """Return the picture: what it is, the region with its axes, and the legend beside or under it.

    Where both inputs go equally far, a unit is as long across as up, if there is room for that.

    Args:
        region: What to show.
        width: Cells, at least 0.
        height: Lines, at least 0.
        look: What to draw with.
    """
    title = headline("decision region", region.facts, width, look)
    if region.held:
        bare = draw_region(replace(region, held=""), width, max(height - 1, 0), look)
        held = words(region.held, width, look)
        return filled([title, held, *bare[1:]], width, height)
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return filled([title], width, height)
    room = height - 1
    beside = min((width - FRAME_WIDTH - LEGEND) // 2, room - FRAME_HEIGHT)
    under = min((width - FRAME_WIDTH) // 2, room - FRAME_HEIGHT - 1)
    if max(beside, under) < SQUARE_ROWS:
        lines = [*draw_canvas(region, width, room - 1, look), draw_line(region, width, look)]
    elif beside >= under:
        lines = _beside(region, beside, look)
    else:
        lines = _under(region, width, room, under, look)
    return filled([title, *lines], width, height)


def _beside(region: Region, rows: int, look: Look) -> Lines:
    """Return the region with the legend at its right."""
    picture = _framed(region, rows, look)
    legend = draw_legend(region, LEGEND - 3, len(picture), look)
    return [
        Text.assemble(cut(line, FRAME_WIDTH + 2 * rows), "   ", note, end="")
        for line, note in zip(picture, legend, strict=True)
    ]


def _under(region: Region, width: int, height: int, rows: int, look: Look) -> Lines:
    """Return the region with the legend under it: all of it where it fits, else a line."""
    picture = _framed(region, rows, look)
    legend = draw_legend(region, width, None, look)
    if len(picture) + 1 + len(legend) <= height:
        return [*picture, Text(end=""), *legend]
    return [*picture, draw_line(region, width, look)]


def _framed(region: Region, rows: int, look: Look) -> Lines:
    level, upright = _axis(region.across, 2 * rows // 9), _axis(region.up, rows // 4)
    return framed(draw_canvas(region, 2 * rows, rows, look), level, upright, look)


def _axis(ends: tuple[float, float], most: int) -> Axis:
    """Return an axis that ends where the region does, with -π and π by name."""
    low, high = ends
    if ends == (-math.pi, math.pi):
        return Axis(low, high, ((low, "-pi"), (0.0, "0"), (high, "pi")))
    return Axis.between(low, high, max(most, 1))


# --- the legend ----------------------------------------------------------------------------------


def draw_legend(region: Region, width: int, height: int | None, look: Look) -> Lines:
    """Return the legend: axes, classes, sets, and how sure colours are.

    Args:
        region: What is shown.
        width: Cells.
        height: Lines; as many as it takes where none are given, and no blank ones between.
        look: What to draw with.
    """
    between = [] if height is None else [Text(end="")]
    across, up = region.names
    ways = [f"across: {across}", f"up:     {up}"]
    ways = [f"across: {across}   up: {up}"] if width >= WIDE else ways
    lines = [words(way, width, look) for way in ways] + between
    lines += [*_sets(region, width, look), *between, *_says(region, width, look)]
    return cropped(lines, width, len(lines)) if height is None else filled(lines, width, height)


def draw_line(region: Region, width: int, look: Look) -> Text:
    """Return the legend in one line: the sets and their errors, then as much as fits."""
    counted = [points for points in region.points if points.wrong is not None]
    parts = []
    for points in region.points:
        shapes = "".join(_shapes(region, points.part, look))
        wrong = points.note if points.wrong is None else count(points.wrong)
        said = f"{shapes} {points.part} {wrong}".rstrip()
        parts.append(said + " wrong" * (counted[-1:] == [points]))
    parts.append(f"across {region.names[0]}, up {region.names[1]}")
    muted = look.style("muted")
    return joined([(part, muted) for part in parts], "  ", muted, width)[0]


def _shapes(region: Region, part: str, look: Look) -> list[str]:
    """Return the shape of each class's points in a set, as far as there are shapes."""
    shown = range(min(len(region.classes), len(POINTS)))
    return [point(label, SETS.index(part), look.glyphs) for label in shown]


def _says(region: Region, width: int, look: Look) -> Lines:
    """Return what each colour, or each character, says of the network."""
    muted = look.style("muted")
    if len(region.classes) != 2:
        samples = [
            draw_cell((2 * label,), None, len(region.classes), look)
            for label in range(len(region.classes))
        ]
        return [
            Text.assemble((2 * sample, style), (f" the network says {name}", muted), end="")
            for (sample, style), name in zip(samples, region.classes, strict=True)
        ]
    low, high = (look.fit(name, 8) for name in region.classes)
    rest = width - cell_len(f"the network says {low}  {high}")
    scale = _scale(1 if width >= WIDE and rest < 2 * len(TWO_CLASSES[True]) else 2, look)
    if width >= WIDE:
        line = look.line(f"the network says {low} ", "muted")
        return [line.append(scale).append(f" {high}", muted)]
    gap = " " * max(scale.cell_len - cell_len(low) - cell_len(high), 1)
    return [words("the network says", width, look), scale, look.line(f"{low}{gap}{high}", "muted")]


def _scale(cells: int, look: Look) -> Text:
    """Return the levels side by side, from the first class to the second, ``cells`` for each."""
    if has_levels(look.palette):
        levels = [Style(bgcolor=Color.from_ansi(each)) for each in TWO_CLASSES[look.palette.dark]]
        return Text.assemble(*((cells * " ", style) for style in levels), end="")
    shades = [draw_cell((level,), None, 2, look) for level in range(len(SHADES))]
    plain = None if look.palette.colours else look.style("text")
    cell = cells + 1
    return Text.assemble(*((cell * shade, plain or style) for shade, style in shades), end="")


def _sets(region: Region, width: int, look: Look) -> Lines:
    """Return the classes, then each set: its shapes, its name, its points and errors."""
    shapes = _shapes(region, "train", look)
    styles = [class_style(label, look.palette) for label in range(len(shapes))]
    named = list(zip(region.classes, styles, strict=False))
    if all(len(name) == 1 for name, _ in named):
        head = [part for each in named for part in (each, " ")]
        lines = [Text.assemble(*head, (" class", look.style("muted")), end="")]
    else:
        lines = [
            Text(f"{shape} {look.fit(name, width)}", style, end="")
            for shape, (name, style) in zip(shapes, named, strict=True)
        ]
    for points in region.points:
        line = Text(end="")
        for shape, style in zip(_shapes(region, points.part, look), styles, strict=True):
            line.append(shape, style).append(" ")
        line.append(f" {points.part} {count(len(points.labels))}", look.style("text"))
        lines.append(line)
        wrong = points.note if points.wrong is None else f"{count(points.wrong)} wrong"
        if wrong and width >= WIDE:
            line.append(f"{look.glyphs.dot}{wrong}", look.style("muted"))
        elif wrong:
            lines.append(look.line(" " * (2 * len(shapes) + 1) + wrong, "muted"))
    return lines
