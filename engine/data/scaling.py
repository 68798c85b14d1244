"""Scaling: columns brought to a common size by what the training set alone has shown.

The columns of dev and test set are moved by the training set's numbers, never by their own:
what is measured on them must not have been seen before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from .features import Features

Scale = Literal["none", "standard", "range"]

PIXEL: float = 255.0
"""The greatest number of a pixel."""

Real = type[np.float32 | np.float64]
"""What a network computes with."""


@dataclass(frozen=True, eq=False)
class ColumnScaling:
    """A shift and a scale for each column."""

    shift: NDArray[np.float64]
    """[columns]: what is taken away."""
    scale: NDArray[np.float64]
    """[columns]: what is divided by then."""

    @classmethod
    def nothing(cls, columns: int) -> Self:
        """Return what leaves every column as it is."""
        return cls(np.zeros(columns), np.ones(columns))

    @classmethod
    def fitted(cls, rows: NDArray[Any], how: Scale | Literal["unit"]) -> Self:
        """Return what scales these rows [rows, columns]; a constant column is only shifted."""
        columns = rows.shape[1]
        if how == "none":
            return cls.nothing(columns)
        if how == "unit":
            return cls(np.zeros(columns), np.full(columns, PIXEL))
        values = rows.astype(np.float64, copy=False)
        low, high = values.min(axis=0), values.max(axis=0)
        if how == "range":
            shift, scale = low, high - low
        else:
            shift, scale = values.mean(axis=0), values.std(axis=0)
        # A mean of equal numbers may miss them by a rounding error, which is no spread.
        constant = (low == high) | (scale == 0)
        return cls(np.where(constant, low, shift), np.where(constant, 1.0, scale))

    def only(self, columns: NDArray[np.bool_]) -> Self:
        """Return what scales these columns [columns] alike and leaves the others as they are."""
        shift, scale = np.where(columns, self.shift, 0.0), np.where(columns, self.scale, 1.0)
        return type(self)(shift, scale)

    def plain(self, name: str) -> dict[str, list[float]]:
        """Return it as plain lists, called by a name; nothing where it changes nothing."""
        if self.changes_nothing:
            return {}
        return {f"{name}_shift": self.shift.tolist(), f"{name}_scale": self.scale.tolist()}

    @classmethod
    def from_plain(cls, made: Mapping[str, Any], name: str) -> Self:
        """Return what ``plain`` has said."""
        return cls(
            np.array(made.get(f"{name}_shift", [0.0])), np.array(made.get(f"{name}_scale", [1.0]))
        )

    @property
    def changes_nothing(self) -> bool:
        """Whether every column stays as it is."""
        return not self.shift.any() and bool((self.scale == 1).all())

    def apply(self, rows: NDArray[Any], dtype: Real = np.float32) -> NDArray[Any]:
        """Return rows [..., columns] scaled, in the numbers that the network computes with."""
        # What is out of float32's reach becomes infinite, as it would be anywhere else.
        with np.errstate(over="ignore"):
            if self.changes_nothing:
                return rows.astype(dtype)
            # In place, for there may be gigabytes of them.
            moved = rows - self.shift
            moved /= self.scale
            return moved.astype(dtype, copy=False)

    def undo(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Return scaled rows [..., columns] in their original units."""
        original: NDArray[np.float64] = rows.astype(np.float64) * self.scale + self.shift
        return original


@dataclass(frozen=True, eq=False)
class Scaling:
    """How a training set was scaled: what takes new inputs there, and outputs back."""

    inputs: ColumnScaling
    """For each feature."""
    targets: ColumnScaling | None
    """For each output; none for classes, which are not scaled."""
    features: Features | None = None
    """What is computed of a row's inputs before they are scaled; none where they are the features.
    """

    def scale_inputs(self, inputs: NDArray[Any], dtype: Real = np.float32) -> NDArray[Any]:
        """Return inputs [..., inputs] of the data as the network was trained on them."""
        features = inputs if self.features is None else self.features.of(inputs)
        return self.inputs.apply(features, dtype)

    def to_original(self, outputs: NDArray[Any]) -> NDArray[np.float64]:
        """Return outputs or targets [..., outputs] in the units of the data."""
        return outputs.astype(np.float64) if self.targets is None else self.targets.undo(outputs)

    def plain(self) -> dict[str, list[float]]:
        """Return it as plain lists for a recording's header; what changes nothing is left out."""
        targets = {} if self.targets is None else self.targets.plain("target")
        return {**self.inputs.plain("input"), **targets}

    @classmethod
    def from_plain(cls, made: Mapping[str, Any], features: Features | None = None) -> Self:
        """Return what a recording's header says; what it leaves out changes nothing."""
        inputs, targets = (ColumnScaling.from_plain(made, name) for name in ("input", "target"))
        return cls(inputs, targets, features)
