"""A newcomer sees a run train that is over in the blink of an eye."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.recording.events import MarkReached
from engine.runs.folder import RunFolder
from tests.labs import FakeRun, FakeWorker, lab_of, make_app, settled, shown, until
from tests.tapes import Clock
from tui.lab.opening import Choices, Memory
from tui.lab.pacing import SECONDS
from tui.lab.replay import Replay
from tui.lab.screen import Lab
from tui.panes.welcome import WORDS, WelcomePane

SIZE = (120, 40)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(Replay, "clock", staticmethod(clock))
    return clock


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """A newcomer's memory, which has seen the first start."""
    memory = Memory(tmp_path / "lab.json")
    memory.keep(Choices(greeted=True))
    return memory


async def started(pilot: Pilot[Any], workers: list[FakeWorker]) -> FakeRun:
    """Start a run by its key, and return it for the test to write."""
    lab = lab_of(pilot)
    await until(pilot, lambda: lab.setup.ready)
    given = [worker.given for worker in workers if worker.given]
    await pilot.press("space")
    await until(pilot, lambda: [each.given for each in workers if each.given] != given)
    folder: RunFolder = lab.cast.lead.folder  # type: ignore[union-attr]
    return FakeRun(folder.path.parent, folder=folder).begin()


async def at(pilot: Pilot[Any], clock: Clock, seconds: float) -> Lab:
    """Let so many seconds pass."""
    lab = lab_of(pilot)
    clock.now += seconds
    lab.wake()
    await settled(pilot)
    return lab


def asked_of(folder: RunFolder) -> list[str]:
    """Return what was asked of a run's worker."""
    return [
        json.loads(line)["action"]
        for path in sorted(folder.control.iterdir())
        for line in path.read_text("utf-8").splitlines()
    ]


def train_all(run: FakeRun, *marks: int) -> None:
    """Train 3 000 steps at once, a mark that pauses at some of them."""
    for mark in (*marks, 3000):
        run.train([0.5] * (mark - run.step))
        if mark != 3000:
            run.tell(MarkReached(step=mark, title=f"mark {mark}", pause=True))


async def test_a_run_that_is_over_at_once_is_shown_in_ten_seconds_at_most(
    tmp_path: Path, clock: Clock, memory: Memory
) -> None:
    app, workers = make_app(tmp_path / "runs", memory=memory)
    async with app.run_test(size=SIZE) as pilot:
        run = await started(pilot, workers)
        train_all(run)
        run.end(test_loss=0.25)
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.pacing.showing)
        assert lab.view.step == 0
        seen = []
        assert SECONDS <= 10
        for _ in range(9):
            await at(pilot, clock, SECONDS / 10)
            seen.append(lab.view.step)
            assert f"shown {lab.view.step:,}".replace(",", " ") in shown(pilot)
            assert "trained 3 000" in shown(pilot)
            assert "finished" not in shown(pilot)
            assert "test loss" not in shown(pilot)
            assert lab.view.history is not None
            assert lab.view.history.end is None
            assert not any("finished" in entry.sentence for entry in lab.entries)
        assert seen == [300 * tenth for tenth in range(1, 10)]
        await at(pilot, clock, SECONDS / 9)
        await until(pilot, lambda: lab.situation == "over")
        assert "test loss" in shown(pilot)
        assert any("finished" in entry.sentence for entry in lab.entries)
        assert not memory.choices.paced


