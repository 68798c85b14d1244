"""Formulas of x as a preset writes them, such as ``"x * exp(x)"``, where data is made by them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from typing import Annotated

import numpy as np
from pydantic import AfterValidator

from ..components.expressions import CONSTANTS, FUNCTIONS, Expression


def _is_expression(text: str) -> str:
    Expression(text)
    return text


Formula = Annotated[str, AfterValidator(_is_expression)]
"""An expression of x."""


def check_formulas(key: str, formulas: Iterable[str], domain: Sequence[float], points: int) -> None:
    """Hold formulas to be numbers all over a domain.

    Args:
        key: What they are called in the preset.
        formulas: The expressions.
        domain: The first and the last x.
        points: At how many values of x they are asked, at most.

    Raises:
        ValueError: One is not, somewhere, or the domain is none.
    """
    if not domain[0] < domain[1]:
        raise ValueError(f"domain: must rise from its first to its last x (got {domain})")
    x = np.linspace(domain[0], domain[1], min(points, 1000))
    for text in formulas:
        values = Expression(text)(x)
        bad = ~np.isfinite(values) | (np.abs(values) > np.finfo(np.float32).max)
        if bad.any():
            raise ValueError(
                f"{key}: {text!r} is {values[bad][0]} at x = {x[bad][0]:g}; change it or the domain"
            )


def as_numpy(formula: str) -> str:
    """Return a formula as a program with numpy computes it, from an array ``x``."""
    node = _Named().visit(ast.parse(formula.strip(), mode="eval").body)
    # Powers of plain things stand close, as formatters have it.
    source = re.sub(r"(?<![\w.\])])(\w+) \*\* (-?[\w.]+)", r"\1**\2", ast.unparse(node))
    has_x = any(isinstance(part, ast.Name) and part.id == "x" for part in ast.walk(node))
    return source if has_x else f"np.full_like(x, {source})"


class _Named(ast.NodeTransformer):
    """Gives constants and functions their names in numpy."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Put ``np.`` before what is not x."""
        if node.id == "tau":
            return ast.parse("2 * np.pi", mode="eval").body
        known = node.id in CONSTANTS or node.id in FUNCTIONS
        return ast.parse(f"np.{node.id}", mode="eval").body if known else node
