"""The decision region of a network of two inputs, with the points of its sets on it."""

from __future__ import annotations

import base64
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...results.charts.axes import ChartAxis
from ...results.charts.drawing import Area
from ...results.class_shares import class_shares
from .film import Film
from .pictured import Numbers, Pictured
from .places import LegendEntry, Plot, draw_legend, ends, plot_box
from .png import Colour, png

GRID: Final = 80
"""Places across and up at which the network is asked."""

ROOM: Final = 0.12
"""The share of the points' span that is seen beyond them."""

CLASSES: Final = (
    (0, 114, 178),
    (222, 124, 20),
    (0, 150, 110),
    (150, 80, 180),
    (200, 60, 80),
    (110, 120, 135),
)
"""The field of each class, as the style sheet has its points; of more classes they come again."""

SHADES: Final = 8
"""How many shades of being sure a class has; in the middle between two nothing is coloured."""

OPAQUE: Final = 150
"""How opaque a field is where the network is sure: what lies under it is light or dark."""


def draw(pictured: Pictured, box: Area) -> Film:
    """Return the film of a region."""
    run, parts = pictured.run, pictured.sets()
    classes = pictured.target_names
    entries = [LegendEntry(name, _colour(label)) for label, name in enumerate(classes)]
    legend, rows = draw_legend(
        [*entries, *(LegendEntry(each, "whole", each) for each in parts)], box
    )
    places = {name: pictured.places_of(part) for name, part in parts.items()}
    plot = _plot(plot_box(box, rows), np.concatenate([*places.values()]))
    names = (pictured.input_names[0], pictured.input_names[1])
    points = [
        plot.points(places[name][part.targets == label], _colour(label), name)
        for name, part in parts.items()
        for label in range(len(classes))
    ]

    def drawn(outputs: Numbers) -> str:
        picture = png(_levels(class_shares(outputs, run.experiment.loss)), _palette())
        data = base64.b64encode(picture).decode("ascii")
        place = f'{plot.box.attributes} preserveAspectRatio="none"'
        return f'<image {place} href="data:image/png;base64,{data}"/>'

    still = [*plot.axes(box, *names), *points, legend]
    return pictured.film("Decision region", still, drawn, _grid(plot))


def _colour(label: int) -> str:
    return f"class{label % len(CLASSES)}"


def _plot(box: Area, points: Numbers) -> Plot:
    across, up = ends(points[:, 0], ROOM), ends(points[:, 1], ROOM)
    level = ChartAxis.between(*across, max(int(box.width // 90), 2))
    return Plot(box, level, ChartAxis.between(*up, max(int(box.height // 60), 2)))


def _grid(plot: Plot) -> Numbers:
    """Return places in rows from the top: [places, 2]."""
    shares = (np.arange(GRID) + 0.5) / GRID
    x = plot.level.low + shares * (plot.level.high - plot.level.low)
    y = plot.upright.high - shares * (plot.upright.high - plot.upright.low)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def _levels(shares: Numbers) -> NDArray[np.uint8]:
    """Return the colour of each place: 0 for none, then each class's shades, the surest last."""
    finite: NDArray[np.bool_] = np.isfinite(shares).min(axis=1)
    shares, classes = np.where(finite[:, None], shares, 0), shares.shape[1]
    sure = (shares.max(axis=1) - 1 / classes) / (1 - 1 / classes)
    shade = np.clip((sure * SHADES).astype(int), 0, SHADES - 1)
    levels = 1 + shares.argmax(axis=1) % len(CLASSES) * SHADES + shade
    return np.where(finite, levels, 0).astype(np.uint8).reshape(GRID, GRID)


def _palette() -> list[Colour]:
    shades = [round(OPAQUE * (shade + 0.5) / SHADES) for shade in range(SHADES)]
    return [(0, 0, 0, 0), *((*colour, each) for colour in CLASSES for each in shades)]
