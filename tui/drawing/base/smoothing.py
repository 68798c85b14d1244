"""Smoothing: an exponential moving average that costs what a picture has columns.

The average is the one of TensorBoard and W&B, debiased: it starts at 0 and is divided by the
weight that it has come to, so that the first values are no worse than the later ones. As in
W&B's *time weighted* average, the weight belongs to a length of the axis and not to a row: a
value that lies a hundredth of the axis back counts ``weight`` times what the newest one does.
(W&B takes a thousandth, but a terminal has about a hundred columns.) So the picture looks the same
for a hundred steps and for a million, and zooming in shows more detail.

Each bucket counts as its mean, for as many steps as it has: a spike of one row among a thousand
moves the average by a thousandth of what it would alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from .arrays import Floats

SMOOTHINGS: Final = (0.0, 0.6, 0.9, 0.97)
"""The weights to choose from; 0 for no smoothing."""


def smoothed(steps: Floats, means: Floats, weight: float, span: float) -> Floats:
    """Return the average at the end of each bucket; NaN where a bucket has no mean.

    Args:
        steps: The last step of each bucket, rising.
        means: The mean of each bucket's finite values; NaN where it has none.
        weight: What a value counts a hundredth of ``span`` later, below 1.
        span: The steps of the axis.
    """
    if weight <= 0 or not len(steps):
        return means
    # The first bucket has none before it: it counts as most of the others do.
    usual = float(np.median(np.diff(steps))) if len(steps) > 1 else 1.0
    lengths = np.diff(steps, prepend=steps[0] - usual)
    kept = np.power(weight, np.maximum(lengths, 0) / max(span / 100, 1e-9))
    average, total = 0.0, 0.0
    averages = np.full(len(steps), np.nan)
    for index, (mean, keep) in enumerate(zip(means.tolist(), kept.tolist(), strict=True)):
        if mean != mean:
            average, total = keep * average, keep * total
            continue
        average = keep * average + (1 - keep) * mean
        total = keep * total + (1 - keep)
        averages[index] = average / total if total > 0 else mean
    return averages
