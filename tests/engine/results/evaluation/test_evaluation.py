"""Networks that were trained, judged by rows with known answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cli import main
from engine.errors import EpochalError, RequestError, RunError
from engine.experiment.experiment import Experiment
from engine.results.asked_rows import rows_of_file, rows_of_set
from engine.results.evaluation.evaluation import Evaluation, evaluation, judged, plain_object
from engine.results.evaluation.words import text
from engine.results.run import LoadedRun, of_folder
from tests.engine.exports.asked import FILES, trained
from tests.experiments import FRESH, MOONS, experiment
from tests.trained import recorded

Command = Callable[..., tuple[int, str, str]]


def made(run: LoadedRun, name: str | None = None) -> Evaluation:
    return evaluation(run, rows_of_set(run, name, 200), 3, None)


@pytest.fixture(scope="module")
def moons(tmp_path_factory: pytest.TempPathFactory) -> LoadedRun:
    """A run that sees one of its two columns alone."""
    spec = experiment(MOONS, data={"features": ["x", "x**2"]}, train={"epochs": 80})
    return of_folder(recorded(spec, tmp_path_factory.mktemp("runs") / "moons-run")[0])


@pytest.fixture
def command(
    capfd: pytest.CaptureFixture[str], moons: LoadedRun, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Runs the command beside the runs; gives its status, stdout and stderr."""
    monkeypatch.setenv("EPOCHAL_RUNS", str(moons.folder.path.parent))

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["evaluate", *arguments])
        code = left.value.code
        return (code if isinstance(code, int) else 0, *capfd.readouterr())

    return run


def test_the_figures_are_those_of_the_result(moons: LoadedRun) -> None:
    accuracy, loss, balanced = made(moons).figures
    assert accuracy.value == pytest.approx(moons.result["test_accuracy"])
    assert loss.value == pytest.approx(moons.result["test_loss"], rel=1e-5)
    assert 0 <= balanced.value <= 1


def test_the_interval_of_the_accuracy_is_wilson_s(moons: LoadedRun) -> None:
    accuracy, *_ = made(moons).figures
    share, rows, z = accuracy.value, 20, 1.959964
    middle = share + z * z / (2 * rows)
    reach = z * np.sqrt(share * (1 - share) / rows + z * z / (4 * rows**2))
    low, high = (middle - reach) / (1 + z * z / rows), (middle + reach) / (1 + z * z / rows)
    assert (accuracy.low, accuracy.high) == (pytest.approx(low), pytest.approx(high))


def test_the_constant_answer_is_learned_from_the_training_set_alone(moons: LoadedRun) -> None:
    evaluated, training = made(moons), rows_of_set(moons, "train").targets
    assert training is not None
    most = int(np.bincount(training).argmax())
    there = evaluated.answers.rows.targets
    assert there is not None
    assert evaluated.figures[0].constant == np.mean(there == most)
    assert evaluated.constant == f"{most}, the most common class of the training set"


def test_a_column_that_is_not_looked_at_is_worth_nothing(moons: LoadedRun) -> None:
    importances = made(moons).importances
    assert importances is not None
    first, second = importances.columns
    assert (first.column, second.column) == ("x", "y")
    assert first.worse_by["accuracy"][0] > 0.1
    assert second.worse_by == {"accuracy": (0, 0), "log loss": (0, 0)}


def test_what_a_column_is_worth_is_what_is_lost_without_it(moons: LoadedRun) -> None:
    importances = made(moons, "train").importances
    assert importances is not None
    rows, rng = rows_of_set(moons, "train"), np.random.default_rng(7)
    assert rows.targets is not None
    right = []
    for _ in range(200):
        inputs = rows.inputs.copy()
        inputs[:, 0] = rng.permutation(inputs[:, 0])
        right.append((judged(moons, replace(rows, inputs=inputs)).classes == rows.targets).mean())
    lost = moons.result["train_accuracy"] - np.mean(right)
    mean, spread = importances.columns[0].worse_by["accuracy"]
    assert mean == pytest.approx(lost, abs=4 * np.std(right) / np.sqrt(5))
    assert 0 < spread < 3 * np.std(right)


