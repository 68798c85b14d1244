"""A lecture in the lab: one scene after another, each a preset, a run, a race or plain text.

What a scene shows is trained or replayed as anything else is; a lecture only says what, how fast,
and in which pane. Others can follow it, and a replay as well:

    presenter's lab ── every quarter of a second ──► one small file ──► follower's lab

What goes through the folder of runs is which runs, which step and how they are looked at; the
follower reads the recordings itself, with the same reader and the same panes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.errors import EpochalError

from ..replay.tempo import Tempo
from ..watching.view import Lens
from .part import LabScreen
from .runs import Runs

if TYPE_CHECKING:
    from textual.app import App

    from engine.lectures.lecture import Script
    from engine.lectures.scenes import Scene
    from engine.runs.folder import RunFolder

    from ..lecture.presented import Presented, Programme
    from ..lecture.presenting import Audience, Presenter
    from ..setup.draft import Draft

PRESENCE = {"gone": "The presenter has left.", "nobody": "Nobody presents yet."}
"""What a follower reads who sees nothing new."""

SHARED_SECONDS = 0.25
"""How often what is shown is said, or asked after."""


@dataclass(eq=False)
class Lecturing:
    """Which scene is shown, and the commands of the group ``Lecture``."""

    screen: LabScreen
    runs: Runs
    script: Script | None
    """The lecture that is held."""
    scene: int = -1
    """The scene that is shown, counted from 0."""
    started: float = 0.0
    """When the lecture began, by its clock."""
    scene_started: float = 0.0
    """When the scene began."""
    _start: int | str | None = None
    """Where the scene begins: a step, or a mark's title; none once it was found."""

    clock = staticmethod(time.time)
    """Seconds since 1970, for whoever keeps an eye on the time."""

    def action_scene(self, by: int) -> None:
        """Show the next scene, or the one before; from the first there is, once there is one."""
        if self.script is None:
            return
        if not self.runs.setup.ready:
            self.runs.setup.waiting.append(lambda: self.action_scene(by))
        else:
            self.show_scene(self.scene + by)

    def show_scene(self, index: int) -> None:
        """Show a scene, within the lecture."""
        assert self.script is not None
        scenes = self.script.lecture.scenes
        index = min(max(index, 0), len(scenes) - 1)
        if index == self.scene:
            return
        now = self.clock()
        self.started, self.scene_started = self.started or now, now
        self.scene, scene = index, scenes[index]
        self.screen.headline = f"{index + 1}/{len(scenes)} {scene.title}"
        if scene.text is not None:
            self._show_text(scene.title, scene.text)
        else:
            self._show_runs(self.script, scene)
        self.runs.panes.show_scene(scene)
        self.screen.find_situation()

    def _show_text(self, title: str, text: str) -> None:
        from engine.figures.figures import spoken

        self.screen.slide = (title, spoken(text))
        self.runs.show_none()

    def _show_runs(self, script: Script, scene: Scene) -> None:
        """Train and replay what a scene shows."""
        runs, reading = self.runs, self.runs.reading
        self.screen.slide = ("", "")
        try:
            shown = self._shown(script, scene)
        except EpochalError as error:
            runs.messages.complain(f"{scene.title}: {error}")
            return
        reading.lens = Lens(log=scene.log, quantity=scene.quantity)
        self._start, played = scene.start, scene.played
        runs.show_together(shown, None if played is None else Tempo(played.kind, played.value))
        reading.lens = replace(reading.lens, log=scene.log, quantity=scene.quantity)

    def _shown(self, script: Script, scene: Scene) -> list[Draft | RunFolder]:
        from engine.lectures.lecture import shown
        from engine.presets.preset import Preset

        from ..setup.draft import Draft

        return [
            Draft.of(each.name, each.experiment) if isinstance(each, Preset) else each
            for each in shown(script, scene, self.screen.opening.runs_dir)
        ]

    def read_on(self) -> None:
        """Go to where the scene begins, as soon as that step is there."""
        player = self.runs.replay.player
        if player is None or self._start is None:
            return
        step = self._start if isinstance(self._start, int) else self._step_of(self._start)
        if step is not None and step <= player.last_step:
            self._start = None
            player.seek(step)

    def _step_of(self, title: str) -> int | None:
        places = [(stop.title, stop.step) for stop in self.runs.replay.stops()]
        # A mark of the preset that the scene changes is called so, but the scene may begin there.
        for watch in self.runs.cast.watches:
            places += ((mark.title, mark.step) for mark in watch.whole.marks if mark.of)
        return next((step for called, step in places if called == title), None)

    def action_blank(self) -> None:
        """Show nothing, so that the class looks at whoever speaks."""
        from ..panes.slide import Blank

        self.screen.app.push_screen(Blank())


