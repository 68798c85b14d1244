"""What films have in common: where their plot stands, their axes, their points, their legend."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...results.charts.axes import ChartAxis
from ...results.charts.drawing import (
    HEAD,
    LEFT,
    LEGEND_ROW,
    LETTER,
    MOST_NAME,
    RIGHT,
    Area,
    draw_axes,
    draw_more,
    said,
    shortened,
)

MOST_POINTS: Final = 400
"""Points of a set that are drawn at most, evenly chosen."""

SHAPES: Final = {
    "train": ("round", (7.0, 5.0)),
    "dev": ("round", (9.0, 7.0, 3.0)),
    "test": ("square", (7.0, 5.0)),
}
"""How the points of each set end, and the widths of their strokes: paper and colour by turns."""


class Plot(NamedTuple):
    """A rectangle with its two axes."""

    box: Area
    level: ChartAxis
    upright: ChartAxis

    def axes(self, whole: Area, across: str, up: str) -> Iterator[str]:
        """Yield the axes, their numbers and their names."""
        yield from draw_axes(*self)
        most = int(self.box.width / 2 / LETTER)
        yield (
            f'<text class="number" text-anchor="end" x="{self.box.right:g}" '
            f'y="{whole.bottom - 2:g}">{said(shortened(across, most))}</text>'
            f'<text class="number" x="{whole.left + 4:g}" y="{self.box.top - 8:g}">'
            f"{said(shortened(up, most))}</text>"
        )

    def points(self, places: NDArray[Any], colour: str, part: str, most: int = MOST_POINTS) -> str:
        """Return the points of a set, [points, 2]: round, rings for dev, squares for test."""
        finite = places[np.isfinite(places).all(axis=1)]
        rows = np.linspace(0, len(finite) - 1, min(len(finite), most)).astype(int)
        x = self.box.across(self.level, finite[rows, 0]).tolist()
        y = self.box.up(self.upright, finite[rows, 1]).tolist()
        return dots("".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x, y, strict=True)), colour, part)


def ends(values: NDArray[Any], room: float) -> tuple[float, float]:
    """Return from where to where an axis goes: as far as values do, and a share further."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (-1.0, 1.0)
    beyond = (high - low) * room if high > low else 0.5
    return low - beyond, high + beyond


def plot_box(box: Area, legend_rows: int) -> Area:
    """Return where the plot stands, under its legend."""
    top = box.top + HEAD + legend_rows * LEGEND_ROW + 28
    return Area(box.left + LEFT, top, box.width - LEFT - RIGHT, box.bottom - 44 - top)


def dots(path: str, colour: str, part: str) -> str:
    """Return points as they are drawn, the widest stroke first."""
    cap, sizes = SHAPES.get(part, SHAPES["train"])
    names = ("rim", f"points {colour}")
    return "".join(
        f'<path class="{names[number % 2]}" stroke-linecap="{cap}" stroke-width="{size:g}" '
        f'd="{path}"/>'
        for number, size in enumerate(sizes if path else ())
    )


class LegendEntry(NamedTuple):
    """A name in a legend, and the point that stands before it."""

    name: str
    colour: str
    part: str = "train"


def draw_legend(entries: list[LegendEntry], box: Area) -> tuple[str, int]:
    """Return names with their points, as many as two rows hold, and in how many rows."""
    parts, x, row = list[str](), box.left + 4, 0
    for number, entry in enumerate(entries):
        name = shortened(entry.name, MOST_NAME)
        width = 30 + LETTER * len(name)
        if x + width > box.right:
            x, row = box.left + 4, row + 1
        y = box.top + HEAD + row * LEGEND_ROW + 16
        if row > 1:
            return "".join([*parts, draw_more(len(entries) - number, box, y - LEGEND_ROW)]), 2
        parts.append(dots(f"M{x + 7:.1f} {y - 5:.1f}h0", entry.colour, entry.part))
        parts.append(f'<text class="legend" x="{x + 17:.1f}" y="{y:.1f}">{said(name)}</text>')
        x += width
    return "".join(parts), row + 1
