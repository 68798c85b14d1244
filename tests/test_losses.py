"""The losses name functions of PyTorch, and what these take."""

from __future__ import annotations

import inspect
from typing import get_args

import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from engine.activations import ACTIVATIONS
from engine.losses import RMSE, BinaryCrossEntropyWithLogits, Huber, Loss, LossBase

LOSSES: list[type[LossBase]] = list(get_args(get_args(Loss)[0]))


@pytest.fixture(params=LOSSES, ids=lambda cls: cls.__name__)
def loss(request: pytest.FixtureRequest) -> type[LossBase]:
    cls: type[LossBase] = request.param
    return cls


def test_the_function_exists_and_knows_the_keys(loss: type[LossBase]) -> None:
    function = getattr(torch.nn.functional, loss.functional)
    parameters = inspect.signature(function).parameters
    assert {"reduction", *loss().arguments} <= set(parameters)
    for name, value in loss().arguments.items():
        assert parameters[name].default == value
    assert loss().reduction == parameters["reduction"].default


def test_the_function_takes_the_targets_that_the_class_says(loss: type[LossBase]) -> None:
    outputs = torch.tensor([[0.2, 0.8], [0.6, 0.4]])
    if loss.outputs == "log_probabilities":
        outputs = outputs.log()
    targets = torch.tensor([1, 0]) if loss.targets == "classes" else torch.eye(2)
    function = getattr(torch.nn.functional, loss.functional)
    value = function(outputs, targets, reduction=loss().reduction, **loss().arguments)
    assert value.shape == ()
    assert value > 0


def test_a_probability_is_what_the_function_insists_on(loss: type[LossBase]) -> None:
    if loss.outputs != "probability":
        return
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        getattr(torch.nn.functional, loss.functional)(torch.tensor([1.5]), torch.tensor([1.0]))
    assert ACTIVATIONS["sigmoid"].range == (0.0, 1.0)


def test_a_table_is_told_apart_by_its_name(loss: type[LossBase]) -> None:
    name = loss.model_fields["name"].default
    assert type(TypeAdapter(Loss).validate_python({"name": name})) is loss


def test_a_table_without_a_name_is_the_default_experiment_s_loss() -> None:
    read = TypeAdapter(Loss).validate_python({"reduction": "sum"})
    assert read == BinaryCrossEntropyWithLogits(reduction="sum")


def test_a_root_is_taken_of_the_mean_alone() -> None:
    assert RMSE().root
    with pytest.raises(ValidationError):
        RMSE.model_validate({"reduction": "sum"})


def test_only_hubers_has_a_setting() -> None:
    assert Huber(delta=2.0).arguments == {"delta": 2.0}
    assert [cls for cls in LOSSES if cls().arguments] == [Huber]