@pytest.mark.parametrize("name", FILES)
def test_whatever_is_learned_of_a_file_is_judged(name: str) -> None:
    run = trained(name)
    evaluated = made(run, "dev")
    importances = evaluated.importances
    assert importances is not None
    # The parts of a date are one column.
    assert {each.column for each in importances.columns} == {
        *("age", "job", "town", "smoker", "joined")
    }
    assert all(each.constant is not None for each in evaluated.figures)
    assert bool(evaluated.classes) == name.endswith(("classes", "labels"))
    assert bool(evaluated.numbers) == name.endswith(("numbers", "shares"))
    assert bool(evaluated.calibration) == bool(evaluated.classes)
    json.dumps(plain_object(evaluated), allow_nan=False)
    head, *lines = text(evaluated).splitlines()
    assert head.startswith("a-run: the dev set, 24 rows (weights of step")
    assert sum(bool(re.match(r"  row \d+ ", line)) for line in lines) == 3


def test_nothing_of_a_name_acts_on_a_terminal() -> None:
    run = trained("people, numbers")
    told = judged(run, rows_of_set(run, "dev"))
    name = "\x1b[2Jx\n"
    header = replace(run.header, run=name, target_names=[name])
    hostile = replace(run, header=header)
    rows, other = rows_of_set(hostile, "dev"), replace(told, run=name, target_names=[name])
    shown = text(evaluation(hostile, rows, 3, other))
    assert "rmse: the two are equal" in shown
    assert "\x1b" not in shown
    assert not any(line.startswith(" (weights") for line in shown.splitlines())


def test_which_of_two_is_better_is_said(moons: LoadedRun) -> None:
    rows = rows_of_set(moons, "train")
    told = judged(moons, rows)
    assert told.classes is not None
    # Another that says the contrary is the worse one.
    worse = replace(told, classes=1 - told.classes, probabilities=told.outputs[:, [0, 0]])
    shown = text(evaluation(moons, rows, 3, worse))
    assert "accuracy: this run is better" in shown


def test_errors_are_in_the_units_of_the_data() -> None:
    run = trained("people, numbers")
    (figures,) = made(run, "dev").numbers
    assert figures.rmse == pytest.approx(run.result["dev_rmse"], rel=1e-4)
    assert figures.rmse > 100


def test_where_every_step_drew_its_rows_new_ones_are_judged(tmp_path: Path) -> None:
    spec = experiment(FRESH, train={"steps": 300})
    run = of_folder(recorded(spec, tmp_path / "a-run")[0])
    evaluated = made(run)
    (rmse,) = evaluated.figures
    assert rmse.constant is not None
    assert rmse.value < rmse.constant
    assert evaluated.constant.startswith("the mean of 1000 other new rows")


def test_a_file_that_it_has_learned_from_is_named_for_what_it_is() -> None:
    run = trained("people, classes")
    path = Path(run.experiment.data.model_dump()["path"])
    told = text(evaluation(run, rows_of_file(run, path), 3, None))
    assert "it has learned from these rows" in told
    other = path.with_name("others.csv")
    other.write_text("\n".join(path.read_text("utf-8").splitlines()[:20]), "utf-8")
    told = text(evaluation(run, rows_of_file(run, other), 3, None))
    assert "others.csv, 19 rows" in told
    assert "it has learned from these rows" not in told


def test_of_two_columns_of_the_same_words_the_one_that_was_learned_is_true(tmp_path: Path) -> None:
    rows = [f"{n % 5},{n % 7},{n % 2},{n % 3 // 2}" for n in range(40)]
    (tmp_path / "own.csv").write_text("\n".join(["a,b,c,d", *rows]))
    data = {"kind": "file", "path": str(tmp_path / "own.csv"), "task": "classes"}
    data |= {"inputs": ["a", "b"], "targets": ["c"]}
    spec = {"data": data, "loss": {"name": "cross_entropy"}, "train": {"epochs": 2}}
    run = of_folder(recorded(Experiment.model_validate(spec), tmp_path / "a-run")[0])
    targets = rows_of_file(run, tmp_path / "own.csv").targets
    assert targets is not None
    assert targets.tolist() == [n % 2 for n in range(40)]


