"""One gradient by every method: they agree, and where they cannot it is said why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.cli import main
from engine.errors import RequestError
from engine.experiment.experiment import Experiment
from engine.gradients import choice as methods
from engine.gradients.autograd import EagerMethod
from engine.inspection import gradcheck
from engine.inspection.comparison import Agreement, Comparison
from engine.inspection.gradcheck import check
from engine.presets import preset as presets
from engine.step.batches import Batch
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, MINIBATCHES, MOONS, experiment


@pytest.fixture(autouse=True)
def _one_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a step takes is not what is tested."""
    monkeypatch.setattr(gradcheck, "PATIENCE", 0.0)


def verdict(comparison: Comparison, method: str = "numeric") -> Agreement:
    return next(each for each in comparison.verdicts if each.method == method)


@pytest.mark.parametrize("tables", [MOONS, MINIBATCHES, CUBIC], ids=["moons", "rows", "cubic"])
def test_all_methods_agree_in_both_precisions(tables: dict[str, Any]) -> None:
    single, double = check(experiment(tables, model={"dropout": 0.2}))
    assert (single.dtype, double.dtype) == ("float32", "float64")
    assert single.holds
    assert double.holds
    whole = double.rows[-1].differences["numeric"]
    assert 0 < whole.of_all < 1e-6
    assert set(double.seconds) >= {"autograd", "numeric"}
    assert min(double.seconds.values()) > 0


def test_float64_is_compared_once() -> None:
    assert [each.dtype for each in check(experiment(MOONS, train={"dtype": "float64"}))] == [
        "float64"
    ]


def test_a_later_step_is_that_of_the_run() -> None:
    spec = experiment(MINIBATCHES)
    trainer = Trainer(spec, device="cpu")
    trainer.advance(7)
    compared = check(spec, 7)[0]
    assert compared.loss == pytest.approx(float(trainer._rows.loss[6]), rel=1e-6)
    norms = trainer._rows.norms(7)[6, 0]
    assert [row.norm for row in compared.rows[:-1]] == pytest.approx(norms[1:].tolist(), rel=1e-4)
    assert compared.rows[-1].norm == pytest.approx(float(norms[0]), rel=1e-4)


def test_a_step_that_the_run_never_takes_is_refused() -> None:
    with pytest.raises(RequestError, match="ends at step 5"):
        check(experiment(CUBIC, train={"steps": 5}), 6)


class Wrong(EagerMethod):
    """Gradients that are a thousandth too large in one number."""

    name = "wrong"

    def _differentiate(self, step: int, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        outputs = self._network(batch.inputs)
        loss = self._loss(outputs, batch.targets)
        torch.autograd.backward(loss, self._ones)
        grad = self._parameters[0].grad
        assert grad is not None
        grad.view(-1)[grad.abs().argmax()] *= 1.001
        return loss.detach(), outputs


def use_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the wrong gradients in the place of the formulas."""
    monkeypatch.setattr(methods, "METHODS", {**methods.METHODS, "manual": Wrong})
    monkeypatch.setattr(methods, "why_none", lambda real: "the steps are to be wrong")


def test_a_wrong_gradient_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    use_wrong(monkeypatch)
    double = check(experiment(CUBIC))[-1]
    found = verdict(double, "manual")
    assert not found.holds
    assert not double.holds
    assert "DISAGREES with autograd in 1 of" in found.words
    assert double.rows[0].differences["manual"].absolute > 0
    assert double.rows[1].differences["manual"].absolute == 0
    assert verdict(double).holds


WRONG_NET = """
import torch
from torch import nn

class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, d):
        (x,) = ctx.saved_tensors
        return d * 2.01 * x

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(2, 3), nn.Linear(3, 2)

    def forward(self, x):
        return self.last(Square.apply(self.first(x)))
"""


def test_a_wrong_derivative_in_a_network_of_ones_own_is_found(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(WRONG_NET)
    spec = experiment({**MINIBATCHES, "model": {"kind": "python", "module": f"{path}:Net"}})
    found = verdict(check(spec, allow_code=True)[-1])
    assert not found.holds
    assert "DISAGREES" in found.words


def at_a_kink() -> Experiment:
    return Experiment.model_validate(
        {
            "data": {"kind": "table", "inputs": [[1.0], [0.5]], "targets": [[3.0], [0.0]]},
            "model": {"hidden": [2], "init": {"weight": 0.5, "bias": -0.5}},
            "loss": {"name": "mse"},
            "train": {"steps": 3},
        }
    )


def test_a_kink_is_told_from_a_mistake() -> None:
    """Both units are exactly 0 at the first row: differences see half of a ReLU's slope."""
    compared = check(at_a_kink())[-1]
    found = verdict(compared)
    assert found.holds
    assert "at a kink" in found.words
    assert compared.rows[0].differences["numeric"].of_all > 1e-3


