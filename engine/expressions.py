"""Functions of x written as text, such as ``"x * exp(x)"``.

A preset is data: it must never run code. So an expression is parsed, every node is held against
a short list of what arithmetic needs, and what is left is computed by numpy in float64. Nothing
is ever handed to ``eval``.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.section import nearest

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
    """A function of x.

    Args:
        text: Numbers, ``x``, ``pi``, ``e``, ``tau``, ``+ - * / **`` and the names in
            ``FUNCTIONS``.

    Raises:
        ValueError: Saying what in the text is not allowed.
    """

    def __init__(self, text: str) -> None:
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
            _check(self._body)

    def __call__(self, x: Values) -> Values:
        """Evaluate at ``x`` [points]; where it is not defined the value is NaN or infinite."""
        x = np.asarray(x, np.float64)
        with np.errstate(all="ignore"):
            return np.broadcast_to(np.asarray(_evaluate(self._body, x), np.float64), x.shape)


def _check(node: ast.expr) -> None:
    """Refuse everything but arithmetic on x.

    Raises:
        ValueError: Naming what was found and what may stand there.
    """
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            # An int beyond the floats cannot be computed with, and has no business here.
            if abs(value) > np.finfo(np.float64).max:
                raise ValueError("has a number too large to compute with")
        case ast.Name(id=name):
            if name not in CONSTANTS and name != "x":
                known = ["x", *CONSTANTS, *FUNCTIONS]
                raise ValueError(f"{name!r} is not known{nearest(name, known)}")
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _SIGNS:
            _check(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            _check(left)
            _check(right)
            if _has_x(right):
                raise ValueError("an exponent must be a number; write exp(… * log(…)) instead")
            if not abs(exponent := float(_evaluate(right, np.float64(0)))) <= MAX_EXPONENT:
                raise ValueError(f"exponents go up to {MAX_EXPONENT} (got {exponent:g})")
        case ast.BinOp(op=ast.BitXor()):
            raise ValueError("'^' is no power here; write '**'")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left)
            _check(right)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
            if name not in FUNCTIONS:
                raise ValueError(f"function {name!r} is not known{nearest(name, FUNCTIONS)}")
            _check(argument)
        case _:
            found = ast.unparse(node)
            raise ValueError(f"only arithmetic on x is allowed (found {found[:40]!r})")


def _has_x(node: ast.expr) -> bool:
    return any(isinstance(part, ast.Name) and part.id == "x" for part in ast.walk(node))


def _evaluate(node: ast.expr, x: Any) -> Any:
    """Compute a checked node; every number is a float64, so nothing grows without bound."""
    match node:
        case ast.Constant(value=value):
            assert isinstance(value, int | float)
            return np.float64(value)
        case ast.Name(id=name):
            return x if name == "x" else np.float64(CONSTANTS[name])
        case ast.UnaryOp(op=op, operand=operand):
            return _SIGNS[type(op)](_evaluate(operand, x))
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_evaluate(left, x), _evaluate(right, x))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return FUNCTIONS[name](_evaluate(argument, x))
    raise AssertionError(f"{ast.dump(node)} passed the check")
