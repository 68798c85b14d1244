"""The orders of the list of runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from engine.runs.catalogue import RunFacts

_MEASURES: Final = {"accuracy": 0, "loss": 1, "train": 2}


def _by_result(run: RunFacts) -> tuple[int, float]:
    """Return what runs are ordered by, the best first: accuracies, then losses, then none."""
    if run.figure is None or math.isnan(run.figure[1]):
        return len(_MEASURES), 0.0
    measure, value = run.figure
    return _MEASURES[measure], -value if measure == "accuracy" else value


ORDERS: Final[tuple[tuple[str, Callable[[RunFacts], Any] | None], ...]] = (
    ("newest first", None),
    ("best first", _by_result),
    ("by name", lambda run: (run.notes.name or run.folder.name).casefold()),
    ("longest first", lambda run: -run.glance.seconds),
)
"""The orders of the list; as the runs come, the newest is first."""
