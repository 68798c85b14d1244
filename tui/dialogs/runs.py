"""What is asked about a run in the list: its name, and whether it is really to be deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from engine.runs.notes import MAX_NAME
from engine.text.safe import plain

from ..commands.command import Spot
from ..commands.spots import bindings_at
from .dialog import Dialog
from .line import Line


class RenameDialog(Dialog[str]):
    """Asks what to call a run."""

    DEFAULT_CSS = """
    RenameDialog Input { border: none; height: 1; background: $surface; padding: 0 1; }
    """

    def __init__(self, folder: str, name: str) -> None:
        super().__init__()
        self._folder = folder
        self._run_name = name

    def compose(self) -> ComposeResult:
        """A line to type into."""
        with Vertical(classes="box") as box:
            box.border_title = Text("Name of the run")
            field = Line(
                self._run_name, placeholder=plain(self._folder), max_length=MAX_NAME, compact=True
            )
            yield field
            yield Static(
                "enter names it, an empty name is none, esc leaves it; the folder keeps its own",
                markup=False,
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Leave with the name."""
        self.dismiss(event.value)


class TagDialog(Dialog[str]):
    """Asks for the tags of a run."""

    DEFAULT_CSS = """
    TagDialog Input { border: none; height: 1; background: $surface; padding: 0 1; }
    """

    def __init__(self, run: str, tags: Sequence[str]) -> None:
        super().__init__()
        self._called = run
        self._tags = tags

    def compose(self) -> ComposeResult:
        """A line to type into, and what tags are good for."""
        with Vertical(classes="box") as box:
            box.border_title = Text(f"Tags of {plain(self._called)}")
            yield Line(
                plain(" ".join(self._tags)),
                placeholder="words, parted by blanks",
                max_length=500,
                compact=True,
            )
            yield Static(
                "enter keeps them, an empty line takes them away, esc leaves them; the filter "
                "tag=good lists the runs that have one",
                markup=False,
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Leave with the tags."""
        self.dismiss(event.value)


class DeleteDialog(Dialog[bool]):
    """Asks whether a run is really to be deleted, naming it and its size."""

    SPOT: ClassVar[Spot] = "delete"
    BINDINGS: ClassVar[list[BindingType]] = bindings_at("delete")

    def __init__(self, name: str, folder: str, size: int) -> None:
        super().__init__()
        self._run_name = name
        self._folder = folder
        self._bytes = size

    def compose(self) -> ComposeResult:
        """The question and its two answers."""
        called = f"{plain(self._run_name)}\n" if self._run_name != self._folder else ""
        words = (
            f"{called}{plain(self._folder)}\n\n"
            f"Its recording, checkpoints and notes, {size_text(self._bytes)}, would be gone for "
            "good.\n\ny    delete it\nesc  keep it"
        )
        with Vertical(classes="box") as box:
            box.border_title = Text("Delete this run?")
            yield Static(words, markup=False)

    def action_answer(self) -> None:
        """Leave with a yes."""
        self.dismiss(True)


def size_text(size: int) -> str:
    """Return a number of bytes as people say it: ``1.2 MB``."""
    for unit, each in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= each:
            return f"{size / each:.3g} {unit}"
    return f"{size} bytes"
