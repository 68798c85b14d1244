"""What the lab asks of runs: start, step, pause, stop, again, the learning rate, a remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import work

from engine.errors import EpochalError

from ..style.numbers import count
from .state import Stage

if TYPE_CHECKING:
    from engine.diagnosis import Finding
    from engine.runs.folder import RunFolder

    from ..setup.draft import Draft

LR_FACTOR = 1.25
"""What one key press multiplies or divides the learning rate by."""
STEPS_WITHOUT_EPOCHS = 100
"""What the key for an epoch takes where every step draws fresh rows."""


class Running(Stage):
    """The commands of the group ``Run``."""

    def action_start(self) -> None:
        """Train the setup as a new run."""
        if self.has_just_ended():
            self.refuse("space", "All of the run has just been shown; space again trains anew.")
        else:
            self.start(None)

    def start(self, steps: int | None, *, beside: bool = False) -> None:
        """Start a run of the draft.

        Args:
            steps: Pause after so many; run freely where there are none.
            beside: Whether the run that is shown stays beside the new one.
        """
        self.take_in_typed()
        draft = self.draft
        if draft is None and self._waits(lambda: self.start(steps, beside=beside)):
            return
        if draft is None:
            self.complain("There is no setup to train: choose a preset that holds.")
        elif draft.experiment is None:
            self.complain("The setup does not hold yet: see what is said under its fields.")
        elif self._train(draft, steps, beside=beside):
            self.show_training()
            return
        self.show_setup()

    def _train(self, draft: Draft, steps: int | None, *, beside: bool) -> bool:
        """Train a draft that holds, and show it; return whether it could be started."""
        started = self.train(draft, steps)
        if started is not None:
            self.begun(started[0], steps)
            self.follow(*started, beside=beside)
        return started is not None

    def show_training(self) -> None:
        """Turn to what a run shows that has just begun."""

    def show_setup(self) -> None:
        """Turn to the setup, which says what is wrong."""

    def _waits(self, asked: Callable[[], None]) -> bool:
        """Return whether the setup is still to come; what is asked is then done when it is there.

        Args:
            asked: What needs it.
        """
        if self.ready:
            return False
        self.asked = [asked]
        self.note = "The presets are still being read; the run starts then."
        self.show_now()
        return True

    def action_restart(self) -> None:
        """Stop what runs and train the setup as a new run."""
        if self._waits(self.action_restart):
            return
        self.take_in_typed()
        holds = self.draft is not None and self.draft.experiment is not None
        if holds and self.going:
            self.ask("stop")
        self.start(None)

    def action_restart_anew(self) -> None:
        """Restart with the next seed."""
        if self._waits(self.action_restart_anew):
            return
        self.take_in_typed()
        if self.draft is not None and self.draft.experiment is not None:
            # A population has seeds of its own from the first one on.
            experiment = self.draft.experiment
            self.draft = self.draft.with_seed(experiment.train.seed + experiment.population.seeds)
        self.action_restart()

    def action_pause(self) -> None:
        """Pause between two steps."""
        self.ask("pause")

    def action_go_on(self) -> None:
        """Go on."""
        self.ask("continue")

    def action_step(self, steps: int) -> None:
        """Take so many steps, then pause."""
        if not self.reach_worker():
            return
        if self.going:
            self.ask("step", n=steps)
        else:
            self.start(steps)

    def action_step_epoch(self) -> None:
        """Train for one epoch, then pause."""
        if not self.reach_worker():
            return
        self.action_step(self._steps_of_epoch())

    def _steps_of_epoch(self) -> int:
        """Return the steps to the end of the epoch that is going, or of the first one."""
        header = self.cast.lead.history.header if self.cast.lead is not None else None
        if self.going and header is not None:
            each = header.steps_per_epoch
            return each - self.view.step % each if each else STEPS_WITHOUT_EPOCHS
        experiment = self.draft.experiment if self.draft is not None else None
        return (experiment.steps_per_epoch if experiment else None) or STEPS_WITHOUT_EPOCHS

    def action_stop(self) -> None:
        """End the run."""
        if self.reach_worker():
            self.ask("stop")

    def action_change_lr(self, up: int) -> None:
        """Raise the learning rate, or lower it."""
        watch = self.cast.lead
        if watch is not None and (before := watch.learning_rate()) is not None:
            lr = float(f"{before * LR_FACTOR**up:.4g}")
            watch.lr_asked = lr
            self.ask("set_lr", lr=lr)

    @work(group="mark", exclusive=True)
    async def action_mark(self) -> None:
        """Set a mark at this step."""
        from ..dialogs.dialog import MarkDialog

        step = self.view.at
        title = await self.app.push_screen_wait(MarkDialog(count(step)))
        if title is None:
            return
        if self.going and self.player is None and self.view.cursor is None:
            self.ask("mark", title=title)
        else:
            self.note_mark(title, step)

    def note_mark(self, title: str, step: int) -> None:
        """Keep a mark of a step that is past."""

    def action_follow_remedy(self) -> None:
        """Train what the diagnosis advises, beside the run that is shown."""
        finding = self.chosen_finding()
        if self.view.reading:
            self.say("The recording is still being read: what is wrong is known then.")
        elif finding is None:
            found = bool(self.view.findings)
            why = "advises nothing that can be changed here" if found else "found nothing"
            self.say(f"There is no remedy to follow: the diagnosis {why}.")
        else:
            self.follow_remedy(finding)

    def chosen_finding(self) -> Finding | None:
        """Return the finding whose remedy the key follows."""
        return next((each for each in self.view.findings if each.remedy is not None), None)

    def follow_remedy(self, finding: Finding) -> None:
        """Train what a finding advises, beside the run that is shown."""
        watch, remedy = self.cast.lead, finding.remedy
        if watch is None or remedy is None or self._waits(lambda: self.follow_remedy(finding)):
            return
        self.take_in_typed()
        try:
            self.draft = draft_of(watch.folder).with_changes(remedy.changes)
        except EpochalError as error:
            self.complain(f"The remedy cannot be followed: {error}")
            return
        self.say(f"Trained beside {watch.label}: {remedy.label}.")
        self.start(None, beside=True)

    def action_compare(self) -> None:
        """Draw the run before this one beside it, or take it away again."""
        before = self.cast.before() or self._newest_other()
        if before is None:
            self.say("There is no other run to compare with.")
            return
        self.cast.toggle(before)
        self.wake()

    def _newest_other(self) -> RunFolder | None:
        """Return the newest run in the list that is not on the screen, or the only one beside it:
        a lab that was opened anew has shown none before.
        """
        from engine.runs.finding import list_runs

        lead, others = self.cast.lead, [watch.folder for watch in self.cast.others]
        if lead is None or others:
            return others[-1] if lead is not None and others else None
        runs = list_runs(self.opening.runs_dir)
        return next((run for run in runs if run != lead.folder and run.recording.exists()), None)


def draft_of(folder: RunFolder) -> Draft:
    """Return the draft that repeats a run.

    Raises:
        PresetError: Its folder does not hold the experiment.
    """
    from engine.experiment.changes import preset_of
    from engine.presets import preset as presets
    from engine.text.run_names import beginning_of

    from ..setup.draft import Draft

    experiment = presets.load(str(folder.experiment_file)).experiment
    return Draft.of(preset_of(experiment, beginning_of(folder.name)), experiment)
