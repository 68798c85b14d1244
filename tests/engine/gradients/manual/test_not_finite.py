"""What is not finite passes as in PyTorch through formulas, compiled and operation by operation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from engine.components.activations import ACTIVATIONS
from engine.components.losses import LOSSES
from engine.components.optimizers import OPTIMIZERS
from engine.gradients.compiled.library import why_none
from engine.step.evaluation import root
from engine.training.trainer import Trainer
from tests.engine.gradients.manual.test_activations import UNSETTLED
from tests.experiments import experiment

pytestmark = pytest.mark.skipif(bool(why_none()), reason=why_none() or "there is a library")

_WRONG = [np.inf, -np.inf, np.nan]
_OUTPUT = {"binary_cross_entropy": "sigmoid", "negative_log_likelihood": "log_softmax"}


def after_a_step(tables: dict[str, Any], parameter: str, method: str, way: str) -> Any:
    """Losses, lengths of gradients and weights of members that have gone wrong, one each way."""
    train = {**tables.get("train", {}), "steps": 1, "gradients": method, "probe": "off"}
    seeds = {"vary": {"train.seed": list(range(len(_WRONG)))}}
    trainer = Trainer(
        experiment({**tables, "train": train, "population": seeds}), device="cpu", way=way
    )
    layout, weights, rows = trainer._rows.layout, trainer.method.weights, trainer._rows
    named = layout.named(weights)
    named[parameter].reshape(len(_WRONG), -1)[:, -1] = torch.tensor(_WRONG)
    layout.place(named, weights)
    trainer.advance(1)
    return rows.loss[0], rows.norms(1)[0], *layout.named(weights).values()


def wrong_rows(rows: int, loss: str) -> dict[str, Any]:
    """Rows of two inputs, with targets that a loss takes."""
    rng = np.random.default_rng(rows)
    inputs, kind = rng.normal(size=(rows, 2)), LOSSES[loss].targets
    targets = rng.normal(size=(rows, 1)) if kind == "numbers" else np.arange(rows) % 2
    return {"kind": "table", "inputs": inputs.tolist(), "targets": targets.tolist()}


@pytest.mark.parametrize(
    ("loss", "optimizer"),
    [*((name, "sgd") for name in LOSSES), *(("mse", name) for name in OPTIMIZERS)],
)
def test_what_is_not_finite_passes_as_pytorchs(loss: str, optimizer: str) -> None:
    """The sign of NaN is 0, what decays from infinity stays there, and no decay decays nothing."""
    tables: dict[str, Any] = {"data": wrong_rows(3, loss), "loss": {"name": loss}}
    tables["model"] = {"hidden": [], "output_activation": _OUTPUT.get(loss, "identity")}
    tables["optimizer"] = {"name": optimizer, "lr": 0.1}
    if optimizer == "adamw":
        tables["optimizer"]["weight_decay"] = 0.1
    if loss == "mse":
        # What is used is finite, and the weight is not.
        tables["train"] = {"clip_value": 0.1}
    theirs = after_a_step(tables, "layer1.bias", "autograd", "operations")
    for way in ("compiled", "operations"):
        ours = after_a_step(tables, "layer1.bias", "manual", way)
        torch.testing.assert_close(ours, theirs, equal_nan=True)
    assert not all(torch.isfinite(each).all() for each in theirs)


@pytest.mark.parametrize("normalisation", ["layer", "batch"])
@pytest.mark.parametrize("units", [5, 16, 17])
def test_a_variance_beyond_all_numbers_leaves_nothing(normalisation: str, units: int) -> None:
    """1 / √∞ is 0; PyTorch's layer normalisation has 0 or NaN of it, by how many units it has."""
    first = {"units": units, "activation": "tanh", "normalisation": normalisation}
    tables: dict[str, Any] = {"data": wrong_rows(7, "mse"), "model": {"hidden": [first]}}
    tables["loss"], tables["optimizer"] = {"name": "mse"}, {"name": "sgd", "lr": 0.1}
    targets, ends = np.array(tables["data"]["targets"]), []
    methods = ["manual", "manual", "autograd"][: 3 if normalisation == "batch" else 2]
    for method, way in zip(methods, ["compiled", "operations", "operations"], strict=False):
        spec = experiment({**tables, "train": {"steps": 1, "gradients": method, "probe": "off"}})
        trainer = Trainer(spec, device="cpu", way=way)
        layout, weights = trainer._rows.layout, trainer.method.weights
        named = layout.named(weights)
        layout.place({**named, "layer1.weight": named["layer1.weight"] * 1e25}, weights)
        loss = np.mean((named["layer2.bias"].item() - targets) ** 2)
        trainer.advance(1)
        assert trainer._rows.loss[0].item() == pytest.approx(loss)
        ends.append((trainer._rows.norms(1), weights))
    for each in ends[1:]:
        torch.testing.assert_close(ends[0], each)


