"""A lecture in the lab: one scene after another, each a preset, a run, a race or plain text.

What a scene shows is trained or replayed as anything else is; a lecture only says what, how fast,
and in which pane.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from textual.reactive import reactive

from engine.errors import EpochalError

from ..replay.tempo import Tempo
from ..watching.lens import Lens
from .showing import Showing

if TYPE_CHECKING:
    from engine.lectures.lecture import Script
    from engine.lectures.scenes import Scene
    from engine.runs.folder import RunFolder

    from ..setup.draft import Draft


SLIDE_HINT: Final = "PgDn goes to the next scene, PgUp to the one before, b shows nothing."


class Lecturing(Showing):
    """The commands of the group ``Lecture``."""

    headline: reactive[str] = reactive("", repaint=False)
    """Which scene is shown; empty where there is no lecture."""
    slide: reactive[tuple[str, str]] = reactive(("", ""), repaint=False)
    """Title and words of a scene of plain text; empty where there is none."""
    scene = -1
    """The scene that is shown, counted from 0."""
    lecture_clock: Callable[[], float] = staticmethod(time.time)
    """Seconds since 1970, for whoever keeps an eye on the time."""
    started = 0.0
    """When the lecture began, by that clock."""
    scene_started = 0.0
    """When the scene began."""
    _start: int | str | None = None
    """Where the scene begins: a step, or a mark's title; none once it was found."""

    @property
    def script(self) -> Script | None:
        """The lecture that is held."""
        return self.opening.lecture

    @property
    def hint(self) -> str:
        """What to do, where nothing else is said."""
        return SLIDE_HINT if self.run_situation == "slide" else super().hint

    @property
    def state_without_run(self) -> str:
        """How it stands where no run is shown: at a text there is none to be ready for."""
        return "lecture" if any(self.slide) else super().state_without_run

    def action_scene(self, by: int) -> None:
        """Show the next scene, or the one before; from the first there is, once there is one."""
        if self.script is None:
            return
        if not self.ready:
            self.asked = [*self.asked, lambda: self.action_scene(by)]
        else:
            self.show_scene(self.scene + by)

    def show_scene(self, index: int) -> None:
        """Show a scene, within the lecture."""
        assert self.script is not None
        scenes = self.script.lecture.scenes
        index = min(max(index, 0), len(scenes) - 1)
        if index == self.scene:
            return
        now = self.lecture_clock()
        self.started, self.scene_started = self.started or now, now
        self.scene = index
        scene = scenes[index]
        self.headline = f"{index + 1}/{len(scenes)} {scene.title}"
        if scene.text is not None:
            self._show_text(scene)
        else:
            self._show_runs(scene)
        self.arrange_scene(scene)
        self.find_situation()

    def _show_text(self, scene: Scene) -> None:
        from engine.figures.figures import spoken

        self.slide = (scene.title, spoken(scene.text or ""))
        self.stop_replay()

    def _show_runs(self, scene: Scene) -> None:
        """Train and replay what a scene shows."""
        self.slide = ("", "")
        try:
            shown = self._shown(scene)
        except EpochalError as error:
            self.complain(f"{scene.title}: {error}")
            return
        self.lens = Lens(log=scene.log, quantity=scene.quantity)
        self._start = scene.start
        played = scene.played
        tempo = None if played is None else Tempo(played.kind, played.value)
        self.show_together(shown, tempo)
        self.lens = replace(self.lens, log=scene.log, quantity=scene.quantity)

    def _shown(self, scene: Scene) -> list[Draft | RunFolder]:
        from engine.lectures.lecture import shown
        from engine.presets.preset import Preset

        from ..setup.draft import Draft

        assert self.script is not None
        found = shown(self.script, scene, self.opening.runs_dir)
        return [
            Draft.of(each.name, each.experiment) if isinstance(each, Preset) else each
            for each in found
        ]

    def arrange_scene(self, scene: Scene) -> None:
        """Give a scene's pane the screen, or show all of them."""

    def read_on(self) -> None:
        """Go to where the scene begins, as soon as that step is there."""
        super().read_on()
        if self.player is None or self._start is None:
            return
        step = self._start if isinstance(self._start, int) else self._step_of(self._start)
        if step is not None and step <= self.player.last_step:
            self._start = None
            self.player.seek(step)

    def _step_of(self, title: str) -> int | None:
        places = [(stop.title, stop.step) for stop in self.stops()]
        # A mark of the preset that the scene changes is called so, but the scene may begin there.
        for watch in self.cast.watches:
            places += ((mark.title, mark.step) for mark in watch.whole.marks if mark.of)
        return next((step for called, step in places if called == title), None)

    def action_blank(self) -> None:
        """Show nothing, so that the class looks at whoever speaks."""
        from ..panes.slide import Blank

        self.app.push_screen(Blank())
