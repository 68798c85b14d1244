"""Functions of x, written as expressions."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field, model_validator
from typing_extensions import override

from ..components.expressions import Expression
from ..components.section import NonNegative, Number
from .base import DataBase, Examples, Samples


def _is_expression(text: str) -> str:
    Expression(text)
    return text


class Function(DataBase):
    """Functions of x, on evenly spaced points."""

    kind: Literal["function"] = "function"
    domain: list[Number] = Field(default=[-1.0, 1.0], min_length=2, max_length=2)
    """The first and the last x."""
    points: Samples = 100
    """How many values of x, evenly spaced, both ends included."""
    targets: list[Annotated[str, AfterValidator(_is_expression)]] = Field(
        default=["x**3"], min_length=1, max_length=64
    )
    """What the network is to learn, as expressions of x such as ``"x * exp(x)"``."""
    noise: NonNegative = 0.0
    """Standard deviation of the normal noise on the targets."""

    @property
    @override
    def rows(self) -> int:
        return self.points

    @property
    @override
    def input_names(self) -> list[str]:
        return ["x"]

    @property
    @override
    def target_names(self) -> list[str]:
        return list(self.targets)

    def draw(self, rng: np.random.Generator) -> Examples:
        """Evaluate the targets, then add the noise."""
        x = np.linspace(self.domain[0], self.domain[1], self.points)
        values = np.stack([Expression(text)(x) for text in self.targets], axis=1)
        noisy = values + self.noise * rng.standard_normal(values.shape)
        return Examples(x[:, None], noisy)

    @model_validator(mode="after")
    def _targets_are_finite(self) -> Function:
        if not self.domain[0] < self.domain[1]:
            raise ValueError(f"domain: must rise from its first to its last x (got {self.domain})")
        x = np.linspace(self.domain[0], self.domain[1], min(self.points, 1000))
        for text in self.targets:
            values = Expression(text)(x)
            bad = ~np.isfinite(values) | (np.abs(values) > np.finfo(np.float32).max)
            if bad.any():
                raise ValueError(
                    f"targets: {text!r} is {values[bad][0]} at x = {x[bad][0]:g}; "
                    "change it or the domain"
                )
        return self
