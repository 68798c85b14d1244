"""What formulas look like with their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from torch import Tensor

SLOPES: Final[Mapping[str, str]] = {
    "sigmoid": "h (1 - h)",
    "tanh": "(1 - h²)",
    "relu": "(1 where z > 0, else 0)",
    "leaky_relu": "(1 where z > 0, else 0.01)",
    "elu": "(1 where z > 0, else exp(z))",
    "gelu": "(Φ(z) + z φ(z))",
    "silu": "s (1 + z (1 - s)), s = sigmoid(z)",
    "softplus": "sigmoid(z)",
    "hard_sigmoid": "(1/6 where -3 < z < 3, else 0)",
    "hard_tanh": "(1 where -1 < z < 1, else 0)",
}
"""The derivative of each activation that takes every unit by itself."""

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
