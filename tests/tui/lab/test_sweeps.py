"""A sweep in the lab: its heat map fills, its settings are chosen, a cell opens its curves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.experiment.sweep import Sweep
from engine.presets import preset as presets
from engine.sweeps import detached
from engine.sweeps import plan as plans
from engine.sweeps.folder import SweepFolder, create_sweep, list_sweeps
from tests.labs import FakeRun, lab_of, make_app, ready, shown, until
from tests.sweeps import SEEDS, InlineWorker, make_sweep, train_group
from tui.panes import sweep as panes
from tui.panes.runs.pane import RunsPane
from tui.panes.sweep import SweepDialog


@pytest.fixture(scope="module")
def runs_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def sweep(runs_dir: Path) -> SweepFolder:
    """A sweep of which the first of two groups is trained."""
    folder = make_sweep(runs_dir)
    train_group(folder, 1)
    return folder


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panes, "POLL_SECONDS", 0.05)


def dialog_of(pilot: Pilot[Any]) -> SweepDialog:
    [found] = [each for each in pilot.app.screen_stack if isinstance(each, SweepDialog)]
    return found


async def opened(pilot: Pilot[Any]) -> SweepDialog:
    await until(pilot, lambda: any(isinstance(e, SweepDialog) for e in pilot.app.screen_stack))
    dialog = dialog_of(pilot)
    await until(pilot, lambda: dialog.picture.table is not None)
    await until(pilot, lambda: "test accuracy" in shown(pilot))
    return dialog


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_it_opens_with_the_heat_map_of_what_is_done(runs_dir, sweep, size) -> None:
    app, _ = make_app(runs_dir, sweep=sweep.path)
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        words = shown(pilot)
        assert sweep.name in words
        assert "4 of 8 trials" in words
        assert words.count("0 of 2") == 2
        assert "hidden [5] · lr 0.01" in words
        assert "seed 102  finished" in words


async def test_its_settings_and_its_figure_are_chosen_by_keys(runs_dir, sweep) -> None:
    app, _ = make_app(runs_dir, sweep=sweep.path)
    async with app.run_test(size=(120, 40)) as pilot:
        dialog = await opened(pilot)
        await pilot.press("f")
        await until(pilot, lambda: "test loss" in shown(pilot))
        await pilot.press("c")
        assert dialog.picture.choice is not None
        assert dialog.picture.choice.columns == "train.seed"
        await until(pilot, lambda: "hidden \\ seed" in shown(pilot))
        await pilot.press("C", "r")
        assert dialog.picture.choice.columns == "optimizer.lr"
        await pilot.press("right", "right", "down", "down", "left", "up")
        assert dialog.picture.cursor == (0, 0)


async def test_enter_opens_the_curves_of_the_cell_and_the_key_leads_back(runs_dir, sweep) -> None:
    app, _ = make_app(runs_dir, sweep=sweep.path)
    async with app.run_test(size=(120, 40)) as pilot:
        dialog = await opened(pilot)
        await pilot.press("right", "enter")
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.view.step == 20)
        assert lab.view.title == "hidden [5] · lr 5"
        assert lab.view.run.endswith(", trial 1, 2")
        assert lab.view.member is None
        assert "mean of 2, band" in shown(pilot)
        assert "2 networks; n goes through them; H shows the heat map again" in shown(pilot)
        await pilot.press("n")
        await until(pilot, lambda: f"seed {SEEDS[0]} (1 of 2)" in shown(pilot))
        await pilot.press("x")
        assert not sweep.stop_file.exists()
        await pilot.press("H")
        again = await opened(pilot)
        assert again is not dialog
        assert again.path == dialog.path
        assert again.picture.cursor == (0, 1)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is lab)
        assert lab.cast.lead is not None


async def test_the_networks_of_a_row_stand_side_by_side_and_the_map_comes_back(
    runs_dir, sweep
) -> None:
    app, _ = make_app(runs_dir, sweep=sweep.path)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("v")
        await until(pilot, lambda: shown(pilot).count("the network says") == 2)
        assert "hidden [5] · decision region" in shown(pilot)
        await pilot.press("down", "right")
        await until(pilot, lambda: "› lr 5" in shown(pilot))
        assert shown(pilot).count("no trial has begun") == 2
        await pilot.press("v")
        await until(pilot, lambda: "4 of 8 trials" in shown(pilot))


async def test_another_trial_of_the_cell_is_chosen_and_opened(runs_dir, sweep) -> None:
    app, _ = make_app(runs_dir, sweep=sweep.path)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        best = 102 if "› seed 102" in shown(pilot) else 103
        [other] = {*SEEDS} - {best}
        await pilot.press("n")
        await until(pilot, lambda: f"› seed {other}" in shown(pilot))
        await pilot.press("enter")
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.view.step == 20)
        history = lab.view.history
        assert history is not None
        assert history.header is not None
        assert history.header.members == 2
        assert lab.view.member is not None
        assert history.header.seeds[lab.view.member] == other
        assert f"seed {other} (" in shown(pilot)


async def test_networks_of_other_shapes_in_one_cell_stand_beside_each_other(tmp_path: Path) -> None:
    folder = make_sweep(tmp_path)
    for number in (1, 2):
        train_group(folder, number)
    app, _ = make_app(tmp_path, sweep=folder.path)
    async with app.run_test(size=(200, 60)) as pilot:
        await opened(pilot)
        # One row of all shapes.
        await pilot.press("r", "r")
        dialog = dialog_of(pilot)
        while dialog.picture.choice is None or dialog.picture.choice.rows:
            await pilot.press("r")
        await pilot.press("enter")
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.view.step == 20 and len(lab.view.others) == 1)
        await until(pilot, lambda: "hidden [5, 3]" in shown(pilot))
        titles = {lab.view.label, lab.view.others[0].title}
        assert titles == {"hidden [5] · lr 0.01", "hidden [5,3] · lr 0.01"}
        assert "another kind beside" in shown(pilot)


async def test_a_step_between_has_its_pictures_once_the_trial_is_trained_again(
    tmp_path: Path,
) -> None:
    folder = make_sweep(tmp_path)
    train_group(folder, 1)
    app, _ = make_app(tmp_path, sweep=folder.path, start_worker=InlineWorker)
    async with app.run_test(size=(200, 60)) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.view.step == 20 and "trial 3, 4" in lab.view.run)
        await pilot.press("n")
        await until(pilot, lambda: lab.view.member == 0)
        number = 3
        lab.reading.look_through(cursor=7)
        lab.wake()
        await until(pilot, lambda: lab.view.run == f"trial-{number}" and lab.view.at == 7)
        await until(pilot, lambda: f"trial-{number} has every picture" in shown(pilot))
        # From now on the heat map opens the run that has them.
        await pilot.press("H")
        await opened(pilot)
        while f"› seed {SEEDS[0]}" not in shown(pilot) or dialog_of(pilot).picture._trial is None:
            await pilot.press("n")
        await pilot.press("enter")
        await until(pilot, lambda: lab.view.run == f"trial-{number}" and lab.view.cursor is None)


async def test_a_replay_goes_on_where_it_was_with_the_trial_that_was_trained_again(
    tmp_path: Path,
) -> None:
    folder = make_sweep(tmp_path)
    train_group(folder, 1)
    app, _ = make_app(tmp_path, sweep=folder.path, start_worker=InlineWorker)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("n", "enter")
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.view.step == 20 and lab.view.member is not None)
        await pilot.press("k", "space", "5")
        await until(pilot, lambda: lab.view.run.startswith("trial-") and lab.view.step == 10)
        player = lab.replay.player
        assert player is not None
        assert not player.playing


async def test_a_preset_that_is_a_sweep_is_started_and_its_heat_map_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def detach(folder: SweepFolder, arguments: list[str]) -> None:
        asked.append(arguments)

    monkeypatch.setattr(detached, "detach", detach)
    app, workers = make_app(tmp_path, preset="two-moons-sweep")
    async with app.run_test(size=(120, 40)) as pilot:
        lab = await ready(pilot)
        assert "a sweep of 6 settings, 5 seeds each" in " ".join(shown(pilot).split())
        await pilot.press("space")
        await until(pilot, lambda: any(isinstance(e, SweepDialog) for e in pilot.app.screen_stack))
        await until(pilot, lambda: "0 of 30 trials" in shown(pilot))
        [sweep] = list_sweeps(tmp_path)
        assert asked == [[str(sweep.path.resolve()), "--quiet"]]
        assert len(sweep.plan().trials) == 30
        await pilot.press("escape")
        # One step is one of the preset's own network.
        await pilot.press("s")
        await until(pilot, lambda: lab.cast.lead is not None)
        [given] = [worker.given for worker in workers if worker.given]
        assert presets.load(str(given[0].experiment_file)).experiment.sweep == Sweep()


async def test_a_search_that_has_not_asked_yet_is_waited_for(tmp_path: Path) -> None:
    whole = make_sweep(tmp_path)
    plan = whole.plan()
    begun = create_sweep("search", replace(plan, trials=[], groups=[]), tmp_path)
    app, _ = make_app(tmp_path, sweep=begun.path)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "no setting has been asked for yet" in shown(pilot))
        plans.add(begun.plan_file, plan.trials, plan.groups)
        await until(pilot, lambda: "hidden \\ lr" in shown(pilot))


async def test_a_cell_that_has_not_begun_says_so_and_then_fills(runs_dir) -> None:
    other = make_sweep(runs_dir, called="another")
    train_group(other, 1)
    app, _ = make_app(runs_dir, sweep=other.path)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "it has not begun yet" in shown(pilot))
        train_group(other, 2)
        await until(pilot, lambda: "8 trials" in shown(pilot) and "0 of 2" not in shown(pilot))


async def test_without_a_sweep_the_key_says_how_to_make_one(tmp_path: Path) -> None:
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.setup.ready)
        lab.panes.give_keys("curves")
        await pilot.press("H")
        await until(pilot, lambda: "There is no sweep yet" in shown(pilot))


async def test_what_a_sweep_trains_is_neither_stopped_alone_nor_asked_about(tmp_path: Path) -> None:
    folder = make_sweep(tmp_path)
    folder.group(1).path.mkdir()
    run = FakeRun(tmp_path, folder=folder.group(1)).begin()
    run.train([0.5])
    app, _ = make_app(tmp_path, run=run.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.view.step == 1)
        lab.panes.give_keys("curves")
        await pilot.press("x")
        await until(pilot, lambda: f"epochal stop {folder.name} ends all" in shown(pilot))
        assert not run.folder.control.exists()
        await pilot.press("q")
    assert app.return_value == f"{folder.name} goes on; to see it again: epochal open {folder.name}"
    run.close()


async def test_a_folder_that_cannot_be_read_is_said_in_its_place(tmp_path: Path) -> None:
    broken = make_sweep(tmp_path)
    broken.plan_file.write_text("{}\n")
    app, _ = make_app(tmp_path, sweep=broken.path)
    async with app.run_test(size=(120, 40)) as pilot:
        # However long the folder's name is, after which it stands.
        said = "is no plan of a sweep"
        await until(pilot, lambda: said in " ".join(shown(pilot).replace("│", " ").split()))


async def test_it_is_a_line_of_the_list_of_runs_that_opens_its_heat_map(runs_dir, sweep) -> None:
    app, _ = make_app(runs_dir)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.setup.ready)
        pane = lab.query_one(RunsPane)
        lab.pane = "runs"
        await until(pilot, lambda: sweep.name in [run.folder.name for run in pane.facts])
        [listed] = [run for run in pane.facts if run.folder.name == sweep.name]
        assert (listed.glance.step, listed.glance.steps) == (4, 8)
        assert "4/8 trials" in shown(pilot)
        # What has not changed is the same object, so that the list is not drawn anew.
        pane.poll()
        await until(pilot, lambda: pane.reader.whole and not pane.reader.busy)
        [again] = [run for run in pane.facts if run.folder.name == sweep.name]
        assert again.config is listed.config
        await until(pilot, lambda: pane.chosen is not None)
        while pane.chosen is None or pane.chosen.folder.name != sweep.name:
            await pilot.press("down")
        await pilot.press("enter")
        dialog = await opened(pilot)
        assert dialog.path == sweep.path


async def test_a_sweep_that_is_deleted_takes_its_groups_along_and_leaves_what_is_not_its(
    tmp_path: Path,
) -> None:
    folder = make_sweep(tmp_path)
    train_group(folder, 1)
    (folder.path / "mine.txt").write_text("mine")
    app, _ = make_app(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        lab = lab_of(pilot)
        await until(pilot, lambda: lab.setup.ready)
        pane = lab.query_one(RunsPane)
        lab.pane = "runs"
        await until(pilot, lambda: pane.chosen is not None)
        await pilot.press("D")
        await until(pilot, lambda: "elete" in shown(pilot) and folder.name in shown(pilot))
        await pilot.press("y")
        await until(pilot, lambda: not folder.plan_file.exists())
    assert [path.name for path in folder.path.rglob("*")] == ["mine.txt"]
