"""Weights and gradients as numbers, of one step or of several, and the same as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.presets import preset as presets
from engine.recording.forward import unpack
from engine.recording.history import History
from engine.runs.folder import RunFolder
from tests.trained import recorded
from tui import cli
from tui.pictures.wish import StepError, parse_steps
from tui.watching.watch import Watch

PRESETS = {
    "zero-init": (),
    "forgotten-zero": ("train.epochs=3",),
    "iris": ("train.epochs=1",),
    "two-moons": ("train.epochs=4", "population.seeds=2"),
    "function-set": ("train.epochs=5", "optimizer.lr=1e30"),
}
"""What is trained, and what shortens it; the last one diverges."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for name, changes in PRESETS.items():
        recorded(presets.load(name, changes).experiment, folder / name)
    return folder


def history_of(runs: Path, name: str) -> History:
    watch = Watch(RunFolder(runs / name))
    watch.poll()
    return watch.history


def shown(capsys: pytest.CaptureFixture[str], runs: Path, *arguments: str, status: int = 0) -> str:
    with pytest.raises(SystemExit) as left:
        cli.main(["show", *arguments, "--size", "80x40", "--runs-dir", str(runs)])
    assert left.value.code == status
    out, error = capsys.readouterr()
    return error if status else out


def objects(capsys: pytest.CaptureFixture[str], runs: Path, *arguments: str) -> list[Any]:
    def no_constants(name: str) -> Any:
        raise AssertionError(f"{name} is no JSON")

    lines = shown(capsys, runs, *arguments, "--json").splitlines()
    return [json.loads(line, parse_constant=no_constants) for line in lines]


def test_all_weights_of_a_run_are_one_print_out(runs, capsys) -> None:
    text = shown(capsys, runs, "zero-init", "--view", "weights", "--steps", "0..5")
    whose = [line for line in text.splitlines() if line.startswith("layer1")]
    assert [line.split("weights of ")[1].split(" ·")[0] for line in whose] == [
        f"step {step}" for step in range(6)
    ]
    assert text.count("the 5 rows are all 0") == 2
    assert text.count("the 5 rows are equal") == 4


@pytest.mark.parametrize("name", ["zero-init", "iris"])
def test_as_json_they_are_the_recorded_numbers_each_of_them(name, runs, capsys) -> None:
    history = history_of(runs, name)
    told = objects(capsys, runs, name, "--view", "weights", "--steps", "0..3")
    assert [each["weights"]["step"] for each in told] == [0, 1, 2, 3]
    for each in told:
        kept = unpack(history.header, history.snapshot(each["step"]))
        for key, values in each["weights"]["parameters"].items():
            np.testing.assert_array_equal(np.array(values, np.float32), kept[key])


@pytest.mark.parametrize("name", ["zero-init", "iris", "two-moons"])
def test_the_norms_of_the_gradients_are_those_that_the_run_recorded(name, runs, capsys) -> None:
    history, last = history_of(runs, name), 4
    member = history.header.members - 1
    asked = ("--member", str(member + 1)) if member else ()
    told = objects(capsys, runs, name, "--view", "gradients", "--steps", f"1..{last}", *asked)
    assert [each["gradients"]["step"] for each in told] == [1, 2, 3, 4]
    rows = history.series["train"]
    for each in told:
        step = each["gradients"]["step"]
        assert each["gradients"]["loss"] == pytest.approx(
            rows.value("loss", step, member), rel=1e-5
        )
        for key, values in each["gradients"]["parameters"].items():
            norm = rows.value(f"grad_norm/{key}", step, member)
            assert np.linalg.norm(values) == pytest.approx(norm, rel=1e-3, abs=1e-9)


def test_gradients_are_printed_layer_by_layer(runs, capsys) -> None:
    lines = shown(capsys, runs, "zero-init", "--view", "gradients", "--step", "2").splitlines()
    assert lines[1].startswith("layer1 · 5x2 · gradient of step 2, by the weights of step 1 · loss")
    assert [line.split()[0] for line in lines[3:8]] == ["1", "2", "3", "4", "5"]
    assert any(line.startswith("layer2 · 1x5 · gradient of step 2") for line in lines)
    alone = shown(capsys, runs, "zero-init", "--view", "gradients", "--layer", "layer2.bias")
    assert "layer2.bias · 1x1 · gradient of step 5" in alone
    assert "layer1" not in alone


def test_where_gradients_are_never_cleared_that_is_said(runs, capsys) -> None:
    piled = shown(capsys, runs, "forgotten-zero", "--view", "gradients")
    assert "never cleared" in piled
    assert "never cleared" not in shown(capsys, runs, "zero-init", "--view", "gradients")


@pytest.mark.parametrize("view", ["weights", "activations"])
def test_numbers_that_are_not_finite_are_words_in_json(view, runs, capsys) -> None:
    (told,) = objects(capsys, runs, "function-set", "--view", view, "--step", "last")
    assert any(word in json.dumps(told[view]) for word in ('"nan"', '"inf"', '"-inf"', "null"))


def test_a_view_that_is_a_picture_leaves_the_object_as_it_was(runs, capsys) -> None:
    (plain,) = objects(capsys, runs, "zero-init")
    (region,) = objects(capsys, runs, "zero-init", "--view", "region")
    assert plain == region


def test_what_stops_gradients_is_told_as_json(runs, capsys) -> None:
    (told,) = objects(capsys, runs, "zero-init", "--view", "activations", "--layer", "layer1")
    layer = told["activations"]["layers"]["layer1"]
    assert (layer["activation"], layer["units"], layer["rows"]) == ("sigmoid", 5, 640)
    assert layer["saturated"] == 0.0


@pytest.mark.parametrize(
    ("text", "steps"), [("0..2", (0, 1, 2)), ("5", (5,)), ("1, 0..1,9", (1, 0, 9))]
)
def test_steps_are_read(text, steps) -> None:
    assert parse_steps(text) == steps


@pytest.mark.parametrize("text", ["", "a", "5..1", "1..", "-1", "0..99999999", "1.5", "best"])
def test_what_is_no_steps_is_refused(text) -> None:
    with pytest.raises(StepError, match="--steps: "):
        parse_steps(text)


def test_steps_that_are_not_there_are_refused_with_those_that_are(runs, capsys) -> None:
    said = shown(capsys, runs, "zero-init", "--view", "weights", "--steps", "7..9", status=2)
    assert said == "--steps: none of these has --view weights; there are: 0, 1, 2, 3, 4, 5\n"
    both = ("--step", "1", "--steps", "0..2")
    assert "give one of them" in shown(capsys, runs, "zero-init", *both, status=2)
