"""What is asked about a run in the list: its name, and whether it is really to be deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.widget import Widget
from textual.widgets import Static

from engine.runs.notes import MAX_NAME
from engine.text.safe import plain

from .dialog import Dialog, LineDialog


class RenameDialog(LineDialog):
    """Asks what to call a run."""

    def __init__(self, folder: str, name: str) -> None:
        words = "enter names it, an empty name is none, esc leaves it; the folder keeps its own"
        super().__init__("Name of the run", name, folder, MAX_NAME, words)


class TagDialog(LineDialog):
    """Asks for the tags of a run."""

    def __init__(self, run: str, tags: Sequence[str]) -> None:
        words = (
            "enter keeps them, an empty line takes them away, esc leaves them; the filter "
            "tag=good lists the runs that have one"
        )
        super().__init__(f"Tags of {run}", " ".join(tags), "words, parted by blanks", 500, words)


class DeleteDialog(Dialog[bool], spot="delete"):
    """Asks whether a run is really to be deleted, naming it and its size."""

    heading = "Delete this run?"

    def __init__(self, name: str, folder: str, size: int) -> None:
        super().__init__()
        called = f"{plain(name)}\n" if name != folder else ""
        self._words = (
            f"{called}{plain(folder)}\n\n"
            f"Its recording, checkpoints and notes, {size_text(size)}, would be gone for "
            "good.\n\ny    delete it\nesc  keep it"
        )

    def body(self) -> Iterable[Widget]:
        """Return the question and its two answers."""
        yield Static(self._words, markup=False)

    def action_answer(self) -> None:
        """Leave with a yes."""
        self.dismiss(True)


def size_text(size: int) -> str:
    """Return a number of bytes as people say it: ``1.2 MB``."""
    for unit, each in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= each:
            return f"{size / each:.3g} {unit}"
    return f"{size} bytes"
