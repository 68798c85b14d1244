"""How a run is looked at: what somebody chose to see of it, whatever the run does meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..drawing.curves.quantities import Quantity
from ..drawing.lists.result import Weights
from .view import View

if TYPE_CHECKING:
    from engine.recording.history import History


@dataclass(frozen=True, kw_only=True)
class Lens:
    """What was chosen to see. ``tui.watching.view.View`` says what each of them means."""

    log: bool = False
    quantity: Quantity = "loss"
    smoothing: int = 0
    cursor: int | None = None
    window: tuple[int, int] | None = None
    exhibit: str = ""
    layer: str = ""
    member: int | None = None
    weights: Weights = ""
    """Which weights somebody chose to see of a run that is over."""

    def through(self, view: View) -> View:
        """Return a view as it is seen so."""
        return replace(
            view,
            log=self.log,
            quantity=self.quantity,
            smoothing=self.smoothing,
            cursor=self.cursor,
            window=self.window,
            exhibit=self.exhibit,
            layer=self.layer,
            member=self.member_of(view.history),
        )

    def anew(self) -> Lens:
        """Return how another run is looked at: from its beginning to its end, and all of it."""
        own = Lens()
        return replace(own, log=self.log, quantity=self.quantity, smoothing=self.smoothing)

    def member_of(self, history: History | None) -> int | None:
        """Return the network that is shown: the only one, the chosen one, or None for all."""
        header = history.header if history is not None else None
        members = 1 if header is None else header.members
        if members == 1:
            return 0
        return self.member if self.member is None or self.member < members else None
