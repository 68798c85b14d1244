"""``epochal show``: the views of recordings that were really trained."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

from engine.presets import preset as presets
from engine.recording.forward import unpack
from engine.runs.folder import RunFolder
from tests.patience import DEADLINE
from tests.trained import recorded
from tui import cli
from tui.drawing.network.activations import gather as gather_sums
from tui.drawing.network.material import Material
from tui.pictures.gallery import RUN_VIEWS, VIEWS
from tui.pictures.wish import StepError, parse_step
from tui.watching.watch import Watch

PRESETS = {
    "two-moons": ("train.epochs=200",),
    "function-set": ("train.epochs=20",),
    "zero-init": (),
    "automatic-update": ("train.epochs=30",),
    "sum-of-30": ("train.steps=20",),
    "init-histograms": (),
}
"""What is trained, and what shortens it."""

OF_LAYERS = {"evaluation", "activations", "histogram", "weights"}
OF_CLASSES = OF_LAYERS | {"region", "predictions", "confusion"}
APPLY = {
    "two-moons": OF_CLASSES,
    "function-set": OF_LAYERS | {"function", "predictions"},
    "zero-init": OF_CLASSES,
    "automatic-update": OF_CLASSES,
    "sum-of-30": OF_LAYERS | {"tests", "predictions", "function"},
    "init-histograms": OF_LAYERS | {"tests", "predictions", "function"},
}
"""The views of weights that each has."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for name, changes in PRESETS.items():
        recorded(presets.load(name, changes).experiment, folder / name)
    return folder


