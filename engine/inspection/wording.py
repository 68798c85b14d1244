"""What formulas look like with their numbers."""

from __future__ import annotations

from typing import Final

from torch import Tensor

SHOWN_TERMS: Final = 3
"""Terms of a sum that are written out."""


def sum_text(left: Tensor, right: Tensor | None = None) -> str:
    """Return a sum of products, or of numbers, with its first terms written out."""
    count = min(len(left), SHOWN_TERMS)
    if right is None:
        terms = [brief(each) for each in left[:count]]
    else:
        terms = [f"{brief(a)}·{brief(b)}" for a, b in zip(left[:count], right[:count], strict=True)]
    return " + ".join([*terms, *(["…"] if len(left) > count else [])])


def brief(value: Tensor) -> str:
    """Return a number in few characters."""
    return f"{float(value.detach()) + 0.0:.3g}"
