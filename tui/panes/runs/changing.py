"""What a person does to a run of the list: names, tags and pins it, or deletes it.

Both ask first and then work beside the screen, in a thread; what came of it is told to a ``Host``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from textual.app import App
from textual.message import Message

from engine.errors import EpochalError

from .messages import RunDeleted, RunRenamed

if TYPE_CHECKING:
    from engine.runs.catalogue import RunFacts
    from engine.runs.notes import Notes

    from ...dialogs.dialog import Dialog

GOING: Final = ("starting", "running", "paused")
"""States in which a worker holds a run."""


class Host(Protocol):
    """The widget around the list."""

    @property
    def app(self) -> App[object]:
        """Where questions are asked."""

    def run_worker(self, work: Any, *, group: str, exit_on_error: bool) -> object:
        """Do something beside the screen."""

    def post_message(self, message: Message) -> bool:
        """Tell what has become of a run."""

    def look_again(self, words: str = "", *, wrong: bool = False) -> None:
        """Show what has become of the runs, and say so where there is more to say."""


class NotesEditor:
    """Changes what is noted of a run.

    Args:
        host: The widget around the list.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    def rename(self, run: RunFacts) -> None:
        """Ask what to call a run, and name it so."""
        from engine.runs.notes import Notes

        from ...dialogs.runs import RenameDialog

        self._ask(run, RenameDialog(run.folder.name, run.notes.name), Notes.named)

    def tag(self, run: RunFacts) -> None:
        """Ask for the tags of a run, and give it these."""
        from engine.runs.notes import Notes

        from ...dialogs.runs import TagDialog

        self._ask(run, TagDialog(run.name, run.notes.tags), Notes.tagged)

    def pin(self, run: RunFacts) -> None:
        """Keep a run above the others, or no more."""
        self._begin(self._change(run, lambda notes: replace(notes, pinned=not notes.pinned)))

    def _ask(
        self, run: RunFacts, dialog: Dialog[str], change: Callable[[Notes, str], Notes]
    ) -> None:
        async def ask() -> None:
            text = await self._host.app.push_screen_wait(dialog)
            if text is not None:
                await self._change(run, lambda notes: change(notes, text))

        self._begin(ask())

    def _begin(self, work: Any) -> None:
        self._host.run_worker(work, group="notes", exit_on_error=False)

    async def _change(self, run: RunFacts, change: Callable[[Notes], Notes]) -> None:
        def write() -> tuple[Notes, Notes]:
            from engine.runs.notes import Notes

            before = Notes.load(run.folder)
            after = change(before)
            after.save(run.folder)
            return before, after

        try:
            before, after = await asyncio.to_thread(write)
        except EpochalError as error:
            self._host.look_again(str(error), wrong=True)
            return
        if after.name != before.name:
            self._host.post_message(RunRenamed(run.folder, after.name))
        self._host.look_again()


class Deletion:
    """Deletes a run, once a person has seen what would be gone and said yes.

    Args:
        host: The widget around the list.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    def begin(self, run: RunFacts) -> None:
        """Ask whether a run is to be deleted, and delete it; one that goes on is refused."""
        if run.state in GOING:
            words = f"{run.name} is {run.state}: stop it before you delete it."
            self._host.look_again(words, wrong=True)
            return
        self._host.run_worker(self._delete(run), group="delete", exit_on_error=False)

    async def _delete(self, run: RunFacts) -> None:
        from engine.runs.removal import remove, size_of

        from ...dialogs.runs import DeleteDialog

        size = await asyncio.to_thread(size_of, run.folder)
        dialog = DeleteDialog(run.name, run.folder.name, size)
        if not await self._host.app.push_screen_wait(dialog):
            return
        try:
            kept = await asyncio.to_thread(remove, run.folder)
        except EpochalError as error:
            self._host.look_again(str(error), wrong=True)
            return
        self._host.post_message(RunDeleted(run.folder))
        others = f"Kept, for it is not the run's: {', '.join(kept)}" if kept else ""
        self._host.look_again(others)
