"""The mean of several figures, and how far apart they lie: within range, however large they are."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence


def mean_of(values: Sequence[float]) -> float:
    """Return the mean of at least one number: in range, though their sum may not be."""
    try:
        return statistics.fmean(values)
    except OverflowError:
        return math.fsum(value / len(values) for value in values)


def deviation_of(values: Sequence[float]) -> float:
    """Return the standard deviation of a sample of finite numbers; 0 of a single one, and infinite
    where it is beyond what a number can be.
    """
    if len(values) < 2:
        return 0.0
    try:
        return statistics.stdev(values)
    except OverflowError:
        greatest = max(map(abs, values))
        return greatest * statistics.stdev([value / greatest for value in values])
