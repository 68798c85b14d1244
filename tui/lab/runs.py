"""The runs in the lab: which are shown, and how new ones are started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import EpochalError
from engine.recording.lacking import check_listens
from engine.text.safe import plain

from ..panes.picture import LabMessage
from ..watching.cast import Cast
from ..watching.workers import Workshop
from .messages import Messages
from .pacing import Pacing
from .panes import Panes
from .part import LabScreen
from .reading import Reading
from .replay import Replay
from .setup import Setup

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder
    from engine.runs.requests import Control
    from engine.worker.launch import Worker

    from ..replay.tempo import Tempo
    from ..setup.draft import Draft


@dataclass
class SweepStarted(LabMessage):
    """A setup that is a sweep is to be trained."""

    draft: Draft


@dataclass(eq=False)
class Runs:
    """The runs on the screen, and the worker of the one that is shown."""

    screen: LabScreen
    cast: Cast
    messages: Messages
    setup: Setup
    reading: Reading
    panes: Panes
    replay: Replay
    pacing: Pacing
    _control: Control | None = None

    def __post_init__(self) -> None:
        opening = self.screen.opening
        self.workshop = Workshop(
            opening.start_worker,
            opening.runs_dir,
            allow_code=opening.allow_code,
            share=opening.share,
        )

    @property
    def going(self) -> bool:
        """Whether the run that is shown is being trained, or may be."""
        return self.cast.lead is not None and self.cast.lead.going

    @property
    def sweep(self) -> Path | None:
        """The folder of the sweep that trains the run that is shown, if one does."""
        from engine.sweeps.cell import sweep_of

        return None if self.cast.lead is None else sweep_of(self.cast.lead.folder)

    @property
    def farewell(self) -> str:
        """What is said of the run that is shown once the lab is left; empty if it is over."""
        lead, sweep = self.cast.lead, self.sweep
        if lead is None or not lead.going:
            return ""
        name = plain(lead.folder.name)
        if sweep is not None:
            return f"{plain(sweep.name)} goes on; to see it again: epochal open {plain(sweep.name)}"
        return f"{name} goes on; to see it again: epochal attach {name}"

    # --- which runs are shown --------------------------------------------------------------

    def show(self, run: RunFolder, worker: Worker | None = None, *, beside: bool = False) -> None:
        """Show a run from now on.

        Args:
            run: Which.
            worker: Its process, where this lab started it.
            beside: Whether the run that was shown stays beside it.
        """
        from engine.runs.requests import Control

        self.replay.player = None
        self.cast.show(run, worker, beside=beside)
        self._control = Control(run)
        self.messages.open_journal(run, started=worker is not None)
        self.reading.lens = self.reading.lens.anew()
        self.messages.note = ""
        self.screen.wake()

    def open(self, folder: RunFolder) -> None:
        """Show a run from the list."""
        self.replay.awaiting = False
        self.show(folder)
        self.panes.screen.pane = "curves"

    def overlay(self, folder: RunFolder) -> None:
        """Draw a run beside the one that is shown, or take it away; where none is, show it."""
        if self.cast.lead is None:
            self.replay.awaiting = False
            self.show(folder)
        else:
            self.cast.toggle(folder)
            self.screen.wake()

    def forget(self, folder: RunFolder) -> None:
        """Take a run off the screen that is no more."""
        self.cast.drop(folder)
        if self.cast.lead is None:
            self._leave()
        self.screen.show_now()

    def show_none(self) -> None:
        """Show no run, and replay nothing."""
        self.replay.leave()
        self.cast.clear()
        self._leave()

    def _leave(self) -> None:
        self._control = None
        self.messages.note = self.messages.hint
        self.screen.show_now()

    def show_together(self, shown: Sequence[Draft | RunFolder], tempo: Tempo | None) -> None:
        """Replay runs in lockstep, training those that are still to be trained.

        Args:
            shown: Runs, and drafts that hold; the first one leads.
            tempo: How fast; what suits them where it is left out.
        """
        from ..setup.draft import Draft

        self.setup.take_in_typed()
        self.cast.clear()
        self.replay.awaiting = False
        for each in shown:
            started = self._train(each) if isinstance(each, Draft) else (each, None)
            if started is None:
                return
            if self.cast.lead is not None:
                self.cast.toggle(*started)
                continue
            self.show(*started)
            if isinstance(each, Draft):
                self.screen.draft = each
        self.replay.start_soon(tempo)

    def replay_opened(self) -> None:
        """Replay what the lab was opened with, training the presets among it."""
        from ..setup.draft import Draft

        opening, self.replay.awaiting = self.screen.opening, False
        first = opening.run or self.screen.draft
        shown = [] if first is None else [first]
        try:
            for each in opening.beside:
                shown.append(Draft.load(each, opening.overrides) if isinstance(each, str) else each)
        except EpochalError as error:
            self.messages.complain(str(error))
            return
        if shown:
            self.show_together(shown, opening.tempo)
            self.panes.show_training()

    def action_compare(self) -> None:
        """Draw the run before this one beside it, or take it away again."""
        before = self.cast.before() or self._newest_other()
        if before is None:
            self.messages.say("There is no other run to compare with.")
            return
        self.cast.toggle(before)
        self.screen.wake()

    def _newest_other(self) -> RunFolder | None:
        """Return the newest run in the list that is not on the screen, or the only one beside it:
        a lab that was opened anew has shown none before.
        """
        from engine.runs.finding import list_runs

        lead, others = self.cast.lead, [watch.folder for watch in self.cast.others]
        if lead is None or others:
            return others[-1] if lead is not None and others else None
        runs = list_runs(self.screen.opening.runs_dir)
        return next((run for run in runs if run != lead.folder and run.recording.exists()), None)

    # --- starting --------------------------------------------------------------------------

    def action_start(self) -> None:
        """Train the setup as a new run."""
        if self.pacing.has_just_ended:
            self.messages.refuse("All of the run has just been shown; space again trains anew.")
        else:
            self.start()

    def start(self, steps: int | None = None, *, beside: bool = False) -> None:
        """Start a run of the draft.

        Args:
            steps: Pause after so many; run freely where there are none.
            beside: Whether the run that is shown stays beside the new one.
        """
        draft = self.setup.draft_now()
        if draft is None and self.setup.waits(lambda: self.start(steps, beside=beside)):
            return
        if draft is None:
            self.messages.complain("There is no setup to train: choose a preset that holds.")
        elif draft.experiment is None:
            words = "The setup does not hold yet: see what is said under its fields."
            self.messages.complain(words)
        elif draft.swept and steps is None:
            self.screen.post_message(SweepStarted(draft))
            return
        elif (started := self._train(draft, steps)) is not None:
            self.pacing.begin(started[0], steps)
            self.show(*started, beside=beside)
            self.panes.show_training()
            return
        self.panes.screen.pane = "setup"

    def resume(self, folder: RunFolder) -> None:
        """Go on with a run where it was broken off or stopped, and show it."""
        from engine.runs.resuming import check_resumable
        from engine.runs.summary import GlancedRun

        look = GlancedRun(folder)
        try:
            # What it is and how it ended tells whether it can; its rows need not be read for that.
            look.again()
            check_resumable(folder, look.history)
            worker = self.workshop.resume(folder)
        except EpochalError as error:
            self.messages.complain(str(error))
            return
        self.show(folder, worker)
        self.panes.show_training()

    def _train(self, draft: Draft, steps: int | None = None) -> tuple[RunFolder, Worker] | None:
        """Start a run of a draft that holds; say why where it cannot be started."""
        from engine.sweeps.trials import alone_of

        assert draft.experiment is not None
        alone, device = alone_of(draft.experiment), self.screen.device
        try:
            return self.workshop.train(draft.name, alone, device=device, steps=steps)
        except EpochalError as error:
            self.messages.complain(f"{error}"[:1].upper() + f"{error}"[1:])
            return None

    def warm_up(self) -> None:
        """Have a worker ready for the next run, while none is going."""
        try:
            self.workshop.warm_up()
        except OSError as error:
            self.messages.complain(f"no worker could be started: {error}")

    def action_restart(self) -> None:
        """Stop what runs and train the setup as a new run."""
        if self.setup.waits(self.action_restart):
            return
        draft = self.setup.draft_now()
        if draft is not None and draft.experiment is not None and self.going:
            self.ask("stop")
        self.start()

    def action_restart_anew(self) -> None:
        """Restart with the next seed."""
        if self.setup.waits(self.action_restart_anew):
            return
        draft = self.setup.draft_now()
        if draft is not None and (experiment := draft.experiment) is not None:
            # A population has seeds of its own from the first one on.
            self.screen.draft = draft.with_seed(experiment.train.seed + experiment.population.seeds)
        self.action_restart()

    def ask(self, action: str, **arguments: object) -> bool:
        """Ask the worker for something; what comes of it is read in the recording.

        Returns:
            Whether it could be asked.
        """
        assert self._control is not None
        if sweep := self.sweep:
            words = f"A sweep trains this with others; epochal stop {sweep.name} ends all of it."
            self.messages.complain(words)
            return False
        lead = self.cast.lead
        try:
            if lead is not None:
                check_listens(lead.folder.name, lead.history.header)
            self._control.send(action, **arguments)  # type: ignore[arg-type]
        except (EpochalError, OSError) as error:
            self.messages.complain(f"{action} could not be asked for: {error}")
            return False
        self.messages.note = ""
        return True
