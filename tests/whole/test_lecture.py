"""A whole lecture, held from its first scene to its last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.figures.figures import spoken
from engine.lectures import lecture as lectures
from engine.runs.folder import RunFolder
from engine.worker.__main__ import work
from tests.labs import FakeWorker, lab_of, make_app, shown, until
from tests.tapes import Clock
from tui.app import LabApp
from tui.lab.replay import Replay
from tui.lab.screen import Lab
from tui.panes.slide import SlidePane
from tui.replay.player import Player
from tui.terminal.frame_clock import Clock as FrameClock

SIZE = (120, 40)


class Prompt(FakeWorker):
    """A worker that has trained a run before anybody looks."""

    def give(self, folder: RunFolder, **order: Any) -> None:
        """Train the run here and now."""
        work(folder, **order)


class Steady(FrameClock):
    """Frames as often as ever, although training happens between them here."""

    def took(self, seconds: float) -> None:
        """Learn nothing."""


def hold(tmp_path: Path, name: str, **changes: Any) -> LabApp:
    app, _ = make_app(
        tmp_path / "runs",
        lecture=lectures.load(name),
        start_worker=Prompt,
        device="cpu",
        clock=Steady(50.0),
        **changes,
    )
    return app


async def play_through(pilot: Pilot[Any], lab: Lab, clock: Clock) -> list[int]:
    """Play a scene to its end, and return the steps of the marks at which it paused."""
    paused = []
    await until(pilot, lambda: lab.replay.player is not None)
    player = lab.replay.player
    assert isinstance(player, Player)
    if player.tempo.kind == "keys":
        await pilot.press("right", "end")
        return [player.head]
    await until(pilot, lambda: player.playing or player.mark is not None)
    while not (player.at_end and not player.playing):
        if not player.playing:
            paused.append(player.head)
            await pilot.press("space")
        clock.now += 1000.0
        await until(pilot, lambda: not player.playing)
    return paused


async def test_it_is_held_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(Replay, "clock", staticmethod(clock))
    script = lectures.load("gradients")
    scenes = script.lecture.scenes
    async with hold(tmp_path, "gradients").run_test(size=SIZE) as pilot:
        lab = lab_of(pilot)
        for index, scene in enumerate(scenes):
            await until(pilot, lambda index=index: lab.lecturing.scene == index)
            assert lab.headline == f"{index + 1}/{len(scenes)} {scene.title}"
            assert lab.situation == ("lecture" if scene.text is None else "slide")
            if scene.text is not None:
                slide = lab.query_one(SlidePane)
                assert slide.display
                assert (slide.title, slide.words) == (scene.title, spoken(scene.text or ""))
                assert lab.replay.player is None
                await until(pilot, lambda: "PgDn goes to the next scene" in shown(pilot))
                screen = shown(pilot)
                assert "ready" not in screen
                assert "Space trains" not in screen
                assert "play" not in screen.splitlines()[-1]
            else:
                await play_through(pilot, lab, clock)
                assert len(lab.cast.watches) == len(scene.references)
                await until(pilot, lambda scene=scene: lab.pane == (scene.pane or "curves"))
                assert lab.maximised == bool(scene.pane)
                assert (lab.view.log, lab.view.quantity) == (scene.log, scene.quantity)
            await pilot.press("pagedown")
        assert lab.lecturing.scene == len(scenes) - 1
        await pilot.press("pageup")
        assert lab.lecturing.scene == len(scenes) - 2


async def test_a_scene_begins_where_it_says(tmp_path: Path) -> None:
    script = lectures.load("gradients")
    index = next(i for i, scene in enumerate(script.lecture.scenes) if isinstance(scene.start, int))
    async with hold(tmp_path, "gradients", scene=index).run_test(size=SIZE) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.replay.player is not None)
        start = script.lecture.scenes[index].start
        assert isinstance(start, int)
        assert lab.view.step >= start


async def test_a_blank_screen_comes_and_goes(tmp_path: Path) -> None:
    app = hold(tmp_path, "functions")
    async with app.run_test(size=SIZE) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.lecturing.scene == 0)
        await pilot.press("b")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press("b")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert lab.lecturing.scene == 0


async def test_a_scene_that_cannot_be_shown_says_why_and_the_next_one_comes(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(
        '[[scenes]]\ntitle = "Gone"\nrun = "no-such-run"\n[[scenes]]\ntitle = "Words"\ntext = "x"\n'
    )
    app = hold(tmp_path, str(path))
    async with app.run_test(size=SIZE) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: any("no-such-run" in entry.words for entry in lab.entries))
        await pilot.press("pagedown")
        assert lab.query_one(SlidePane).words == "x"
