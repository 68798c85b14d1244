"""A trial trained again, alone: named, explained, trained once, and held against its group."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from engine.errors import RunError
from engine.experiment.model import Model
from engine.recording.file import read
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.sweeps.again import SweptTrial, apart, trained_again, trial_in
from engine.sweeps.folder import SweepFolder
from engine.sweeps.references import trial_meant
from engine.sweeps.removal import remove_sweep, size_of_sweep
from engine.sweeps.trials import digest_of
from engine.training.failures import fail_to_start
from tests.engine.sweeps.small import asked, trained
from tests.sweeps import InlineWorker

GRID = {"optimizer.lr": [0.1, 0.5]}


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    table = trained(tmp_path_factory.mktemp("runs"), asked(grid=GRID, seeds=2))
    return SweepFolder(table.path)


def history(run: RunFolder) -> History:
    found = History()
    found.extend(read(run.recording))
    return found


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> list[InlineWorker]:
    """Train in this process; return the workers that were started."""
    workers: list[InlineWorker] = []

    def start() -> InlineWorker:
        workers.append(InlineWorker())
        return workers[-1]

    monkeypatch.setattr(SweptTrial.train_again, "__defaults__", (start,))
    return workers


class TestNames:
    def test_a_network_of_a_group_and_a_trial_by_its_number_are_the_same(self, sweep) -> None:
        meant = trial_meant(f"{sweep.name}/trial-3", sweep.path.parent)
        assert meant is not None
        assert meant == trial_in(sweep.group(1), 2)
        assert meant.name == f"{sweep.name}/trial-3"
        assert meant.experiment.optimizer.lr == 0.5
        assert digest_of(meant.experiment) == sweep.plan().trials[2].digest

    def test_what_is_no_trial_of_a_sweep_is_none(self, sweep, tmp_path: Path) -> None:
        assert trial_meant("two-moons", sweep.path.parent) is None
        assert trial_meant("nothing/trial-1", sweep.path.parent) is None
        assert trial_in(RunFolder(tmp_path / "group-1"), 0) is None
        assert trial_in(sweep.group(1), 99) is None

    def test_a_number_that_is_not_there_says_which_are(self, sweep) -> None:
        with pytest.raises(RunError, match="the sweep has trial-1 to trial-4"):
            trial_meant(f"{sweep.name}/trial-5", sweep.path.parent)


class TestTraining:
    def test_it_keeps_every_weight_and_comes_to_what_it_came_to(self, sweep, inline) -> None:
        trial = trial_in(sweep.group(1), 3)
        assert trial is not None
        assert trial.shown == (sweep.group(1), 3)
        run = trained_again(trial)
        group, alone = history(sweep.group(1)), history(run)
        assert len(alone.snapshot_steps) > len(group.snapshot_steps)
        assert apart(group, 3, alone) < 1e-3
        assert trial.shown == (run, 0)
        trained_again(trial)
        assert len(inline) == 1, "what is trained is not trained again"

    def test_losses_that_are_another_networks_are_told_apart(self, sweep, inline) -> None:
        trial = trial_in(sweep.group(1), 0)
        assert trial is not None
        alone = history(trained_again(trial))
        assert apart(history(sweep.group(1)), 2, alone) > 1e-2

    def test_what_cannot_be_trained_says_why(self, sweep, monkeypatch) -> None:
        class Failing(InlineWorker):
            def give(self, folder: RunFolder, **order: Any) -> None:
                fail_to_start(folder, MemoryError("no memory"))

        monkeypatch.setattr(SweptTrial.train_again, "__defaults__", (Failing,))
        trial = trial_in(sweep.group(1), 1)
        assert trial is not None
        with pytest.raises(RunError, match=r"could not be trained again: .*no memory"):
            trained_again(trial)

    def test_code_that_a_folder_brings_is_not_run(self, sweep, inline, monkeypatch) -> None:
        # Whatever its plan says of --allow-code: whoever sent it wrote that.
        trial = trial_in(sweep.group(1), 1)
        assert trial is not None
        model = Model.model_construct(kind="python", module="net.py:Net")
        code = trial.experiment.model_copy(update={"model": model})
        monkeypatch.setattr(SweptTrial, "experiment", code)
        with pytest.raises(RunError, match="looking at a sweep never runs"):
            trial.train_again()
        assert not inline


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as left:
        main([*arguments])
    out, err = capsys.readouterr()
    return left.value.code, out, err


def test_it_is_explained_and_asked_like_any_run(capsys, sweep) -> None:
    where = ["--runs-dir", str(sweep.path.parent)]
    name = f"{sweep.name}/trial-3"
    _, out, _ = told(capsys, "explain", name, *where)
    assert "lr 0.5" in out
    assert "loss.backward()" in out
    status, _, err = told(capsys, "explain", name, "--set", "optimizer.lr=1", *where)
    assert status == 2
    assert "is what it was trained as" in err
    _, out, _ = told(capsys, "predict", name, "--values", "0.5, 0.2", "--json", *where)
    assert len(json.loads(out.splitlines()[0])) > 1


def test_it_goes_with_its_sweep(tmp_path: Path, inline) -> None:
    table = trained(tmp_path, asked(grid=GRID, seeds=1))
    folder = SweepFolder(table.path)
    before = size_of_sweep(folder)
    trial = trial_in(folder.group(1), 1)
    assert trial is not None
    trained_again(trial)
    assert size_of_sweep(folder) > before
    assert remove_sweep(folder) == []
    assert not folder.path.exists()
