"""How a run is looked at: what somebody chose to see of it, whatever the run does meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.view import View

if TYPE_CHECKING:
    from tui.drawing.curves import Quantity


@dataclass(frozen=True, kw_only=True)
class Lens:
    """What was chosen to see. ``tui.view.View`` says what each of them means."""

    log: bool = False
    quantity: Quantity = "loss"
    smoothing: int = 0
    cursor: int | None = None
    window: tuple[int, int] | None = None
    exhibit: str = ""
    layer: str = ""

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
        )
