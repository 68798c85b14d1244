"""Buckets made into points: the unbroken pieces of a curve, cut to the axis they are drawn on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .arrays import Floats

Piece = tuple[Floats, Floats]
"""An unbroken piece of a curve: steps, and values as they are drawn."""

Band = tuple[Floats, Floats, Floats]
"""Steps, and the least and the greatest value at each."""


def placed(values: Floats, log: bool) -> Floats:
    """Return values in the coordinates that are drawn, NaN where there are none."""
    if log:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log10(values)
    return np.where(np.isfinite(values), values, np.nan)


def points(
    steps: Floats, low: Floats, mean: Floats, high: Floats
) -> list[tuple[list[float], list[float]]]:
    """Return the unbroken pieces of a curve as points, at most two for each bucket.

    Each bucket is entered on the side the curve comes from, so that a falling curve stays one
    stroke and does not zigzag.
    """
    pieces: list[tuple[list[float], list[float]]] = []
    xs: list[float] = []
    ys: list[float] = []
    before = float("nan")
    for step, least, middle, most in zip(
        steps.tolist(), low.tolist(), mean.tolist(), high.tolist(), strict=True
    ):
        if least != least and most != most:
            if xs:
                pieces.append((xs, ys))
                xs, ys = [], []
            continue
        first, second = (most, least) if before >= middle else (least, most)
        for value in (first,) if first == second else (first, second):
            if value == value:
                xs.append(step)
                ys.append(value)
        before = middle
    return [*pieces, (xs, ys)] if xs else pieces


def cut_pieces(
    pieces: Sequence[tuple[list[float], list[float]]], first: int, last: int
) -> tuple[Piece, ...]:
    """Return what of the pieces lies on the level axis."""
    pieces_inside = []
    for xs, ys in pieces:
        steps, values = _cut_at(np.array(xs), (np.array(ys),), first, last)
        if len(steps):
            pieces_inside.append((steps, values[0]))
    return tuple(pieces_inside)


def cut_band(band: Band, first: int, last: int) -> Band | None:
    """Return what of a band lies on the level axis; None where nothing does."""
    steps, (low, high) = _cut_at(band[0], band[1:], first, last)
    return (steps, low, high) if len(steps) else None


def _cut_at(
    steps: Floats, columns: tuple[Floats, ...], first: int, last: int
) -> tuple[Floats, tuple[Floats, ...]]:
    """Cut columns over rising steps to an axis, with what lies at its ends in between."""
    begin = int(np.searchsorted(steps, first, side="left"))
    end = int(np.searchsorted(steps, last, side="right"))
    edges = [
        (place, index)
        for place, index in ((float(first), begin), (float(last), end))
        if 0 < index < len(steps) and steps[index - 1] < place < steps[index]
    ]
    at_first = [place for place, index in edges if place == first and index == begin]
    at_last = [place for place, index in edges if place == last and index == end]
    cut_steps = np.concatenate([at_first, steps[begin:end], at_last])
    parts = tuple(
        np.concatenate(
            [
                [_between(steps, values, begin, first)] if at_first else [],
                values[begin:end],
                [_between(steps, values, end, last)] if at_last else [],
            ]
        )
        for values in columns
    )
    return cut_steps, parts


def _between(steps: Floats, values: Floats, index: int, place: float) -> float:
    """Return the value at a place before a row, on the line from the row before it."""
    share = (place - steps[index - 1]) / (steps[index] - steps[index - 1])
    return float(values[index - 1] * (1 - share) + values[index] * share)
