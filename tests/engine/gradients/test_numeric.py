"""Gradients by differences: what autograd says, found without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.experiment.experiment import Experiment
from engine.gradients import numeric
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, FRESH, MINIBATCHES, MOONS, experiment

SGD = {"name": "sgd", "lr": 0.05}
"""Adam would make a full step of what rounding leaves where the gradient is 0."""
SMOOTH = ["sigmoid", "tanh", "gelu", "silu", "softplus"]


def with_gradients(spec: Experiment, name: str) -> Trainer:
    train = spec.train.model_copy(update={"gradients": name})
    return Trainer(spec.model_copy(update={"train": train}), device="cpu", allow_code=True)


def both(spec: Experiment, steps: int) -> tuple[Trainer, Trainer]:
    """Return two trainers after some steps, by autograd and by differences."""
    trainers = with_gradients(spec, "autograd"), with_gradients(spec, "numeric")
    for trainer in trainers:
        trainer.advance(steps)
    return trainers


def gradients_of(trainer: Trainer, row: int = 0) -> torch.Tensor:
    layout = trainer._rows.layout
    parts = layout.parameter_slices(trainer._rows.gradients[row])
    return torch.cat([part.flatten() for part in parts])


def assert_alike(spec: Experiment, steps: int, within: float) -> None:
    by_autograd, by_differences = both(spec, steps)
    for row in range(steps):
        expected, found = gradients_of(by_autograd, row), gradients_of(by_differences, row)
        assert float((expected - found).norm()) <= within * float(expected.norm())
    np.testing.assert_allclose(
        by_differences.snapshot().values, by_autograd.snapshot().values, atol=1e-5
    )


@settings(max_examples=8, deadline=None)
@given(
    activations=st.lists(st.sampled_from(SMOOTH), min_size=1, max_size=3),
    units=st.integers(1, 6),
    normalisation=st.sampled_from(["none", "layer", "batch"]),
    dropout=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 1000),
)
def test_it_finds_what_autograd_computes(
    activations: list[str], units: int, normalisation: str, dropout: float, seed: int
) -> None:
    model = {
        "hidden": [units + 1] * len(activations),
        "activation": activations,
        "normalisation": normalisation,
        "dropout": dropout,
    }
    spec = experiment(
        {**CUBIC, "model": model, "optimizer": SGD}, train={"seed": seed, "dtype": "float64"}
    )
    assert_alike(spec, 1, 1e-6)


@pytest.mark.parametrize("tables", [MOONS, MINIBATCHES, FRESH], ids=["moons", "rows", "fresh"])
def test_it_trains_as_autograd_does(tables: dict[str, Any]) -> None:
    smooth = {"activation": "tanh", "normalisation": "batch", "dropout": 0.2}
    assert_alike(experiment({**tables, "optimizer": SGD}, model=smooth), 5, 1e-4)


def test_gradients_that_are_never_cleared_pile_up() -> None:
    assert_alike(experiment(MOONS, train={"zero_grad": False}), 4, 1e-4)


def test_in_float32_it_is_as_exact_as_the_network_can_keep() -> None:
    """Differences of a float32 loss would be wrong in the second digit."""
    single = experiment(MOONS)
    double = experiment(MOONS, train={"dtype": "float64"})
    exact = gradients_of(both(double, 1)[0])
    found = gradients_of(both(single, 1)[1]).double()
    assert float((found - exact).norm()) < 1e-5 * float(exact.norm())


def test_how_many_copies_are_evaluated_side_by_side_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = experiment(CUBIC, train={"dtype": "float64"}, model={"dropout": 0.2})
    at_once = gradients_of(both(spec, 1)[1])
    monkeypatch.setattr(numeric, "BUDGET", 10_000)
    few = gradients_of(both(spec, 1)[1])
    np.testing.assert_allclose(few, at_once, atol=1e-9)


def test_each_member_has_its_own() -> None:
    spec = experiment(MOONS, model={"dropout": 0.2}, train={"gradients": "numeric"})
    members = [experiment(spec.model_dump(), train={"seed": seed}) for seed in (7, 8)]
    together = Trainer(spec.model_copy(update={"population": _seeds(7, 8)}), device="cpu")
    together.advance(3)
    for member, alone in enumerate(map(Trainer, members)):
        alone.advance(3)
        own = together.snapshot().values[member]
        np.testing.assert_allclose(own, alone.snapshot().values[0], atol=1e-6)


NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Linear(2, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.3), nn.Linear(6, 2)
        )
"""


def test_a_network_of_ones_own_has_them_too(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(NET)
    tables = {**MINIBATCHES, "model": {"kind": "python", "module": f"{path}:Net"}}
    assert_alike(experiment(tables, train={"batch_size": 14}), 4, 1e-4)


def test_slopes_on_both_sides_of_a_kink_differ() -> None:
    """|w| at 0: the slope is -1 below and 1 above, and the difference over both is 0."""
    tables = {
        "data": {"kind": "table", "inputs": [[1.0]], "targets": [[0.0]]},
        "model": {"hidden": [], "init": "zeros"},
        "loss": {"name": "l1"},
        "train": {"steps": 3, "gradients": "numeric"},
    }
    trainer = Trainer(Experiment.model_validate(tables), device="cpu")
    method = trainer.method
    assert isinstance(method, numeric.Numeric)
    differences = method._differences[0]
    batch = numeric.batch_of(method._batches.at(1), 0)
    weights = differences.weights(method.weights)
    below, above = differences.slopes(1, weights, batch, torch.tensor([0, 1]))
    np.testing.assert_allclose(below, [-1, -1], atol=1e-9)
    np.testing.assert_allclose(above, [1, 1], atol=1e-9)
    np.testing.assert_allclose(differences.gradient(1, weights, batch), [0, 0], atol=1e-9)


def _seeds(*seeds: int) -> Any:
    from engine.experiment.training import Population

    return Population(vary={"train.seed": list(seeds)})
