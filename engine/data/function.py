"""Functions of x, written as expressions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field
from typing_extensions import override

from ..components.expressions import CONSTANTS, FUNCTIONS, Expression
from ..components.formulas import names_in
from ..components.section import NonNegative, Number
from ..text.source_code import call, define, listed
from .base import RNG, DataBase, Examples, Inputs, Samples, Shape, Targets


def _is_expression(text: str) -> str:
    Expression(text)
    return text


Formula = Annotated[str, AfterValidator(_is_expression)]
"""An expression of x."""


def wrong_formulas(
    key: str, formulas: Iterable[str], domain: Sequence[float], points: int = 1000
) -> Iterator[str]:
    """Say which formulas are no numbers somewhere in a domain, or that the domain is none.

    Args:
        key: What they are called in the preset.
        formulas: The expressions.
        domain: The first and the last x.
        points: At how many values of x they are asked, at most.
    """
    if not domain[0] < domain[1]:
        yield f"domain: must rise from its first to its last x (got {domain})"
        return
    x = np.linspace(domain[0], domain[1], min(points, 1000))
    for text in formulas:
        values = Expression(text)(x)
        bad = ~np.isfinite(values) | (np.abs(values) > np.finfo(np.float32).max)
        if bad.any():
            where = f"is {values[bad][0]} at x = {x[bad][0]:g}"
            yield f"{key}: {text!r} {where}; change it or the domain"


def as_numpy(
    formula: str, names: Mapping[str, str] = MappingProxyType({"x": "x"}), like: str = "x"
) -> str:
    """Return a formula as a program with numpy computes it.

    Args:
        formula: The expression.
        names: What its names are called in the program, where they are arrays.
        like: An array of the program, as large as what is computed.
    """
    tree = ast.parse(formula.strip(), mode="eval").body
    is_array = not names.keys().isdisjoint(names_in(tree))
    node = _Named(names).visit(tree)
    # Powers of plain things stand close, as formatters have it.
    source = re.sub(r"(?<![\w.\])])(\w+) \*\* (-?[\w.]+)", r"\1**\2", ast.unparse(node))
    return source if is_array else f"np.full_like({like}, {source})"


@dataclass
class _Named(ast.NodeTransformer):
    """Gives constants and functions their names in numpy, and arrays theirs."""

    names: Mapping[str, str]

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Put ``np.`` before what is no array."""
        if node.id in self.names:
            return ast.Name(self.names[node.id])
        if node.id == "tau":
            return ast.parse("2 * np.pi", mode="eval").body
        is_numpy = node.id in CONSTANTS or node.id in FUNCTIONS
        return ast.parse(f"np.{node.id}", mode="eval").body if is_numpy else node


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
    def shape(self) -> Shape:
        return Shape(self.points, ["x"], self.targets)

    def draw(self, rng: np.random.Generator) -> Examples:
        """Evaluate the targets, then add the noise."""
        x = np.linspace(self.domain[0], self.domain[1], self.points)
        values = np.stack([Expression(text)(x) for text in self.targets], axis=1)
        return Examples(x[:, None], values + self.noise * rng.standard_normal(values.shape))

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

    def _problems(self) -> Iterator[str]:
        yield from super()._problems()
        yield from wrong_formulas("targets", self.targets, self.domain, self.points)
