"""Numbers as people type them: ``.5``, ``5.``, ``1e2``, ``−3``; TOML knows few of these."""

from __future__ import annotations

import re
from typing import Any, Final

_NUMBER: Final = re.compile(r"[+-]?(?:inf|nan|(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
"""As TOML has them, and with digits on one side of the point alone."""

_EXACT: Final = 1e15
"""Whole numbers below this are floats without loss."""

_NO_WHOLE: Final = re.compile(r"(?<![\w.])\.(?=\d)")
_NO_FRACTION: Final = re.compile(r"(?<=\d)\.(?![\w.])")


def number(text: str) -> int | float | None:
    """Return the number that a text says, ``1e2`` as the whole number it is; None for no number."""
    compact = text.replace(" ", "").replace("−", "-")
    if not _NUMBER.fullmatch(compact):
        return None
    try:
        return int(compact)
    except ValueError:
        value = float(compact)
    whole = "." not in compact and value.is_integer() and abs(value) < _EXACT
    return int(value) if whole else value


def as_toml(text: str) -> str:
    """Return a text with the zeros that TOML wants before and after a decimal point."""
    return _NO_FRACTION.sub(".0", _NO_WHOLE.sub("0.", text))


def number_of(value: Any) -> float | None:
    """Return a number, or a text that says one, as a number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
