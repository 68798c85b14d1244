"""How a run is looked at: what somebody chose to see of it, whatever the run does meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..drawing.curves.quantities import Quantity
from ..drawing.lists.result import Weights

if TYPE_CHECKING:
    from engine.recording.history import History


@dataclass(frozen=True, kw_only=True)
class Lens:
    """What was chosen to see."""

    log: bool = False
    """Whether the loss has a logarithmic axis."""
    quantity: Quantity = "loss"
    """What the curves show."""
    smoothing: int = 0
    """How much curves are smoothed: a place in ``tui.drawing.curves.curves.SMOOTHINGS``; 0 for
    not."""
    cursor: int | None = None
    """The earlier step that is read; None where that is the newest."""
    window: tuple[int, int] | None = None
    """The first and last step that the curves show; None for all of them, as they come."""
    exhibit: str = ""
    """Which picture of the network is shown, by its name in ``tui.pictures.gallery``; empty for
    the first that its data has.
    """
    layer: str = ""
    """Which layer's weights that picture shows; empty for all."""
    member: int | None = None
    """The network of a population that is shown; None for all of them."""
    weights: Weights = ""
    """Which weights somebody chose to see of a run that is over."""

    def anew(self) -> Lens:
        """Return how another run is looked at: from its beginning to its end, and all of it."""
        return Lens(log=self.log, quantity=self.quantity, smoothing=self.smoothing)

    def member_of(self, history: History | None) -> int | None:
        """Return the network that is shown: the only one, the chosen one, or None for all."""
        header = history.header if history is not None else None
        members = 1 if header is None else header.members
        if members == 1:
            return 0
        return self.member if self.member is None or self.member < members else None
