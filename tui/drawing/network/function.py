"""The fitted functions over their targets: of one input, where there are more the others are held.

A line is what the network says, a shape is a target. Where a fit leaves the picture, the axes
stay with the targets: an exploding network must not squash them into a line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from rich.text import Text

from ...style.look import Look
from ...style.text import Lines, Styled, joined
from ..base.arrays import Floats, evenly, finite_of
from ..base.axis import Axes, Axis, linear_axis, roomy
from ..base.canvas import Canvas
from ..base.frame import FRAME_HEIGHT, FRAME_WIDTH, filled, framed, headline, words
from ..base.shapes import hue, point
from .held import held_inputs
from .material import RecordedNetwork

GRID: Final = 400
"""At how many places the network is asked."""

ASCII_STROKES: Final = "*+.=~-"
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
"""What stands at the end of each fit where colours cannot tell whose it is."""

FILLED: Final = 2
"""Which of a target's shapes is filled, and so seen from afar."""

ROOM: Final = 0.2
"""The share of the targets' span in which a fit beyond them is still seen, on either side."""

LEAST_WIDTH: Final = FRAME_WIDTH + 10
LEAST_HEIGHT: Final = 7


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """One target and what the network makes of it, in the units of the data."""

    name: str
    inputs: Floats
    """[points]: the inputs of the targets."""
    targets: Floats
    """[points]."""
    fitted: Floats
    """[grid]: what the network says at each place of the grid; may hold anything."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FunctionPicture:
    """Everything that the picture shows."""

    fits: tuple[Fit, ...]
    grid: Floats
    """[grid]: the inputs at which the network was asked, rising."""
    input_name: str = "x"
    noisy: bool = False
    """Whether every target counts, or a few of them tell the rest."""
    facts: tuple[str, ...] = ()
    """Whose weights they are."""
    held: str = ""
    """At what the other inputs are held; empty where there are none."""


def gather(network: RecordedNetwork) -> FunctionPicture:
    """Return the functions of an input that a network fits, with the targets of all its sets."""
    material, held = network.material, held_inputs(network.material, 1)
    (place,) = held.varying
    parts = list(material.parts.values())
    inputs = np.concatenate([material.original_inputs(part) for part in parts])[:, place]
    targets = np.concatenate([material.scaling.to_original(part.targets) for part in parts])
    order = np.argsort(inputs, kind="stable")
    order = order[np.isfinite(inputs[order])]
    inputs, targets = inputs[order], targets[order]
    low, high = material.input_ranges[place]
    grid = np.linspace(low, high, GRID) if math.isfinite(low) else np.linspace(0, 1, GRID)
    said = network.answers(material.scaled_inputs(held.rows(grid[:, None])))
    return FunctionPicture(
        fits=tuple(
            Fit(name=name, inputs=inputs, targets=targets[:, index], fitted=said[:, index])
            for index, name in enumerate(material.target_names)
        ),
        grid=grid,
        input_name=material.input_names[place],
        noisy=bool(getattr(material.experiment.data, "noise", 1.0)),
        facts=network.facts,
        held=held.words,
    )


def draw_function(picture: FunctionPicture, width: int, height: int, look: Look) -> Lines:
    """Return the picture: what it is, a legend, then the canvas with its two axes.

    For the back row lines are thick, shapes filled.

    Args:
        picture: What to show.
        width: Cells, at least 0.
        height: Lines, at least 0.
        look: What to draw with.
    """
    title = headline("fitted function", picture.facts, width, look)
    if picture.held:
        bare = draw_function(replace(picture, held=""), width, max(height - 1, 0), look)
        over = f"over {picture.input_name}; {picture.held}"
        return filled([title, words(over, width, look), *bare[1:]], width, height)
    part = FILLED if look.big else 0
    legend = draw_legend(picture, width, look, part)
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return filled([title, legend], width, height)
    columns, rows = width - FRAME_WIDTH, height - 2 - FRAME_HEIGHT
    # No wider than the inputs are, for there is nothing beyond.
    ends = roomy(float(picture.grid.min()), float(picture.grid.max()), 0.0)
    axes = Axis.between(*ends, max(columns // 12, 1)), _upright(picture, rows)
    canvas = Canvas(columns, rows, look.glyphs)
    for index, fit in enumerate(picture.fits):
        _draw_fit(canvas, fit, index, picture.grid, axes, look)
    for index, fit in enumerate(picture.fits):
        _draw_targets(canvas, fit, index, axes, part, picture.noisy, look)
    return filled([title, legend, *framed(canvas.lines(), *axes, look)], width, height)


def _upright(picture: FunctionPicture, rows: int) -> Axis:
    """Return the axis of the targets, with some room: whatever the fits are, it stays."""
    targets, fitted = ([fit.targets for fit in picture.fits], [fit.fitted for fit in picture.fits])
    for each in (targets, fitted):
        if len(values := finite_of(np.concatenate([np.empty(0), *each]))):
            low, high = roomy(float(values.min()), float(values.max()), ROOM)
            return linear_axis(low, high, max(rows // 3, 1))
    return Axis(0.0, 1.0, ())


def _draw_fit(canvas: Canvas, fit: Fit, index: int, grid: Floats, axes: Axes, look: Look) -> None:
    level, upright = axes
    places = np.linspace(level.low, level.high, canvas.dot_columns)
    # What is not finite stays so: interpolated from a NaN is NaN, which is a gap.
    with np.errstate(all="ignore"):
        heights = upright.share(np.interp(places, grid, fit.fitted))
    style = hue(index, look.palette, bold=look.big)
    canvas.curve(heights, style, ASCII_STROKES[index % len(ASCII_STROKES)], thick=look.big)
    finite = heights[np.isfinite(heights)]
    if not look.palette.colours and len(finite):
        end = min(max(float(finite[-1]), 0.0), 1.0)
        canvas.mark(1.0, end, LETTERS[index % len(LETTERS)], hue(index, look.palette, bold=True))


def _draw_targets(
    canvas: Canvas,
    fit: Fit,
    index: int,
    axes: tuple[Axis, Axis],
    part: int,
    noisy: bool,
    look: Look,
) -> None:
    level, upright = axes
    most = canvas.columns * 2 if noisy else max(canvas.columns // 4, 2)
    shown = evenly(len(fit.inputs), most)
    style = hue(index, look.palette, bold=True)
    for x, value in zip(fit.inputs[shown].tolist(), fit.targets[shown].tolist(), strict=True):
        across = level.share(x)
        # Without colours, the last column is for the letters.
        shared = look.palette.colours or across * (canvas.columns - 1) < canvas.columns - 1.5
        if math.isfinite(value) and shared:
            # Among many scattered points the fit would be lost; a few lie on it as on a string.
            shape = point(index, part, look.glyphs)
            canvas.mark(across, upright.share(value), shape, style, behind=noisy)


def draw_legend(picture: FunctionPicture, width: int, look: Look, part: int = 0) -> Text:
    """Return the line that names the targets, and says what of the fits is not finite."""
    parts = []
    broken = [fit.name for fit in picture.fits if not np.isfinite(fit.fitted).all()]
    if broken:
        parts.append((f"not finite: {', '.join(broken)}", look.style("bad", bold=True)))
    note = (f"{point(0, part, look.glyphs)} target, line: network", look.style("muted"))
    # Where the names do not fit beside samples of their lines, the shapes have to do.
    for parts_here in (_names(picture, part, True, look), _names(picture, part, False, look)):
        line, shown = joined([*parts, *parts_here, note], "   ", look.style("muted"), width)
        if shown >= len(parts) + len(parts_here):
            break
    return line


def _names(picture: FunctionPicture, part: int, samples: bool, look: Look) -> list[Styled]:
    """Return each target's shape and name, with a sample of its line where that is wanted."""
    strokes = {"braille": "⠒⠒", "blocks": "▀▀", "ascii": ""}[look.glyphs.name]
    names = []
    for index, fit in enumerate(picture.fits):
        stroke = strokes or ASCII_STROKES[index % len(ASCII_STROKES)] * 2
        letter = "" if look.palette.colours else LETTERS[index % len(LETTERS)]
        parts = (point(index, part, look.glyphs), stroke if samples else "", letter, fit.name)
        names.append((" ".join(filter(None, parts)), hue(index, look.palette, bold=True)))
    return names
