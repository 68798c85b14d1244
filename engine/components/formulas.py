"""Formulas as text, and what they come to with whatever their names stand for."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

Computation = Callable[[Mapping[str, Any]], Any]
"""Computes an expression, given what its names stand for."""

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
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}


def names_in(node: ast.expr) -> list[str]:
    """Return the names that an expression speaks of."""
    return [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]


def variables_in(node: ast.expr) -> set[str]:
    """Return the names that stand for a value, and not for a function that is called."""
    called = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
    return {
        part.id for part in ast.walk(node) if isinstance(part, ast.Name) and id(part) not in called
    }


def computation(node: ast.expr, number: Callable[[Any], Any] = lambda value: value) -> Computation:
    """Return what computes an expression: it is taken apart once, not every time.

    Args:
        node: The expression.
        number: Makes what is computed with of a number that stands in it.
    """
    inner = partial(computation, number=number)
    match node:
        case ast.Constant(value=value):
            constant = number(value)
            return lambda values: constant
        case ast.Name(id=name):
            return operator.itemgetter(name)
        case ast.UnaryOp(op=ast.UAdd() | ast.USub() as sign, operand=operand):
            signed, one = _OPERATORS[type(sign)], inner(operand)
            return lambda values: signed(one(values))
        case (
            ast.BinOp(left=left, op=op, right=right)
            | ast.Compare(left=left, ops=[op], comparators=[right])
        ) if type(op) in _OPERATORS:
            operation, one, other = _OPERATORS[type(op)], inner(left), inner(right)
            return lambda values: operation(one(values), other(values))
        case ast.Compare(left=left, ops=[sign, *signs], comparators=[right, *others]):
            first = inner(ast.Compare(left, [sign], [right]))
            rest = inner(ast.Compare(right, signs, others))
            return lambda values: first(values) & rest(values)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            given = [inner(each) for each in arguments]
            return lambda values: values[name](*[each(values) for each in given])
    raise TypeError(f"a rule has arithmetic alone (found {ast.unparse(node)!r})")


def evaluate(
    node: ast.expr, values: Mapping[str, Any], number: Callable[[Any], Any] = lambda value: value
) -> Any:
    """Compute an expression of whatever numbers, arrays and functions its names stand for."""
    return computation(node, number)(values)


def parsed(text: str) -> ast.expr:
    """Return the tree of a formula."""
    return ast.parse(text, mode="eval").body


_SIGNS: Final[Mapping[type[ast.AST], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Lt: "<",
    ast.LtE: "≤",
    ast.Gt: ">",
    ast.GtE: "≥",
}
_POWERS: Final[Mapping[object, str]] = {2: "²", 3: "³"}
_LETTERS: Final[Mapping[str, str]] = {"normal_cdf": "Φ", "normal_pdf": "φ"}
_CASE, _SUM, _QUOTIENT, _PRODUCT, _POWER, _ATOM = range(6)
"""How firmly the parts of a text hold together."""


def written(node: ast.expr) -> str:
    """Return a formula as a textbook writes it: ``h (1 - h)``, ``1 - h²``, ``Φ(z) + z φ(z)``.

    Raises:
        TypeError: It is not made of what a rule may have.
    """
    return _bracketed(node, _CASE)


def as_factor(node: ast.expr) -> str:
    """Return a formula as it stands beside another factor: a sum in brackets."""
    return _bracketed(node, _PRODUCT)


def _bracketed(node: ast.expr, least: int) -> str:
    """Return a formula, in brackets where it would fall apart beside what holds firmer."""
    text, firmness = _written(node)
    return text if firmness >= least else f"({text})"


def _written(node: ast.expr) -> tuple[str, int]:
    """Return a formula, and how firmly it holds together."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return f"{value:g}", _ATOM
        case ast.Name(id=name):
            return name, _ATOM
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"-{_bracketed(operand, _QUOTIENT)}", _SUM
        case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=power)):
            return _bracketed(base, _ATOM) + _POWERS.get(power, f"^{power!r}"), _POWER
        case ast.BinOp(left=ast.Constant(value=top), op=ast.Div(), right=ast.Constant(value=below)):
            return f"{top!r}/{below!r}", _QUOTIENT
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return f"{as_factor(left)} {as_factor(right)}", _PRODUCT
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return f"{as_factor(left)} / {_bracketed(right, _POWER)}", _QUOTIENT
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
            sign = _SIGNS[type(op)]
            return f"{_bracketed(left, _SUM)} {sign} {_bracketed(right, _QUOTIENT)}", _SUM
        case ast.Compare(left=left, ops=signs, comparators=others):
            pairs = zip(signs, others, strict=True)
            more = [f" {_SIGNS[type(sign)]} {written(other)}" for sign, other in pairs]
            return written(left) + "".join(more), _CASE
        case ast.Call(func=ast.Name(id="where"), args=[condition, then, other]):
            chosen = f"{_bracketed(then, _SUM)} where {written(condition)}"
            return f"{chosen}, else {written(other)}", _CASE
        case ast.Call(func=ast.Name(id="abs"), args=[argument]):
            return f"|{written(argument)}|", _ATOM
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return f"{_LETTERS.get(name, name)}({', '.join(map(written, arguments))})", _ATOM
    raise TypeError(f"nobody knows how to write {ast.unparse(node)!r}")
