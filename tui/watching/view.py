"""What the lab shows at one moment: the state that the screen owns and its panes are given."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..drawing.curves.quantities import QUANTITIES, Quantity, quantities_of
from ..drawing.lists.result import Weights
from ..drawing.lists.status import Standing, reading_words

if TYPE_CHECKING:
    from pathlib import Path

    from engine.diagnosis import Finding
    from engine.recording.history import History

    from ..drawing.lists.diagnosis import Opinion


@dataclass(frozen=True, kw_only=True)
class ShownUpTo:
    """What of a run is shown, up to a step."""

    history: History | None = field(default=None, compare=False, repr=False)
    """What is known of the run; grows in place, so ``version`` says whether it has."""
    whole: History | None = field(default=None, compare=False, repr=False)
    """In a replay, all that there is of the run; what is shown goes as far."""
    run: str = ""
    """The run's name; empty where none is shown."""
    folder: Path | None = field(default=None, compare=False, repr=False)
    """Where it lies: its checkpoint has weights for which the recording is too small."""
    title: str = ""
    """Its experiment's title; of a run beside another what the legend calls it."""
    version: int = 0
    step: int = 0
    """The newest step that is shown: everything after it is as if it had not happened yet."""
    slot: int = 0
    """Its place among the colours of runs; it keeps it for as long as it is on screen."""
    loading: float = 1.0
    """The share of a long recording that has been read."""


@dataclass(frozen=True, kw_only=True)
class Trace(ShownUpTo):
    """A run whose curves are drawn beside those of the run that is shown."""

    history: History = field(compare=False, repr=False)
    run: str


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

    def quantity_of(self, history: History | None) -> Quantity:
        """Return what the curves show: what was chosen, or what a run from elsewhere has."""
        there = quantities_of(history)
        foreign = history is not None and history.header is not None and history.header.is_foreign
        # What a presenter chose comes from a file, and may be of another version.
        return self.quantity if self.quantity in (there if foreign else QUANTITIES) else there[0]

    def member_of(self, history: History | None) -> int | None:
        """Return the network that is shown: the only one, the chosen one, or None for all."""
        header = history.header if history is not None else None
        members = 1 if header is None else header.members
        if members == 1:
            return 0
        return self.member if self.member is None or self.member < members else None


@dataclass(frozen=True, kw_only=True)
class View(Lens, ShownUpTo):
    """One moment of one recording. Two are equal where they would look the same."""

    label: str = ""
    """What it is called beside others."""
    member: int | None = 0
    others: tuple[Trace, ...] = ()
    """The runs that are drawn beside it."""
    weights: Weights = ""
    """Which weights are shown, where that is a run's result."""
    findings: tuple[Finding, ...] = ()
    """What is wrong with the run at the step that is read, the worst first."""
    opinions: tuple[Opinion, ...] = ()
    """What is wrong with the runs beside it."""
    standing: Standing = field(default_factory=Standing)
    """How the run stands at the newest step."""

    def through(self, lens: Lens) -> View:
        """Return what is seen through a lens; whose weights are shown is no choice alone."""
        member = lens.member_of(self.history)
        given = {"member": member, "quantity": lens.quantity_of(self.history)}
        return replace(self, **{**vars(lens), **given, "weights": self.weights})

    @property
    def reading(self) -> str:
        """What stands in the place of what is judged from all of a run; empty once it is read."""
        share = min([self.loading, *(each.loading for each in self.others)])
        return reading_words(share) if share < 1 else ""

    @property
    def at(self) -> int:
        """The step that is read: the cursor's, or the newest."""
        return self.step if self.cursor is None else min(self.cursor, self.step)
