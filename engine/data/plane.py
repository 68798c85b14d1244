"""Points of the plane in two classes, each kind a shape."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from ..components.section import NonNegative
from .base import DataBase, Examples, Samples


class _Classified(DataBase):
    """Points of the plane in two classes."""

    samples: Samples = 1000
    """How many points, half of them in each class."""
    noise: NonNegative = 0.1
    """Standard deviation of the normal noise on both coordinates."""

    @property
    @override
    def rows(self) -> int:
        return self.samples

    @property
    @override
    def target_names(self) -> list[str]:
        return ["0", "1"]

    @property
    @override
    def classes(self) -> int:
        return 2

    def shape(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """Return the two classes' points before the noise: [first, 2] and [second, 2]."""
        raise NotImplementedError

    @override
    def draw(self, rng: np.random.Generator) -> Examples:
        first, second = self.samples - self.samples // 2, self.samples // 2
        points = np.concatenate(self.shape(first, second, rng))
        points = points + rng.normal(0.0, self.noise, points.shape)
        labels = np.concatenate([np.zeros(first, np.int64), np.ones(second, np.int64)])
        return Examples(points, labels)


class Moons(_Classified):
    """Two interleaved half circles of radius 1, as in scikit-learn's ``make_moons``."""

    extent: ClassVar[tuple[float, float] | None] = (-math.pi, math.pi)

    kind: Literal["moons"] = "moons"

    def shape(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """The upper one around (0, 0), the lower one around (1, 0.5)."""
        upper, lower = np.linspace(0, np.pi, first), np.linspace(0, np.pi, second)
        return (
            np.stack([np.cos(upper), np.sin(upper)], axis=1),
            np.stack([1 - np.cos(lower), 0.5 - np.sin(lower)], axis=1),
        )


class Circles(_Classified):
    """A circle around another, as in scikit-learn's ``make_circles``."""

    extent: ClassVar[tuple[float, float] | None] = (-1.5, 1.5)

    kind: Literal["circles"] = "circles"
    factor: float = Field(default=0.5, gt=0, lt=1)
    """Radius of the inner circle; the outer one has 1."""

    def shape(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """The outer one first."""
        outer = np.linspace(0, 2 * np.pi, first, endpoint=False)
        inner = np.linspace(0, 2 * np.pi, second, endpoint=False)
        return (
            np.stack([np.cos(outer), np.sin(outer)], axis=1),
            np.stack([np.cos(inner), np.sin(inner)], axis=1) * self.factor,
        )


class Spirals(_Classified):
    """Two spirals wound into each other: hard for a shallow network."""

    extent: ClassVar[tuple[float, float] | None] = (-2.5, 2.5)

    kind: Literal["spirals"] = "spirals"
    turns: float = Field(default=1.5, gt=0, le=10)
    """How often each winds around the middle."""

    def shape(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """The second is the first turned by half a circle; both end at radius 2."""

        def arm(count: int, start: float) -> NDArray[np.float64]:
            along = np.sqrt(np.linspace(0.01, 1, count))
            angle = start + along * self.turns * 2 * np.pi
            return np.stack([2 * along * np.cos(angle), 2 * along * np.sin(angle)], axis=1)

        return arm(first, 0.0), arm(second, np.pi)


class Xor(_Classified):
    """A square in four quarters, opposite ones of the same class: no line tells them apart."""

    extent: ClassVar[tuple[float, float] | None] = (-1.5, 1.5)

    kind: Literal["xor"] = "xor"

    def shape(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """Uniform over [-1, 1]²; class 1 where exactly one coordinate is negative."""
        same = np.abs(rng.uniform(-1, 1, (first, 2)))
        other = np.abs(rng.uniform(-1, 1, (second, 2)))
        signs = np.where(rng.random((first, 1)) < 0.5, -1, 1)
        flips = np.where(rng.random((second, 1)) < 0.5, -1, 1)
        return same * signs, other * np.concatenate([flips, -flips], axis=1)
