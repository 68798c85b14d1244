"""The microscope's pane, in an app of its own, with a child process that is none."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.app import ComposeResult

from engine.errors import RequestError
from engine.inspection.dissection import Dissection
from engine.recording.events import Snapshot
from engine.recording.history import History
from tests.labs import until
from tests.stages import Stage, screen
from tests.trained import recorded
from tests.tui.drawing.lists.test_microscope import FOUND
from tests.tui.panes.test_gradients import history
from tui.drawing.lists.status import Standing
from tui.panes import microscope
from tui.panes.microscope import MicroscopePane
from tui.pictures.dissect import take_apart
from tui.watching.view import View


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microscope, "PATIENCE", 0.001)


class Child:
    """Takes apart what it is asked to, once it is let."""

    def __init__(self, *, ready: bool = True) -> None:
        self.asked: list[tuple[Path, int, int]] = []
        self.cancelled: list[int] = []
        self.trouble = ""
        self.gate = asyncio.Event()
        if ready:
            self.gate.set()

    async def __call__(self, folder: Path, step: int, member: int) -> Dissection:
        self.asked.append((folder, step, member))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(step)
            raise
        if self.trouble:
            raise RequestError(self.trouble)
        return replace(FOUND, step=step)


class PaneApp(Stage):
    """Nothing but the pane."""

    CSS = "MicroscopePane { border: round $border; padding: 0 1; }"

    def __init__(self, child: Child) -> None:
        super().__init__()
        self.now = 100.0
        self.pane = MicroscopePane(
            lambda member: (Path("runs/r"), member),
            id="microscope",
            apart=child,
            now=lambda: self.now,
        )

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.focus()
        self.pane.focus()


def known(*steps: int) -> History:
    """Return a history with weights after these steps."""
    found = history(1)
    for step in steps:
        found.add(Snapshot(step=step, values=np.zeros((1, 6), np.float32)))
    return found


def view(found: History, step: int, state: str = "ended", **changes: Any) -> View:
    return View(history=found, run="r", step=step, standing=Standing(state=state), **changes)


async def test_it_says_what_it_is_for_until_there_is_a_run() -> None:
    app = PaneApp(Child())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "One update is taken apart here" in screen(app)


async def test_it_shows_the_update_of_the_step_that_is_read() -> None:
    child = Child()
    app = PaneApp(child)
    async with app.run_test(size=(80, 24)) as pilot:
        app.pane.view = view(known(0, 1, 2, 11, 12), 12)
        await until(pilot, lambda: app.pane.dissection)
        assert child.asked == [(Path("runs/r"), 12, 0)]
        assert "Update 12 taken apart" in screen(app)
        assert "gW1 = dz1ᵀ x  layer1.weight" in screen(app)
        app.pane.view = view(known(0, 1, 2, 11, 12), 12, cursor=9)
        await until(pilot, lambda: "Update 3 taken apart" in screen(app))
        assert "the last kept before 9" in screen(app)


async def test_an_update_is_computed_once() -> None:
    child, found = Child(), known(0, 1, 2)
    app = PaneApp(child)
    async with app.run_test(size=(80, 24)) as pilot:
        for at in (2, 1, 2, 1):
            app.pane.view = view(found, 3, cursor=at)
            step = at
            await until(pilot, lambda: f"Update {step} taken apart" in screen(app))  # noqa: B023
        assert [step for _, step, _ in child.asked] == [2, 1]


async def test_turning_to_another_step_ends_what_nobody_waits_for() -> None:
    child, found = Child(ready=False), known(0, 1, 2)
    app = PaneApp(child)
    async with app.run_test(size=(80, 24)) as pilot:
        app.pane.view = view(found, 3)
        await until(pilot, lambda: child.asked)
        assert "Taking update 3 apart" in screen(app)
        app.pane.view = view(found, 3, cursor=1)
        await until(pilot, lambda: child.cancelled)
        child.gate.set()
        await until(pilot, lambda: "Update 1 taken apart" in screen(app))
        assert child.cancelled == [3]


async def test_a_run_that_trains_is_looked_at_now_and_then() -> None:
    child = Child()
    app = PaneApp(child)
    async with app.run_test(size=(80, 24)) as pilot:
        app.pane.view = view(known(*range(5)), 5, "running")
        await until(pilot, lambda: app.pane.dissection)
        for step in range(6, 20):
            app.pane.view = view(known(*range(step)), step, "running")
            await pilot.pause()
        assert [step for _, step, _ in child.asked] == [5]
        assert "Update 5 taken apart; taking 19 apart" in screen(app)
        app.pane.view = view(known(*range(20)), 20, "ended")
        await until(pilot, lambda: "Update 20 taken apart" in screen(app))


async def test_what_goes_wrong_is_said_and_tried_again_when_it_is_shown_again() -> None:
    child = Child()
    child.trouble = "The recording holds no weights."
    app = PaneApp(child)
    async with app.run_test(size=(80, 24)) as pilot:
        app.pane.view = view(known(0), 1)
        await until(pilot, lambda: "holds no weights" in screen(app))
        child.trouble = ""
        app.pane.display = False
        await pilot.pause()
        app.pane.display = True
        await until(pilot, lambda: "Update 1 taken apart" in screen(app))


async def test_nothing_is_computed_that_nobody_sees() -> None:
    child = Child()
    app = PaneApp(child)
    async with app.run_test(size=(80, 24)) as pilot:
        app.pane.display = False
        await pilot.pause()
        app.pane.view = view(known(0), 1)
        await pilot.pause(0.05)
        assert not child.asked


async def test_arrows_choose_a_quantity_and_a_number() -> None:
    app = PaneApp(Child())
    async with app.run_test(size=(80, 24)) as pilot:
        app.pane.view = view(known(0), 1)
        await until(pilot, lambda: app.pane.dissection)
        assert "gW1[2,2] = 2·2 = 4.0000" in screen(app)
        await pilot.press("right")
        assert "gW1[1,1] = 0.1·5" in screen(app)
        await pilot.press("left", "left")
        assert "gW1[2,1] = 0·1 + …" in screen(app)
        await pilot.press("up")
        assert "dz1[2,1]" in screen(app)
        await pilot.press("up", "up", "up")
        assert "z1[2,1] = 1·1 + 1" in screen(app)
        await pilot.press("down", "down", "down", "down")
        assert "› gW1 = dz1ᵀ x" in screen(app)


@pytest.mark.parametrize("size", [(1, 1), (12, 5), (40, 6), (80, 24), (200, 60)])
async def test_it_is_drawn_at_any_size(size: tuple[int, int]) -> None:
    app = PaneApp(Child())
    async with app.run_test(size=size) as pilot:
        app.pane.view = view(known(0), 1)
        if min(size) > 4:
            await until(pilot, lambda: app.pane.dissection)
        await pilot.press("up", "right", "down")


async def test_a_real_child_takes_a_run_apart(tmp_path: Path) -> None:
    from tests.engine.inspection.test_microscope import tiny

    folder, _ = recorded(tiny(), tmp_path)
    found = await take_apart(folder.path, 2, 0)
    assert found.step == 2
    with pytest.raises(RequestError, match="nowhere"):
        await take_apart(tmp_path / "nowhere", 2, 0)
