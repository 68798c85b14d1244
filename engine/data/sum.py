"""Sums of whole numbers, drawn afresh for every step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from ..components.section import Count
from ..text.source_code import define
from .base import DataBase, Examples, Shape


class Sum(DataBase):
    """Whole numbers drawn afresh for every step; the target is their sum."""

    place: ClassVar[int] = 4

    fresh: ClassVar[bool] = True
    scaled_by: ClassVar[tuple[str, str] | None] = ("divide_by", "highest")
    kind: Literal["sum"] = "sum"
    terms: Annotated[int, Field(ge=1, le=10_000)] = 30
    """How many numbers a row has."""
    highest: Count = 100
    """Numbers are drawn from 0 to this, both included."""
    divide_by: float = Field(default=100.0, ge=1e-6, le=1e30)
    """What the numbers are divided by, inputs and target alike."""
    split: None = None
    """There is nothing to split: every step draws fresh rows."""
    features: None = None
    """The network sees the numbers themselves."""

    @property
    @override
    def shape(self) -> Shape:
        return Shape(0, [f"x{i + 1}" for i in range(self.terms)], ["sum"])

    def draw(self, rng: np.random.Generator) -> Examples:
        """There is no set of rows: none."""
        return self.draw_fresh(rng, 0)

    def draw_fresh(self, rng: np.random.Generator, rows: int) -> Examples:
        """Draw ``rows`` rows."""
        numbers = rng.integers(0, self.highest, (rows, self.terms), endpoint=True)
        sums = numbers.sum(axis=1, keepdims=True)
        return Examples(numbers / self.divide_by, sums / self.divide_by)

    @override
    def program(self) -> str:
        lines = [
            f"numbers = rng.integers(0, {self.highest}, (count, {self.terms}), endpoint=True)",
            "totals = numbers.sum(axis=1, keepdims=True)",
            f"return numbers / {self.divide_by!r}, totals / {self.divide_by!r}",
        ]
        about = f"Return rows of {self.terms} whole numbers, and the sum of each."
        return define("draw_rows", about, lines, "rng, count")

    def _problems(self) -> Iterator[str]:
        for key in ("scale_inputs", "scale_targets"):
            if getattr(self, key) != "none":
                yield f"{key}: there is no training set to fit it on; set divide_by"