def test_a_set_of_a_file_that_has_changed_is_not_asked_about() -> None:
    run = trained("people, shares")
    header = replace(run.header, files=[{**run.header.files[0], "sha256": "0"}])
    with pytest.raises(RequestError, match=r"people\.csv: has changed since a-run was trained"):
        rows_of_set(replace(run, header=header), "dev")
    gone = replace(run, header=replace(run.header, experiment={"data": {"kind": "file"}}))
    with pytest.raises(EpochalError):
        rows_of_set(gone, "dev")


def test_what_cannot_be_judged_is_refused(
    moons: LoadedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_of_set(moons, None)
    with pytest.raises(RequestError, match="has no targets to hold moons-run against; one column"):
        judged(moons, replace(rows, targets=None))
    with pytest.raises(RunError, match="says no number for 20 of the test set"):
        judged(moons, replace(rows, inputs=np.full_like(rows.inputs, np.nan)))
    monkeypatch.setattr("engine.results.evaluation.evaluation.find_spec", lambda name: None)
    with pytest.raises(RequestError, match=r"needs scikit-learn: pip install 'epochal\[data\]'"):
        judged(moons, rows)


class TestCommand:
    def test_it_prints_tables_or_an_object(self, command: Command) -> None:
        status, out, err = command("moons-run")
        assert (status, err) == (0, "")
        for words in ("95 % interval", "constant answer", "F1", "calibration", "the worst rows"):
            assert words in out
        status, out, _ = command("moons-run", "--json", "--rows", "2")
        told: dict[str, Any] = json.loads(out)
        assert f"{told['figures']['accuracy']['value']:.4g}" in command("moons-run")[1]
        assert [each["row"] for each in told["worst"]] == [*{each["row"] for each in told["worst"]}]
        assert len(told["worst"]) == 2

    def test_a_run_beside_itself_is_equal(self, command: Command) -> None:
        _, out, _ = command("moons-run", "--compare", "moons-run")
        assert "accuracy: the two are equal" in out
        assert "the other has learned" not in out
        _, out, _ = command("moons-run", "--compare", "moons-run", "--set", "train")
        assert "the other has learned from these rows" in out

    def test_of_a_population_a_network_must_be_named(
        self, command: Command, moons: LoadedRun
    ) -> None:
        place = moons.folder.path.parent / "several"
        recorded(experiment(MOONS, train={"epochs": 2}, population={"seeds": 2}), place)
        status, out, err = command("several")
        assert (status, out) == (2, "")
        assert "several: has 2 networks; say which by --member N" in err
        assert command("several", "--member", "2")[0] == 0
        status, _, err = command("moons-run", "--compare", "several")
        assert "several: has 2 networks" in err

    def test_a_run_without_an_experiment_says_what_it_lacks(
        self, command: Command, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "log.csv").write_text("step,loss\n1,2\n2,1\n")
        with pytest.raises(SystemExit):
            main(["import", str(tmp_path / "log.csv"), "--name", "log"])
        capfd.readouterr()
        status, out, err = command("log")
        assert (status, out) == (2, "")
        assert "it was imported, and its curves are all there is" in err


def test_a_network_too_large_for_its_recording_is_judged_from_its_checkpoint(
    tmp_path: Path,
) -> None:
    large = {"hidden": [500, 500]}
    spec = experiment(MOONS, model=large, train={"epochs": 2})
    run = of_folder(recorded(spec, tmp_path / "large-run")[0])
    assert run.history.snapshot_steps == []
    accuracy, *_ = made(run).figures
    assert accuracy.value == pytest.approx(run.result["test_accuracy"])
