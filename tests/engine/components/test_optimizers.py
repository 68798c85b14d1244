"""The optimizers' keys are the arguments of PyTorch's classes, with PyTorch's defaults."""

from __future__ import annotations

import inspect
from typing import Any, get_args

import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from engine.components.optimizers import SGD, Optimizer, OptimizerBase

OPTIMIZERS: list[type[OptimizerBase]] = [
    cls for cls in get_args(get_args(Optimizer)[0]) if cls.torch_name
]
LEFT_OUT = {"foreach", "maximize", "capturable", "differentiable", "fused", "params"}
"""Arguments about how PyTorch computes, not what."""


@pytest.fixture(params=OPTIMIZERS, ids=lambda cls: cls.__name__)
def optimizer(request: pytest.FixtureRequest) -> type[OptimizerBase]:
    cls: type[OptimizerBase] = request.param
    return cls


def signature(cls: type[OptimizerBase]) -> dict[str, Any]:
    """The arguments of PyTorch's class, with their defaults."""
    parameters = inspect.signature(getattr(torch.optim, cls.torch_name)).parameters
    return {name: p.default for name, p in parameters.items() if name not in LEFT_OUT}


def test_the_keys_are_pytorch_s_arguments_and_its_defaults(
    optimizer: type[OptimizerBase],
) -> None:
    given, expected = optimizer().arguments, signature(optimizer)
    if optimizer is SGD:
        assert given.pop("lr") == 0.1
        assert expected.pop("lr") == 0.001
    # Present in some, and off by default: AdamW is Adam with it.
    expected.pop("decoupled_weight_decay", None)
    if not hasattr(optimizer(), "amsgrad"):
        expected.pop("amsgrad", None)
    assert given == expected


def test_pytorch_takes_the_arguments(optimizer: type[OptimizerBase]) -> None:
    weight = torch.nn.Parameter(torch.ones(3))
    made = getattr(torch.optim, optimizer.torch_name)([weight], **optimizer().arguments)
    weight.grad = torch.ones(3)
    made.step()
    assert bool((weight < 1).all())


def test_a_table_is_told_apart_by_its_name(optimizer: type[OptimizerBase]) -> None:
    name = optimizer.model_fields["name"].default
    assert type(TypeAdapter(Optimizer).validate_python({"name": name})) is optimizer


def test_a_table_without_a_name_is_gradient_descent() -> None:
    assert TypeAdapter(Optimizer).validate_python({"lr": 0.5}) == SGD(lr=0.5)


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.9, "dampening": 0.1}])
def test_nesterov_needs_momentum_without_dampening(settings: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="nesterov: needs a momentum"):
        SGD(nesterov=True, **settings)
    assert SGD(nesterov=True, momentum=0.9).nesterov
