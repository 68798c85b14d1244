"""Functions of x written as text, such as ``"x * exp(x)"``, and arithmetic with other names.

A preset is data: it must never run code. So an expression is parsed, every node is held against
a short list of what arithmetic needs, and what is left is computed by numpy in float64. Nothing
is ever handed to ``eval``.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .section import nearest

MAX_LENGTH: Final = 200
"""Characters an expression may have; this also bounds how deeply it nests."""
MAX_EXPONENT: Final = 64
"""The greatest power, either way."""

Values = NDArray[np.float64]

CONSTANTS: Final[Mapping[str, float]] = {"pi": np.pi, "e": np.e, "tau": 2 * np.pi}
FUNCTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "arcsin": np.arcsin,
    "arccos": np.arccos,
    "arctan": np.arctan,
    "abs": np.abs,
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
}
_OPERATORS: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_SIGNS: Final[Mapping[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}


class Expression:
    """A function of x, or of whatever else is named.

    Args:
        text: Numbers, ``x``, ``pi``, ``e``, ``tau``, ``+ - * / **`` and the names in
            ``FUNCTIONS``.
        names: What may stand in it in place of ``x``.

    Raises:
        ValueError: Saying what in the text is not allowed.
    """

    def __init__(self, text: str, names: Collection[str] = ("x",)) -> None:
        if len(text) > MAX_LENGTH:
            raise ValueError(f"must have at most {MAX_LENGTH} characters (got {len(text)})")
        try:
            with warnings.catch_warnings():
                # What Python finds odd, such as "1if x else 2", is refused below.
                warnings.simplefilter("ignore")
                self._body = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise ValueError(f"is no expression of x (got {text!r})") from None
        self.text = text
        with np.errstate(all="ignore"):
            _check(self._body, names)

    def __call__(self, x: Values) -> Values:
        """Evaluate at ``x`` [points]; where it is not defined the value is NaN or infinite."""
        x = np.asarray(x, np.float64)
        with np.errstate(all="ignore"):
            found = np.asarray(_evaluate(self._body, {"x": x}), np.float64)
            return np.broadcast_to(found, x.shape)

    def value(self, values: Mapping[str, float]) -> float:
        """Evaluate once, with a number for each of its names."""
        numbers = {name: np.float64(value) for name, value in values.items()}
        with np.errstate(all="ignore"):
            return float(_evaluate(self._body, numbers))


def _check(node: ast.expr, names: Collection[str]) -> None:
    """Refuse everything but arithmetic on the names.

    Raises:
        ValueError: Naming what was found and what may stand there.
    """
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            # An int beyond the floats cannot be computed with, and has no business here.
            if abs(value) > np.finfo(np.float64).max:
                raise ValueError("has a number too large to compute with")
        case ast.Name(id=name):
            if name not in CONSTANTS and name not in names:
                known = [*names, *CONSTANTS, *FUNCTIONS]
                raise ValueError(f"{name!r} is not known{nearest(name, known)}")
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _SIGNS:
            _check(operand, names)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            _check(left, names)
            _check(right, names)
            if _has_names(right, names):
                raise ValueError("an exponent must be a number; write exp(… * log(…)) instead")
            if not abs(exponent := float(_evaluate(right, {}))) <= MAX_EXPONENT:
                raise ValueError(f"exponents go up to {MAX_EXPONENT} (got {exponent:g})")
        case ast.BinOp(op=ast.BitXor()):
            raise ValueError("'^' is no power here; write '**'")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left, names)
            _check(right, names)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
            if name not in FUNCTIONS:
                raise ValueError(f"function {name!r} is not known{nearest(name, FUNCTIONS)}")
            _check(argument, names)
        case _:
            found = ast.unparse(node)
            on = "x" if "x" in names else "numbers"
            raise ValueError(f"only arithmetic on {on} is allowed (found {found[:40]!r})")


def _has_names(node: ast.expr, names: Collection[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))


def _evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """Compute a checked node; every number is a float64, so nothing grows without bound."""
    match node:
        case ast.Constant(value=value):
            assert isinstance(value, int | float)
            return np.float64(value)
        case ast.Name(id=name):
            return values[name] if name in values else np.float64(CONSTANTS[name])
        case ast.UnaryOp(op=op, operand=operand):
            return _SIGNS[type(op)](_evaluate(operand, values))
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_evaluate(left, values), _evaluate(right, values))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return FUNCTIONS[name](_evaluate(argument, values))
    raise AssertionError(f"{ast.dump(node)} passed the check")
