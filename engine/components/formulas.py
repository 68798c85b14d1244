"""Formulas as text, and what they come to with whatever their names stand for."""

from __future__ import annotations

import ast
import operator
from collections.abc import Mapping
from functools import reduce
from itertools import pairwise
from typing import Any, Final

_OPERATORS: Final[Mapping[type[ast.AST], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def names_in(node: ast.expr) -> list[str]:
    """Return the names that an expression speaks of."""
    return [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]


def evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """Compute an expression of whatever numbers, arrays and functions its names stand for."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -evaluate(operand, values)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](evaluate(left, values), evaluate(right, values))
        case ast.Compare(left=left, ops=signs, comparators=others):
            numbers = [evaluate(each, values) for each in (left, *others)]
            holds = [
                _OPERATORS[type(sign)](*pair)
                for sign, pair in zip(signs, pairwise(numbers), strict=True)
            ]
            return reduce(operator.and_, holds)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return values[name](*(evaluate(each, values) for each in arguments))
    raise TypeError(f"a rule has arithmetic alone (found {ast.unparse(node)!r})")


def parsed(text: str) -> ast.expr:
    """Return the tree of a formula."""
    return ast.parse(text, mode="eval").body


_SIGNS: Final[Mapping[type[ast.AST], str]] = {
    ast.Add: " + ",
    ast.Sub: " - ",
    ast.Mult: " ",
    ast.Div: " / ",
    ast.Lt: " < ",
    ast.LtE: " ≤ ",
    ast.Gt: " > ",
    ast.GtE: " ≥ ",
}
_LETTERS: Final[Mapping[str, str]] = {"normal_cdf": "Φ", "normal_pdf": "φ"}


def written(node: ast.expr) -> str:
    """Return a formula as a textbook writes it: ``h (1 - h)``, ``1 - h²``, ``Φ(z) + z φ(z)``."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return f"{value:g}"
        case ast.Name(id=name):
            return name
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"-{as_factor(operand)}"
        case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=2)):
            return f"{as_factor(base)}²"
        case ast.BinOp(left=ast.Constant() as above, op=ast.Div(), right=ast.Constant() as below):
            return f"{written(above)}/{written(below)}"
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
            return f"{as_factor(left)}{_SIGNS[type(op)]}{as_factor(right)}"
        case ast.BinOp(left=left, op=op, right=right):
            return f"{written(left)}{_SIGNS[type(op)]}{written(right)}"
        case ast.Compare(left=left, ops=signs, comparators=others):
            more = zip(signs, others, strict=True)
            return written(left) + "".join(_SIGNS[type(s)] + written(each) for s, each in more)
        case ast.Call(func=ast.Name(id="where"), args=[condition, then, other]):
            return f"{written(then)} where {written(condition)}, else {written(other)}"
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return f"{_LETTERS.get(name, name)}({', '.join(map(written, arguments))})"
    raise TypeError(f"nobody knows how to write {ast.unparse(node)!r}")


def as_factor(node: ast.expr) -> str:
    """Return a formula as it stands beside another factor: a sum in brackets."""
    match node:
        case ast.BinOp(op=ast.Add() | ast.Sub()) | ast.Call(func=ast.Name(id="where")):
            return f"({written(node)})"
    return written(node)