async def test_keys_steer_what_is_shown_and_marks_stop_it(
    tmp_path: Path, clock: Clock, memory: Memory
) -> None:
    app, workers = make_app(tmp_path / "runs", memory=memory)
    async with app.run_test(size=SIZE) as pilot:
        run = await started(pilot, workers)
        train_all(run, 600, 1500)
        run.end()
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.pacing.showing)
        await at(pilot, clock, 60.0)
        assert (lab.view.step, "held" in shown(pilot)) == (600, True)
        assert lab.situation == "showing"
        for key, step in [
            ("right", 601),
            ("left", 600),
            ("right_square_bracket", 1500),
            ("left_square_bracket", 600),
            ("comma", 599),
        ]:
            await pilot.press(key)
            assert lab.view.step == step, key
        await pilot.press("space")
        await at(pilot, clock, SECONDS / 20)
        assert lab.view.step == 600
        await pilot.press("space")
        await at(pilot, clock, SECONDS / 20)
        assert lab.view.step == 750
        await pilot.press("space")
        await at(pilot, clock, 60.0)
        assert lab.view.step == 750
        # What asks something of the worker says that there is none any more.
        for key in ("x", "s", "e"):
            await pilot.press(key)
            assert "The run is over" in shown(pilot)
            assert lab.view.step == 750
        assert not asked_of(run.folder)
        assert len([worker for worker in workers if worker.given]) == 1


@pytest.mark.parametrize(
    ("key", "asked"), [("x", ["stop"]), ("s", ["step"]), ("end", []), ("k", [])]
)
async def test_who_goes_to_the_newest_step_is_shown_runs_as_they_come_from_then_on(
    tmp_path: Path, clock: Clock, memory: Memory, key: str, asked: list[str]
) -> None:
    app, workers = make_app(tmp_path / "runs", memory=memory)
    async with app.run_test(size=SIZE) as pilot:
        run = await started(pilot, workers)
        run.train([0.5] * 2000)
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.pacing.showing)
        await pilot.press(key)
        assert lab.view.step == 2000
        assert lab.situation == "live"
        assert asked_of(run.folder) == asked
        run.train([0.5] * 1000)
        run.end()
        await until(pilot, lambda: lab.situation == "over")
        assert lab.view.step == 3000
        assert memory.choices.paced
        again = await started(pilot, workers)
        train_all(again)
        await until(pilot, lambda: lab.view.step == 3000)
        assert not lab.pacing.showing
    assert Memory(tmp_path / "lab.json").choices.paced


@pytest.mark.parametrize("key", ["T", "plus", "minus"])
async def test_who_chooses_a_pace_has_learnt_it(
    tmp_path: Path, clock: Clock, memory: Memory, key: str
) -> None:
    app, workers = make_app(tmp_path / "runs", memory=memory)
    async with app.run_test(size=SIZE) as pilot:
        run = await started(pilot, workers)
        train_all(run)
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.pacing.showing)
        await pilot.press(key)
        assert lab.pacing.showing
        assert memory.choices.paced


async def test_a_run_that_can_be_watched_is_shown_as_it_comes(
    tmp_path: Path, clock: Clock, memory: Memory
) -> None:
    app, workers = make_app(tmp_path / "runs", memory=memory)
    async with app.run_test(size=SIZE) as pilot:
        run = await started(pilot, workers)
        lab = lab_of(pilot)
        for step in range(50, 501, 50):
            run.train([0.5] * 50)
            await until(pilot, lambda step=step: lab.view.step == step)
            assert lab.situation == "live"


async def test_what_catches_up_with_the_training_is_live_again(
    tmp_path: Path, clock: Clock, memory: Memory
) -> None:
    app, workers = make_app(tmp_path / "runs", memory=memory)
    async with app.run_test(size=SIZE) as pilot:
        run = await started(pilot, workers)
        run.train([0.5] * 900)
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.pacing.showing)
        await at(pilot, clock, SECONDS * 0.15)
        assert lab.view.step == 450
        await at(pilot, clock, SECONDS * 0.2)
        await until(pilot, lambda: lab.situation == "live")
        run.train([0.5] * 100)
        await until(pilot, lambda: lab.view.step == 1000)
        run.train([0.5] * 1000)
        await until(pilot, lambda: lab.pacing.showing)
        assert lab.view.step == 1000


