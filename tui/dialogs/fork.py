"""What is to be other in a run that branches off from the one that is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from textual.widget import Widget
from textual.widgets import Input, Static

from engine.errors import EpochalError
from engine.text.safe import plain

from ..style.numbers import count
from .dialog import Dialog
from .line import Line

if TYPE_CHECKING:
    from engine.headless.continuing import PlannedFork
    from engine.runs.folder import RunFolder
    from engine.worker.launch import Worker

MAY_BE_SET: Final = (
    "optimizer.lr and all of optimizer, schedule and loss, model.dropout, train.epochs or steps, "
    "batch_size, patience, loss_threshold, clip_norm, clip_value"
)
"""What may be other from a step on, as ``engine.training.branching`` has it."""

_NEXT: Final = re.compile(r"\s+(?=[\w.]+\s*=)")
"""What parts one setting from the next."""


class ForkDialog(Dialog["tuple[RunFolder, Worker]"]):
    """Asks what is other from a step on, says what that takes, and starts it; errors stay here.

    Args:
        run: What the run is called.
        step: The last step that both have in common.
        plan: Returns what the run would be.
        start: Starts it.
    """

    def __init__(
        self,
        run: str,
        step: int,
        plan: Callable[[Sequence[str]], PlannedFork],
        start: Callable[[PlannedFork], tuple[RunFolder, Worker]],
    ) -> None:
        super().__init__()
        self.heading = f"Fork {run}, at step {count(step)}"
        self._plan, self._start = plan, start

    def body(self) -> Iterable[Widget]:
        """Return a line to type into, what comes of it, and what may stand there."""
        yield Line(placeholder="optimizer.lr=0.05 train.epochs=4000", max_length=1000, compact=True)
        yield Static(id="told", markup=False)
        yield Static(f"What may be other: {MAY_BE_SET}.", markup=False)
        yield Static("enter trains it beside this run, esc leaves it", markup=False)

    def on_mount(self) -> None:
        """Say what it would take."""
        self._look("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what would come of it."""
        self._look(event.value)

    def _look(self, text: str) -> PlannedFork | None:
        """Say what would come of a text; return it where it holds."""
        try:
            planned = self._plan(settings_in(text))
        except EpochalError as error:
            self._tell(str(error), wrong=True)
            return None
        again = planned.taken_again or "nothing is taken again: its state at this step is kept"
        self._tell(f"{again}; it ends at step {count(planned.experiment.steps)}")
        return planned

    def _tell(self, words: str, *, wrong: bool = False) -> None:
        self.query_one("#told", Static).set_class(wrong, "-wrong").update(plain(words, lines=True))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Start it and leave; stay and say why where it cannot be."""
        planned = self._look(event.value)
        if planned is None:
            return
        if not planned.changes:
            self._tell("say what is other from there on, such as optimizer.lr=0.05", wrong=True)
            return
        try:
            self.dismiss(self._start(planned))
        except EpochalError as error:
            self._tell(str(error), wrong=True)


def settings_in(text: str) -> list[str]:
    """Return the settings that a line has, parted by blanks; a table or a list is one."""
    settings: list[str] = []
    for part in _NEXT.split(text.strip()):
        if settings and _is_open(settings[-1]):
            settings[-1] += f" {part}"
        elif part:
            settings.append(part)
    return settings


def _is_open(text: str) -> bool:
    return any(text.count(left) > text.count(right) for left, right in ("[]", "{}"))
