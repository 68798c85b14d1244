"""What the lab shows at one moment: the state that the screen owns and its panes are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.drawing.status import Standing

if TYPE_CHECKING:
    from engine.history import History
    from tui.drawing.curves import Quantity


@dataclass(frozen=True, kw_only=True)
class View:
    """One moment of one recording. Two are equal where they would look the same."""

    history: History | None = field(default=None, compare=False, repr=False)
    """What is known of the run; grows in place, so ``version`` says whether it has."""
    run: str = ""
    """The run's name; empty where none is shown."""
    title: str = ""
    """Its experiment's title."""
    version: int = 0
    step: int = 0
    """The step that is shown."""
    member: int = 0
    """The network that is shown."""
    log: bool = False
    """Whether the loss has a logarithmic axis."""
    quantity: Quantity = "loss"
    """What the curves show."""
    standing: Standing = field(default_factory=Standing)
    """How the run stands."""
    loading: float = 1.0
    """The share of a long recording that has been read."""
