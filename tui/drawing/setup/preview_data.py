"""What a preset's data looks like, before any training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Preview:
    """What a preset's data looks like, in its own units."""

    inputs: Floats
    """[rows, features]: some of the rows, in their order."""
    targets: NDArray[Any]
    """[rows, outputs], or [rows] indices of classes."""
    input_names: tuple[str, ...]
    target_names: tuple[str, ...]
    """The outputs, or the classes."""
    classes: bool = False
    """Whether the targets are classes."""
    sizes: tuple[int, int, int] = (0, 0, 0)
    """The rows of train, dev and test; none where every step draws fresh ones."""
    grid: Floats | None = None
    """[grid]: where the functions were asked, for data that is one of functions."""
    curves: Floats | None = None
    """[grid, outputs]: the functions without noise."""

    @property
    def is_plane(self) -> bool:
        """Whether the rows are points of the plane."""
        return self.classes and self.inputs.shape[1] == 2

    @property
    def is_function(self) -> bool:
        """Whether the targets are functions of one input."""
        return not self.classes and self.inputs.shape[1] == 1
