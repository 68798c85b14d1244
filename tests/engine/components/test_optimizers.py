"""The optimizers' keys are the arguments of PyTorch's classes, with PyTorch's defaults."""

from __future__ import annotations

import inspect
from typing import Any, Literal

import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from engine.components.optimizers import OPTIMIZERS, SGD, ByHand, Optimizer, OptimizerBase
from engine.components.update_rules import UpdateRule
from engine.errors import EpochalError
from engine.experiment.experiment import Experiment
from engine.step.torch_optimizers import make_optimizer

OF_PYTORCH: list[type[OptimizerBase]] = [
    cls for cls in OPTIMIZERS.values() if cls.torch_name and not cls.written_out
]
LEFT_OUT = {"foreach", "maximize", "capturable", "differentiable", "fused", "params"}
"""Arguments about how PyTorch computes, not what."""


@pytest.fixture(params=OF_PYTORCH, ids=lambda cls: cls.__name__)
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


PARTS = ("torch_name", "update", "adaptive", "shrinks", "usual_lr")


def entry(base: type[OptimizerBase] = OptimizerBase, **parts: Any) -> type[OptimizerBase]:
    """Return an entry of its own, as a file would define it."""
    said = {"__annotations__": {"name": Literal["mine"]}, "name": "mine", "__module__": __name__}
    return type("Mine", (base,), {**said, **parts})


def test_an_entry_without_a_name_is_no_entry() -> None:
    with pytest.raises(TypeError, match=r"Mine lacks name$"):
        type("Mine", (ByHand.__base__,), {part: getattr(ByHand, part) for part in PARTS})


@pytest.mark.parametrize("left_out", PARTS)
def test_an_entry_that_leaves_out_a_part_fails_where_it_is_defined(left_out: str) -> None:
    whole = {part: getattr(ByHand, part) for part in PARTS}
    assert entry(**whole).usual_lr == ByHand.usual_lr
    del whole[left_out]
    with pytest.raises(TypeError, match=f"Mine lacks {left_out}$"):
        entry(**whole)


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_nobody_can_make_is_no_entry(nothing: str | None) -> None:
    parts = {part: getattr(SGD, part) for part in PARTS}
    with pytest.raises(TypeError, match="Mine lacks states"):
        entry(**parts)
    with pytest.raises(TypeError, match="Mine: needs a torch_name, or a rule"):
        entry(**parts | {"torch_name": nothing, "update": None, "states": property(len)})


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("w = w - pace * g", "no settings: pace"), ("w - lr * g", "assignments alone")],
)
def test_a_rule_that_makes_no_sense_is_no_entry(text: str, wrong: str) -> None:
    parts = {part: getattr(ByHand, part) for part in PARTS}
    with pytest.raises(TypeError, match=wrong):
        entry(**parts | {"update": UpdateRule(text=text)})


def test_what_pytorch_lacks_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """And never trained by another, as by gradient descent."""
    monkeypatch.delattr(torch.optim, "NAdam")
    spec = Experiment.model_validate({"optimizer": {"name": "nadam"}})
    with pytest.raises(EpochalError, match="no NAdam to train 'nadam' with; choose another"):
        make_optimizer(spec, [torch.nn.Parameter(torch.ones(3))])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("g = g + weight_decay * w\nw = w - lr * g", "w = w - lr * g"),
        ("w = w * (1 - lr * weight_decay)\nw = w - lr * g", "w = w - lr * g"),
        ("w = w - lr * (g + weight_decay / 2 * w)", "w = w - lr * g"),
        ("w = w - (-weight_decay * sign(w) + lr * g)", "w = w - lr * g"),
        ("w = w - lr * sqrt(weight_decay + abs(g)) / 2", "w = w - lr * sqrt(abs(g)) / 2"),
        ("w = w - lr * g / 1", "w = w - lr * g"),
    ],
)
def test_what_is_multiplied_by_a_setting_of_0_is_not_computed(text: str, left: str) -> None:
    assert UpdateRule(text=text).without("weight_decay").text == left
