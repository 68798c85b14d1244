"""What the picture of a decision region shows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


Probabilities = Callable[[Floats], Floats]


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """The points of one set, in the units of the data."""

    part: str
    """``train``, ``dev`` or ``test``."""
    places: Floats
    """[points, 2]."""
    labels: NDArray[np.int64]
    """[points]: the class of each."""
    wrong: int | None = None
    """How many of them the network takes for another class; None where nobody counts."""
    note: str = ""
    """What stands in place of that number."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Region:
    """Everything that the picture shows."""

    probabilities: Probabilities
    """From places [n, 2] in the units of the data to the classes' probabilities [n, classes];
    asked once for each picture, at just the places that it has."""
    classes: tuple[str, ...]
    points: tuple[Points, ...] = ()
    names: tuple[str, str] = ("x", "y")
    """The two inputs."""
    across: tuple[float, float] = (-math.pi, math.pi)
    """From where to where the first input goes."""
    up: tuple[float, float] = (-math.pi, math.pi)
    facts: tuple[str, ...] = ()
    """Whose weights they are."""
