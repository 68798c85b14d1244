"""Sweeps: what is trained with whom, what it comes to, and what is done when it is done again."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import json
import random
import shutil
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from engine.errors import PresetError, RunError
from engine.experiment.members import Original
from engine.recording.file import Reader
from engine.recording.history import History
from engine.results.run import of_folder
from engine.runs.finding import find_run
from engine.runs.folder import RunFolder
from engine.runs.listing import run_cells
from engine.sweeps import plan as plans
from engine.sweeps import printing
from engine.sweeps.folder import SweepFolder, find_sweep, list_sweeps
from engine.sweeps.group import TrialGroup
from engine.sweeps.listing import stop_sweep, sweeps_in
from engine.sweeps.locks import locked
from engine.sweeps.plan import Plan
from engine.sweeps.planning import Asked, Terms, work_left
from engine.sweeps.table import SweepTable, read
from engine.sweeps.training import experiment_of, train_group
from engine.sweeps.trials import digest_of
from engine.training.trainer import Trainer
from tests.engine.sweeps.small import GRID, MOONS, Inline, asked, planned, running, trained
from tests.patience import DEADLINE
from tests.trained import recorded


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    """A sweep of two shapes by two rates, one of which diverges, by two seeds."""
    table = trained(tmp_path_factory.mktemp("runs"), asked())
    return SweepFolder(table.path)


@pytest.fixture
def copied(done: SweepFolder, tmp_path: Path) -> SweepFolder:
    """A copy of it, to do something to."""
    return SweepFolder(Path(shutil.copytree(done.path, tmp_path / done.name)))


def figures(table: SweepTable) -> list[Any]:
    """Return what may not differ, however often a sweep was broken off."""
    return [
        (each.number, each.setting, each.seed, each.state, each.figures, each.best_step, each.step)
        for each in table.trials
    ]


class TestTraining:
    def test_a_trial_is_the_run_done_alone(self, done: SweepFolder) -> None:
        plan, table = done.plan(), read(done.path)
        for trial, row in zip(plan.trials, table.trials, strict=True):
            alone = Original(plan.bases[0].experiment).changed(trial.changes)
            assert digest_of(alone) == trial.digest
            trainer = Trainer(alone)
            trainer.advance(alone.steps)
            assert trainer.outcome is not None
            assert trainer.outcome.status == row.state
            if row.state == "finished":
                expected = trainer.result()
                for key in ("test_loss", "dev_loss", "train_loss"):
                    assert row.figures[key] == pytest.approx(expected[key], rel=1e-3)

    def test_one_that_is_trained_by_itself_is_the_run_done_alone_to_the_bit(
        self, tmp_path: Path
    ) -> None:
        shapes = [[2], [3, 2], [4]]
        table = trained(tmp_path, asked(grid={"model.hidden": shapes}, seeds=1))
        plan = SweepFolder(table.path).plan()
        for trial, row in zip(plan.trials, table.trials, strict=True):
            experiment = Original(plan.bases[0].experiment).changed(trial.changes)
            recorded(experiment, tmp_path / "alone" / str(row.number), checkpoint=False)
            alone = of_folder(RunFolder(tmp_path / "alone" / str(row.number)))
            swept = of_folder(RunFolder(row.run))
            for column in ("train/loss", "train/grad_norm", "dev/loss"):
                assert swept[column].tobytes() == alone[column].tobytes()
            assert row.alone
            assert row.figures == {key: alone.result[key] for key in row.figures}
        told = printing.text(table)
        assert "as each run done alone on one thread, to the bit\n" in told

    def test_what_can_be_trained_side_by_side_is(self, done: SweepFolder) -> None:
        groups = done.plan().groups
        assert [group.trials for group in groups] == [(0, 1, 2, 3), (4, 5, 6, 7)]
        assert [group.threads for group in groups] == [1, 1]

    def test_a_group_is_a_run_like_any_other(self, done: SweepFolder) -> None:
        row = read(done.path).trials[5]
        run = of_folder(RunFolder(row.run), member=row.member)
        assert len(run["train/loss"]) == 40
        history = History()
        history.extend(Reader(RunFolder(row.run).recording).poll())
        assert history.header is not None
        assert history.header.variants[row.member] == {"optimizer.lr": 0.1, "train.seed": 4}
        assert history.header.experiment["title"] == "moons, changed: hidden 3 2"
        # The first, the best and the last.
        assert history.snapshot_steps == [0, 40]
        assert history.best is not None

    def test_a_group_that_is_over_is_left_alone(self, done: SweepFolder) -> None:
        before = done.group(1).recording.read_bytes()
        assert train_group(str(done.path), 1) == "finished"
        assert done.group(1).recording.read_bytes() == before

    def test_what_trials_have_in_common_may_hold_only_beside_the_rest(self, tmp_path: Path) -> None:
        grid = {
            "model.init.weight.name": ["uniform"],
            "model.init.weight.a": [1.5, 2.0],
            "model.init.weight.b": [3.0],
        }
        table = trained(tmp_path, asked(grid=grid, seeds=1))
        assert [trial.state for trial in table.trials] == ["finished", "finished"]

    def test_trials_that_differ_in_what_their_preset_is_without_train_together(
        self, tmp_path: Path
    ) -> None:
        table = trained(tmp_path, asked(grid={"model.dropout": [0.0, 0.25, 0.5]}, seeds=2))
        assert table.count("finished") == 6
        assert len({trial.run for trial in table.trials}) < 6

    def test_another_network_than_planned_is_not_trained(self, tmp_path: Path) -> None:
        folder, _ = planned(tmp_path, asked())
        text = folder.plan_file.read_text().replace("samples = 60", "samples = 61")
        text = text.replace("[40, 10, 10]", "[41, 10, 10]").replace("samples = 60", "samples = 61")
        folder.plan_file.write_text(text)
        with pytest.raises(RunError, match="no longer what was planned"):
            train_group(str(folder.path), 1)

    def test_networks_that_no_longer_differ_in_the_same_keys_are_refused(
        self, tmp_path: Path
    ) -> None:
        plan = planned(tmp_path, asked(grid={"optimizer.lr": [0.1, 0.2]}))[0].plan()
        plan.trials[1] = dataclasses.replace(plan.trials[1], setting={"optimizer.momentum": 0.9})
        with pytest.raises(PresetError, match=r"settings\[1\]: must have the keys of the first"):
            experiment_of(plan, TrialGroup(number=1, trials=(0, 1)))


class TestTable:
    def test_a_setting_is_told_over_its_seeds(self, done: SweepFolder) -> None:
        table = read(done.path)
        assert [axis.key for axis in table.axes] == ["model.hidden", "optimizer.lr"]
        assert table.axes[0].values == ([2], [3, 2])
        assert [(each.count("finished"), each.count("diverged")) for each in table.settings] == [
            (2, 0), (0, 2), (2, 0), (0, 2)]  # fmt: skip
        first = table.settings[0]
        values = [trial.figures["test_loss"] for trial in first.trials]
        assert first.figures["test_loss"].mean == pytest.approx(sum(values) / 2)
        assert first.figures["test_loss"].count == 2
        assert table.settings[1].figures == {}

    def test_figures_of_other_networks_than_planned_are_none_of_the_trials(
        self, done: SweepFolder, tmp_path: Path
    ) -> None:
        copied = SweepFolder(shutil.copytree(done.path, tmp_path / done.path.name))
        group = copied.plan().groups[0]
        every = tuple(range(len(copied.plan().trials)))
        plans.add(copied.plan_file, [], [dataclasses.replace(group, trials=every)])
        rows = read(copied.path).trials
        assert not any(row.figures for row in rows)
        assert {row.step for row in rows} == {rows[0].step}

    def test_as_text_what_diverged_is_counted_and_named(self, done: SweepFolder) -> None:
        told = printing.text(read(done.path))
        assert told.startswith(f"{done.name}: 8 trials are over\n")
        assert "hidden    lr  seeds  " in told
        assert "4 of 8 diverged and have no figures: hidden [2] · lr 1e30 · seed 3, " in told
        assert "of each network's best weights" in told
        assert "as each run done alone up to rounding, as they were trained side by side\n" in told
        assert str(done.path) in told

    def test_presets_with_other_figures_each_have_a_column(self, tmp_path: Path) -> None:
        bare = {**MOONS, "data": {"kind": "moons", "samples": 60}}
        lines = {"optimizer.lr": [0.1]}
        cubic = {**bare, "data": {"kind": "function"}, "loss": {"name": "mse"}}
        presets = [asked(grid=lines, seeds=1), asked("cubic", cubic, grid=GRID, seeds=1)]
        told = printing.text(trained(tmp_path, *presets))
        head, *rows = told.splitlines()[2:5]
        assert "test loss" in head
        assert "train loss" in head
        assert all(row.split()[-1].startswith("0.") for row in rows), told
        assert "diverged and have no figures: preset cubic · " in told

    def test_as_json_it_has_every_trial(self, done: SweepFolder) -> None:
        items = [json.loads(json.dumps(each)) for each in printing.objects(read(done.path))]
        assert [each["setting"] for each in items] == [
            {"model.hidden": hidden, "optimizer.lr": lr}
            for hidden in ([2], [3, 2])
            for lr in (0.1, 1e30)
        ]
        assert items[0]["trials"][1]["seed"] == 4
        assert not items[0]["trials"][1]["bit_equal"]
        assert items[0]["trials"][1]["member"] == 2
        assert items[0]["figures"]["test_loss"]["count"] == 2
        assert (items[1]["state"], items[1]["figures"]) == ("diverged", {})

    def test_as_csv_it_has_a_line_a_trial(self, done: SweepFolder) -> None:
        rows = list(csv.DictReader(io.StringIO(printing.csv_text(read(done.path)))))
        assert len(rows) == 8
        assert rows[4]["model.hidden"] == "[3, 2]"
        assert float(rows[4]["test_loss"]) == read(done.path).trials[4].figures["test_loss"]

    def test_as_csv_no_text_is_a_formula(self, done: SweepFolder) -> None:
        table = read(done.path)
        trials = [dataclasses.replace(table.trials[0], preset="=1+1", seed=-3)]
        text = printing.csv_text(dataclasses.replace(table, trials=trials))
        [row] = csv.DictReader(io.StringIO(text))
        assert (row["preset"], row["seed"]) == ("'=1+1", "-3")
        bare = printing.csv_text(dataclasses.replace(table, trials=trials), bare=True)
        assert next(csv.DictReader(io.StringIO(bare)))["preset"] == "=1+1"

    def test_before_anything_is_trained_all_of_it_waits(self, tmp_path: Path) -> None:
        folder, _ = planned(tmp_path, asked())
        table = read(folder.path)
        assert (table.count("waiting"), table.over, table.figures) == (8, 0, ())
        assert "0 of 8 trials are over" in printing.text(table)


class TestAgain:
    def test_what_is_over_is_not_trained_again(self, copied: SweepFolder) -> None:
        executor = Inline()
        folder, work = planned(copied.path.parent, asked())
        assert folder == copied
        assert running(folder, work, executor).run() == 0
        assert executor.calls == []
        assert work.groups == []

    @pytest.mark.parametrize("chance", range(10))
    def test_broken_off_anywhere_it_comes_to_the_same(
        self, done: SweepFolder, copied: SweepFolder, chance: int
    ) -> None:
        draw = random.Random(chance)
        for group in done.plan().groups:
            recording = copied.group(group.number).recording
            body = recording.read_bytes()
            match draw.randrange(3):
                case 0:
                    shutil.rmtree(recording.parent)
                case 1:
                    recording.write_bytes(body[: draw.randrange(len(body) - 1)])
        if chance % 2:
            plan = copied.plan_file.read_bytes()
            copied.plan_file.write_bytes(plan[: plan.rindex(b'{"kind":"groups"') + 40])
        folder, work = planned(copied.path.parent, asked())
        assert running(folder, work, Inline()).run() == 0
        assert figures(read(copied.path)) == figures(read(done.path))
        assert copied.plan().groups == done.plan().groups

    def test_asked_to_stop_it_leaves_what_it_had_begun(
        self, copied: SweepFolder, done: SweepFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from engine.sweeps.thinning import Thinner

        shutil.rmtree(copied.group(2).path)
        taken = Thinner.taken

        def stopped(self: Thinner, events: Any) -> Any:
            copied.stop_file.touch()
            return taken(self, events)

        with monkeypatch.context() as patched:
            patched.setattr(Thinner, "taken", stopped)
            folder, work = planned(copied.path.parent, asked())
            assert running(folder, work, Inline()).run() == 130
        assert not copied.group(2).recording.exists()
        assert not copied.stop_file.exists()
        assert read(copied.path).count("waiting") == 4
        folder, work = planned(copied.path.parent, asked())
        assert running(folder, work, Inline()).run() == 0
        assert figures(read(copied.path)) == figures(read(done.path))

    def test_what_is_stopped_is_waited_for_where_its_call_cannot_be(self, tmp_path: Path) -> None:
        """A call to a worker elsewhere counts as cancelled while it still trains."""
        folder, work = planned(tmp_path, asked())
        recording = folder.group(1).recording
        recording.parent.mkdir()
        recording.touch()

        class Elsewhere(Executor):
            def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
                folder.stop_file.touch()
                return Future()

        with ThreadPoolExecutor() as other:
            with locked(recording):
                status = other.submit(running(folder, work, Elsewhere()).run)
                with pytest.raises(TimeoutError):
                    status.result(1.0)
                assert folder.stop_file.exists()
            assert status.result(DEADLINE) == 130
        assert not folder.stop_file.exists()

    def test_it_grows_by_new_groups_alone(self, copied: SweepFolder) -> None:
        before = {path: path.read_bytes() for path in copied.path.glob("group-*/*")}
        grid = {**GRID, "optimizer.lr": [0.1, 1e30, 0.2]}
        folder, work = planned(copied.path.parent, asked(grid=grid, seeds=3))
        assert folder == copied
        executor = Inline()
        running(folder, work, executor).run()
        assert executor.calls == [3, 4]
        assert all(path.read_bytes() == body for path, body in before.items())
        table = read(copied.path)
        assert [len(each.trials) for each in table.settings] == [3] * 6
        assert table.over == 18
        assert len({trial.digest for trial in table.trials}) == 18

    def test_fewer_are_a_part_of_what_is_there(self, copied: SweepFolder) -> None:
        _, work = planned(copied.path.parent, asked(seeds=1))
        assert work.groups == []
        assert len(read(copied.path).only(work.digests).trials) == 4

    def test_a_new_one_is_made_where_that_is_asked_for(self, copied: SweepFolder) -> None:
        folder, _ = planned(copied.path.parent, asked(), new=True)
        assert folder != copied
        assert list_sweeps(copied.path.parent) == [folder, copied]


class TestFolders:
    def test_another_sweep_is_never_mixed_in(self, copied: SweepFolder) -> None:
        other = asked(tables={**MOONS, "optimizer": {"momentum": 0.5}})
        assert planned(copied.path.parent, other)[0] != copied
        with pytest.raises(RunError, match=r"is another sweep, moons by .* of other experiments"):
            planned(copied.path.parent, other, into=copied.name)
        with pytest.raises(RunError, match=r"is another sweep, moons by model.hidden"):
            planned(copied.path.parent, asked(grid={"optimizer.lr": [1]}), into=copied.name)
        with pytest.raises(RunError, match="there is no such sweep"):
            planned(copied.path.parent, other, into="nothing")

    def test_two_do_not_train_one_sweep_at_a_time(self, copied: SweepFolder) -> None:
        assert not copied.busy()
        with copied.held():
            assert SweepFolder(copied.path).busy()
            again = SweepFolder(copied.path).held()
            with pytest.raises(RunError, match="is being trained by another process"), again:
                pass
        assert not copied.busy()

    def test_a_sweep_is_found_by_its_name(self, copied: SweepFolder, tmp_path: Path) -> None:
        assert find_sweep("moons-sweep", tmp_path) == copied
        assert find_sweep(str(copied.path), Path("elsewhere")) == copied
        assert find_sweep("two", tmp_path) is None

    def test_a_plan_of_a_later_format_is_refused(self, copied: SweepFolder) -> None:
        text = copied.plan_file.read_text().replace('"format":1', '"format":2')
        copied.plan_file.write_text(text)
        with pytest.raises(RunError, match="is of format 2, this version reads up to 1"):
            copied.plan()

    def test_a_plan_whose_groups_are_not_numbered_one_by_one_is_damaged(
        self, copied: SweepFolder
    ) -> None:
        text = copied.plan_file.read_text()
        # What it goes on with is found by its number.
        copied.plan_file.write_text(text.replace('"number":2', '"number":3', 1))
        with pytest.raises(RunError, match="groups are not numbered one after the other"):
            copied.plan()


class TestListed:
    def test_a_sweep_is_a_line_among_the_runs(self, copied: SweepFolder) -> None:
        (facts,) = sweeps_in(copied.path.parent)
        assert run_cells(facts, facts.glance.started + 60)[:4] == [
            copied.name, "", "ended", "8"]  # fmt: skip
        assert run_cells(facts, 0)[4] == "finished (8 trials, 4 diverged)"
        shutil.rmtree(copied.group(2).path)
        (facts,) = sweeps_in(copied.path.parent)
        assert run_cells(facts, 0)[4] == "stopped (4 of 8 trials, 2 diverged)"
        with copied.held():
            (facts,) = sweeps_in(copied.path.parent)
            assert (facts.state, facts.status) == ("running", "running")
        assert facts.config["optimizer.lr"] == 0.5
        copied.plan_file.write_text("{}")
        (facts,) = sweeps_in(copied.path.parent)
        assert "is no plan of a sweep" in facts.glance.problem

    def test_a_group_is_named_by_its_sweep(self, copied: SweepFolder) -> None:
        found = find_run(f"{copied.name}/group-2", copied.path.parent)
        assert found.path == copied.path / "group-2"

    def test_one_that_is_trained_is_asked_to_stop(self, copied: SweepFolder) -> None:
        with pytest.raises(RunError, match="is not being trained"):
            stop_sweep(copied)
        with contextlib.ExitStack() as held:
            held.enter_context(copied.held())

            def obey(seconds: float) -> None:
                assert copied.stop_file.exists()
                held.close()

            told = stop_sweep(copied, sleep=obey)
        assert told == f"{copied.name}: stopped after 8 trials, 4 diverged"
        assert not copied.stop_file.exists()


class TestFailures:
    @pytest.fixture
    def points(self, tmp_path: Path) -> Path:
        path = tmp_path / "points.csv"
        path.write_text("x,y\n" + "".join(f"{i},{i % 3 / 2}\n" for i in range(20)))
        return path

    @staticmethod
    def presets(points: Path) -> Asked:
        data = {
            "kind": "file",
            "path": str(points),
            "targets": ["y"],
            "task": "numbers",
            "split": [10, 5, 5],
        }
        tables = {**MOONS, "data": data, "loss": {"name": "mse"}}
        return asked(tables=tables, grid={"model.hidden": [[2], [3, 2]]})

    def test_one_is_told_when_it_happens_and_tried_again_the_next_time(
        self, points: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        presets = self.presets(points)
        folder, work = planned(tmp_path, presets)
        body = points.read_text()
        points.unlink()
        said: list[str] = []
        assert running(folder, work, Inline(), say=said.append).run() == 1
        assert len(said) == 2
        assert said[0].startswith("group-1 (moons, hidden [2], 2 trials) failed: ")
        assert "points.csv" in said[0]
        assert capsys.readouterr().err == ""
        assert "points.csv" in folder.group(1).log.read_text()
        table = read(folder.path)
        assert (table.count("failed"), table.figures) == (4, ())
        assert "4 of 4 failed" in printing.text(table)

        points.write_text(body)
        folder, work = planned(tmp_path, presets)
        assert [group.trials for group in work.groups] == [(0,), (1,), (2,), (3,)]
        assert running(folder, work, Inline()).run() == 0
        table = read(folder.path)
        assert table.count("finished") == 4
        assert all(trial.alone for trial in table.trials)
        # What was tried before is still there to be read.
        assert RunFolder(folder.path / "group-1").recording.exists()

    def test_the_first_ends_everything_where_that_is_wanted(
        self, points: Path, tmp_path: Path
    ) -> None:
        folder, work = planned(tmp_path, self.presets(points))
        points.unlink()
        executor = Inline()
        assert running(folder, work, executor, fail_fast=True).run() == 1
        assert read(folder.path).count("failed") >= 2
        assert not folder.stop_file.exists()

    def test_it_can_be_tried_again_at_once_in_smaller_groups(
        self, points: Path, tmp_path: Path
    ) -> None:
        folder, work = planned(tmp_path, self.presets(points))
        points.unlink()
        executor = Inline()
        assert running(folder, work, executor, retry=True).run() == 1
        assert executor.calls == [1, 2, 3, 4, 5, 6]
        assert [group.trials for group in folder.plan().groups[2:]] == [(0,), (1,), (2,), (3,)]


class Dying(Inline):
    """Breaks as a pool does whose process was killed while it trained a group."""

    def __init__(self, fatal: Callable[[int], bool]) -> None:
        super().__init__()
        self._fatal = fatal
        self._broken = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self._broken = self._broken or self._fatal(args[1])
        if not self._broken:
            return super().submit(fn, *args, **kwargs)
        future: Future[Any] = Future()
        future.set_exception(BrokenProcessPool("a process died"))
        return future


class TestDeaths:
    def test_what_a_dead_process_was_training_is_trained_again(
        self, done: SweepFolder, tmp_path: Path
    ) -> None:
        folder, work = planned(tmp_path, asked())
        made = [Dying(lambda number: number == 2), Inline()]
        said: list[str] = []
        status = running(folder, work, made[0], makes=lambda: made.pop(0), say=said.append).run()
        assert (status, said) == (0, ["a process died; what it was training is trained again"])
        assert figures(read(folder.path)) == figures(read(done.path))

    def test_one_that_kills_its_process_takes_no_other_with_it(self, tmp_path: Path) -> None:
        folder, work = planned(tmp_path, asked())
        said: list[str] = []
        made: list[Dying] = []

        def fatal() -> Dying:
            made.append(Dying(lambda number: number == 1))
            return made[-1]

        assert running(folder, work, Inline(), makes=fatal, say=said.append).run() == 1
        assert [each.calls for each in made] == [[], [], [2]], "each by itself the second time"
        assert said[1].startswith("group-1 (moons, hidden [2], 4 trials) failed: its process died")
        table = read(folder.path)
        assert [trial.state for trial in table.trials[4:]].count("waiting") == 0

    def test_it_is_tried_again_in_halves_where_that_is_wanted(self, tmp_path: Path) -> None:
        folder, work = planned(tmp_path, asked())
        fatal = lambda: Dying(lambda number: number == 1)  # noqa: E731
        assert running(folder, work, Inline(), makes=fatal, retry=True).run() == 1
        assert [group.trials for group in folder.plan().groups[2:]] == [(0, 1), (2, 3)]
        assert read(folder.path).over == 8


def test_a_plan_says_what_each_group_trains(done: SweepFolder) -> None:
    plan: Plan = done.plan()
    made = experiment_of(plan, plan.groups[1])
    assert made.population.settings[1] == {"optimizer.lr": 0.1, "train.seed": 4}
    assert [layer.units for layer in made.model.hidden] == [3, 2]


def test_a_plan_that_says_code_may_be_run_is_asked_about_again(copied: SweepFolder) -> None:
    text = copied.plan_file.read_text()
    copied.plan_file.write_text(text.replace('"allow_code":false', '"allow_code":true'))
    plan = copied.plan()
    assert any(group.allow_code for group in plan.groups), text[:2000]
    with pytest.raises(RunError, match="say --allow-code again if you trust it"):
        work_left(plan, copied, Terms())
    assert work_left(copied.plan(), copied, Terms(allow_code=True)) is not None
