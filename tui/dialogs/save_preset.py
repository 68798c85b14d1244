"""Saving the setup as a preset of one's own: asking for its name, and writing it.

Where presets lie and how one is written are ``engine.presets.preset``' business.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.widget import Widget
from textual.widgets import Input, Static

from engine.errors import EpochalError
from engine.text.safe import plain

from .dialog import Dialog
from .line import Line

if TYPE_CHECKING:
    from ..setup.draft import Draft


class SaveDialog(Dialog[Path]):
    """Asks for a preset's name or path, says where that is, and asks before another is replaced."""

    heading = "Save as a preset"

    def __init__(self, proposed: str) -> None:
        super().__init__()
        self._proposed = proposed
        self._agreed: Path | None = None
        """What may be written over: enter was pressed once."""

    def body(self) -> Iterable[Widget]:
        """Return a line to type into, and where it leads."""
        yield Line(self._proposed, max_length=500, compact=True)
        yield Static(id="where", markup=False)
        yield Static("enter saves it, esc leaves it; a path such as ./net.toml is taken too")

    def on_mount(self) -> None:
        """Say where it would go."""
        self._say_where(self._proposed)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say where it would go."""
        self._agreed = None
        self._say_where(event.value)

    def _say_where(self, name: str) -> None:
        try:
            path = self._path(name)
        except EpochalError as error:
            self._answer(str(error), wrong=True)
            return
        against = _against(path)
        self._answer(against or f"to {path}", wrong=bool(against))

    def _path(self, name: str) -> Path:
        from engine.presets.preset import destination

        return destination(name.strip())

    def _answer(self, words: str, *, wrong: bool) -> None:
        self.query_one("#where", Static).set_class(wrong, "-wrong").update(plain(words, lines=True))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Leave with the path; one that is there already wants a second enter."""
        try:
            path = self._path(event.value)
        except EpochalError:
            return
        if (against := _against(path)) and path != self._agreed:
            self._agreed = path
            does = "writes over it" if path.exists() else "saves it so"
            # First, for a long path takes the room of what stands behind it.
            self._answer(f"enter again {does}: {against}", wrong=True)
        else:
            self.dismiss(path)


def _against(path: Path) -> str:
    """Return why a preset is not written there before that was asked about; or nothing."""
    from engine.presets.preset import hides

    if path.exists():
        return f"{path}\nis there already"
    if hides(path):
        return f"{path}\nwould be found in place of the {path.stem} that comes with epochal"
    return ""


async def ask_and_save(app: App[Any], draft: Draft) -> Path | None:
    """Ask for a name and save the draft there; return where, or None where it was not saved.

    Call it from a worker: it waits for an answer.
    """
    from engine.presets.preset import unused_name

    if draft.experiment is None:
        words = "The setup does not hold yet: see what is said under its fields."
        app.notify(words, severity="error", markup=False)
        return None
    path = await app.push_screen_wait(SaveDialog(unused_name(draft.name)))
    if path is None:
        return None
    try:
        # What is there already was agreed to in the dialog.
        draft.save(path, overwrite=True)
    except EpochalError as error:
        app.notify(plain(str(error)), severity="error", markup=False, timeout=10)
        return None
    return path
