"""A small picture beside the settings: of the data, or of the activation that is chosen.

Drawing the rows may read a file, so it is done in a thread, and only when the typing rests.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Final

from textual import work

from engine.errors import EpochalError

from ...style.text import Lines
from ..picture import Picture, State

if TYPE_CHECKING:
    from engine.experiment.experiment import Experiment

    from ...drawing.setup.preview_data import Preview
    from ...setup.draft import Draft

REST: Final = 0.3
"""Seconds without a change before the data is drawn anew."""


class DataPicture(Picture):
    """What the draft's data looks like; while activations are chosen, what those look like."""

    draft: State[Draft | None] = State(None)
    """Whose data."""
    setting: State[str] = State("")
    """The activations that are being chosen, as the setting has them; empty for others."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._preview: Preview | None = None
        self._version = 0
        self._of: object = None
        """The data and the seed that are shown or being drawn."""

    def key(self) -> Hashable:
        """Everything that the picture depends on."""
        return self._version, self.setting, self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return the picture."""
        from ...drawing.setup.activation import draw_activations, known_activations
        from ...drawing.setup.preview import draw_preview

        if names := known_activations(self.setting):
            return draw_activations(names, width, height, self.look)
        preview = self._preview
        return [] if preview is None else draw_preview(preview, width, height, self.look)

    def watch_draft(self, draft: Draft | None) -> None:
        """Draw the data anew where it is other data."""
        if draft is None:
            return
        if draft.experiment is None:
            if draft.unknown_data:
                self._of = self._preview = None
                self._version += 1
                self.redraw()
            return
        experiment = draft.experiment
        of = (experiment.data, experiment.train.seed)
        if of != self._of:
            self._of = of
            first = self._preview is None
            self.set_timer(0.01 if first else REST, lambda: self._start(of, experiment))

    def _start(self, of: object, experiment: Experiment) -> None:
        if of == self._of:
            self._gather(experiment)

    @work(thread=True, exclusive=True, group="preview", exit_on_error=False)
    def _gather(self, experiment: Experiment) -> None:
        """Draw the rows."""
        from ...drawing.setup.preview_data import gather_preview

        try:
            preview = gather_preview(experiment)
        except (EpochalError, OSError, ImportError):
            # Why the data cannot be had is said when it is trained on.
            return
        self.app.call_from_thread(self._take, preview, (experiment.data, experiment.train.seed))

    def _take(self, preview: Preview, of: object) -> None:
        if of != self._of:
            return  # The setup has other data by now, or none that is known.
        self._preview, self._version = preview, self._version + 1
        self.redraw()
