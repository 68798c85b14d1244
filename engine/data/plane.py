"""Points of the plane in two classes, each kind a shape."""

from __future__ import annotations

import math
from textwrap import dedent
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from ..components.section import NonNegative, check_whole
from ..text.source_code import define
from .base import RNG, DataBase, Examples, Samples, Shape

NOISE: Final = "points += rng.normal(0.0, {!r}, points.shape)"
"""The line of a program that adds the noise."""


class PlaneBase(DataBase):
    """Points of the plane in two classes."""

    place: ClassVar[int] = 0
    reach: ClassVar[float]
    """How far pictures go from the middle."""
    names: ClassVar[tuple[str, str]] = ("0", "1")
    """What the two classes are called."""
    doc: ClassVar[str]
    """What the function of a program that draws the points returns."""

    samples: Samples = 1000
    """How many points, half of them in each class."""
    noise: NonNegative = 0.1
    """Standard deviation of the normal noise on both coordinates."""

    @property
    @override
    def shape(self) -> Shape:
        return Shape(self.samples, ["x", "y"], self.names, has_classes=True)

    @property
    @override
    def extent(self) -> tuple[float, float]:
        return -self.reach, self.reach

    @property
    def halves(self) -> tuple[int, int]:
        """How many points each class has."""
        return self.samples - self.samples // 2, self.samples // 2

    def points(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """Return the two classes' points before the noise: [first, 2] and [second, 2]."""
        raise NotImplementedError

    def source(self, first: int, second: int) -> str:
        """Return the lines of a program that make ``first`` and ``second`` as ``points`` does."""
        raise NotImplementedError

    @override
    def at_most(self, rows: int) -> Self:
        return self.model_copy(update={"samples": min(self.samples, rows), "split": None})

    @override
    def draw(self, rng: np.random.Generator) -> Examples:
        first, second = self.halves
        points = np.concatenate(self.points(first, second, rng))
        points = points + rng.normal(0.0, self.noise, points.shape)
        labels = np.concatenate([np.zeros(first, np.int64), np.ones(second, np.int64)])
        return Examples(points, labels)

    @override
    def program(self) -> str:
        first, second = self.halves
        source = dedent(self.source(first, second)).strip()
        lines = [
            *([RNG] if self.noise or "rng." in source else []),
            source,
            "points = np.concatenate([first, second])",
            *([NOISE.format(self.noise)] if self.noise else []),
            f"return points, np.repeat([0, 1], [{first}, {second}])",
        ]
        return define("draw_data", self.doc, lines)

    @classmethod
    @override
    def __pydantic_init_subclass__(cls, **given: Any) -> None:
        super().__pydantic_init_subclass__(**given)
        if cls.draw is PlaneBase.draw:
            check_whole(cls, PlaneBase, ("doc", "reach", "points", "source"))


class Moons(PlaneBase):
    """Two interleaved half circles of radius 1, as in scikit-learn's ``make_moons``."""

    doc = "Return two interleaved half circles, and the class of each point."
    reach: ClassVar[float] = math.pi

    kind: Literal["moons"] = "moons"

    def points(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """The upper one around (0, 0), the lower one around (1, 0.5)."""
        upper, lower = np.linspace(0, np.pi, first), np.linspace(0, np.pi, second)
        return (
            np.stack([np.cos(upper), np.sin(upper)], axis=1),
            np.stack([1 - np.cos(lower), 0.5 - np.sin(lower)], axis=1),
        )

    def source(self, first: int, second: int) -> str:
        """The same."""
        return f"""
            upper = np.linspace(0, np.pi, {first})
            lower = np.linspace(0, np.pi, {second})
            first = np.column_stack([np.cos(upper), np.sin(upper)])
            second = np.column_stack([1 - np.cos(lower), 0.5 - np.sin(lower)])
        """


class Circles(PlaneBase):
    """A circle around another, as in scikit-learn's ``make_circles``."""

    doc = "Return a circle around another, and the class of each point."
    reach: ClassVar[float] = 1.5

    kind: Literal["circles"] = "circles"
    factor: float = Field(default=0.5, gt=0, lt=1)
    """Radius of the inner circle; the outer one has 1."""

    def points(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """The outer one first."""
        outer = np.linspace(0, 2 * np.pi, first, endpoint=False)
        inner = np.linspace(0, 2 * np.pi, second, endpoint=False)
        return (
            np.stack([np.cos(outer), np.sin(outer)], axis=1),
            np.stack([np.cos(inner), np.sin(inner)], axis=1) * self.factor,
        )

    def source(self, first: int, second: int) -> str:
        """The same."""
        return f"""
            outer = np.linspace(0, 2 * np.pi, {first}, endpoint=False)
            inner = np.linspace(0, 2 * np.pi, {second}, endpoint=False)
            first = np.column_stack([np.cos(outer), np.sin(outer)])
            second = np.column_stack([np.cos(inner), np.sin(inner)]) * {self.factor!r}
        """


class Spirals(PlaneBase):
    """Two spirals wound into each other: hard for a shallow network."""

    doc = "Return two spirals wound into each other, and the class of each point."
    reach: ClassVar[float] = 2.5

    kind: Literal["spirals"] = "spirals"
    turns: float = Field(default=1.5, gt=0, le=10)
    """How often each winds around the middle."""

    def points(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """The second is the first turned by half a circle; both end at radius 2."""

        def arm(count: int, start: float) -> NDArray[np.float64]:
            along = np.sqrt(np.linspace(0.01, 1, count))
            angle = start + along * self.turns * 2 * np.pi
            return np.stack([2 * along * np.cos(angle), 2 * along * np.sin(angle)], axis=1)

        return arm(first, 0.0), arm(second, np.pi)

    def source(self, first: int, second: int) -> str:
        """The same."""
        return f"""
            first = arm({first}, 0.0)
            second = arm({second}, np.pi)
        """

    @override
    def program(self) -> str:
        return f'''\
def arm(count, start):
    """Return the points of one spiral, which ends at radius 2."""
    along = np.sqrt(np.linspace(0.01, 1, count))
    angle = start + along * {self.turns!r} * 2 * np.pi
    return np.column_stack(
        [2 * along * np.cos(angle), 2 * along * np.sin(angle)]
    )


{super().program()}'''


class Xor(PlaneBase):
    """A square in four quarters, opposite ones of the same class: no line tells them apart."""

    doc = "Return the points of a square; opposite quarters are of one class."
    reach: ClassVar[float] = 1.5

    kind: Literal["xor"] = "xor"

    def points(self, first: int, second: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """Uniform over [-1, 1]²; class 1 where exactly one coordinate is negative."""
        same = np.abs(rng.uniform(-1, 1, (first, 2)))
        other = np.abs(rng.uniform(-1, 1, (second, 2)))
        signs = np.where(rng.random((first, 1)) < 0.5, -1, 1)
        flips = np.where(rng.random((second, 1)) < 0.5, -1, 1)
        return same * signs, other * np.concatenate([flips, -flips], axis=1)

    def source(self, first: int, second: int) -> str:
        """The same."""
        return f"""
            first = np.abs(rng.uniform(-1, 1, ({first}, 2)))
            second = np.abs(rng.uniform(-1, 1, ({second}, 2)))
            signs = np.where(rng.random(({first}, 1)) < 0.5, -1, 1)
            flips = np.where(rng.random(({second}, 1)) < 0.5, -1, 1)
            first, second = first * signs, second * np.hstack([flips, -flips])
        """