async def test_few_steps_are_shown_one_by_one_and_a_run_that_ends_early_takes_no_longer(
    tmp_path: Path, clock: Clock, memory: Memory
) -> None:
    app, workers = make_app(tmp_path / "runs", memory=memory)
    async with app.run_test(size=SIZE) as pilot:
        run = await started(pilot, workers)
        run.train([0.5] * 12)
        run.end("diverged", "the loss is nan at step 12")
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.pacing.showing)
        for step in (2, 4, 6):
            await at(pilot, clock, 0.5)
            assert lab.view.step == step
            assert "diverged" not in shown(pilot)
        await at(pilot, clock, 2.0)
        await until(pilot, lambda: lab.situation == "over")
        assert "diverged" in shown(pilot)
        # A space that was meant to hold what was shown trains nothing new.
        await pilot.press("space")
        assert "space again" in shown(pilot)
        assert lab.situation == "over"
        clock.now += 5.0
        await pilot.press("space")
        await until(pilot, lambda: len([each for each in workers if each.given]) == 2)


async def test_steps_taken_by_hand_are_shown_at_once(
    tmp_path: Path, clock: Clock, memory: Memory
) -> None:
    app, workers = make_app(tmp_path / "runs", memory=memory)
    async with app.run_test(size=SIZE) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.setup.ready)
        await pilot.press("e")
        await until(pilot, lambda: any(worker.given for worker in workers))
        folder = lab.cast.lead.folder  # type: ignore[union-attr]
        FakeRun(folder.path.parent, folder=folder).begin().train([0.5] * 1000)
        await until(pilot, lambda: lab.view.step == 1000)
        assert not lab.pacing.showing


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_first_start_says_in_five_lines_what_this_is_and_never_again(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "lab.json"
    app, workers = make_app(tmp_path / "runs", memory=Memory(path))
    async with app.run_test(size=size) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.setup.ready)
        welcome = lab.query_one(WelcomePane)
        assert welcome.size.height == len(WORDS) == 5
        for key, words in WORDS:
            assert f"{key}  {words}" if key else words in shown(pilot)
        assert not welcome.can_focus
        assert lab.focused is not welcome
        await pilot.press("tab")
        assert lab.pane == "curves"
        await pilot.press("shift+tab", "space")
        await until(pilot, lambda: any(worker.given for worker in workers))
        await until(pilot, lambda: not welcome.display)
    app, _ = make_app(tmp_path / "runs", memory=Memory(path))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: lab_of(pilot).setup.ready)
        assert not lab_of(pilot).query_one(WelcomePane).display


@pytest.mark.parametrize("how", ["run", "replay", "read_only"])
async def test_who_opens_a_run_is_not_greeted(tmp_path: Path, how: str) -> None:
    run = FakeRun(tmp_path / "runs").begin()
    run.train([0.5])
    run.end()
    run.close()
    memory = Memory(tmp_path / "lab.json")
    changes: dict[str, Any] = {} if how == "run" else {how: True}
    app, _ = make_app(tmp_path / "runs", memory=memory, run=run.folder, **changes)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: lab_of(pilot).view.run)
        assert not lab_of(pilot).query_one(WelcomePane).display
        assert not memory.choices.greeted


@pytest.mark.parametrize("over", ["stopped", "finished"])
async def test_a_run_of_the_list_goes_on_where_it_was_stopped(tmp_path: Path, over: str) -> None:
    run = FakeRun(tmp_path / "runs", steps=300).begin()
    run.train([0.5] * (3 if over == "stopped" else 300))
    run.end(status=over)
    app, workers = make_app(tmp_path / "runs")
    async with app.run_test(size=SIZE) as pilot:
        lab = lab_of(pilot)
        lab.runs.resume(run.folder)
        given = [worker for worker in workers if worker.given]
        if over == "finished":
            assert not given
            await until(pilot, lambda: "has done its 300 steps" in shown(pilot))
        else:
            assert [(each.given[0], each.resume) for each in given] == [(run.folder, {})]  # type: ignore[index]
            assert lab.cast.lead is not None
            assert lab.cast.lead.folder == run.folder
