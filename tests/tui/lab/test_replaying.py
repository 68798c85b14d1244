"""A replay in the lab: what was shown live is shown again, at any step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.recording.events import MarkReached
from engine.runs.finding import list_runs
from engine.runs.notes import Notes
from tests.labs import FakeRun, lab_of, make_app, settled, shown, stalled_disk, until
from tests.tapes import Clock
from tui.lab.replay import Replay
from tui.lab.screen import Lab
from tui.lab.screenshot import words_of
from tui.panes.picture import Picture
from tui.panes.runs.pane import RunsPane

WIDE = (200, 60)
PANES = ("curves", "gradients", "network", "diagnosis")


@pytest.fixture
def run(tmp_path: Path) -> FakeRun:
    run = FakeRun(tmp_path / "runs", layers=3).begin()
    yield run
    run.close()


def grow(run: FakeRun, blocks: int, size: int = 8) -> None:
    """Train some blocks, a mark after every fourth."""
    for _ in range(blocks):
        run.train([1 / (run.step + index + 1) for index in range(size)])
        if run.step % (4 * size) == 0:
            run.tell(MarkReached(step=run.step, title=f"mark {run.step}", pause=True))


def pictures(lab: Lab) -> dict[str, str]:
    """Return what the panes show."""
    return {name: words_of(lab.query_one(f"#{name}")) for name in PANES}


async def shown_at(pilot: Pilot[Any], step: int) -> Lab:
    lab = lab_of(pilot)
    await until(pilot, lambda: lab.view.step == step)
    await settled(pilot)
    return lab


@pytest.mark.parametrize("blocks", [1, 7, 12])
async def test_a_step_is_shown_as_it_was_live(tmp_path: Path, run: FakeRun, blocks: int) -> None:
    grow(run, blocks)
    step = run.step
    app, _ = make_app(tmp_path / "runs", run=run.folder)
    async with app.run_test(size=WIDE) as pilot:
        live = pictures(await shown_at(pilot, step))
    grow(run, 20 - blocks)
    run.end()
    app, _ = make_app(tmp_path / "runs", run=run.folder, replay=True)
    # The transport bar takes two lines; the panes are as large as they were.
    async with app.run_test(size=(WIDE[0], WIDE[1] + 2)) as pilot:
        lab = await replayed(pilot)
        assert lab.replay.player is not None
        lab.replay.player.seek(step)
        assert pictures(await shown_at(pilot, step)) == live
        assert f"{step}" in words_of(lab.query_one("#transport", Picture))


async def replayed(pilot: Pilot[Any]) -> Lab:
    lab = lab_of(pilot)
    await until(pilot, lambda: lab.replay.player is not None)
    assert lab.replay.player is not None
    lab.replay.player.pause()
    lab.replay.player.seek(0)
    return lab


async def test_every_key_of_the_transport(tmp_path: Path, run: FakeRun) -> None:
    grow(run, 10)
    run.end()
    app, _ = make_app(tmp_path / "runs", run=run.folder, replay=True)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = await replayed(pilot)
        assert lab.situation == "replay"
        for key, step in [
            ("right", 1),
            ("full_stop", 2),
            ("left", 1),
            ("S", 11),
            ("comma", 10),
            ("D", 0),
            ("right_square_bracket", 32),
            ("right_square_bracket", 64),
            ("left_square_bracket", 32),
            ("5", 40),
            ("end", 80),
            ("right", 80),
            ("home", 0),
            ("9", 72),
            ("pagedown", 73),
            ("pageup", 72),
        ]:
            await pilot.press(key)
            assert lab.view.step == step, key
        assert lab.replay.player is not None
        await pilot.press("plus", "plus", "minus")
        assert lab.replay.player.tempo.speed == 2.0
        await pilot.press("T")
        assert lab.replay.player.tempo.kind == "keys" or lab.replay.player.tempo.kind == "time"
        await pilot.press("k")
        assert lab.replay.player is None
        assert lab.view.step == 80
        await pilot.press("k")
        assert lab.replay.player is not None


async def test_it_plays_by_the_clock_and_pauses_at_marks(
    tmp_path: Path, run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(Replay, "clock", staticmethod(clock))
    grow(run, 10)
    run.end()
    app, _ = make_app(tmp_path / "runs", run=run.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.view.step == 80)
        await pilot.press("k")
        assert lab.replay.player is not None
        clock.now = 18.0
        await until(pilot, lambda: lab.view.step == 16)
        clock.now = 80.0
        await until(pilot, lambda: lab.view.step == 32)
        await until(pilot, lambda: not lab.replay.player.playing)
        assert "mark 32" in lab.view.standing.note
        await pilot.press("space")
        clock.now = 999.0
        await until(pilot, lambda: lab.view.step == 64)
        await pilot.press("space")
        clock.now = 9999.0
        await until(pilot, lambda: lab.view.step == 80)
        await until(pilot, lambda: not lab.replay.player.playing)
        assert lab.view.standing.state == "ended"


async def test_a_mark_that_is_set_later_goes_into_the_notes(tmp_path: Path, run: FakeRun) -> None:
    grow(run, 10)
    run.end()
    before = run.folder.recording.read_bytes()
    app, _ = make_app(tmp_path / "runs", run=run.folder, replay=True)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = await replayed(pilot)
        await pilot.press("5", "m")
        await until(pilot, lambda: len(app.screen_stack) > 1)
        await pilot.press(*"half", "enter")
        await until(pilot, lambda: Notes.load(run.folder).marks)
        [mark] = Notes.load(run.folder).marks
        assert (mark.step, mark.title) == (40, "half")
        assert run.folder.recording.read_bytes() == before
        await pilot.press("home", "right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: lab.view.step == 40)


async def test_chapters_jump(tmp_path: Path, run: FakeRun) -> None:
    grow(run, 10)
    run.end()
    app, _ = make_app(tmp_path / "runs", run=run.folder, replay=True)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = await replayed(pilot)
        await pilot.press("C")
        await until(pilot, lambda: len(app.screen_stack) > 1)
        await pilot.press("down", "enter")
        await until(pilot, lambda: lab.view.step in (32, 64))


async def test_who_follows_can_change_no_run(tmp_path: Path, run: FakeRun) -> None:
    grow(run, 2)
    run.end()
    app, _ = make_app(tmp_path / "runs", run=run.folder, read_only=True, start_worker=None)
    async with app.run_test(size=(200, 60)) as pilot:
        lab = await shown_at(pilot, 16)
        lab.pane = "runs"
        await until(pilot, lambda: lab.query_one(RunsPane).chosen)
        await pilot.press("D")
        await pilot.pause(0.3)
        await pilot.press("y", "n", "6", "x", "space")
        assert len(app.screen_stack) == 1
        assert run.folder.recording.exists()
        assert lab.view.step == 16


KEYS_OF_A_REPLAY = [
    ((), 0, True),
    (("space",), 0, False),
    (("space", "space"), 0, True),
    (("right_square_bracket",), 32, False),
    (("end", "left"), 399, False),
    (("5", "space", "comma"), 199, False),
    (("right_square_bracket", "right_square_bracket", "left_square_bracket", "S"), 42, False),
]
"""Keys, and what a replay shows after them: the step, and whether it plays."""


@pytest.mark.parametrize(("keys", "step", "playing"), KEYS_OF_A_REPLAY)
async def test_a_replay_takes_its_keys_from_the_first_frame(
    tmp_path: Path,
    run: FakeRun,
    monkeypatch: pytest.MonkeyPatch,
    keys: tuple[str, ...],
    step: int,
    playing: bool,
) -> None:
    """Whatever is pressed before the recording was read does what it does afterwards."""
    monkeypatch.setattr(Replay, "clock", staticmethod(Clock()))
    grow(run, 50)
    run.end()
    folders = list((tmp_path / "runs").iterdir())
    with stalled_disk(monkeypatch) as let_go:
        app, workers = make_app(tmp_path / "runs", run=run.folder, replay=True)
        async with app.run_test(size=(120, 40)) as pilot:
            lab = lab_of(pilot)
            assert lab.situation == "replay"
            assert lab.view.step == 0
            for key in keys:
                await pilot.press(key)
                assert (lab.situation, lab.view.step) == ("replay", 0)
            assert lab.replay.awaiting
            let_go()
            await until(pilot, lambda: not lab.replay.awaiting)
            assert lab.replay.player is not None
            assert (lab.replay.player.head, lab.replay.player.playing) == (step, playing)
            assert not any(worker.given for worker in workers)
    assert list((tmp_path / "runs").iterdir()) == folders


async def test_a_replay_that_is_left_while_it_is_read_does_not_come_later(
    tmp_path: Path, run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow(run, 50)
    run.end()
    with stalled_disk(monkeypatch) as let_go:
        app, _ = make_app(tmp_path / "runs", run=run.folder, replay=True)
        async with app.run_test(size=(120, 40)) as pilot:
            lab = lab_of(pilot)
            await pilot.press("space", "k")
            let_go()
            await until(pilot, lambda: lab.view.step == 400)
            assert lab.replay.player is None
            assert lab.situation == "over"


async def test_a_preset_to_be_replayed_is_not_trained_twice_by_an_early_key(
    tmp_path: Path,
) -> None:
    app, workers = make_app(tmp_path / "runs", preset="two-moons", replay=True)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = lab_of(pilot)
        assert lab.situation == "replay"
        assert "Space trains" not in shown(pilot)
        await pilot.press("space")
        await until(pilot, lambda: any(worker.given for worker in workers))
        await until(pilot, lambda: lab.cast.lead is not None)
        assert len(list_runs(tmp_path / "runs")) == 1
