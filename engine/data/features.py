"""What a network sees of a row, where that is computed of the row's inputs: ``data.features``.

x, y ─► x**2, x*y, sin(x) ─► scaled ─► the network
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..components.expressions import FUNCTIONS, Expression
from ..text.spelling import show

GREATEST: Final = float(np.finfo(np.float32).max)
"""Beyond this a number is infinite to a network."""


def places_of(names: Sequence[str]) -> Mapping[str, int]:
    """Return which input each name in an expression stands for, from 0.

    Every input can be called ``x1``, ``x2`` and so on by its place, and by its own name where that
    is a word, and no function's.
    """
    words = {
        name: place
        for place, name in enumerate(names)
        if name.isidentifier() and name not in FUNCTIONS
    }
    by_place = {f"x{place + 1}": place for place in range(len(names))}
    return words | {name: place for name, place in by_place.items() if name not in words}


@dataclass(frozen=True)
class Features:
    """Expressions of the inputs.

    Raises:
        ValueError: When one is asked for what it computes, and is none.
    """

    texts: tuple[str, ...]
    """Each as it stands in the preset: a feature's name."""
    inputs: tuple[str, ...]
    """The names of the inputs."""

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Which input each name stands for."""
        return places_of(self.inputs)

    @cached_property
    def expressions(self) -> list[Expression]:
        """The expressions themselves."""
        return [Expression(text, self.places) for text in self.texts]

    def of(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Return the features [..., features] of inputs [..., inputs]."""
        columns = np.moveaxis(rows.astype(np.float64), -1, 0)
        named = {name: columns[place] for name, place in self.places.items()}
        return np.stack([each.of(named) for each in self.expressions], axis=-1)

    def problems(self) -> Iterator[str]:
        """Say which are no expressions of the inputs."""
        for index, text in enumerate(self.texts):
            try:
                Expression(text, self.places)
            except ValueError as error:
                words = ", ".join([*self.places][:8])
                yield f"features[{index}]: {error}; the inputs are called {words}"
            if text in self.texts[:index]:
                yield f"features[{index}]: {show(text)} stands there twice"

    def wrong(self, rows: NDArray[Any]) -> str:
        """Return which is no number that a network can take, of which of some rows; else nothing.

        Args:
            rows: The inputs, [rows, inputs].
        """
        values = self.of(rows)
        bad = np.argwhere(~(np.abs(values) <= GREATEST))
        if not len(bad):
            return ""
        row, place = bad[0]
        told = ", ".join(
            f"{name} = {rows[row, index]:g}" for index, name in enumerate(self.inputs[:3])
        )
        what = f"features[{place}]: {show(self.texts[place])} is {values[row, place]:g}"
        return f"{what} where {told}; change it, or leave it out"
