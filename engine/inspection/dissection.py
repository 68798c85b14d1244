"""One update taken apart: what ``engine.inspection.microscope`` finds, and its line of JSON.

A viewer shows it without PyTorch: the child process that computes it prints the line.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from itertools import chain
from typing import Any, Literal

from ..text.numbers import as_json
from ..text.parsing import from_json

Matrix = tuple[tuple[float, ...], ...]
"""Rows of numbers."""

Way = Literal["forward", "backward"]
Origin = Literal["computed", "recorded", ""]


@dataclass(frozen=True, kw_only=True)
class DissectedQuantity:
    """One tensor on the way forward or back, and how each of its numbers comes about.

    Matrices hold its first rows and columns: what a row is and what a column is, ``axes`` says.
    """

    symbol: str
    """What the formulas call it, such as ``dz2``."""
    name: str = ""
    """The parameter's, where this is the gradient of one."""
    way: Way
    layer: int
    """From 1; 0 for the data, and one more than there are layers for the loss."""
    formula: str
    """Where it comes from, such as ``gW2 = dz2 h1ᵀ``."""
    axes: tuple[str, str]
    """What its rows and its columns are, such as ``("row", "unit")``."""
    shape: tuple[int, int]
    """How many of both there are, those that are left out included."""
    values: Matrix
    """By the formula."""
    workings: tuple[tuple[str, ...], ...] = ()
    """The formula of each number with its numbers; empty for what is given."""
    autograd: Matrix = ()
    """What autograd says; empty on the way forward."""
    before: Matrix = ()
    """The parameter before the update; empty where this is no gradient of one."""
    after: Matrix = ()
    """The parameter after it; empty where that is not known."""

    @property
    def difference(self) -> float:
        """The largest difference from autograd among the numbers that are shown."""
        mine, theirs = chain.from_iterable(self.values), chain.from_iterable(self.autograd)
        pairs = zip(mine, theirs, strict=bool(self.autograd))
        return max((abs(formula - other) for formula, other in pairs), default=0.0)


@dataclass(frozen=True, kw_only=True)
class Dissection:
    """One update."""

    step: int
    """Which: it goes from the weights after ``step - 1`` updates to those after ``step``."""
    rows: int
    """How many rows of data it sees."""
    loss: float
    lr: float
    optimizer: str
    plain: bool
    """Whether a parameter loses lr times its gradient, and nothing else."""
    origin: Origin
    """Where the parameters after the update come from; empty where they are not known."""
    difference: float
    """The largest difference of any gradient from autograd's, over the whole gradient's norm."""
    quantities: tuple[DissectedQuantity, ...]
    """Forward and then back."""

    def line(self) -> str:
        """Return it as one line of JSON; numbers that are not finite are words."""
        return json.dumps(as_json(asdict(self)), ensure_ascii=False)

    @classmethod
    def from_line(cls, line: str) -> Dissection:
        """Return what a line says.

        Raises:
            ValueError: It is no such line.
        """
        try:
            body = from_json(line)
            quantities = tuple(_quantity(each) for each in body.pop("quantities"))
            for key in ("loss", "lr", "difference"):
                body[key] = float(body[key])
            return cls(**body, quantities=quantities)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"is no update taken apart: {error}") from error


def _quantity(body: dict[str, Any]) -> DissectedQuantity:
    for field in fields(DissectedQuantity):
        value = body[field.name]
        if field.name in ("values", "autograd", "before", "after"):
            body[field.name] = tuple(tuple(map(float, row)) for row in value)
        elif field.name == "workings":
            body[field.name] = tuple(map(tuple, value))
        elif isinstance(value, list):
            body[field.name] = tuple(value)
    return DissectedQuantity(**body)
