"""The network in words, and the experiment as programs: of the run that is shown, or the setup."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Final

from engine.errors import EpochalError
from engine.recording.lacking import lack_of

from ..commands.spots import Keyed
from ..drawing.lists.program import draw_text
from ..style.text import Lines
from .picture import RunPicture, State

if TYPE_CHECKING:
    from engine.experiment.experiment import Experiment

    from ..setup.draft import Draft

WAITING: Final = "The network stands here layer by layer, and the experiment as a program."
BROKEN: Final = "The setup does not hold yet; where not, it says."

WORDS: Final = "Network, layer by layer"
"""What comes before the programs."""
WAYS: Final = {
    "module": "Program: a class with named layers",
    "sequential": "Program: layers in a row",
    "add_module": "Program: layers added one by one",
    "torch": "Program: gradients by formulas",
}
"""The ways to write a program, by the engine's names for them. That in numpy has first weights in
its text, which only PyTorch draws: ``epochal explain`` prints it."""


class ProgramPane(Keyed, RunPicture, can_focus=True, spot="program"):
    """The experiment of the run that is shown, or else of the setup; left and right turn pages."""

    scrolls = True

    draft: State[Draft | None] = State(None)
    """The setup."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._page = 0
        self._read: tuple[Hashable, Experiment] | None = None
        """The experiment of a recording, and of which."""

    def key(self) -> Hashable:
        """Return what the text depends on."""
        draft = self.draft
        # A draft is another value with every letter that is typed into it.
        of_draft = None if draft is None or self._has_run else (id(draft), draft.name)
        return self._recorded, of_draft, self._page, self.look

    def action_turn(self, by: int) -> None:
        """Show the next page, or the one before."""
        self._page = (self._page + by) % len(_titles())
        self.redraw()
        self.scroll_home(animate=False)

    def captions(self) -> tuple[str, str]:
        """Return which page it is, and of what."""
        of = self.view.label or self.view.title if self._has_run else ""
        if not self._has_run and not self._lack and self.draft is not None:
            of = self.draft.name
        return _titles()[self._page], of

    def draw(self, width: int, height: int) -> Lines:
        """Return the page, or why there is none."""
        try:
            if self._lack:
                return self.look.muted(f"There is no program: {self._lack}.", width)
            experiment = self._experiment()
            if experiment is None:
                words = BROKEN if self.draft is not None and not self._has_run else WAITING
                return self.look.muted(words, width)
            text = _page(experiment, self._page, "" if self._has_run else self._preset)
        except EpochalError as error:
            return self.look.muted(str(error), width)
        return draw_text(text, width, self.look, program=self._page > 0)

    @property
    def _preset(self) -> str:
        return self.draft.name if self.draft is not None else ""

    @property
    def _lack(self) -> str:
        """What the run that is shown lacks for want of an experiment."""
        history = self.view.history
        return lack_of(history.header) if history is not None else ""

    @property
    def _has_run(self) -> bool:
        history = self.view.history
        return bool(history is not None and history.header and history.header.experiment)

    @property
    def _recorded(self) -> Hashable:
        """Return which recorded experiment is shown; None where none is."""
        if not self._has_run or self.view.history is None or self.view.history.header is None:
            return None
        return id(self.view.history.header), self.view.member or 0

    def _experiment(self) -> Experiment | None:
        """Return the experiment that is shown.

        Raises:
            EpochalError: What was recorded does not hold for this version.
        """
        recorded = self._recorded
        if recorded is None:
            return self.draft.experiment if self.draft is not None else None
        if self._read is None or self._read[0] != recorded:
            from ..drawing.network.material import Material

            assert self.view.history is not None
            self._read = recorded, Material(self.view.history, self.view.member or 0).experiment
        return self._read[1]


def _titles() -> Sequence[str]:
    return [WORDS, *WAYS.values()]


def _page(experiment: Experiment, page: int, name: str) -> str:
    """Return a page: first the network in words, then the programs.

    Raises:
        EpochalError: It cannot be written as a program.
    """
    if not page:
        from engine.explain.summary import explanation, text

        return text(explanation(experiment))
    from engine.explain.programs import written

    return written(experiment, [*WAYS][page - 1], name)
