"""What a person does to a run of the list: names, tags and pins it, or deletes it.

Both ask first and then work beside the screen, in a thread; what came of it is told to the list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from textual.widget import Widget

from engine.errors import EpochalError

from .messages import RunDeleted

if TYPE_CHECKING:
    from engine.runs.catalogue import RunFacts
    from engine.runs.notes import Notes

    from ...dialogs.dialog import Dialog

GOING: Final = ("starting", "running", "paused")
"""States in which a worker holds a run."""


@dataclass(eq=False)
class NotesEditor:
    """Changes what is noted of a run."""

    host: Widget
    """The widget around the list."""
    look_again: Callable[..., None]
    """Shows what has become of the runs, and says so where there is more to say."""

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
            text = await self.host.app.push_screen_wait(dialog)
            if text is not None:
                await self._change(run, lambda notes: change(notes, text))

        self._begin(ask())

    def _begin(self, work: Any) -> None:
        self.host.run_worker(work, group="notes", exit_on_error=False)

    async def _change(self, run: RunFacts, change: Callable[[Notes], Notes]) -> None:
        def write() -> None:
            from engine.runs.notes import Notes

            change(Notes.load(run.folder)).save(run.folder)

        try:
            await asyncio.to_thread(write)
        except EpochalError as error:
            self.look_again(str(error), wrong=True)
        else:
            self.look_again()


@dataclass(eq=False)
class Deletion:
    """Deletes a run, once a person has seen what would be gone and said yes."""

    host: Widget
    """The widget around the list."""
    look_again: Callable[..., None]
    """Shows what has become of the runs, and says so where there is more to say."""

    def begin(self, run: RunFacts) -> None:
        """Ask whether a run is to be deleted, and delete it; one that goes on is refused."""
        if run.state in GOING:
            self.look_again(f"{run.name} is {run.state}: stop it before you delete it.", wrong=True)
            return
        self.host.run_worker(self._delete(run), group="delete", exit_on_error=False)

    async def _delete(self, run: RunFacts) -> None:
        from engine.runs.removal import remove, size_of
        from engine.sweeps.folder import SweepFolder, is_sweep
        from engine.sweeps.removal import remove_sweep, size_of_sweep

        from ...dialogs.runs import DeleteDialog

        sweep = SweepFolder(run.folder.path) if is_sweep(run.folder.path) else None
        weighed = (size_of, run.folder) if sweep is None else (size_of_sweep, sweep)
        dialog = DeleteDialog(run.name, run.folder.name, await asyncio.to_thread(*weighed))
        if not await self.host.app.push_screen_wait(dialog):
            return
        try:
            kept = await asyncio.to_thread(
                *((remove, run.folder) if sweep is None else (remove_sweep, sweep))
            )
        except EpochalError as error:
            self.look_again(str(error), wrong=True)
            return
        self.host.post_message(RunDeleted(run.folder))
        self.look_again(f"Kept, for it is not the run's: {', '.join(kept)}" if kept else "")
