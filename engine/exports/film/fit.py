"""The functions that a network of one input fits, with their targets."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...results.charts.axes import ChartAxis
from ...results.charts.drawing import Area, path
from .film import Film
from .pictured import Numbers, Pictured
from .places import MOST_POINTS, LegendEntry, Plot, draw_legend, ends, plot_box

PLACES: Final = 161
"""Places at which the network is asked."""

FEW_POINTS: Final = 20
"""Points of a set that lie on a curve."""

MOST: Final = 6
"""Functions that are drawn of a network that has more outputs."""


def draw(pictured: Pictured, box: Area) -> Film:
    """Return the film of a fit."""
    parts, scaling = pictured.sets(), pictured.run.scaling
    inputs = {name: pictured.places_of(part)[:, 0] for name, part in parts.items()}
    targets = {name: scaling.to_original(part.targets) for name, part in parts.items()}
    functions = range(min(len(pictured.target_names), MOST))
    entries = [LegendEntry(pictured.target_names[at], f"class{at}") for at in functions]
    sets = [LegendEntry(each, "whole", each) for each in parts if len(parts) > 1]
    legend, rows = draw_legend([*entries, *sets], box)
    plot = _plot(plot_box(box, rows), inputs, targets)
    # Among scattered points all count; of others a few let the line be seen between them.
    most = MOST_POINTS if getattr(pictured.run.experiment.data, "noise", 1.0) else FEW_POINTS
    points = [
        plot.points(
            np.stack([inputs[name], targets[name][:, at]], axis=1), f"class{at}", name, most
        )
        for name in parts
        for at in functions
    ]
    asked = np.linspace(plot.level.low, plot.level.high, PLACES)
    across = plot.box.across(plot.level, asked)

    def drawn(outputs: Numbers) -> str:
        fitted = scaling.to_original(outputs)
        curves = [path(across, plot.box.up(plot.upright, fitted[:, at])) for at in functions]
        drawn = [f'<path class="line class{at}" d="{d}"/>' for at, d in enumerate(curves) if d]
        return "".join(drawn)

    still = [*plot.axes(box, pictured.input_names[0], ""), *points, legend]
    return pictured.film("Targets, as points, and fits", still, drawn, asked[:, None])


def _plot(box: Area, inputs: dict[str, Numbers], targets: dict[str, Numbers]) -> Plot:
    """Return a plot whose axes stay with the targets: what explodes must not squash them."""
    # No wider than the inputs are, for there is nothing beyond.
    across, values = ends(np.concatenate([*inputs.values()]), 0.0), [*targets.values()]
    level = ChartAxis.between(*across, max(int(box.width // 90), 2))
    finite = np.concatenate([each[:, :MOST].ravel() for each in values])
    upright = ChartAxis.of_values(finite[np.isfinite(finite)], max(int(box.height // 60), 2))
    return Plot(box, level, upright)
