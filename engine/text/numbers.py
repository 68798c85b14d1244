"""Numbers as figures: one number has one text, whatever it was stored in and whoever shows it."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np

DIGITS: Final = 4
"""Digits of a figure that count."""

MOST_DIGITS: Final = 9
"""Digits after which no two numbers of a recording are alike."""


def shortest(value: float | np.float32) -> float:
    """Return a number as its fewest digits say it, where it is one of single precision.

    A recording keeps 0.99375 in single precision, a little below, and a result in double
    precision. Rounded as they are, one value would be 0.9937 here and 0.9938 there.
    """
    value = float(value)
    try:
        kept = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return value
    if kept != value:
        return value
    for digits in range(5, 9):
        said = float(f"{value:.{digits}g}")
        if struct.unpack("f", struct.pack("f", said))[0] == value:
            return said
    return value


def figure_text(value: float | np.float32, digits: int = DIGITS) -> str:
    """Return a number with four digits that count; whole numbers whole."""
    if isinstance(value, int):
        return str(value)
    value = shortest(value)
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 1000:
        return f"{value:.{max(digits - 4, 0)}f}" if abs(value) < 1e9 else f"{value:.{digits - 1}e}"
    return f"{value:#.{digits}g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.{digits - 1}e}"


def apart(*values: float) -> list[str]:
    """Return numbers with as many digits as tell them apart: ``0.8313`` and ``0.8375``."""
    different = len(set(values))
    for digits in range(DIGITS, MOST_DIGITS):
        told = [figure_text(value, digits) for value in values]
        if len(set(told)) == different:
            return told
    return [figure_text(value, MOST_DIGITS) for value in values]


def counted(count: int, noun: str) -> str:
    """Return a number of things: ``1 step``, ``2 steps``."""
    return f"{count} {noun if count == 1 else f'{noun}s'}"


def as_json(value: Any) -> Any:
    """Return numbers, in whatever they lie, as JSON has them: what is not finite is a word."""
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    if hasattr(value, "tolist"):
        return as_json(value.tolist())
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
