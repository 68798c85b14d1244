"""The numbers of rows and of weights, apart from the events: who reads no row needs no numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .unsaid import BITS

Values = NDArray[np.float32]


def are_unsaid(values: Values) -> NDArray[np.bool_]:
    """Return which numbers were not said, in the same shape."""
    found: NDArray[np.bool_] = np.ascontiguousarray(values, np.float32).view(np.uint32) == BITS
    return found


def are_broken(values: Values) -> NDArray[np.bool_]:
    """Return which numbers were said and are not finite, in the same shape."""
    broken: NDArray[np.bool_] = ~np.isfinite(values)
    return broken & ~are_unsaid(values) if broken.any() else broken
