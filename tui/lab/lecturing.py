"""A lecture in the lab: one scene after another, each a preset, a run, a race or plain text.

What a scene shows is trained or replayed as anything else is; a lecture only says what, how fast,
and in which pane.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.errors import EpochalError

from ..replay.tempo import Tempo
from ..watching.view import Lens
from .part import LabScreen
from .runs import Runs

if TYPE_CHECKING:
    from engine.lectures.lecture import Script
    from engine.lectures.scenes import Scene
    from engine.runs.folder import RunFolder

    from ..setup.draft import Draft


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
