"""What a viewer computes from recorded weights is what the network computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.components.activations import ACTIVATIONS
from engine.errors import RecordingError
from engine.experiment.experiment import Experiment
from engine.network.module import Network
from engine.network.parameters import ParameterLayout
from engine.recording.events import Header, Snapshot
from engine.recording.forward import forward, layers_of, unpack
from tests import strategies
from tests.tapes import header

HIDDEN = [name for name, activation in ACTIVATIONS.items() if not activation.output_only]


def recorded(experiment: Experiment, members: int) -> tuple[Header, Snapshot]:
    """Return the header of an experiment, and random weights as a recording has them."""
    told = header(
        experiment=experiment.model_dump(mode="json", exclude_none=True),
        seeds=list(range(members)),
        parameters={name: list(shape) for name, shape in experiment.shapes.items()},
        row_shape=list(experiment.row_shape) if experiment.model.layers else [],
    )
    drawn = np.random.default_rng(1).normal(size=(members, experiment.parameters))
    return told, Snapshot(step=3, values=drawn.astype(np.float32))


def layers_in_torch(
    experiment: Experiment, snapshot: Snapshot, inputs: NDArray[Any]
) -> list[NDArray[Any]]:
    """Return every layer's outputs, [members, rows, units], by the network that is trained."""
    layout = ParameterLayout(experiment, len(snapshot.values))
    flat = torch.zeros(layout.size)
    flat[torch.from_numpy(layout.positions)] = torch.from_numpy(snapshot.values)
    outputs, flowing = [], torch.from_numpy(inputs).expand(layout.members, *inputs.shape)
    with torch.no_grad():
        for stage in Network([experiment] * layout.members, flat)._stages:
            flowing = stage(flowing)
            outputs.append(flowing.numpy())
    return outputs[1::2]


def check(experiment: Experiment, members: int = 1) -> None:
    told, snapshot = recorded(experiment, members)
    inputs = np.random.default_rng(2).normal(size=(17, experiment.widths[0])).astype(np.float32)
    expected = layers_in_torch(experiment, snapshot, inputs)
    for member in range(members):
        weights = unpack(told, snapshot, member)
        assert {name: values.shape for name, values in weights.items()} == experiment.shapes
        found = forward(layers_of(told), weights, inputs)
        for mine, theirs in zip(found, (each[member] for each in expected), strict=True):
            assert mine.dtype == np.float32
            scale = max(1.0, float(np.abs(theirs).max()))
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=2e-6 * scale)


@pytest.mark.parametrize("name", HIDDEN)
def test_every_activation_agrees_with_the_network(name: str) -> None:
    tables = {"model": {"hidden": [5, 4], "activation": name, "output_activation": name}}
    loss = {"loss": {"name": "mse"}, "data": {"kind": "function", "targets": ["x", "x**2"]}}
    check(Experiment.model_validate({**tables, **loss}))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_activations_of_the_output_agree_with_the_network(name: str) -> None:
    model = {"hidden": [4], "output_activation": name}
    data = {"kind": "function", "targets": ["x", "x**2", "x**3"]}
    check(Experiment.model_validate({"model": model, "data": data, "loss": {"name": "mse"}}))


def test_a_network_without_hidden_layers_agrees() -> None:
    check(Experiment.model_validate({"model": {"hidden": []}}))


def test_every_member_has_its_own_weights() -> None:
    check(Experiment.model_validate({"model": {"hidden": [3, {"units": 2}]}}), members=3)


@given(strategies.experiments)
def test_the_layers_of_any_recorded_experiment_are_the_schemas(experiment: Experiment) -> None:
    told, _ = recorded(experiment, 1)
    assert [each.activation for each in layers_of(told)] == experiment.model.activations


@given(strategies.experiments.filter(lambda experiment: experiment.parameters < 20_000))
def test_any_experiment_has_outputs_of_the_right_shape(experiment: Experiment) -> None:
    told, snapshot = recorded(experiment, 1)
    inputs = np.zeros((2, experiment.widths[0]), np.float32)
    found = forward(layers_of(told), unpack(told, snapshot), inputs)
    assert [values.shape for values in found] == [(2, width) for width in experiment.widths[1:]]


def test_a_diverged_network_is_computed_without_complaint() -> None:
    told, snapshot = recorded(Experiment.model_validate({}), 1)
    spoilt = Snapshot(step=3, values=np.full_like(snapshot.values, np.inf))
    outputs = forward(layers_of(told), unpack(told, spoilt), np.ones((2, 2), np.float32))
    assert not np.isfinite(outputs[-1]).any()


@given(st.integers(0, 5), st.integers(0, 40), st.integers(0, 5))
def test_weights_that_do_not_fit_the_header_are_refused(
    members: int, parameters: int, member: int
) -> None:
    snapshot = Snapshot(step=3, values=np.zeros((members, parameters), np.float32))
    if member < members and parameters == 3:
        assert unpack(header(), snapshot, member)["layer1.weight"].shape == (1, 2)
    else:
        with pytest.raises(RecordingError, match="step 3 do not fit the header"):
            unpack(header(), snapshot, member)