def test_rounding_is_told_from_a_mistake() -> None:
    """The logarithm of 1 - p with p next to 1 has few digits, even in float64."""
    spec = experiment(
        MOONS, model={"init": {"weight": {"name": "normal", "std": 8.0}, "bias": 16.0}}
    )
    found = verdict(check(spec)[-1])
    assert found.holds


def test_gradients_too_small_for_differences_are_named() -> None:
    compared = check(presets.load("vanishing-sigmoid").experiment)[-1]
    assert compared.holds
    assert any("layer1.weight" in note and "too small" in note for note in compared.notes)


def test_a_dead_network_has_nothing_to_compare() -> None:
    model = {"hidden": [2], "output_activation": "relu", "init": {"weight": 0.0, "bias": -1.0}}
    spec = experiment({**CUBIC, "model": model})
    compared = check(spec)[-1]
    assert compared.holds
    assert compared.rows[-1].norm == 0
    assert any("exactly 0" in note for note in compared.notes)


def left_with(*arguments: str) -> object:
    """Run the command and return its exit status."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return left.value.code or 0


def test_the_command_prints_a_table_and_leaves_with_what_it_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert left_with("gradcheck", "manual-update", "--set", "train.dtype=float64") == 0
    printed = capsys.readouterr().out
    assert "layer1.weight" in printed
    assert "numeric agrees with autograd" in printed
    use_wrong(monkeypatch)
    assert left_with("gradcheck", "manual-update") == 1


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert left_with("gradcheck", "manual-update", "--step", "3", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["dtype"] for line in lines] == ["float32", "float64"]
    assert all(line["holds"] and line["step"] == 3 for line in lines)
    assert lines[1]["parameters"][-1]["name"] == "all"


NEXT_TO_ONE = {
    "data": {
        "kind": "table",
        "inputs": [[980.0], [1000.0], [1020.0], [10.0], [-20.0]],
        "targets": [0, 0, 0, 1, 0],
    },
    "loss": {"name": "binary_cross_entropy"},
    "train": {"steps": 3},
}
"""Three rows whose probability is 1e-12 from 1, and wrong: PyTorch holds their derivative back."""

LINEAR = {"hidden": [], "output_activation": "sigmoid", "init": {"weight": 0.0285, "bias": 0.0}}

LINEAR_NET = """
import torch
from torch import nn

class Times(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, d):
        return d * FACTOR

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.only = nn.Linear(1, 1)
        nn.init.constant_(self.only.weight, 0.0285)
        nn.init.constant_(self.only.bias, 0.0)

    def forward(self, x):
        return torch.sigmoid(Times.apply(self.only(x)))
"""


def test_what_pytorch_holds_back_is_told_from_a_mistake() -> None:
    compared = check(experiment(NEXT_TO_ONE, model=LINEAR))[-1]
    found = verdict(compared)
    assert compared.rows[-1].differences["numeric"].of_all > 0.1
    assert found.holds
    assert "3 of 5 rows have a probability so near to 0 or 1" in found.words


@pytest.mark.parametrize(("factor", "holds"), [("1.0", True), ("1.01", False)])
def test_a_mistake_is_found_where_pytorch_holds_back_too(
    tmp_path: Path, factor: str, holds: bool
) -> None:
    path = tmp_path / "net.py"
    path.write_text(LINEAR_NET.replace("FACTOR", factor))
    spec = experiment({**NEXT_TO_ONE, "model": {"kind": "python", "module": f"{path}:Net"}})
    assert verdict(check(spec, allow_code=True)[-1]).holds == holds


@pytest.mark.parametrize(("name", "step"), [("cubic", 30), ("no-activation", 7)])
def test_a_preset_raises_no_alarm_at_a_later_step(name: str, step: int) -> None:
    assert all(each.holds for each in check(presets.load(name).experiment, step))
