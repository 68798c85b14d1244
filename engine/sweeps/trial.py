"""A trial of a sweep: one network, known by what it is and not by when it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SEED: Final = "train.seed"
"""The key that tells the networks of a setting apart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One network of a sweep."""

    number: int
    """Counted from 0 in the order in which trials were asked for."""
    base: int
    """Of which of the sweep's experiments it is a setting."""
    setting: Mapping[str, Any]
    """The keys that are swept, each with its value here; the seed is not among them."""
    seed: int
    """What its random numbers are derived from."""
    digest: str
    """The hash of all that decides its numbers."""

    @property
    def changes(self) -> dict[str, Any]:
        """The keys in which it differs from its base; the seed stands last."""
        return {**self.setting, SEED: self.seed}
