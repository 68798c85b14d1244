"""What the first picture of a run needs, imported while nobody waits for it.

The lab's first frame is drawn without numpy and without what draws a run. Whoever presses space
after that would wait for all of it, half as long as for the run's first step.
"""

from __future__ import annotations

import importlib
from typing import Final

NEEDED: Final = (
    "tui.watching.watch",
    "tui.watching.traces",
    "tui.watching.chronicle",
    "tui.drawing.curves.plot",
    "tui.drawing.curves.curves",
    "tui.drawing.gradients.table",
    "tui.drawing.lists.runs",
    "tui.drawing.network.region",
    "engine.diagnosis",
    "engine.results.class_shares",
    "plotext",
)
"""The modules that import the rest."""


def warm_pictures() -> None:
    """Import what the first picture of a run needs."""
    for module in NEEDED:
        importlib.import_module(module)