@dataclass(eq=False)
class Presenting:
    """Says what a lecture or a replay shows, for those who follow."""

    screen: LabScreen
    lecturing: Lecturing
    _presenter: Presenter | None = None
    _told: str = ""
    """What was last said about being followed."""

    def present(self) -> None:
        """Say what is shown."""
        from ..lecture.following import presented_of
        from ..lecture.presented import Programme
        from ..lecture.presenting import Presenter

        runs, script, panes = self.lecturing.runs, self.lecturing.script, self.lecturing.runs.panes
        runs_dir, lead = self.screen.opening.runs_dir, runs.cast.lead
        if script is None and lead is None:
            return
        if self._presenter is None:
            # What is presented is called after the lecture, or the run that was shown first.
            name = script.name if script is not None else lead.folder.name if lead else ""
            self._presenter = Presenter(runs_dir, name, share=self.screen.opening.share)
        begun = script is not None and self.lecturing.scene >= 0
        self._presenter.show(
            presented_of(
                runs_dir,
                runs.cast,
                runs.reading.lens,
                runs.replay.player,
                pane=panes.screen.pane,
                recent=tuple(panes.recent),
                maximised=panes.screen.maximised,
                race=len(runs.cast.watches) > 1,
                blank=is_blank(self.screen.app),
                big=self.screen.look.big,
                programme=self._programme(script) if script and begun else Programme(),
            )
        )
        self._say_once(self._presenter.trouble)
        if self._presenter.replaced:
            self._say_once("Somebody else presents under this name; this lab does not any more.")

    def _programme(self, script: Script) -> Programme:
        """Return what is to be known of the scene: all that is recorded, shown or not."""
        from engine.figures.readings import of_history, of_scene

        from ..lecture.following import programme_of

        held, runs = self.lecturing, self.lecturing.runs
        references = script.lecture.scenes[held.scene].references
        histories, head = [watch.whole for watch in runs.cast.watches], runs.replay.head
        each = [of_history(h, h.last_step if head is None else head) for h in histories]
        readings = of_scene(references, each)
        return programme_of(script, held.scene, held.started, held.scene_started, readings)

    def _say_once(self, words: str) -> None:
        if words and words != self._told:
            self._told = words
            self.lecturing.runs.messages.say(words)

    def close(self) -> None:
        """Present no more."""
        if self._presenter is not None:
            self._presenter.close()


@dataclass(eq=False)
class Following:
    """Shows what a presenter shows."""

    screen: LabScreen
    lecturing: Lecturing
    audience: Audience | None

    def follow(self) -> None:
        """Show what the presenter shows now."""
        from ..lecture.following import recast

        assert self.audience is not None
        presented, runs = self.audience.poll(), self.lecturing.runs
        runs.messages.note = PRESENCE.get(self.audience.presence, self.audience.trouble)
        if presented is None:
            self.screen.show_now()
            return
        if recast(runs.cast, presented, self.screen.opening.runs_dir):
            runs.replay.player = None
            if runs.cast.lead is not None:
                runs.messages.open_journal(runs.cast.lead.folder)
        runs.reading.lens = presented.lens
        self.screen.look = replace(self.screen.look, big=presented.big)
        self._show_programme(presented)
        runs.panes.show_presented(presented)
        self._blank_as(presented)
        self._stand_where(presented)
        self.screen.wake()

    def _show_programme(self, presented: Presented) -> None:
        programme, headline = presented.programme, ""
        if programme.scenes:
            headline = f"{programme.scene + 1}/{programme.scenes} {programme.heading}"
        self.screen.headline = headline
        text = programme.text and not presented.runs
        self.screen.slide = (programme.heading, programme.text) if text else ("", "")

    def _blank_as(self, presented: Presented) -> None:
        blank = is_blank(self.screen.app)
        if presented.blank and not blank:
            self.lecturing.action_blank()
        elif blank and not presented.blank:
            self.screen.app.pop_screen()

    def _stand_where(self, presented: Presented) -> None:
        """Have a player that stands where the presenter's does, if there is one."""
        from ..lecture.following import lead
        from ..replay.tempo import TEMPI

        replay = self.lecturing.runs.replay
        replay.led = lambda player: lead(player, presented)
        if presented.head is None or replay.cast.lead is None:
            replay.player = None
        elif replay.player is None:
            replay.player = replay.player_of(TEMPI[0])


def is_blank(app: App[Any]) -> bool:
    """Whether nothing is shown, so that the class looks at whoever speaks."""
    from ..panes.slide import Blank

    return isinstance(app.screen, Blank)
