"""The losses name functions of PyTorch, and what these take."""

from __future__ import annotations

import inspect
from typing import Any, Literal

import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from engine.components.activations import ACTIVATIONS
from engine.components.losses import LOSSES as NAMED
from engine.components.losses import (
    MSE,
    RMSE,
    BinaryCrossEntropyWithLogits,
    Hinge,
    Huber,
    Loss,
    LossBase,
    LossRule,
)
from engine.explain.program import program
from engine.gradients.compiled.telling import losses_with_c
from engine.step.evaluation import costs, ruled
from engine.training.trainer import Trainer
from tests.experiments import experiment

LOSSES: list[type[LossBase]] = list(NAMED.values())
PARTS = ("name", "functional", "formula", "targets", "outputs", "each", "slope", "rule", "root")


@pytest.fixture(params=LOSSES, ids=lambda cls: cls.__name__)
def loss(request: pytest.FixtureRequest) -> type[LossBase]:
    cls: type[LossBase] = request.param
    return cls


def test_the_function_exists_and_knows_the_keys(loss: type[LossBase]) -> None:
    if loss.functional is None:
        assert loss.formula == "RuledFormula"
        return
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
    each = costs(loss())(outputs[None], targets[None])
    assert each.shape == ((1, 2) if loss.targets == "classes" else (1, 2, 2))
    assert each.mean() > 0


def test_the_rule_says_what_the_function_computes(loss: type[LossBase]) -> None:
    """What programs are printed from, held against PyTorch's function and autograd's slope."""
    if loss.targets == "classes" or loss.root:
        return
    outputs = torch.linspace(0.05, 0.95, 19, dtype=torch.float64, requires_grad=True)
    if loss.outputs != "probability":
        outputs = torch.linspace(-2.0, 2.0, 41, dtype=torch.float64, requires_grad=True)
    for target in (0.0, 1.0):
        targets = torch.full_like(outputs, target)
        values = costs(loss())(outputs, targets)
        [slopes] = torch.autograd.grad(values.sum(), outputs)
        spec = loss()
        if spec.functional is None:
            side = 2 * target - 1
            torch.testing.assert_close(values, (1 - side * outputs).clamp(min=0))
            torch.testing.assert_close(ruled(spec, spec.rule.slope, outputs, targets), slopes)
        assert slopes.isfinite().all()


@pytest.mark.parametrize(("output", "cost"), [(float("nan"), "nan"), (float("inf"), "0.0")])
def test_a_hinge_hides_no_nan_and_makes_none(output: float, cost: str) -> None:
    said = costs(Hinge())(torch.tensor([[[output]]]), torch.tensor([[[1.0]]]))
    assert str(said.item()) == cost


def test_a_probability_is_what_the_function_insists_on(loss: type[LossBase]) -> None:
    if loss.outputs != "probability":
        return
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        costs(loss())(torch.tensor([1.5]), torch.tensor([1.0]))
    assert ACTIVATIONS["sigmoid"].traits.range == (0.0, 1.0)


def test_a_table_is_told_apart_by_its_name(loss: type[LossBase]) -> None:
    name = loss.model_fields["name"].default
    assert type(TypeAdapter(Loss).validate_python({"name": name})) is loss


def test_a_table_without_a_name_is_the_default_experiment_s_loss() -> None:
    read = TypeAdapter(Loss).validate_python({"reduction": "sum"})
    assert read == BinaryCrossEntropyWithLogits(reduction="sum")


def written(**said: Any) -> type[LossBase]:
    """Return a loss as a file would define it; a part that is None is left out."""
    whole = {part: getattr(MSE, part) for part in PARTS[1:]} | {"name": "mine"} | said
    parts = {part: value for part, value in whole.items() if value is not None}
    kinds = {"name": Literal["mine"]} if "name" in parts else {}
    kinds |= {"share": float} if "share" in parts else {}
    return type("Mine", (LossBase,), {"__module__": __name__, "__annotations__": kinds, **parts})