class Shown:
    """What the command printed, and its status."""

    def __init__(self, runs: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        with pytest.raises(SystemExit) as left:
            cli.main(["show", *arguments, "--runs-dir", str(runs)])
        self.status = left.value.code
        out, self.error = capsys.readouterr()
        self.lines = out.splitlines()
        self.text = out


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of three networks."""
    folder = tmp_path_factory.mktemp("several")
    changes = ("train.epochs=30", "population.seeds=3")
    recorded(presets.load("two-moons", changes).experiment, folder / "moons")
    return folder


def material(runs: Path, name: str) -> Material:
    watch = Watch(RunFolder(runs / name))
    watch.poll()
    return Material(watch.history)


@pytest.mark.parametrize("view", [*RUN_VIEWS, *VIEWS])
@pytest.mark.parametrize("name", PRESETS)
def test_a_view_is_shown_or_says_why_not(name, view, runs, capsys) -> None:
    shown = Shown(runs, capsys, name, "--view", view, "--size", "80x24")
    if view in VIEWS and view not in APPLY[name]:
        assert shown.status == 2
        assert shown.text == ""
        assert shown.error.startswith(f"--view {view}: needs ")
        assert len(shown.error.splitlines()) == 1
        assert set(shown.error.split("it has: ")[1].strip().split(", ")) >= APPLY[name]
        return
    assert shown.status == 0
    assert name in shown.lines[0]
    assert max(map(len, shown.lines)) <= 80
    assert "\x1b" not in shown.text
    if view in VIEWS:
        assert "weights of step " in shown.lines[1]


@pytest.mark.parametrize("size", ["1x1", "20x5", "40x12", "120x40", "200x60"])
@pytest.mark.parametrize("name", PRESETS)
def test_all_of_them_are_shown_at_any_size(name, size, runs, capsys) -> None:
    shown = Shown(runs, capsys, name, "--view", "all", "--size", size, "--glyphs", "ascii")
    assert shown.status == 0
    assert max(map(len, shown.lines)) <= int(size.split("x")[0])
    assert shown.text.isascii()


def test_the_summary_is_what_is_shown_where_no_view_is_named(runs, capsys) -> None:
    bare = Shown(runs, capsys, "two-moons", "--size", "80x24")
    named = Shown(runs, capsys, "two-moons", "--view", "summary", "--size", "80x24")
    assert bare.text == named.text
    assert "test accuracy" in bare.text


def test_a_view_that_there_is_not_is_refused_with_those_there_are(runs, capsys) -> None:
    shown = Shown(runs, capsys, "two-moons", "--view", "regoin")
    assert shown.status == 2
    assert "'regoin'" in shown.error
    assert "region" in shown.error


def test_a_step_shows_its_own_weights(runs, capsys) -> None:
    shown = Shown(runs, capsys, "zero-init", "--view", "weights", "--step", "0")
    assert "weights of step 0" in shown.text
    assert "the 5 rows are all 0" in shown.text
    moved = Shown(runs, capsys, "zero-init", "--view", "weights", "--step", "3")
    assert "weights of step 3" in moved.text
    assert "the 5 rows are equal" in moved.text


def test_of_a_step_that_is_not_kept_the_one_before_it_is_shown_and_said(runs, capsys) -> None:
    shown = Shown(runs, capsys, "two-moons", "--view", "region", "--step", "131")
    assert "weights of step 128, kept nearest to step 131" in shown.lines[1]


def test_the_best_step_is_the_results_and_says_so(runs, capsys) -> None:
    whole = material(runs, "two-moons")
    best = whole.best_step()
    shown = Shown(runs, capsys, "two-moons", "--view", "confusion", "--step", "best")
    assert "best" in shown.lines[1]
    kept = whole.network(best, best=True)
    assert abs(kept.step - best) <= 2
    assert f"step {kept.step}" in shown.lines[1]


def test_where_there_is_no_best_step_that_is_said(runs, capsys) -> None:
    shown = Shown(runs, capsys, "function-set", "--view", "function", "--step", "best")
    assert shown.status == 2
    assert "there is no best step" in shown.error


@pytest.mark.parametrize("option", [(), ("--json",), ("--view", "function")])
def test_a_step_that_no_run_has_come_to_is_refused(runs, capsys, option: tuple[str, ...]) -> None:
    shown = Shown(runs, capsys, "function-set", "--step", "5000", *option)
    assert shown.status == 2
    assert "--step 5000: function-set" in shown.error
    assert "has come to step 20; say a step up to that, or --step last" in shown.error


def test_of_several_runs_those_that_are_shorter_are_told_apart(runs, capsys) -> None:
    shown = Shown(runs, capsys, "function-set", "two-moons", "--step", "100")
    assert shown.status == 0
    assert "function-set" in shown.error
    assert "has come to step 20, which is shown" in shown.error
    assert "two-moons" not in shown.error


def test_a_step_is_read_or_refused() -> None:
    assert parse_step("512") == 512
    assert parse_step("best") == "best"
    assert parse_step("last") == "last"
    for wrong in ("", "-1", "1.5", "first", "1e3", "9" * 40):
        with pytest.raises(StepError, match="--step"):
            parse_step(wrong)


def test_the_loss_that_is_named_is_that_of_these_weights(runs) -> None:
    """Row s + 1 of full batches holds the loss of the weights of step s."""
    whole = material(runs, "function-set")
    part = whole.dataset.train
    for step in (0, 7, 20):
        network = whole.network(step)
        errors = network.outputs(part.inputs) - part.targets
        # The reduction of this preset is the sum.
        named = float(network.loss.removeprefix("loss "))
        assert named == pytest.approx(float((errors**2).sum()), rel=1e-3)


def test_the_picture_agrees_with_the_result(runs, capsys) -> None:
    """The confusion matrix of the best weights has the accuracy that training measured."""
    whole = material(runs, "automatic-update")
    assert whole.history.end is not None
    accuracy = whole.history.end.result["train_accuracy"]
    network = whole.network(whole.history.last_step)
    part = whole.parts["train"]
    assert (network.predicted(part.inputs) == part.targets).mean() == pytest.approx(accuracy)
    shown = Shown(runs, capsys, "automatic-update", "--view", "confusion")
    assert f"accuracy {accuracy:.4f}" in shown.text


def test_probabilities_are_probabilities(runs) -> None:
    for name in ("two-moons", "automatic-update"):
        whole = material(runs, name)
        shares = whole.network(5).probabilities(whole.dataset.train.inputs)
        assert shares.shape[1] == len(whole.target_names)
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)


def test_a_layer_is_shown_alone(runs, capsys) -> None:
    shown = Shown(runs, capsys, "two-moons", "--view", "histogram", "--layer", "layer1.bias")
    assert "layer1.bias · " in shown.text
    assert "layer2" not in shown.text
    for name in ("layer2", "layer2.weight"):
        shown = Shown(runs, capsys, "two-moons", "--view", "weights", "--layer", name)
        assert f"{name} · 1x5" in shown.text
        assert "layer1" not in shown.text


def test_a_layer_that_there_is_not_is_refused_with_those_there_are(runs, capsys) -> None:
    for view in ("weights", "histogram"):
        shown = Shown(runs, capsys, "two-moons", "--view", view, "--layer", "layer9")
        assert shown.status == 2
        assert "there is no 'layer9'; there are: layer1.weight" in shown.error


def test_a_histogram_at_the_start_has_what_it_was_drawn_from(runs, capsys) -> None:
    """Its learning rate is 0, so the weights of the last step are still those of the start."""
    for step in ("0", "1"):
        shown = Shown(runs, capsys, "init-histograms", "--view", "histogram", "--step", step)
        assert "drawn from: normal, mean 0, std 1" in shown.text
        assert "drawn from: uniform from -1 to 1" in shown.text
        assert "drawn from: uniform from -0.1 to 0.1" in shown.text
    moved = Shown(runs, capsys, "two-moons", "--view", "histogram", "--step", "5")
    assert "drawn from" not in moved.text


def test_fresh_rows_are_the_same_each_time(runs, capsys) -> None:
    first, second = (Shown(runs, capsys, "sum-of-30", "--view", "predictions") for _ in range(2))
    assert first.text == second.text
    assert "fresh rows" in first.text
    assert first.lines[2].split()[:6] == ["x1", "x2", "x3", "x4", "x5", "…"]


def test_the_preset_of_a_run_can_be_run_again(runs, capsys, tmp_path) -> None:
    shown = Shown(runs, capsys, "two-moons", "--preset")
    assert shown.status == 0
    path = tmp_path / "again.toml"
    path.write_text(shown.text)
    again = presets.load(str(path)).experiment
    assert again == presets.load("two-moons", PRESETS["two-moons"]).experiment


def test_a_run_without_weights_says_so(tmp_path, capsys) -> None:
    spec = presets.load("zero-init").experiment
    recorded(spec, tmp_path / "bare", snapshots=False, checkpoint=False)
    shown = Shown(tmp_path, capsys, "bare", "--view", "weights")
    assert shown.status == 2
    assert "no weights" in shown.error
    assert Shown(tmp_path, capsys, "bare", "--view", "all").status == 0


def test_weights_that_are_not_finite_are_shown(runs, monkeypatch, capsys) -> None:
    def broken(*arguments):
        return {name: np.full_like(each, np.nan) for name, each in unpack(*arguments).items()}

    monkeypatch.setattr("tui.drawing.network.material.unpack", broken)
    monkeypatch.setattr("engine.recording.kept_weights.unpack", broken)
    for name in ("two-moons", "function-set", "automatic-update"):
        shown = Shown(runs, capsys, name, "--view", "all", "--size", "80x24")
        assert shown.status == 0
        assert "NaN" in shown.text
    assert "not finite" in shown.text


def test_a_data_file_that_has_changed_is_not_drawn_as_if_it_had_not(tmp_path, capsys) -> None:
    table = tmp_path / "own.csv"
    table.write_text("x,y\n" + "".join(f"{i},{2 * i}\n" for i in range(10)))
    tables = {
        "data": {
            "kind": "file",
            "path": str(table),
            "inputs": ["x"],
            "targets": ["y"],
            "task": "numbers",
        },
        "model": {"hidden": [2]},
        "loss": {"name": "mse"},
        "train": {"steps": 3},
    }
    recorded(presets.resolve(tables, "here"), tmp_path / "own")
    assert Shown(tmp_path, capsys, "own", "--view", "function").status == 0
    table.write_text(table.read_text().replace("9,18", "9,19"))
    shown = Shown(tmp_path, capsys, "own", "--view", "function")
    assert shown.status == 2
    assert "has changed since the run" in shown.error


def test_scaled_data_is_shown_in_its_own_units(tmp_path, capsys) -> None:
    tables = {
        "data": {
            "kind": "function",
            "domain": [1000.0, 3000.0],
            "targets": ["x * 10"],
            "scale_inputs": "standard",
            "scale_targets": "range",
        },
        "model": {"hidden": [4], "activation": "tanh"},
        "loss": {"name": "mse"},
        "optimizer": {"name": "adam", "lr": 0.05},
        "train": {"steps": 300},
    }
    recorded(presets.resolve(tables, "here"), tmp_path / "scaled")
    whole = material(tmp_path, "scaled")
    said = whole.network(300).outputs(whole.scaled_inputs(np.array([[2000.0]])))
    assert whole.scaling.to_original(said)[0, 0] == pytest.approx(20_000, rel=0.1)
    shown = Shown(tmp_path, capsys, "scaled", "--view", "function", "--size", "80x24")
    assert "2000" in shown.lines[-1]
    assert any(line.startswith("  30000") for line in shown.lines)


def test_no_torch_is_needed(runs) -> None:
    script = (
        "import sys; from tui.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as left: assert not left.code, left.code\n"
        "assert 'torch' not in sys.modules and 'textual' not in sys.modules"
    )
    arguments = ["show", "two-moons", "--view", "all", "--runs-dir", str(runs)]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    subprocess.run(
        [sys.executable, "-c", script, *arguments],
        check=True,
        capture_output=True,
        timeout=DEADLINE,
        env=environment,
    )


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of a network of one's own."""
    folder = tmp_path_factory.mktemp("own")
    recorded(presets.load("digits-convolution", ["train.epochs=1"]).experiment, folder / "own")
    return folder


def test_of_a_network_of_ones_own_the_weights_are_shown(own, capsys) -> None:
    shown = Shown(own, capsys, "own", "--view", "confusion")
    assert shown.status == 2
    assert "epochal show RUN --allow-code" in shown.error
    whole = Shown(own, capsys, "own", "--view", "all", "--size", "80x24")
    assert "conv1.weight · weights of step" in whole.text
    assert "conv1 · 8x9" in whole.text
    assert "confusion" not in whole.text


@pytest.mark.parametrize("view", ["predictions", "confusion", "gradients"])
def test_of_a_network_of_ones_own_the_rest_is_shown_where_its_code_may_run(
    view, own, capsys
) -> None:
    asked = ("--view", view, "--size", "90x30")
    assert "--allow-code" in Shown(own, capsys, "own", *asked).error
    shown = Shown(own, capsys, "own", *asked, "--allow-code").text
    accuracy = material(own, "own").history.end.result["test_accuracy"]
    expected = {
        "predictions": f"{accuracy:.2%} right",
        "confusion": f"accuracy {accuracy:.4f}",
        "gradients": "conv1 · 8x9 · gradient of step",
    }
    assert expected[view] in shown
    inside = Shown(own, capsys, "own", "--view", "activations", "--allow-code").error
    assert "a network of one's own has its own code" in inside


def test_names_from_a_file_cannot_act_on_the_terminal(tmp_path, capsys) -> None:
    table = tmp_path / "own.csv"
    rows = [f"{i},{-i},{name}\n" for i, name in enumerate(6 * ["月", "\x1b[31m"])]
    table.write_text("\x1b[2J,第二,sort\n" + "".join(rows), "utf-8")
    tables = {
        "data": {
            "kind": "file",
            "path": str(table),
            "inputs": ["\x1b[2J", "第二"],
            "targets": ["sort"],
            "task": "classes",
        },
        "model": {"hidden": [2]},
        "loss": {"name": "cross_entropy"},
        "train": {"steps": 3},
    }
    recorded(presets.resolve(tables, "here"), tmp_path / "own")
    shown = Shown(tmp_path, capsys, "own", "--view", "all", "--size", "80x24")
    assert shown.status == 0
    assert "\x1b" not in shown.text
    assert "\\x1b[2J" in shown.text
    assert max(map(cell_len, shown.lines)) <= 80


def test_of_a_population_all_members_are_shown_or_the_one_that_is_named(several, capsys) -> None:
    whole = Shown(several, capsys, "moons", "--size", "120x30")
    assert "mean of 3, band 5 to 95 %" in whole.text
    assert "medians of 3 members" in whole.text
    assert "±" in whole.text
    one = Shown(several, capsys, "moons", "--size", "120x30", "--member", "2")
    assert "seed 103 (2 of 3)" in one.text
    assert "±" not in one.text
    assert "band" not in one.text


def test_the_distribution_is_a_view_of_populations_alone(several, runs, capsys) -> None:
    shown = Shown(several, capsys, "moons", "--view", "distribution", "--size", "90x14")
    assert "test accuracy of 3 members" in shown.text
    assert "median" in shown.text
    refused = Shown(runs, capsys, "two-moons", "--view", "distribution")
    assert refused.status == 2
    assert "needs several members" in refused.error


def test_every_view_of_a_population_is_of_the_member_that_is_named(several, capsys) -> None:
    pictures = [
        Shown(several, capsys, "moons", "--view", "all", *member).text
        for member in ((), ("--member", "1"), ("--member", "3"))
    ]
    assert "seed 104, member 3 of 3" in pictures[2]
    assert len(set(pictures)) == 3


@pytest.mark.parametrize("view", ["region", "predictions", "weights", "gradients", "activations"])
def test_a_picture_of_one_network_of_several_says_which_where_room_is_short(
    view, several, capsys
) -> None:
    shown = Shown(several, capsys, "moons", "--view", view, "--size", "80x24")
    assert "member 1 of 3" in shown.lines[0]
    whole = Shown(several, capsys, "moons", "--view", "curves", "--size", "80x24")
    assert "member" not in whole.lines[0]


def test_a_member_that_is_not_there_is_refused(several, capsys) -> None:
    for number in ("0", "4"):
        refused = Shown(several, capsys, "moons", "--member", number)
        assert refused.status == 2
        assert f"--member: must be from 1 to 3 (got {number})" in refused.error


class TestTheDiagnosis:
    def test_the_summary_ends_with_it_at_the_step_that_is_shown(self, runs, capsys) -> None:
        sick = Shown(runs, capsys, "zero-init", "--size", "100x30", "--step", "2")
        assert len(sick.lines) <= 30
        assert "have the same weights" in "".join(sick.lines[-3:])
        assert sick.lines[-1] == "  Try random weights (Xavier)."
        well = Shown(runs, capsys, "two-moons", "--size", "100x30")
        assert well.lines[-1].endswith("Nothing is wrong that epochal knows how to see.")

    def test_a_layer_is_judged_as_the_diagnosis_says(self, runs, capsys) -> None:
        shown = Shown(runs, capsys, "zero-init", "--size", "100x30")
        (row,) = [line for line in shown.lines if line.startswith("layer1 ")]
        assert "stuck" in row

    def test_json_has_the_result_and_the_diagnosis_as_one_object(self, runs, capsys) -> None:
        shown = Shown(runs, capsys, "zero-init", "--json")
        told = json.loads(shown.text)
        assert (told["state"], told["step"], told["status"]) == ("ended", 5, "finished")
        assert told["result"]["steps"] == 5
        assert told["layers"]["layer1"] == "stuck"
        (found,) = told["diagnosis"]
        assert found["rule"] == "symmetric"
        assert found["remedy"]["set"] == ["model.init.weight=xavier_normal"]

    def test_json_is_of_the_step_and_the_member_that_are_named(self, runs, several, capsys) -> None:
        assert (
            json.loads(Shown(runs, capsys, "two-moons", "--json", "--step", "7").text)["step"] == 7
        )
        assert json.loads(Shown(several, capsys, "moons", "--json").text)["members"] == 3
        assert Shown(several, capsys, "moons", "--json", "--member", "4").status == 2


def test_several_runs_stand_side_by_side(runs, capsys) -> None:
    size = ("--view", "region", "--size", "101x20")
    both = Shown(runs, capsys, "zero-init", "automatic-update", *size)
    assert both.status == 0
    assert len(both.lines) == 20
    first = Shown(runs, capsys, "zero-init", "--view", "region", "--size", "50x20")
    second = Shown(runs, capsys, "automatic-update", "--view", "region", "--size", "49x20")
    assert [line[:50].rstrip() for line in both.lines] == first.lines
    assert [line[52:].rstrip() for line in both.lines] == second.lines
    told = Shown(runs, capsys, "zero-init", "automatic-update", "--json")
    assert [json.loads(line)["name"] for line in told.lines] == ["zero-init", "automatic-update"]


def test_curves_side_by_side_have_the_same_steps_under_them(runs, capsys) -> None:
    names = ("function-set", "automatic-update")
    both = Shown(runs, capsys, *names, "--view", "curves", "--size", "122x12").lines
    axis = next(line for line in both if line.count("30") == 2)
    assert axis.index("30") == axis.rindex("30") - 62
    alone = Shown(runs, capsys, "function-set", "--view", "curves", "--size", "60x12").text
    assert "30" not in alone.splitlines()[-1]


def test_a_view_that_one_of_several_lacks_is_refused(runs, capsys) -> None:
    shown = Shown(runs, capsys, "zero-init", "function-set", "--view", "region")
    assert (shown.status, shown.text) == (2, "")
    assert shown.error.startswith("function-set: --view region: needs classes")


def test_of_many_networks_too_large_for_the_recording_the_result_is_shown(
    tmp_path, monkeypatch, capsys
) -> None:
    for limit in ("SNAPSHOT_LIMIT", "ENDS_LIMIT"):
        monkeypatch.setattr(f"engine.training.snapshots.{limit}", 20)
    spec = presets.load("sum-of-30", ["train.steps=5", "population.seeds=3"]).experiment
    recorded(spec, tmp_path / "sums")
    for view, words in {"distribution": "train loss of 3 members", "tests": "10 new rows"}.items():
        assert words in Shown(tmp_path, capsys, "sums", "--view", view).text
    refused = Shown(tmp_path, capsys, "sums", "--view", "weights", "--step", "2").error
    assert "no weights of these 3 networks of 16 743 numbers" in refused


def test_what_an_activation_view_counts_is_what_the_run_measured(runs) -> None:
    """The probe takes some of the rows, some of them twice: a unit may fall on the other side."""
    whole = material(runs, "function-set")
    rows = whole.history.series["probe"]
    step = int(rows.steps[-1])
    for layer in gather_sums(whole.network(step))[:-1]:
        measured = rows.value(f"saturated/{layer.name}", step)
        assert layer.shares["saturated"] == pytest.approx(measured, abs=1.5 / 32)
