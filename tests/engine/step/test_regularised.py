"""Class weights and L1 regularisation, held against plain loops in PyTorch's own words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.data import load
from engine.errors import DataError, PresetError
from engine.experiment.members import members_of
from engine.presets import preset as presets
from engine.training.trainer import Trainer
from tests.experiments import MOONS, experiment

DOUBLE: dict[str, Any] = {"dtype": "float64", "epochs": 20, "probe": "off"}
LINEAR: dict[str, Any] = {"hidden": [5], "activation": "tanh"}
RARE: dict[str, Any] = {
    "data": {
        "kind": "table",
        "inputs": [[0.1 * row, (row * 7 % 5) / 5.0] for row in range(12)],
        "targets": [0] * 9 + [1] * 3,
    },
    "model": LINEAR,
    "train": DOUBLE,
}
WAYS = [("manual", "compiled"), ("manual", "operations"), ("autograd", "")]


def weights_after(spec: Any, gradients: str, way: str, **train: Any) -> torch.Tensor:
    asked = spec.train.model_copy(update={"gradients": gradients, **train})
    trainer = Trainer(spec.model_copy(update={"train": asked}), device="cpu", way=way)
    trainer.advance(20)
    return trainer.method.weights


def plain_loop(spec: Any, loss_of: Any, optimizer: Any, l1: float = 0.0) -> torch.Tensor:
    """Train as anybody's own loop does; return the weights in the engine's layout."""
    trainer = Trainer(spec, device="cpu")
    layout, flat = trainer._rows.layout, trainer.method.weights.clone()
    part = load(spec.data, spec.train.seed, np.float64).train
    x, t = torch.from_numpy(part.inputs), torch.from_numpy(part.targets)
    model = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    with torch.no_grad():
        for parameter, first in zip(model.parameters(), layout.named(flat).values(), strict=True):
            parameter.copy_(first[0])
    updates = optimizer(model.parameters())
    for _ in range(20):
        updates.zero_grad()
        loss_of(model(x)[:, 0], t).backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.grad += l1 * parameter.sign()
        updates.step()
    layout.place(
        {
            name: parameter.detach()[None]
            for name, parameter in zip(layout.shapes, model.parameters(), strict=True)
        },
        flat,
    )
    return flat


@pytest.mark.parametrize(("gradients", "way"), WAYS)
@pytest.mark.parametrize("weights", ["balanced", [1.0, 20.0]])
def test_a_row_counts_by_its_class(gradients: str, way: str, weights: Any) -> None:
    loss = {"name": "binary_cross_entropy_with_logits", "class_weights": weights}
    spec = experiment({**RARE, "loss": loss, "optimizer": {"name": "sgd", "lr": 0.1}})
    of_class = torch.tensor(
        [12 / 18, 12 / 6] if weights == "balanced" else weights, dtype=torch.float64
    )

    def loss_of(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return nn.functional.binary_cross_entropy_with_logits(
            outputs, targets.double(), weight=of_class[targets]
        )

    expected = plain_loop(spec, loss_of, lambda each: torch.optim.SGD(each, lr=0.1))
    torch.testing.assert_close(
        weights_after(spec, gradients, way), expected, rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize(("gradients", "way"), WAYS)
@pytest.mark.parametrize("name", ["sgd", "adam", "lion"])
def test_l1_adds_the_sign_of_each_weight(gradients: str, way: str, name: str) -> None:
    loss = {"name": "hinge"}
    spec = experiment({**RARE, "loss": loss, "optimizer": {"name": name, "lr": 0.01, "l1": 0.02}})

    def loss_of(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return (1 - (2 * targets - 1) * outputs).clamp(min=0).mean()

    if name == "lion":
        expected = weights_after(spec, "autograd", "")
    else:
        made = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[name]
        expected = plain_loop(spec, loss_of, lambda each: made(each, lr=0.01), 0.02)
    torch.testing.assert_close(
        weights_after(spec, gradients, way), expected, rtol=1e-10, atol=1e-12
    )


def test_l1_brings_weights_to_nothing_and_shows_gradients_without_it() -> None:
    ends = {}
    for l1 in (0.0, 0.05):
        optimizer = {"name": "sgd", "lr": 0.1, "l1": l1}
        trainer = Trainer(experiment({**RARE, "optimizer": optimizer}), device="cpu")
        rows = trainer.advance(20).series[0].values
        ends[l1] = float(trainer.method.weights.abs().sum()), rows[:, 0, 0]
    assert ends[0.05][0] < ends[0.0][0]
    np.testing.assert_array_equal(ends[0.05][1], ends[0.0][1])


@pytest.mark.parametrize(("gradients", "way"), WAYS)
def test_members_count_rows_and_pull_weights_each_by_its_own(gradients: str, way: str) -> None:
    settings = [
        {"loss.class_weights": "balanced", "optimizer.l1": 0.0, "train.seed": 3},
        {"loss.class_weights": [1.0, 9.0], "optimizer.l1": 0.05, "train.seed": 3},
        {"loss.class_weights": [1.0, 1.0], "optimizer.l1": 0.01, "train.seed": 4},
    ]
    data = {**MOONS["data"], "samples": 50, "split": [30, 20]}
    train = {**DOUBLE, "epochs": 5, "batch_size": 8, "gradients": gradients}
    spec = experiment(
        {"data": data, "model": LINEAR, "train": train, "population": {"settings": settings}}
    )
    together = Trainer(spec, device="cpu", way=way)
    rows = together.advance(20).series
    for index, member in enumerate(members_of(spec)):
        alone = Trainer(member.experiment, device="cpu", way=way)
        for whole, own in zip(rows, alone.advance(20).series, strict=True):
            np.testing.assert_allclose(whole.values[..., index], own.values[..., 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        ({"loss": {"name": "mse", "class_weights": "balanced"}, "data": {"kind": "function"}},
         "loss.class_weights: there are no classes to weigh; leave it out"),
        ({"loss": {"class_weights": [1.0, 2.0, 3.0]}},
         "loss.class_weights: has 3 numbers for 2 classes: '0', '1'"),
        ({"loss": {"class_weights": [1.0, -2.0]}}, "loss.class_weights[1]: must be above 0"),
        ({"loss": {"name": "hinge"}, "model": {"output_activation": "sigmoid"}},
         "model.output_activation: 'hinge' needs outputs on both sides of 0, 'sigmoid' gives none "
         "below; set 'identity'"),
        ({"optimizer": {"l1": 0.1}, "train": {"zero_grad": False}},
         "optimizer.l1: would pile up with gradients that are not cleared; set zero_grad"),
        ({"optimizer": {"name": "by_hand", "l1": 0.1}}, "optimizer.l1: must be 0"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_key(tables: dict[str, Any], problem: str) -> None:
    with pytest.raises(PresetError) as refused:
        presets.resolve(tables, "")
    assert problem in str(refused.value)


def test_a_class_without_a_training_row_cannot_be_balanced() -> None:
    data = {"kind": "table", "inputs": [[0.0], [1.0], [2.0]], "targets": [0, 1, 0], "split": [1, 2]}
    spec = experiment({"data": data, "loss": {"class_weights": "balanced"}})
    with pytest.raises(DataError, match=r"loss\.class_weights: no row of class '[01]' is in the"):
        Trainer(spec, device="cpu")
