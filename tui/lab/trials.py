"""A sweep's trial in the lab: its curves at once, and its pictures once it was trained again.

an earlier step of a group's network is looked at ──► the trial is trained again, beside
its run is over ──► it is shown in place of the group's, at the same step
"""

from __future__ import annotations

from asyncio import sleep, to_thread
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from engine.errors import EpochalError, RunError

from ..style.numbers import figure
from .part import LabScreen
from .runs import Runs

if TYPE_CHECKING:
    from engine.recording.history import History
    from engine.runs.folder import RunFolder
    from engine.sweeps.again import SweptTrial

    from ..watching.watch import Watch

POLL_SECONDS: Final = 0.2
"""How often it is looked whether a trial that is trained again is over."""


@dataclass(eq=False)
class Trials:
    """Has a trial trained again whose weights are looked at and were not kept."""

    screen: LabScreen
    runs: Runs
    _asked: tuple[RunFolder, int] | None = None
    """The run and the network that were looked at last; each is asked for once."""

    def read_on(self) -> None:
        """Have the trial that is shown trained again, where its group lacks the weights."""
        lead, member = self.runs.cast.lead, self.screen.view.member
        if lead is None or member is None or not self._lacks_weights(lead):
            return
        if self._asked != (lead.folder, member):
            self._asked = lead.folder, member
            doing = self._train_again(lead, member)
            self.screen.run_worker(doing, group="again", exclusive=True)

    def _lacks_weights(self, lead: Watch) -> bool:
        """Whether a step is looked at between the start and the end of a run of a sweep."""
        view = self.screen.view
        from engine.sweeps.cell import CellRun

        of_sweep = isinstance(lead.folder, CellRun) or lead.folder.name.startswith("group-")
        if self.screen.opening.start_worker is None or not of_sweep:
            return False
        between = 0 < view.at < lead.whole.last_step and not view.weights
        return between and lead.whole.end is not None and not lead.behind

    async def _train_again(self, watch: Watch, member: int) -> None:
        """Train a trial alone, and then show that run."""
        from engine.sweeps.again import trial_in
        from engine.sweeps.cell import network_in

        trial = await to_thread(trial_in, *network_in(watch.folder, member))
        if trial is None:
            return
        try:
            await self._until_trained(trial)
            difference = await to_thread(_difference, watch.whole, member, trial)
        except (EpochalError, OSError) as error:
            self.runs.messages.complain(f"{trial.alone.name} cannot be trained again: {error}")
            return
        if self.runs.cast.lead is watch and self.screen.view.member == member:
            self._show(trial)
            self.runs.messages.say(f"{trial.alone.name} has every picture; {difference}")

    async def _until_trained(self, trial: SweptTrial) -> None:
        """Wait until a trial is trained again.

        Raises:
            EpochalError: It cannot be.
            OSError: No process can be started.
        """
        if trial.is_trained_again:
            return
        worker = await to_thread(trial.train_again, self.runs.workshop.take)
        self.runs.messages.say(
            f"{trial.alone.name} is trained again for the weights between its start and its best; "
            "the pictures follow."
        )
        while not trial.is_trained_again:
            if worker is not None and worker.poll() is not None and not trial.is_trained_again:
                raise RunError(f"its process died: {worker.last_words()}")
            await sleep(POLL_SECONDS)

    def _show(self, trial: SweptTrial) -> None:
        """Show a trial's own run as its group's was shown."""
        replay, reading = self.runs.replay, self.runs.reading
        lens, player = reading.lens, replay.player
        self.runs.show(trial.alone)
        reading.lens = replace(lens, member=None)
        if player is not None:
            head, playing = player.head, player.playing
            replay.start_soon(player.tempo)
            replay.move(lambda new: new.seek(head))
            if not playing:
                replay.move(lambda new: new.pause())
        self.screen.show_now()


def _difference(group: History, member: int, trial: SweptTrial) -> str:
    """Return how near a trial that was trained again came to what it was in its group.

    Raises:
        EpochalError: It came to nothing.
    """
    from engine.recording.loading import load_history
    from engine.sweeps.again import apart

    alone = load_history(trial.alone.recording)
    if alone.end is None or alone.end.status == "failed" or "train" not in alone.series:
        raise RunError(alone.end.reason if alone.end else "it was broken off")
    share = apart(group, member, alone)
    if not share:
        return "its losses are the sweep's to the bit"
    return f"its losses are the sweep's up to {figure(share, 1)} of each"
