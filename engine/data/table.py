"""Rows that stand in the preset itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from ..components.section import Number
from ..text.source_code import call, define, listed
from .base import DataBase, Examples, Shape

ClassIndex = Annotated[int, Field(ge=0, lt=1000)]


class InlineTable(DataBase):
    """Rows written into the preset, with a class or numbers for each."""

    place: ClassVar[int] = 3

    kind: Literal["table"] = "table"
    inputs: list[list[Number]] = Field(min_length=1, max_length=10_000)
    """One list of features for each row."""
    targets: list[ClassIndex] | list[list[Number]] = Field(min_length=1, max_length=10_000)
    """For each row the index of its class, from 0, or a list of numbers."""

    @property
    @override
    def shape(self) -> Shape:
        features = len(self.inputs[0])
        inputs = ["x", "y"] if features == 2 else [f"x{i + 1}" for i in range(features)]
        if numbers := self._numbers():
            targets = [f"y{i + 1}" for i in range(len(numbers[0]))]
        else:
            targets = [str(index) for index in range(np.max(self.targets) + 1)]
        return Shape(len(self.inputs), inputs, targets, has_classes=not numbers)

    def draw(self, rng: np.random.Generator) -> Examples:
        """The rows as they stand."""
        targets = np.array(self.targets, np.int64 if self.class_count else np.float64)
        return Examples(np.array(self.inputs, np.float64), targets)

    @override
    def program(self) -> str:
        lines = [
            *call("inputs = np.array", [listed([listed(map(repr, row)) for row in self.inputs])]),
            *call("targets = np.array", [listed(map(repr, self.targets))]),
            "return inputs, targets",
        ]
        return define("draw_data", "Return the rows, and the target of each.", lines)

    def _numbers(self) -> list[list[float]]:
        return [target for target in self.targets if isinstance(target, list)]

    def _problems(self) -> Iterator[str]:
        if len(self.targets) != len(self.inputs):
            yield f"has {len(self.inputs)} inputs and {len(self.targets)} targets"
        for key, rows in (("inputs", self.inputs), ("targets", self._numbers())):
            widths = [len(row) for row in rows]
            if widths and not widths[0]:
                yield f"{key}[0]: must not be empty"
            for index in [at for at, width in enumerate(widths) if width != widths[0]][:1]:
                yield f"{key}[{index}]: has {widths[index]} numbers, {key}[0] has {widths[0]}"
        yield from super()._problems()
