"""What is asked of the run that is shown: steps, a pause, an end, a mark, what heals it."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from engine.errors import EpochalError
from engine.recording.lacking import listens
from engine.text.safe import plain

from ..style.numbers import count
from .part import LabScreen
from .runs import Runs
from .setup import draft_of

if TYPE_CHECKING:
    from engine.diagnosis import Finding

    from ..dialogs.dialog import Farewell

LR_FACTOR = 1.25
"""What one key press multiplies or divides the learning rate by."""
STEPS_WITHOUT_EPOCHS = 100
"""What the key for an epoch takes where every step draws fresh rows."""


@dataclass(eq=False)
class Steering:
    """What is asked while a run goes, and before the lab is left."""

    screen: LabScreen
    runs: Runs
    chosen_finding: Callable[[], Finding | None]
    """Returns the finding that is chosen in the diagnosis."""

    def action_pause(self) -> None:
        """Pause between two steps."""
        self.runs.ask("pause")

    def action_go_on(self) -> None:
        """Go on."""
        self.runs.ask("continue")

    def action_step(self, steps: int) -> None:
        """Take so many steps, then pause."""
        if not self.runs.pacing.reach_worker():
            return
        if self.runs.going:
            self.runs.ask("step", n=steps)
        else:
            self.runs.start(steps)

    def action_step_epoch(self) -> None:
        """Train for one epoch, then pause."""
        if self.runs.pacing.reach_worker():
            self.action_step(self._steps_of_epoch())

    def _steps_of_epoch(self) -> int:
        """Return the steps to the end of the epoch that is going, or of the first one."""
        header = self.runs.cast.lead.history.header if self.runs.cast.lead is not None else None
        if self.runs.going and header is not None:
            each = header.steps_per_epoch
            return each - self.screen.view.step % each if each else STEPS_WITHOUT_EPOCHS
        draft = self.screen.draft
        experiment = draft.experiment if draft is not None else None
        return (experiment.steps_per_epoch if experiment else None) or STEPS_WITHOUT_EPOCHS

    def action_stop(self) -> None:
        """End the run."""
        if self.runs.pacing.reach_worker():
            self.runs.ask("stop")

    def action_change_lr(self, up: int) -> None:
        """Raise the learning rate, or lower it."""
        watch = self.runs.cast.lead
        if watch is not None and (before := watch.learning_rate()) is not None:
            lr = float(f"{before * LR_FACTOR**up:.4g}")
            if self.runs.ask("set_lr", lr=lr):
                watch.lr_asked = lr

    async def action_mark(self) -> None:
        """Set a mark at this step."""
        from ..dialogs.dialog import MarkDialog

        step = self.screen.view.at
        title = await self.screen.app.push_screen_wait(MarkDialog(count(step)))
        if title is None:
            return
        watch = self.runs.cast.lead
        newest = self.runs.replay.player is None and self.screen.view.cursor is None
        if self.runs.going and newest and watch is not None and listens(watch.history.header):
            self.runs.ask("mark", title=title)
        else:
            self._note_mark(title, step)

    def _note_mark(self, title: str, step: int) -> None:
        """Keep a mark of a step that is past in the notes of its run."""
        from engine.runs.notes import NotedMark, Notes

        watch = self.runs.cast.lead
        if watch is None:
            return
        try:
            notes = Notes.load(watch.folder).with_mark(NotedMark(step=step, title=title))
            notes.save(watch.folder)
        except (EpochalError, OSError) as error:
            self.runs.messages.complain(f"The mark could not be kept: {error}")
            return
        watch.notes = notes
        self.runs.messages.say(f"Mark at step {count(step)}: {title}")
        self.screen.show_now()

    async def action_fork(self) -> None:
        """Train a run that is this one up to the step that is shown, and another from there on."""
        from engine.headless.continuing import planned_fork
        from engine.recording.loading import load_history
        from engine.sweeps.cell import CellRun, network_in

        from ..dialogs.fork import ForkDialog
        from ..drawing.members.labels import name_of

        watch, view, say = self.runs.cast.lead, self.screen.view, self.runs.messages.say
        if watch is None or watch.whole.header is None:
            return
        if watch.reading:
            say("The recording is still being read; it can be forked once all of it is.")
            return
        run, history, one = watch.folder, watch.whole, name_of(watch.whole, view.member)
        if isinstance(run, CellRun) and view.member is None:
            say("A cell's networks may be of several runs: n goes to one, which can be forked.")
            return
        member = (view.member or 0) + 1 if one else 0
        if isinstance(run, CellRun):
            run, place = network_in(run, view.member or 0)
            history = await to_thread(load_history, run.recording)
            member = place + 1 if history.header and history.header.members > 1 else 0
        plan = partial(planned_fork, run, history, view.at, member=member)
        called = f"{watch.label}, {one}" if one else watch.label
        dialog = ForkDialog(called, view.at, plan, self.runs.workshop.fork)
        if (started := await self.screen.app.push_screen_wait(dialog)) is not None:
            self.runs.show(*started, beside=True)
            self.runs.panes.screen.pane = "curves"

    def action_follow_remedy(self) -> None:
        """Train what the chosen finding advises, beside the run that is shown."""
        finding = self.chosen_finding()
        if self.screen.view.reading:
            words = "The recording is still being read: what is wrong is known then."
            self.runs.messages.say(words)
        elif finding is None:
            ill = bool(self.screen.view.findings)
            why = "advises nothing that can be changed here" if ill else "found nothing"
            self.runs.messages.say(f"There is no remedy to follow: the diagnosis {why}.")
        else:
            self.follow_remedy(finding)

    def follow_remedy(self, finding: Finding) -> None:
        """Train what a finding advises, beside the run that is shown."""
        watch, remedy = self.runs.cast.lead, finding.remedy
        if watch is None or remedy is None:
            return
        if self.runs.setup.waits(lambda: self.follow_remedy(finding)):
            return
        self.runs.setup.take_in_typed()
        try:
            self.screen.draft = draft_of(watch.folder).with_changes(remedy.changes)
        except EpochalError as error:
            self.runs.messages.complain(f"The remedy cannot be followed: {error}")
            return
        self.runs.messages.say(f"Trained beside {watch.label}: {remedy.label}.")
        self.runs.start(beside=True)

    # --- leaving ---------------------------------------------------------------------------

    def action_detach(self) -> None:
        """Leave the lab; the run goes on."""
        self._exit("leave")

    async def action_quit(self) -> None:
        """Leave the lab; a run that is going is asked about."""
        from ..dialogs.dialog import QuitDialog

        answer: Farewell | None = "leave"
        if self.runs.going and self.runs.cast.lead is not None and self.runs.sweep is None:
            dialog = QuitDialog(self.runs.cast.lead.folder.name)
            answer = await self.screen.app.push_screen_wait(dialog)
        if answer is not None:
            self._exit(answer)

    def _exit(self, answer: Farewell) -> None:
        words = self.runs.farewell
        if answer == "stop" and self.runs.going and self.runs.cast.lead is not None:
            self.runs.ask("stop")
            name = plain(self.runs.cast.lead.folder.name)
            words = f"{name} was asked to stop; to see its result: epochal show {name}"
        self.screen.app.exit(words or None)
