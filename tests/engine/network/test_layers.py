"""Listed layers: convolution, pooling, flattening and dense layers, for one network or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.errors import EpochalError, PresetError, RecordingError, RequestError
from engine.experiment.experiment import Experiment
from engine.explain import formulas
from engine.explain.summary import explanation, text
from engine.inspection.gradcheck import check
from engine.inspection.microscope import dissect
from engine.network.layers import module_specs
from engine.presets.preset import resolve
from engine.recording.forward import forward, layers_of, unpack
from engine.training.header import header_of
from engine.training.trainer import Trainer

EVERY_KIND: list[dict[str, Any]] = [
    {"conv": 3, "kernel": 3, "stride": 2, "padding": 1, "normalisation": "batch"},
    {"pool": 2, "stride": 1, "mode": "mean", "dropout": 0.25},
    {"conv": 4, "kernel": 2, "activation": "tanh", "normalisation": "layer"},
    {"pool": 2},
    {"flatten": True},
    {"dense": 6, "dropout": 0.1},
]


def tables_of_digits(layers: Sequence[dict[str, Any]], **tables: Any) -> dict[str, Any]:
    """Return a preset that reads digits by some layers."""
    model = {"layers": list(layers), **tables.pop("model", {})}
    data = {"kind": "sklearn", "set": "digits", "split": [60, 40], "scale_inputs": "range"}
    train = {"steps": 6, "batch_size": 20, **tables.pop("train", {})}
    said = {"data": data, "model": model, "loss": {"name": "cross_entropy"}, "train": train}
    return {**said, **tables}


def digits(layers: Sequence[dict[str, Any]], **tables: Any) -> Experiment:
    """Return an experiment that reads digits by some layers."""
    return resolve(tables_of_digits(layers, **tables), "digits")


@pytest.fixture(scope="module")
def trained() -> Trainer:
    """Three networks side by side, of every kind of layer, six steps on."""
    trainer = Trainer(digits(EVERY_KIND, population={"seeds": 3}))
    trainer.advance(6)
    return trainer


def in_a_row(trainer: Trainer, member: int) -> nn.Sequential:
    """Return a member as PyTorch's own modules, the way it is printed and loaded."""
    experiment = trainer.experiment
    weights = unpack(header_of(trainer, "x"), trainer.snapshot(), member)
    network = nn.Sequential()
    for spec in module_specs(experiment.model, experiment.plan):
        module = getattr(nn, spec.module)(*spec.arguments, **spec.keywords)
        of_module = {
            name.rpartition(".")[2]: torch.from_numpy(np.array(value))
            for name, value in weights.items()
            if spec.recorded and name.rpartition(".")[0] == spec.recorded
        }
        module.load_state_dict({**module.state_dict(), **of_module})
        network.append(module)
    return network.eval()


