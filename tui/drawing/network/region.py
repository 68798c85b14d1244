"""The decision region of a network of two inputs, with the points of its three sets on it.

The region is ``region_canvas``'s, what its colours and shapes mean ``region_legend``'s; here is
what is shown, and how the two share the room.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.text import Text

from ...style.look import Look
from ...style.text import Lines, cut
from ..base.axis import Axis, roomy
from ..base.frame import FRAME_HEIGHT, FRAME_WIDTH, filled, framed, headline
from .region_canvas import draw_canvas
from .region_data import Floats, Points, Region
from .region_legend import draw_legend, draw_line

if TYPE_CHECKING:
    from engine.data import Examples

    from .material import RecordedNetwork


LEGEND: Final = 26
"""Columns of the legend at the right, where there is room."""

SQUARE_ROWS: Final = 10
"""Rows of a region with axes at least; with fewer it takes all the room there is, without."""

LEAST_WIDTH: Final = 8
LEAST_HEIGHT: Final = 3


def gather(network: RecordedNetwork) -> Region:
    """Return the region of a network of two inputs and the points of all its sets."""
    material = network.material
    points = tuple(
        Points(
            part=name,
            places=material.original_inputs(part.inputs),
            labels=part.targets.astype(np.int64),
            wrong=_wrong(network, part) if network.may_count(name) else None,
            note="" if network.may_count(name) else network.keeps_test,
        )
        for name, part in material.parts.items()
    )
    extent = material.experiment.data.extent
    across, up = (_ends(*each, extent) for each in material.input_ranges)

    def probabilities(asked: Floats) -> Floats:
        return network.probabilities(material.scaled_inputs(asked))

    return Region(
        probabilities=probabilities,
        classes=tuple(material.target_names),
        points=points,
        names=(material.input_names[0], material.input_names[1]),
        across=across,
        up=up,
        facts=network.facts,
    )


def _wrong(network: RecordedNetwork, part: Examples) -> int:
    return int((network.predicted(part.inputs) != part.targets).sum())


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
    title = headline("decision region", list(region.facts), width, look)
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return filled([title], width, height)
    room = height - 1
    beside = min((width - FRAME_WIDTH - LEGEND) // 2, room - FRAME_HEIGHT)
    under = min((width - FRAME_WIDTH) // 2, room - FRAME_HEIGHT - 1)
    if max(beside, under) < SQUARE_ROWS:
        draw = _stretched
    else:
        draw = _beside if beside >= under else _under
    return filled([title, *draw(region, width, room, look)], width, height)


def _stretched(region: Region, width: int, height: int, look: Look) -> Lines:
    """Return the region in all the room there is, a line of legend under it."""
    canvas = draw_canvas(region, width, height - 1, look)
    return [*canvas, draw_line(region, width, look)]


def _beside(region: Region, width: int, height: int, look: Look) -> Lines:
    """Return the region with the legend at its right."""
    rows = min((width - FRAME_WIDTH - LEGEND) // 2, height - FRAME_HEIGHT)
    picture = _framed(region, rows, look)
    legend = draw_legend(region, LEGEND - 3, len(picture), look)
    return [
        Text.assemble(cut(line, FRAME_WIDTH + 2 * rows), "   ", note, end="")
        for line, note in zip(picture, legend, strict=True)
    ]


def _under(region: Region, width: int, height: int, look: Look) -> Lines:
    """Return the region with the legend under it: all of it where it fits, else a line."""
    rows = min((width - FRAME_WIDTH) // 2, height - FRAME_HEIGHT - 1)
    picture = _framed(region, rows, look)
    legend = draw_legend(region, width, None, look)
    if len(picture) + 1 + len(legend) <= height:
        return [*picture, Text(end=""), *legend]
    return [*picture, draw_line(region, width, look)]


def _framed(region: Region, rows: int, look: Look) -> Lines:
    columns = 2 * rows
    level, upright = _axis(region.across, columns // 9), _axis(region.up, rows // 4)
    canvas = draw_canvas(region, columns, rows, look)
    return framed(canvas, level, upright, look)


def _axis(ends: tuple[float, float], most: int) -> Axis:
    """Return an axis that ends where the region does, with -π and π by name."""
    low, high = ends
    if ends == (-math.pi, math.pi):
        return Axis(low, high, ((low, "-pi"), (0.0, "0"), (high, "pi")))
    return Axis.between(low, high, max(most, 1))
