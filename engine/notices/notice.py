"""What is told of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ..text.safe import plain


@dataclass(frozen=True, kw_only=True)
class Notice:
    """That something has become of a run."""

    run: str
    """Its name."""
    folder: str
    """Where it lies."""
    status: str
    """As a recording ends: ``finished``, ``stopped``, ``diverged`` or ``failed``; or ``crashed``,
    or ``stalled``."""
    reason: str
    """Why, in words."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What a command finds in its environment."""
        return {f"EPOCHAL_{name.upper()}": value for name, value in self._plain.items()}

    @property
    def body(self) -> bytes:
        """What a webhook is sent: a JSON object."""
        text = f"{self._plain['run']}: {self._plain['status']} ({self._plain['reason']})"
        return json.dumps({**self._plain, "text": text}).encode()

    @property
    def _plain(self) -> dict[str, str]:
        # A run's name, and what failed in it, may come from others: nothing in it acts on anything.
        return {name: plain(value) for name, value in vars(self).items()}
