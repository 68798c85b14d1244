"""Numbers in arrays, as pictures take them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Characters = NDArray[np.uint32]
"""Code points."""


def finite_of(values: NDArray[Any]) -> Floats:
    """Return the values that are finite."""
    return np.asarray(values[np.isfinite(values)], np.float64)


def evenly(total: int, most: int) -> NDArray[np.intp]:
    """Return at most so many of the numbers from 0 to below ``total``, evenly spread."""
    return np.unique(np.linspace(0, total - 1, min(most, total)).astype(np.intp))
