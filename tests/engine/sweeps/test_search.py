"""A search: settings asked for as results come, the same whether it was broken off or not."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import PresetError, RunError
from engine.experiment.sweep import Sweep
from engine.presets.preset import resolve
from engine.sweeps import headless, search, training
from engine.sweeps.detached import start
from engine.sweeps.folder import SweepFolder, list_sweeps
from engine.sweeps.headless import run_sweep
from engine.sweeps.order import Order
from engine.sweeps.planning import Asked, Terms, folder_for, plan_of
from engine.sweeps.printing import text
from engine.sweeps.removal import remove_sweep
from engine.sweeps.search import BATCH, Search
from engine.sweeps.table import SweepTable, read
from engine.text.numbers import figure_text
from tests.engine.sweeps.small import MOONS, Inline, running

pytest.importorskip("optuna")

GRID: dict[str, Any] = {"optimizer.lr": "1e-3..10 log", "model.hidden": [[2], [3, 2]]}


def asked(trials: int = 2 * BATCH, **others: Any) -> Asked:
    table = {"search": "tpe", "trials": trials, "grid": GRID, **others}
    return Asked("moons", resolve({**MOONS, "sweep": table}, "moons"))


def searched(runs_dir: Path, wanted: Asked, batches: int | None = None) -> SweepFolder:
    """Search in this process, to the end or for so many batches."""
    folder = folder_for(plan_of([wanted]), runs_dir, called="moons-search")
    study = Search(folder, wanted)
    study.write(folder.plan())
    while batches != 0 and (work := study.next(Terms(processes=2))) is not None:
        running(folder, work, Inline()).run()
        assert study.tell(read(folder.path))
        batches = None if batches is None else batches - 1
    return folder


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    return searched(tmp_path_factory.mktemp("runs"), asked())


@pytest.fixture(scope="module")
def pruned(tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    return searched(tmp_path_factory.mktemp("runs"), asked(2 * BATCH, prune=True))


def figures(table: SweepTable) -> list[Any]:
    return [(each.setting, each.state, each.figures) for each in table.trials]


class TestAsking:
    def test_what_is_asked_for_lies_where_it_may_and_comes_nearer_to_what_is_good(self, done):
        table = read(done.path)
        assert len(table.trials) == table.expected == 2 * BATCH
        assert all(1e-3 <= each.setting["optimizer.lr"] <= 10 for each in table.trials)
        assert {str(each.setting["model.hidden"]) for each in table.trials} == {"[2]", "[3, 2]"}
        losses = [each.figures.get("dev_loss", 1.0) for each in table.trials]
        drawn, asked_for = losses[:BATCH], losses[BATCH:]
        assert sum(asked_for) / BATCH < sum(drawn) / BATCH

    def test_the_table_names_the_best_by_the_dev_set(self, done) -> None:
        table = read(done.path)
        least = min(each.figures.get("dev_loss", 9.0) for each in table.trials)
        assert f"the least dev loss, {figure_text(least)}: lr " in text(table)

    def test_a_batch_is_trained_side_by_side(self, done) -> None:
        groups = done.plan().groups
        assert len(groups) < BATCH
        assert max(len(group.trials) for group in groups) > 1

    def test_broken_off_and_gone_on_with_it_comes_to_the_same(self, done, tmp_path: Path) -> None:
        folder = searched(tmp_path, asked(), batches=1)
        # A second batch is asked for and written down, and then the process dies.
        assert Search(folder, asked()).next(Terms(processes=2)) is not None
        assert read(folder.path).expected == 2 * BATCH
        again = Search.planned(folder, folder.plan())
        assert again.left == BATCH
        searched(tmp_path, asked())
        assert figures(read(folder.path)) == figures(read(done.path))

    def test_what_a_process_left_that_died_while_it_told_is_mended(self, done, tmp_path) -> None:
        folder = searched(tmp_path, asked(), batches=1)
        folder.study.with_suffix(".log.lock").symlink_to(folder.study)
        with folder.study.open("ab") as journal:
            journal.write(b'{"op_code": 6, "worker')
        searched(tmp_path, asked())
        assert figures(read(folder.path)) == figures(read(done.path))

    def test_with_more_trials_it_grows_and_nothing_is_overwritten(self, tmp_path: Path) -> None:
        folder = searched(tmp_path, asked(BATCH))
        before = figures(read(folder.path))
        assert folder.plan().searched
        assert searched(tmp_path, asked(BATCH + 2)) == folder
        after = figures(read(folder.path))
        assert after[:BATCH] == before
        assert len(after) == BATCH + 2

    def test_another_range_is_another_search(self, tmp_path: Path) -> None:
        elsewhere = {**GRID, "optimizer.lr": "1e-3..1 log"}
        folders = {searched(tmp_path, each, batches=0) for each in (asked(), asked(grid=elsewhere))}
        assert len(folders) == 2

    def test_settings_that_do_not_hold_together_are_passed_over(self, tmp_path: Path) -> None:
        # Momentum of Nesterov's kind needs momentum; that is refused where it is seen before.
        grid = {"optimizer.nesterov": [True, False], "optimizer.momentum": [0.0, 0.9]}
        with pytest.raises(PresetError, match="needs a momentum"):
            asked(BATCH, grid=grid)
        sweep = Sweep(search="tpe", trials=BATCH, grid=grid)
        unseen = Asked("moons", asked().experiment.model_copy(update={"sweep": sweep}))
        folder = folder_for(plan_of([unseen]), tmp_path, called="moons")
        work = Search(folder, unseen).next(Terms())
        assert work is not None
        settings = [each.setting for each in work.plan.trials]
        assert settings
        assert {"optimizer.nesterov": True, "optimizer.momentum": 0.0} not in settings

    def test_whole_numbers_and_duplicates(self, tmp_path: Path) -> None:
        grid = {"data.samples": "60..62 lin int"}
        folder = searched(tmp_path, asked(BATCH, grid=grid))
        settings = [each.setting["data.samples"] for each in read(folder.path).trials]
        assert sorted(settings) == [60, 61, 62], "the same setting is trained once"
        assert len(Search(folder, asked(BATCH, grid=grid)).study.trials) == BATCH


class TestTelling:
    def test_what_diverges_is_infinitely_bad(self, tmp_path: Path) -> None:
        grid = {"optimizer.lr": [0.1, 1e30]}
        folder = searched(tmp_path, asked(BATCH, grid=grid))
        values = {
            each.params["optimizer.lr"]: each.value
            for each in Search(folder, asked(BATCH, grid=grid)).study.trials
        }
        assert values["1e+30"] == float("inf")
        assert values["0.1"] < 2

    def test_what_failed_is_told_as_such(self, tmp_path, monkeypatch) -> None:
        wanted = asked(BATCH)
        folder = folder_for(plan_of([wanted]), tmp_path, called="moons")
        study = Search(folder, wanted)
        study.next(Terms())
        table = read(folder.path)
        failed = replace(
            table, trials=tuple(replace(each, state="failed") for each in table.trials)
        )
        assert study.tell(failed)
        assert {each.state.name for each in study.study.trials} == {"FAIL"}


class TestPruning:
    def test_networks_that_do_worse_than_half_of_those_before_end_early(self, pruned) -> None:
        table, plan = read(pruned.path), pruned.plan()
        ended = [each for each in table.trials if each.state == "pruned"]
        assert ended
        assert {each.step for each in ended} <= {10, 20}
        assert not any(each.number < BATCH for each in ended), "of the first none is pruned"
        assert all(group.rungs == () for group in plan.groups if max(group.trials) < BATCH)
        for each in table.settings:
            if each.count("pruned"):
                assert each.figures == {}, "it has no figures of the whole length"
        assert f"{len(ended)} of {2 * BATCH} pruned" in text(table)

    def test_the_study_knows_what_was_pruned(self, pruned) -> None:
        study = Search.planned(pruned, pruned.plan()).study
        states = [each.state.name for each in study.trials]
        rows = read(pruned.path).trials
        assert states.count("PRUNED") == sum(each.state == "pruned" for each in rows)
        assert all(10 in each.intermediate_values for each in study.trials)


class TestOrders:
    def order(self, tmp_path: Path, **others: Any) -> Order:
        given: dict[str, Any] = {
            "references": ("two-moons",),
            "runs_dir": tmp_path,
            "overrides": ("train.steps=4", "data.samples=30", "data.split=[20,5,5]"),
            "grid": ("optimizer.lr=0.01..1 log",),
            "search": "tpe",
            "trials": 3,
            "quiet": True,
        }
        return Order(**{**given, **others})

    @pytest.fixture
    def inline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(headless, "executor_of", lambda *_: Inline())

    def test_it_is_asked_for_trained_and_gone_on_with_by_name(
        self, tmp_path, capsys, inline
    ) -> None:
        assert run_sweep(self.order(tmp_path)) == 0
        [folder] = list_sweeps(tmp_path)
        assert folder.name.startswith("two-moons-search-")
        assert "3 trials are over" in capsys.readouterr().out
        bare = {"overrides": (), "grid": (), "search": None, "trials": None}
        assert run_sweep(self.order(tmp_path, references=(folder.name,), **bare)) == 0
        assert len(read(folder.path).trials) == 3
        told = self.order(tmp_path, references=(folder.name,), dry_run=True, **bare)
        assert run_sweep(told) == 0
        assert "0 settings are left" in capsys.readouterr().out
        remove_sweep(folder)
        assert not folder.path.exists()

    def test_what_failed_is_tried_again_where_that_is_asked_for(
        self, tmp_path, capsys, monkeypatch, inline
    ) -> None:
        def broken(*_: Any) -> None:
            raise RuntimeError("the data is not there")

        with monkeypatch.context() as patch:
            patch.setattr(training, "experiment_of", broken)
            assert run_sweep(self.order(tmp_path)) == 1
        [folder] = list_sweeps(tmp_path)
        assert read(folder.path).count("failed") == 3
        assert run_sweep(self.order(tmp_path)) == 1, "nobody has asked for it"
        capsys.readouterr()
        assert run_sweep(self.order(tmp_path, retry=True, dry_run=True)) == 0
        assert "3 trials that failed are tried again" in capsys.readouterr().out
        assert run_sweep(self.order(tmp_path, retry=True)) == 0
        table = read(folder.path)
        assert (len(table.trials), table.count("finished")) == (3, 3)
        study = Search.planned(folder, folder.plan())
        assert study.left == 0
        told = [each.value for each in study.study.trials if each.value is not None]
        assert sorted(told) == sorted(row.figures["dev_loss"] for row in table.trials)
        # Once told, they are not told again.
        assert run_sweep(self.order(tmp_path, retry=True)) == 0
        assert len(Search.planned(folder, folder.plan()).study.trials) == 6

    def test_detached_or_from_the_lab_another_process_searches(self, tmp_path, monkeypatch) -> None:
        calls: list[Sequence[str]] = []
        monkeypatch.setattr("engine.sweeps.detached.detach", lambda _, said: calls.append(said))
        folder = start(asked(), tmp_path, device="cpu", allow_code=False)
        assert calls == [[str(folder.path.resolve()), "--quiet"]]
        assert folder.plan().search is not None

    @pytest.mark.parametrize(
        ("others", "expected"),
        [
            ({"search": None}, "--trials: is of a search; add --search tpe"),
            ({"search": None, "trials": None, "prune": True}, "--prune: is of a search"),
            ({"random": 5}, "--random: leave it out, or --search"),
            ({"references": ("two-moons", "cubic"), "overrides": ()}, "--search: is of one preset"),
            ({"grid": ()}, "a search needs a grid"),
            (
                {"prune": True, "grid": ("train.steps=10,20",)},
                "prune: compares losses at the same step",
            ),
        ],
    )
    def test_what_does_not_hold_is_refused(self, tmp_path, others, expected) -> None:
        with pytest.raises((RunError, PresetError), match=expected):
            run_sweep(self.order(tmp_path, **others))

    def test_without_optuna_it_says_how_to_get_it(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(search.importlib.util, "find_spec", lambda _: None)
        with pytest.raises(RunError, match=r"pip install 'epochal\[search\]'"):
            run_sweep(self.order(tmp_path))
        assert importlib.util.find_spec("optuna") is None
        assert list_sweeps(tmp_path) == []