QUANTILE = LossRule(
    "where(y > t, (1 - share) * (y - t), share * (t - y))", "where(y > t, 1 - share, -share)"
)
"""A rule that speaks of a setting, and chooses between two numbers."""


def test_a_rule_that_speaks_of_unknown_things_is_no_entry() -> None:
    with pytest.raises(TypeError, match=r"Mine: no settings: share$"):
        written(rule=QUANTILE)


def test_a_root_has_a_formula_of_its_own() -> None:
    with pytest.raises(TypeError, match="Mine: the root of a mean needs a formula of its own"):
        written(root=True, formula="RuledFormula")


def test_what_a_rule_chooses_between_two_numbers_is_not_rounded_to_float32() -> None:
    y, t = torch.tensor([1.0, 3.0], dtype=torch.float64), torch.full((2,), 2.0).double()
    spec = written(rule=QUANTILE, share=0.9)()
    assert ruled(spec, spec.rule.slope, y, t).tolist() == [-0.9, 1 - 0.9]


@pytest.mark.parametrize("rule", [QUANTILE, LossRule("softmax(y) - t", "softmax(y)")])
def test_a_rule_without_c_takes_it_from_no_other_loss(
    rule: LossRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NAMED, "mine", written(rule=rule, share=0.9))  # type: ignore[arg-type]
    assert losses_with_c()[-1] == "hinge"
    monkeypatch.setitem(NAMED, "mine", written())  # type: ignore[arg-type]
    assert losses_with_c()[-1] == "mine"


@pytest.mark.parametrize("part", PARTS)
def test_a_loss_without_a_part_fails_where_it_is_written(part: str) -> None:
    with pytest.raises(TypeError, match=rf"\.Mine lacks {part}$"):
        written(**{part: None})


def test_no_loss_is_written_and_then_forgotten() -> None:
    written = [each for each in LossBase.__subclasses__() if each.__module__ == LossBase.__module__]
    assert written == LOSSES


def test_a_root_is_taken_of_the_mean_alone() -> None:
    assert RMSE().root
    with pytest.raises(ValidationError):
        RMSE.model_validate({"reduction": "sum"})


def test_only_hubers_has_a_setting() -> None:
    assert Huber(delta=2.0).arguments == {"delta": 2.0}
    assert [cls for cls in LOSSES if cls().arguments] == [Huber]


PERFECT = {
    "data": {"kind": "table", "inputs": [[0.0], [1.0], [2.0]], "targets": [[0.0]] * 3},
    "model": {"hidden": [3], "activation": "tanh", "init": "zeros"},
    "train": {"steps": 4},
}
"""A network that is right from the start: every loss of numbers is 0, and so is its gradient."""


@pytest.mark.parametrize("gradients", ["manual", "autograd", "numeric"])
@pytest.mark.parametrize("kind", [kind for kind in LOSSES if kind.targets == "numbers"])
def test_a_perfect_fit_has_no_gradient_and_stays(kind: type[LossBase], gradients: str) -> None:
    name = kind.model_fields["name"].default
    trainer = Trainer(
        experiment(PERFECT, loss={"name": name}, train={"steps": 4, "gradients": gradients})
    )
    (rows, *_) = trainer.advance(4).series
    columns = trainer.columns["train"]
    for column in ("loss", "grad_norm", *(each for each in columns if "/" in each)):
        assert (rows.values[columns.index(column)] == 0).all(), column
    assert trainer.outcome is not None
    assert trainer.outcome.status == "finished"


@pytest.mark.parametrize("kind", [kind for kind in LOSSES if kind.targets == "numbers"])
def test_a_printed_program_stays_at_a_perfect_fit_too(kind: type[LossBase]) -> None:
    spec = experiment(PERFECT, loss={"name": kind.model_fields["name"].default})
    left: dict[str, Any] = {}
    exec(compile(program(spec), "program", "exec"), left)
    assert left["losses"] == [0.0] * 4
