"""What curves can show."""

from __future__ import annotations

from typing import Final, Literal

Quantity = Literal["loss", "accuracy", "lr", "grad_norm"]
"""What the curves show."""


QUANTITIES: Final[tuple[Quantity, ...]] = ("loss", "accuracy", "lr", "grad_norm")
"""In the order in which a key goes through them."""
