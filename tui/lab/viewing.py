"""What is shown at this moment: the view that panes are given, made of what the parts hold."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..drawing.lists.result import Weights
from ..drawing.lists.status import Standing
from ..watching.cast import Cast
from ..watching.opinions import Opinions
from ..watching.view import View
from .messages import Messages
from .pacing import Pacing
from .reading import Reading
from .replay import Replay

if TYPE_CHECKING:
    from engine.diagnosis import Finding, Survey
    from engine.recording.history import History

    from ..watching.watch import Watch

DIAGNOSIS_SECONDS = 1.0
"""How often a run that goes on is diagnosed."""
SURVEY_SECONDS = 0.01
"""How much of a tick the diagnosis of a population may take."""


@dataclass(eq=False)
class Viewing:
    """Makes the view."""

    cast: Cast
    messages: Messages
    reading: Reading
    replay: Replay
    pacing: Pacing
    _opinions: Opinions = field(default_factory=Opinions)
    """What diagnoses the runs beside the one that is shown."""

    def __post_init__(self) -> None:
        self._diagnosis = Diagnosis()

    def view(self, idle: str) -> View:
        """Return what is shown now.

        Args:
            idle: How it stands where no run is shown.
        """
        watch = self.cast.lead
        if watch is not None:
            return self._view_of(watch)
        standing = Standing(state=idle, note=self.messages.note)
        return View(standing=standing).through(self.reading.lens)

    def _view_of(self, watch: Watch) -> View:
        history, head = watch.history, self.replay.head
        if head is not None:
            history = watch.whole.until(head)
        step = history.last_step if head is None else min(head, history.last_step)
        member = self.reading.lens.member_of(history)
        weights = self._weights_of(watch, history, member)
        standing = watch.standing(step, member, history=history, weights=weights)
        if head is not None and standing.state != "ended":
            standing = replace(standing, state="replay")
        standing = replace(standing, note=self.messages.note or standing.note)
        view = View(
            history=history,
            whole=None if head is None else watch.whole,
            run=watch.folder.name,
            folder=watch.folder.recording.parent,
            title=watch.title,
            label=watch.label,
            version=history.version,
            step=step,
            slot=self.cast.slot,
            others=self.cast.traces(head),
            standing=standing,
            weights=weights,
            loading=watch.loaded,
        )
        seen = view.through(self.reading.lens)
        others = self._opinions.of(seen.others, seen.cursor)
        # What is found depends on how the run really stands, and not on the pace it is shown at.
        findings = self._diagnosis.of(seen)
        standing = self.pacing.standing(standing, watch)
        return replace(seen, findings=findings, opinions=others, standing=standing)

    def _weights_of(self, watch: Watch, history: History, member: int | None) -> Weights:
        """Return which weights are shown, where the run is over and no earlier step is read."""
        lens = self.reading.lens
        earlier = lens.cursor is not None and lens.cursor < history.last_step
        if watch.reading or history.end is None or earlier:
            return ""
        from ..drawing.lists.result import weights_at_end

        replayed = self.replay.player is not None and not self.pacing.showing
        return weights_at_end(history, member, lens.weights, replayed=replayed)


class Diagnosis:
    """What is wrong with the run that is shown, found out no more often than it has to be."""

    def __init__(self) -> None:
        self._findings: tuple[Finding, ...] = ()
        self._diagnosed: tuple[str, int, int, int] = ("", 0, 0, 0)
        """Run, version, step and member of these findings."""
        self._diagnosed_at = 0.0
        self._survey: Survey | None = None
        """What diagnoses the members of a population, where all of them are shown."""
        self._surveyed = ""
        """The run that it diagnoses."""

    def of(self, view: View) -> tuple[Finding, ...]:
        """Return what is wrong at the step that is read; of a run that goes on, once a second."""
        if view.reading or view.history is None:
            return ()
        if view.member is None:
            return self._survey_members(view, view.history)
        now, which = time.monotonic(), (view.run, view.version, view.at, view.member)
        same_run = (self._diagnosed[0], self._diagnosed[3]) == (view.run, view.member)
        soon = same_run and view.cursor is None and now < self._diagnosed_at + DIAGNOSIS_SECONDS
        over = view.standing.state in ("ended", "crashed", "paused")
        if which != self._diagnosed and (over or not soon):
            from engine.diagnosis import diagnose

            self._findings = diagnose(view.history, view.at, view.member)
            self._diagnosed, self._diagnosed_at = which, now
        return self._findings

    def _survey_members(self, view: View, history: History) -> tuple[Finding, ...]:
        """Return what is wrong with the members of a population: some more are asked each time."""
        from engine.diagnosis import survey

        if self._survey is None or self._surveyed != view.run:
            self._survey, self._surveyed = survey(), view.run
        self._survey.look(history, view.at, SURVEY_SECONDS)
        return self._survey.findings
