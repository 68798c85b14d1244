"""The sweeps in the lab: a heat map over the screen, and from it the curves of a cell.

A cell's trials are one population, wherever they were trained: their mean with its range, and each
of them by the key that goes through the members. Those of other forms stand beside it.
"""

from __future__ import annotations

from asyncio import to_thread
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.errors import EpochalError

from ..watching.cast import MOST
from .part import LabScreen
from .runs import Runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.runs.folder import RunFolder
    from engine.sweeps.cell import CellRun
    from engine.sweeps.folder import SweepFolder

    from ..drawing.sweep.cells import HeatChoice
    from ..panes.sweep import OpenedCell
    from ..setup.draft import Draft

BACK: Final = "H shows the heat map again, k plays from the start"


@dataclass(eq=False)
class Sweeps:
    """Which sweep is looked at, and how."""

    screen: LabScreen
    runs: Runs
    path: Path | None = None
    """The folder of the sweep that was looked at last."""
    choice: HeatChoice | None = None
    cursor: tuple[int, int] = (0, 0)

    def has(self, folder: RunFolder) -> bool:
        """Whether what the list of runs calls a run is a sweep."""
        from engine.sweeps.folder import is_sweep

        return is_sweep(folder.path)

    async def action_show_sweep(self) -> None:
        """Show the sweep that the run on the screen belongs to, else the last or the newest one."""
        path = self._meant()
        if path is None:
            words = "There is no sweep yet: epochal sweep PRESET --grid optimizer.lr=0.01,0.1"
            self.runs.messages.say(words)
        else:
            await self.show(path)

    def _meant(self) -> Path | None:
        from engine.sweeps.folder import is_sweep, list_sweeps

        lead = self.runs.cast.lead
        if lead is not None and is_sweep(lead.folder.path.parent):
            return lead.folder.path.parent
        newest = (sweep.path for sweep in list_sweeps(self.screen.opening.runs_dir))
        return self.path or next(newest, None)

    async def start(self, draft: Draft) -> None:
        """Train a setup that is a sweep, by processes that outlive the lab, and show it."""
        try:
            path = await to_thread(self._started, draft)
        except (EpochalError, OSError) as error:
            self.runs.messages.complain(f"The sweep could not be started: {error}")
        else:
            words = f"{path.name} goes on whether the lab is there or not; H shows it again."
            self.runs.messages.say(words)
            await self.show(path)

    def _started(self, draft: Draft) -> Path:
        from engine.sweeps.detached import start
        from engine.sweeps.planning import Asked

        opening, device = self.screen.opening, self.screen.device
        assert draft.experiment is not None
        asked = Asked(draft.name, draft.experiment)
        on = "cpu" if device == "auto" else device
        code, share = opening.allow_code, opening.share
        return start(asked, opening.runs_dir, device=on, allow_code=code, share=share).path

    async def show(self, path: Path) -> None:
        """Show a sweep until it is left; then the curves that were asked for, if any were."""
        from ..panes.sweep import SweepDialog

        if path != self.path:
            self.path, self.choice, self.cursor = path, None, (0, 0)
        dialog = SweepDialog(path, self.screen.look, self.choice, self.cursor)
        opened = await self.screen.app.push_screen_wait(dialog)
        self.choice, self.cursor = dialog.picture.choice, dialog.picture.cursor
        if opened is not None:
            try:
                from engine.sweeps.folder import SweepFolder

                await self._open(SweepFolder(path), opened)
            except EpochalError as error:
                self.runs.messages.complain(f"The cell cannot be shown: {error}")

    async def _open(self, sweep: SweepFolder, opened: OpenedCell) -> None:
        """Show the trials of a cell, or the one of them that was chosen.

        Raises:
            EpochalError: They cannot be read.
        """
        from engine.sweeps.again import trial_numbered
        from engine.sweeps.cell import runs_of_cell

        if opened.trial is not None:
            trial = await to_thread(trial_numbered, sweep, opened.trial)
            if trial.is_trained_again:
                self.runs.open(trial.alone)
                self.runs.messages.say(f"{trial.name}, trained again alone; {BACK}.")
                return
        cells = await to_thread(runs_of_cell, sweep, opened.trials)
        first, others = cells[0], cells[1:]
        self.runs.open(first)
        for each in others[: MOST - 1]:
            self.runs.cast.toggle(each)
        if opened.trial is not None:
            self.runs.reading.look_through(member=first.trials.index(opened.trial))
        self.runs.messages.say(_said(cells, opened))


def _said(cells: Sequence[CellRun], opened: OpenedCell) -> str:
    """Return what is shown of a cell, and what can be done there."""
    shown = len(cells[0].trials)
    words = f"{shown} networks; n goes through them" if shown > 1 else "One network"
    if opened.trial is not None and shown > 1:
        words = f"One of {shown} networks; n goes on, and to all of them"
    if len(cells) > 1:
        beside = min(len(cells), MOST) - 1
        words += f"; {beside} other kinds beside" if beside > 1 else "; another kind beside"
        words += f" (of {len(cells) - 1})" if len(cells) > MOST else ""
    if opened.waiting:
        words += f"; {opened.waiting} have not begun"
    return f"{words}; {BACK}."
