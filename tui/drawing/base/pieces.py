"""Buckets made into points: the unbroken pieces of a curve, cut to the axis they are drawn on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .arrays import Floats

Piece = tuple[Floats, Floats]
"""An unbroken piece of a curve: steps, and values as they are drawn."""

Points = tuple[list[float], list[float]]
"""The same as numbers, before it is cut to an axis."""

Band = tuple[Floats, Floats, Floats]
"""Steps, and the least and the greatest value at each."""


def placed(values: Floats, log: bool) -> Floats:
    """Return values in the coordinates that are drawn, NaN where there are none."""
    if log:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log10(values)
    return np.where(np.isfinite(values), values, np.nan)


def points(steps: Floats, low: Floats, mean: Floats, high: Floats) -> list[Points]:
    """Return the unbroken pieces of a curve as points, at most two for each bucket.

    Each bucket is entered on the side the curve comes from, so that a falling curve stays one
    stroke and does not zigzag.
    """
    pieces: list[Points] = [([], [])]
    before = float("nan")
    for step, least, middle, most in np.stack([steps, low, mean, high], axis=1).tolist():
        if least != least and most != most:
            pieces += [([], [])] if pieces[-1][0] else []
            continue
        first, second = (most, least) if before >= middle else (least, most)
        for value in (first,) if first == second else (first, second):
            if value == value:
                pieces[-1][0].append(step)
                pieces[-1][1].append(value)
        before = middle
    return pieces if pieces[-1][0] else pieces[:-1]


def cut_pieces(pieces: Sequence[Points], first: int, last: int) -> tuple[Piece, ...]:
    """Return what of the pieces lies on the level axis."""
    parts = [_cut_at(np.array(each), first, last) for each in pieces]
    return tuple((steps, values) for steps, values in parts if len(steps))


def cut_band(band: Band, first: int, last: int) -> Band | None:
    """Return what of a band lies on the level axis; None where nothing does."""
    steps, low, high = _cut_at(np.stack(band), first, last)
    return (steps, low, high) if len(steps) else None


def _cut_at(rows: Floats, first: int, last: int) -> Floats:
    """Cut rows, of which the first is rising steps, to an axis, with what lies at its ends."""
    begin = int(np.searchsorted(rows[0], first, side="left"))
    end = int(np.searchsorted(rows[0], last, side="right"))
    return np.hstack([_edge(rows, begin, first), rows[:, begin:end], _edge(rows, end, last)])


def _edge(rows: Floats, index: int, place: int) -> Floats:
    """Return what lies at a place before a column, on the line from the column before it."""
    steps = rows[0]
    if not (0 < index < len(steps) and steps[index - 1] < place < steps[index]):
        return rows[:, :0]
    share = (place - steps[index - 1]) / (steps[index] - steps[index - 1])
    edge: Floats = rows[:, [index - 1]] * (1 - share) + rows[:, [index]] * share
    edge[0] = place
    return edge
