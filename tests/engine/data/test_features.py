"""Features that are computed of a row's inputs: by their expressions, the same wherever asked."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

import engine
from engine.data import load
from engine.data.features import Features
from engine.errors import DataError, PresetError, RecordingError
from engine.explain import formulas
from engine.explain.program import program
from engine.presets import preset as presets
from engine.recording.forward import scaling_of
from engine.results.asked_rows import rows_of_file, rows_of_set, rows_of_values
from engine.results.predict import answers, text
from engine.training.trainer import Trainer
from tests.experiments import MOONS, experiment
from tests.trained import recorded
from tui.drawing.network import region
from tui.drawing.network.material import Material
from tui.pictures.gallery import VIEWS, Subject

COMPUTED: dict[str, Any] = {"features": ["x", "x**2", "x*y", "sin(x2)"], "scale_inputs": "standard"}


def computed(x: Any, y: Any) -> Any:
    return np.stack([x, x**2, x * y, np.sin(y)], axis=-1)


def test_they_are_what_their_expressions_say() -> None:
    rows = np.array([[1.5, -2.0], [3.0, 0.5]])
    said = Features(("x*y", "exp(x1) + tau", "2"), ("x", "y")).of(rows)
    np.testing.assert_allclose(said[:, 0], [-3.0, 1.5])
    np.testing.assert_allclose(said[:, 1], np.exp(rows[:, 0]) + 2 * np.pi)
    np.testing.assert_array_equal(said[:, 2], [2.0, 2.0])


def test_an_input_goes_by_its_place_and_by_its_name_where_that_is_a_word() -> None:
    names = ("sepal length (cm)", "e", "sin", "x1", "class")
    features = Features(("x1", "x2", "e", "x3", "sin(x3)"), names)
    assert features.places == {"e": 1, "x1": 3, "class": 4, "x2": 1, "x3": 2, "x4": 3, "x5": 4}
    row = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(features.of(row), [3.0, 1.0, 1.0, 2.0, np.sin(2.0)])


@pytest.mark.parametrize(
    ("features", "problem"),
    [
        (["x", "z"], "data.features[1]: 'z' is not known; the inputs are called x, y, x1, x2"),
        (["x^2"], "data.features[0]: '^' is no power here; write '**'; the inputs are called"),
        (["x", "y", "x"], "data.features[2]: 'x' stands there twice"),
        (["y", "log(x)"], "data.features[1]: 'log(x)' is nan where x = -"),
        (["1 / (x - x)"], "data.features[0]: '1 / (x - x)' is inf where x = "),
        (["__import__('os')"], "data.features[0]: function '__import__' is not known"),
        ([], "data.features: must have at least 1"),
    ],
)
def test_what_is_no_feature_is_refused_with_its_place(features: list[str], problem: str) -> None:
    with pytest.raises(PresetError) as refused:
        presets.resolve({**MOONS, "data": {**MOONS["data"], "features": features}}, "a.toml")
    assert problem in str(refused.value)


def test_fresh_rows_have_none() -> None:
    with pytest.raises(ValidationError):
        experiment({"data": {"kind": "sum", "features": ["x1"]}, "loss": {"name": "mse"}})


def test_what_a_drawn_row_alone_shows_is_refused_when_it_is_drawn() -> None:
    spec = experiment(MOONS, data={"samples": 1000, "split": None}).data
    hidden = np.sort(spec.draw(np.random.default_rng(0)).inputs[:, 0])[0]
    data = spec.model_copy(update={"features": [f"sqrt(x + {-hidden - 1.0})"]})
    with pytest.raises(DataError, match=r"data.features\[0\]: 'sqrt.* is nan where x = "):
        load(data, 0)


def test_they_are_computed_before_the_training_rows_scale_them() -> None:
    plain = load(experiment(MOONS).data, 102)
    data = load(experiment(MOONS, data=COMPUTED).data, 102)
    assert plain.dev is not None
    assert data.dev is not None
    train, dev = (computed(*part.inputs.T.astype(float)) for part in (plain.train, plain.dev))
    shift, scale = train.mean(axis=0), train.std(axis=0)
    np.testing.assert_allclose(data.train.inputs, (train - shift) / scale, atol=1e-5)
    np.testing.assert_allclose(data.dev.inputs, (dev - shift) / scale, atol=1e-5)
    np.testing.assert_allclose(data.dev.original_inputs(data.scaling), plain.dev.inputs, atol=1e-6)


def test_a_run_is_asked_by_what_a_row_gives(tmp_path: Path) -> None:
    folder, trainer = recorded(
        experiment(MOONS, data=COMPUTED, train={"epochs": 9}), tmp_path / "a"
    )
    run = engine.load_run(folder.path)
    assert run.header.input_names == COMPUTED["features"]
    assert run.header.given_names == ["x", "y"]
    asked = rows_of_set(run, "test")
    raw = load(experiment(MOONS).data, 102).test
    assert raw is not None
    np.testing.assert_allclose(asked.inputs, raw.inputs, atol=1e-6)
    told = answers(run, asked)
    assert told.figure == ("accuracy", pytest.approx(run.result["test_accuracy"]))
    with torch.no_grad():
        seen = torch.from_numpy(asked.inputs)
        torch.testing.assert_close(
            run.module()(seen).double(), torch.from_numpy(told.outputs), rtol=1e-5, atol=1e-6
        )
    typed = answers(run, rows_of_values(run, ["0.5, 0.2"]))
    (tmp_path / "new.csv").write_text("y,x\n0.2,0.5\n")
    np.testing.assert_array_equal(
        typed.outputs, answers(run, rows_of_file(run, tmp_path / "new.csv")).outputs
    )
    assert text(typed).split()[:4] == ["x", "y", "class", "probability"]
    assert trainer.experiment.widths == [4, 5, 1]


def test_pictures_stay_in_what_a_row_gives(tmp_path: Path) -> None:
    folder, _ = recorded(experiment(MOONS, data=COMPUTED, train={"epochs": 9}), tmp_path / "a")
    history = engine.load_run(folder.path).history
    assert history.header is not None
    assert not VIEWS["region"].missing(Subject.of(history.header))
    material = Material(history)
    shown = region.gather(material.network(9))
    assert shown.names == ("x", "y")
    places = np.concatenate([each.places for each in shown.points])
    assert places.shape == (100, 2)
    assert shown.across[0] <= places[:, 0].min()
    assert places[:, 0].max() <= shown.across[1]
    assert shown.probabilities(places).shape == (100, 2)
    assert material.feature_names == COMPUTED["features"]


@pytest.mark.parametrize("written_in", ["backward", "numpy", "torch"])
def test_programs_compute_them(written_in: Any, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("np,the sort,inputs,z\n1,2,3,4\n2,3,4,5\n0,5,2,9\n")
    data = {"kind": "file", "path": str(tmp_path / "a.csv"), "task": "numbers", "targets": ["z"]}
    data |= {"features": ["np * x2", "inputs**2", "3", "sin(np)"], "scale_inputs": "range"}
    spec = experiment(
        {"data": data, "loss": {"name": "mse"}, "train": {"steps": 4, "dtype": "float64"}}
    )
    ways = {"backward": lambda: program(spec), "torch": lambda: formulas.program(spec, "torch")}
    source = ways.get(written_in, lambda: formulas.program(spec, "numpy"))()
    space: dict[str, Any] = {}
    exec(compile(source, "program.py", "exec"), space)
    losses = Trainer(spec, device="cpu").advance(4).series[0].values[0, :, 0]
    np.testing.assert_allclose(space["losses"], losses, rtol=1e-6)


def test_a_recording_with_features_that_are_none_is_refused_by_name(tmp_path: Path) -> None:
    folder, _ = recorded(experiment(MOONS, data=COMPUTED, train={"epochs": 2}), tmp_path / "a")
    header = engine.load_run(folder.path).header
    data = {**header.experiment["data"], "features": ["x", "import os", "x", "y"]}
    broken = dataclasses.replace(header, experiment={**header.experiment, "data": data})
    with pytest.raises(RecordingError, match=r"data.features\[1\]: is no expression"):
        scaling_of(broken)