@pytest.mark.parametrize("loss", ["cross_entropy", "negative_log_likelihood"])
@pytest.mark.parametrize("size", [-1e30, 1e5, 1e30])
@pytest.mark.parametrize("way", ["compiled", "operations"])
def test_outputs_that_are_large_and_equal_leave_each_class_its_share(
    loss: str, size: float, way: str
) -> None:
    tables: dict[str, Any] = {"data": wrong_rows(4, loss), "loss": {"name": loss}}
    tables["model"] = {"hidden": [], "output_activation": _OUTPUT.get(loss, "identity")}
    spec = experiment({**tables, "train": {"steps": 1, "gradients": "manual", "probe": "off"}})
    trainer = Trainer(spec, device="cpu", way=way)
    layout, weights = trainer._rows.layout, trainer.method.weights
    named = layout.named(weights)
    layout.place(
        {"layer1.weight": named["layer1.weight"] * 0, "layer1.bias": torch.full((1, 1, 2), size)},
        weights,
    )
    trainer.advance(1)
    assert trainer._rows.loss[0].item() == pytest.approx(np.log(2))
    # As many rows of one class as of the other: their derivatives by the bias make nothing.
    assert trainer._rows.norms(1)[0, 0, -1] == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(
    ("rows", "normalisation"),
    [
        (rows, each)
        for rows in (1, 7, 15, 16, 17, 33)
        for each in ("none", "layer", "batch")
        if rows > 1 or each != "batch"
    ],
)
def test_what_fills_up_the_last_rows_spoils_nothing(rows: int, normalisation: str) -> None:
    """Nothing times a weight that is infinite is NaN, and so is nothing times an infinite unit."""
    kinds = [
        name for name, each in ACTIVATIONS.items() if not (each.output_only or name in UNSETTLED)
    ]
    losses = ["l1", "mse" if rows == 1 else "binary_cross_entropy_with_logits", "huber"]
    for index, parameter in enumerate(["layer2.weight", "layer1.weight", "layer1.bias"]):
        loss, unit = losses[index], kinds[(rows + index) % len(kinds)]
        first = {"units": 5, "activation": unit, "normalisation": normalisation}
        second = {"units": 4, "activation": "relu", "dropout": 0.5 * (index == 1)}
        tables: dict[str, Any] = {
            "data": wrong_rows(rows, loss),
            "model": {"hidden": [first, second]},
            "loss": {"name": loss},
            "optimizer": {"name": "sgd", "lr": 0.1},
            "train": {"dtype": ["float32", "float64"][(rows + index) % 2]},
        }
        ends = [
            after_a_step(tables, parameter, "manual", way) for way in ("compiled", "operations")
        ]
        torch.testing.assert_close(*ends, equal_nan=True, rtol=1e-4, atol=1e-5)


def test_the_root_of_what_is_no_number_has_no_slope_in_any_row() -> None:
    mean = torch.tensor([0.0, 4.0, torch.inf, torch.nan], requires_grad=True)
    root(mean).sum().backward()
    torch.testing.assert_close(mean.grad, torch.tensor([1.0, 0.25, 0.0, torch.nan]), equal_nan=True)
