"""Functions of x written as text, such as ``"x * exp(x)"``, and arithmetic with other names.

A preset is data: it must never run code. So an expression is parsed, every node is held against
a short list of what arithmetic needs, and what is left is computed by numpy in float64. Nothing
is ever handed to ``eval``.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..text.spelling import nearest
from .formulas import computation, evaluate

MAX_LENGTH: Final = 200
"""Characters an expression may have; this also bounds how deeply it nests."""
MAX_EXPONENT: Final = 64
"""The greatest power, either way."""

Values = NDArray[np.float64]

CONSTANTS: Final[Mapping[str, float]] = {"pi": np.pi, "e": np.e, "tau": 2 * np.pi}
_NUMPY: Final = "exp log sqrt sin cos tan sinh cosh tanh arcsin arccos arctan abs sign floor ceil"

FUNCTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    name: getattr(np, name) for name in _NUMPY.split()
}


_KNOWN: Final = {**FUNCTIONS, **{name: np.float64(value) for name, value in CONSTANTS.items()}}
"""What a name stands for in every expression."""


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
                body = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            of = "x" if "x" in names else "the inputs"
            raise ValueError(f"is no expression of {of} (got {text!r})") from None
        self.text = text
        with np.errstate(all="ignore"):
            _check(body, names)
        self._body = body
        # Every number is a float64, so nothing grows without bound.
        self._compute = computation(body, np.float64)

    def __call__(self, x: Values) -> Values:
        """Evaluate at ``x`` [points]; where it is not defined the value is NaN or infinite."""
        return self.of({"x": np.asarray(x, np.float64)})

    def of(self, values: Mapping[str, Values]) -> Values:
        """Evaluate for arrays of one shape, one for each of its names."""
        shape = next(iter(values.values())).shape
        with np.errstate(all="ignore"):
            return np.broadcast_to(np.float64(self._compute({**_KNOWN, **values})), shape)

    def among(self, values: Mapping[str, Any], number: Callable[[float], Any]) -> Any:
        """Return what it comes to among other things than numpy's.

        Args:
            values: What its names, the functions and the constants stand for there.
            number: Makes one of a number that stands in it.
        """
        return evaluate(self._body, values, lambda value: number(float(value)))

    def value(self, values: Mapping[str, float]) -> float:
        """Evaluate once, with a number for each of its names."""
        numbers = {name: np.float64(value) for name, value in values.items()}
        with np.errstate(all="ignore"):
            return float(self._compute({**_KNOWN, **numbers}))


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
                words = [*names, *CONSTANTS, *FUNCTIONS]
                raise ValueError(f"{name!r} is not known{nearest(name, words)}")
        case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand):
            _check(operand, names)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            _check(left, names)
            _check(right, names)
            if any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(right)):
                raise ValueError("an exponent must be a number; write exp(… * log(…)) instead")
            if not abs(exponent := float(evaluate(right, _KNOWN, np.float64))) <= MAX_EXPONENT:
                raise ValueError(f"exponents go up to {MAX_EXPONENT} (got {exponent:g})")
        case ast.BinOp(op=ast.BitXor()):
            raise ValueError("'^' is no power here; write '**'")
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), right=right):
            _check(left, names)
            _check(right, names)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
            if name not in FUNCTIONS:
                raise ValueError(f"function {name!r} is not known{nearest(name, FUNCTIONS)}")
            _check(argument, names)
        case _:
            text, on = ast.unparse(node)[:40], "x" if "x" in names else "numbers"
            raise ValueError(f"only arithmetic on {on} is allowed (found {text!r})")
