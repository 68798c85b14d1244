"""What the lab shows at one moment: the state that the screen owns and its panes are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..drawing.lists.result import Weights
from ..drawing.lists.status import Standing, reading_words

if TYPE_CHECKING:
    from engine.diagnosis import Finding
    from engine.recording.history import History

    from ..drawing.curves.quantities import Quantity
    from ..drawing.lists.opinion import Opinion


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A run whose curves are drawn beside those of the run that is shown."""

    history: History = field(compare=False, repr=False)
    """What is known of the run; grows in place, so ``version`` says whether it has."""
    run: str
    """The run's name."""
    title: str = ""
    """What the legend calls it."""
    version: int = 0
    step: int = 0
    """The newest step that is shown of it."""
    whole: History | None = field(default=None, compare=False, repr=False)
    """In a replay, all that there is of the run; what is shown goes as far."""
    slot: int = 0
    """Its place among the colours of runs; it keeps it for as long as it is on screen."""
    loading: float = 1.0
    """The share of its recording that has been read."""


@dataclass(frozen=True, kw_only=True)
class View:
    """One moment of one recording. Two are equal where they would look the same."""

    history: History | None = field(default=None, compare=False, repr=False)
    """What is known of the run; grows in place, so ``version`` says whether it has."""
    whole: History | None = field(default=None, compare=False, repr=False)
    """In a replay, all that there is of the run; what is shown goes as far."""
    run: str = ""
    """The run's name; empty where none is shown."""
    title: str = ""
    """Its experiment's title."""
    label: str = ""
    """What it is called beside others."""
    version: int = 0
    step: int = 0
    """The newest step that is shown: everything after it is as if it had not happened yet."""
    cursor: int | None = None
    """The earlier step that is read; None where that is the newest."""
    window: tuple[int, int] | None = None
    """The first and last step that the curves show; None for all of them, as they come."""
    member: int | None = 0
    """The network of a population that is shown; None for all of them."""
    slot: int = 0
    """The run's place among the colours of runs."""
    others: tuple[Trace, ...] = ()
    """The runs that are drawn beside it."""
    log: bool = False
    """Whether the loss has a logarithmic axis."""
    quantity: Quantity = "loss"
    """What the curves show."""
    smoothing: int = 0
    """How much curves are smoothed: a place in ``tui.drawing.curves.curves.SMOOTHINGS``; 0 for
    not."""
    exhibit: str = ""
    """Which picture of the network is shown, by its name in ``tui.pictures.gallery``; empty for
    the first that its data has.
    """
    layer: str = ""
    """Which layer's weights that picture shows; empty for all."""
    weights: Weights = ""
    """Which weights are shown, where that is a run's result."""
    findings: tuple[Finding, ...] = ()
    """What is wrong with the run at the step that is read, the worst first."""
    opinions: tuple[Opinion, ...] = ()
    """What is wrong with the runs beside it."""
    standing: Standing = field(default_factory=Standing)
    """How the run stands at the newest step."""
    loading: float = 1.0
    """The share of a long recording that has been read."""

    @property
    def reading(self) -> str:
        """What stands in the place of what is judged from all of a run; empty once it is read."""
        share = min([self.loading, *(each.loading for each in self.others)])
        return reading_words(share) if share < 1 else ""

    @property
    def at(self) -> int:
        """The step that is read: the cursor's, or the newest."""
        return self.step if self.cursor is None else min(self.cursor, self.step)
