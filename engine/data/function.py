"""Functions of x, written as expressions."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator
from typing_extensions import override

from ..components.expressions import Expression
from ..components.section import NonNegative, Number
from ..text.source_code import call, define, listed
from .base import RNG, DataBase, Examples, Inputs, Samples, Targets
from .formula import Formula, as_numpy, check_formulas


class Function(DataBase):
    """Functions of x, on evenly spaced points."""

    place: ClassVar[int] = 2

    kind: Literal["function"] = "function"
    domain: list[Number] = Field(default=[-1.0, 1.0], min_length=2, max_length=2)
    """The first and the last x."""
    points: Samples = 100
    """How many values of x, evenly spaced, both ends included."""
    targets: list[Formula] = Field(default=["x**3"], min_length=1, max_length=64)
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

    @override
    def at_most(self, rows: int) -> Function:
        return self.model_copy(update={"points": min(self.points, rows), "split": None})

    @override
    def curves(self, places: int) -> tuple[Inputs, Targets]:
        smooth = self.model_copy(update={"points": places, "noise": 0.0})
        examples = smooth.draw(np.random.default_rng(0))
        return examples.inputs[:, 0], examples.targets

    @override
    def program(self) -> str:
        low, high = self.domain
        lines = [f"x = np.linspace({low!r}, {high!r}, {self.points})"]
        lines += call("y = np.column_stack", [listed(map(as_numpy, self.targets))])
        if self.noise:
            lines += [RNG, f"y += {self.noise!r} * rng.standard_normal(y.shape)"]
        lines.append("return x.reshape(-1, 1), y")
        return define("draw_data", "Return values of x, and what is to be learned of them.", lines)

    @model_validator(mode="after")
    def _targets_are_finite(self) -> Function:
        check_formulas("targets", self.targets, self.domain, self.points)
        return self