@pytest.mark.parametrize("member", range(3))
def test_trained_recorded_and_printed_networks_say_the_same(trained: Trainer, member: int) -> None:
    inputs = trained.data.sets["dev"].inputs
    said = trained.measure.outputs(inputs)[member].numpy()  # type: ignore[attr-defined]
    header = header_of(trained, "x")
    by_numpy = forward(
        layers_of(header), unpack(header, trained.snapshot(), member), inputs[member].numpy()
    )
    with torch.no_grad():
        by_torch = in_a_row(trained, member)(inputs[member]).numpy()
    np.testing.assert_allclose(by_numpy[-1], said, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(by_torch, said, rtol=1e-4, atol=1e-5)
    assert [each.shape[1] for each in by_numpy] == trained.experiment.widths[1:]


@pytest.mark.parametrize("shape", [[1, 9, 9], [], [8, 8]])
def test_a_recording_that_says_another_shape_is_refused(trained: Trainer, shape: list[int]) -> None:
    header = replace(header_of(trained, "x"), row_shape=shape)
    rows = trained.data.sets["dev"].inputs[0].numpy()
    with pytest.raises(RecordingError, match="layer1 cannot be computed"):
        forward(layers_of(header), unpack(header, trained.snapshot()), rows)


def test_a_member_trains_as_it_would_alone(trained: Trainer) -> None:
    alone = Trainer(digits(EVERY_KIND, train={"seed": trained.seeds[1]}))
    alone.advance(6)
    beside = unpack(header_of(trained, "x"), trained.snapshot(), 1)
    for name, values in unpack(header_of(alone, "x"), alone.snapshot()).items():
        np.testing.assert_allclose(beside[name], values, rtol=1e-3, atol=1e-5, err_msg=name)


def test_gradients_by_autograd_and_by_differences_agree() -> None:
    # Without corners: of a greatest number there is no slope where two are equal.
    smooth = [{**each, "mode": "mean"} if "pool" in each else each for each in EVERY_KIND]
    experiment = digits(smooth, model={"activation": "tanh"}, train={"batch_size": 4})
    (compared, *_) = check(experiment)
    assert all(agreement.holds for agreement in compared.verdicts)


def test_a_measured_set_may_be_larger_than_what_is_computed_at_once(
    trained: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = trained.data.sets["dev"].inputs
    whole = trained.measure.outputs(inputs)  # type: ignore[attr-defined]
    monkeypatch.setattr(trained.measure, "_most_rows", 7)  # type: ignore[attr-defined]
    parts = trained.measure.outputs(inputs)  # type: ignore[attr-defined]
    torch.testing.assert_close(parts, whole)


def test_a_channel_is_dead_where_its_slope_is_0_at_every_place() -> None:
    layers = [
        {"conv": 4, "init": {"bias": -50.0}},
        {"pool": 2},
        {"flatten": True},
        {"dense": 5},
    ]
    trainer = Trainer(digits(layers, train={"probe": 1}))
    (probed,) = (each for each in trainer.advance(2).series if each.group == "probe")
    shares = dict(zip(trainer.columns["probe"], probed.values, strict=True))
    assert (shares["dead/layer1"] == 1).all()
    assert (shares["dead/layer4"] < 1).all()
    assert "dead/layer2" not in shares


def test_it_is_told_layer_by_layer_and_what_has_no_formulas_says_so() -> None:
    experiment = digits(EVERY_KIND)
    told = text(explanation(experiment))
    for words in (
        "Conv2d 1 → 3, 3x3, stride 2, padding 1, then BatchNorm2d, then ReLU  [20, 3, 4, 4]",
        "AvgPool2d 2x2, stride 1, then Dropout of 25%",
        "Conv2d 3 → 4, 2x2, then GroupNorm, then Tanh",
        "MaxPool2d 2x2",
        "Flatten",
    ):
        assert words in told
    with pytest.raises(RequestError, match=r"model\.layers"):
        dissect(experiment, None, 1)
    with pytest.raises(EpochalError, match="no formulas for listed layers"):
        formulas.program(experiment)
    with pytest.raises(PresetError, match="no formulas for layers that are listed"):
        digits(EVERY_KIND, train={"gradients": "manual"})


def test_rows_are_pictures_where_the_preset_says_so() -> None:
    data = {"kind": "table", "inputs": [[0.0] * 12, [1.0] * 12], "targets": [0, 1]}
    layers = [{"conv": 2, "kernel": 2}, {"flatten": True}]
    tables = {"data": data, "loss": {"name": "cross_entropy"}}
    model = {"layers": layers, "input_shape": [1, 3, 4]}
    experiment = resolve({**tables, "model": model}, "x")
    assert experiment.widths == [12, 12, 12, 2]
    for shape, words in ((None, "set model.input_shape"), ([1, 3, 3], "is 9 numbers, a row")):
        with pytest.raises(PresetError, match=words):
            resolve({**tables, "model": {**model, "input_shape": shape}}, "x")


@pytest.mark.parametrize(
    ("layers", "key", "words"),
    [
        ([{"conv": 2}, {"dense": 3}], "layers[1]", "put { flatten = true } before it"),
        ([{"conv": 2}], "layers", "put { flatten = true } last"),
        ([{"flatten": True}, {"pool": 2}], "layers[1]", "move it before the flattening"),
        ([{"pool": 4}, {"conv": 2, "kernel": 3}], "layers[1]", "[1, 2, 2], which comes in"),
        ([{"conv": 2, "pool": 2}], "layers[0]", "got conv and pool"),
        ([{"kernel": 2}], "layers[0]", "got none of them"),
        ([{"pool": 2, "kernel": 5}], "layers[0].kernel", "says nothing of a pool layer"),
        ([{"flatten": True, "activation": "relu"}], "layers[0].activation", "of a flatten layer"),
    ],
)
def test_layers_that_do_not_fit_are_named(
    layers: list[dict[str, Any]], key: str, words: str
) -> None:
    with pytest.raises(PresetError) as refused:
        resolve(tables_of_digits(layers), "x")
    (problem,) = refused.value.problems
    assert problem.key == f"model.{key}"
    assert words in problem.message
