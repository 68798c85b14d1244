"""Points of the plane on the two sides of a curve that a formula draws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from ..components.expressions import Expression
from ..components.section import Number
from ..text.source_code import define
from .base import RNG, Examples, Samples
from .function import Formula, as_numpy, wrong_formulas
from .plane import NOISE, PlaneBase


class Boundary(PlaneBase):
    """Points of a square, above and below a formula of x: what is to be found is a curve."""

    doc = "Return points of a square, and whether each lies above the curve."
    names: ClassVar[tuple[str, str]] = ("below", "above")
    place: ClassVar[int] = 1

    kind: Literal["boundary"] = "boundary"
    formula: Formula = "sin(3 * x) / 2"
    """The curve, as an expression of x: a point is of class 1 where its y is greater."""
    domain: list[Number] = Field(default=[-1.0, 1.0], min_length=2, max_length=2)
    """From where to where points lie, in x as in y, evenly strewn."""
    samples: Samples = 1000
    """How many points."""
    noise: float = Field(default=0.05, ge=0, le=1e30)
    """Standard deviation of the normal noise on both coordinates, added when the classes are
    given: near the curve it carries points to the other side."""

    @property
    @override
    def extent(self) -> tuple[float, float]:
        low, high = self.domain
        beyond = (high - low) / 4
        return low - beyond, high + beyond

    @override
    def draw(self, rng: np.random.Generator) -> Examples:
        low, high = self.domain
        points = rng.uniform(low, high, (self.samples, 2))
        above = points[:, 1] > Expression(self.formula)(points[:, 0])
        return Examples(points + rng.normal(0.0, self.noise, points.shape), above.astype(np.int64))

    @override
    def program(self) -> str:
        low, high = self.domain
        lines = [
            RNG,
            f"points = rng.uniform({low!r}, {high!r}, ({self.samples}, 2))",
            "x, y = points.T",
            f"above = y > {as_numpy(self.formula)}",
            *([NOISE.format(self.noise)] if self.noise else []),
            "return points, above.astype(np.int64)",
        ]
        return define("draw_data", self.doc, lines)

    def _problems(self) -> Iterator[str]:
        yield from super()._problems()
        yield from (wrong := list(wrong_formulas("formula", [self.formula], self.domain)))
        low, high = self.domain
        curve = Expression(self.formula)(np.linspace(low, high, 1000))
        if not wrong and (curve.min() >= high or curve.max() <= low):
            side = "above" if curve.min() >= high else "below"
            where = f"lies {side} every point of the square from {low:g} to {high:g}"
            remedy = "so there is one class alone; change it or the domain"
            yield f"formula: {self.formula!r} {where}, {remedy}"
