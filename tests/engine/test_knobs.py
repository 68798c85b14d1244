"""Normalisation, dropout, schedules, clipping and gradients that are not cleared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from engine.components.optimizers import OptimizerBase
from engine.components.schedules import ScheduleBase
from engine.network.module import Network
from engine.recording.forward import forward, layers_of, unpack
from engine.step.clipping import Clipping
from engine.training.header import header_of
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, FRESH, MINIBATCHES, MOONS, experiment, of_seeds


def columns(trainer: Trainer, steps: int) -> dict[str, np.ndarray]:
    """Return the train columns of the first steps, [steps] each."""
    series = [s for s in trainer.advance(steps).series if s.group == "train"]
    table = np.concatenate([s.values for s in series], axis=1)[:, :, 0]
    return dict(zip(trainer.columns["train"], table, strict=True))


def subclasses(cls: type) -> set[type]:
    return {cls} | {deeper for sub in cls.__subclasses__() for deeper in subclasses(sub)}


OPTIMIZERS = sorted(
    cls.model_fields["name"].default
    for cls in subclasses(OptimizerBase)
    if "name" in cls.model_fields
)
SCHEDULES = sorted(
    cls.model_fields["name"].default
    for cls in subclasses(ScheduleBase)
    if "name" in cls.model_fields
)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_makes_the_loss_fall(name: str) -> None:
    table = {"name": name} | ({"lr": 0.01} if name in ("adam", "adamw", "nadam", "adamax") else {})
    spec = experiment({**CUBIC, "optimizer": table})
    losses = columns(Trainer(spec), 300)["loss"]
    assert losses[-1] < losses[0]


def test_the_update_written_out_is_that_of_sgd() -> None:
    by_hand, sgd = (
        columns(Trainer(experiment({**MOONS, "optimizer": {"name": name, "lr": 0.3}})), 100)
        for name in ("by_hand", "sgd")
    )
    for name, values in by_hand.items():
        np.testing.assert_allclose(values, sgd[name], rtol=1e-5)


def test_gradients_that_are_not_cleared_pile_up() -> None:
    clean, piled = (
        columns(
            Trainer(
                experiment(
                    {**MOONS, "optimizer": {"name": name, "lr": 1e-9}}, train={"zero_grad": zero}
                )
            ),
            5,
        )
        for name, zero in (("sgd", True), ("sgd", False))
    )
    np.testing.assert_allclose(
        piled["grad_norm"], clean["grad_norm"][0] * np.arange(1, 6), rtol=1e-4
    )
    by_hand = columns(
        Trainer(
            experiment(
                {**MOONS, "optimizer": {"name": "by_hand", "lr": 1e-9}}, train={"zero_grad": False}
            )
        ),
        5,
    )
    np.testing.assert_allclose(by_hand["grad_norm"], piled["grad_norm"], rtol=1e-5)


EXPECTED: dict[str, Any] = {
    "constant": ({}, lambda t: np.full_like(t, 1.0, dtype=float)),
    "step": ({"step_size": 10, "gamma": 0.5}, lambda t: 0.5 ** (t // 10)),
    "exponential": ({"gamma": 0.9}, lambda t: 0.9**t),
    "cosine": ({}, lambda t: (1 + np.cos(np.pi * t / 60)) / 2),
}


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("warmup", [0, 4])
def test_the_learning_rate_follows_its_schedule(name: str, warmup: int) -> None:
    settings, course = EXPECTED[name]
    spec = experiment(
        {**CUBIC, "schedule": {"name": name, "warmup": warmup, **settings}}, train={"steps": 60}
    )
    trainer = Trainer(spec)
    lr = columns(trainer, 60)["lr"] / 0.05
    if warmup:
        np.testing.assert_allclose(lr[:4], [0.2, 0.4, 0.6, 0.8], rtol=1e-5)
    ticks = np.arange(60 - warmup)
    if name == "cosine" and warmup:
        expected = (1 + np.cos(np.pi * ticks / 56)) / 2
    else:
        expected = course(ticks)
    np.testing.assert_allclose(lr[warmup:], expected, rtol=1e-4, atol=1e-6)


def test_a_schedule_ticks_once_an_epoch() -> None:
    spec = experiment({**MINIBATCHES, "schedule": {"name": "exponential", "gamma": 0.5}})
    lr = columns(Trainer(spec), 12)["lr"]
    np.testing.assert_allclose(lr, 0.1 * 0.5 ** (np.arange(12) // 5), rtol=1e-6)


def test_a_schedule_ticks_every_step_where_there_are_no_epochs() -> None:
    spec = experiment({**FRESH, "schedule": {"name": "exponential", "gamma": 0.5}})
    np.testing.assert_allclose(columns(Trainer(spec), 3)["lr"], [1e-3, 5e-4, 2.5e-4], rtol=1e-6)


def test_a_plateau_cuts_the_learning_rate() -> None:
    schedule = {"name": "plateau", "factor": 0.5, "patience": 2, "threshold": 0.9}
    lr = columns(Trainer(experiment({**MOONS, "schedule": schedule})), 20)["lr"]
    assert lr[0] == pytest.approx(0.2)
    assert set(np.round(lr[1:] / lr[:-1], 6)) == {1.0, 0.5}
    assert lr[-1] < 0.02


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_size_of_a_block_changes_no_learning_rate(name: str) -> None:
    spec = experiment({**MOONS, "schedule": {"name": name}})
    one, other = Trainer(spec), Trainer(spec)
    whole = columns(one, 120)
    stepped = [columns(other, 7) for _ in range(17)]
    for column, values in whole.items():
        joined = np.concatenate([part[column] for part in stepped])
        assert joined.tobytes() == values[:119].tobytes()


def test_a_request_changes_a_rate_that_is_scheduled() -> None:
    spec = experiment({**CUBIC, "schedule": {"name": "exponential", "gamma": 0.5}})
    trainer = Trainer(spec)
    trainer.advance(3)
    trainer.lr = 1.0
    np.testing.assert_allclose(columns(trainer, 3)["lr"], [1.0, 0.5, 0.25])


@pytest.mark.parametrize("members", [1, 3])
def test_clipping_is_pytorchs_for_each_member(members: int) -> None:
    spec = experiment(CUBIC, train={"clip_norm": 0.5})
    trainer = Trainer(of_seeds(spec, *range(members)))
    layout = trainer._rows.layout
    flat = torch.randn(layout.size, generator=torch.Generator().manual_seed(1))
    alone = [[part[m].clone() for part in layout.slices(flat)] for m in range(members)]
    Clipping([spec] * members, layout).apply(flat)
    for member, parts in enumerate(alone):
        parameters = [nn.Parameter(torch.zeros_like(part)) for part in parts]
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad = part
        nn.utils.clip_grad_norm_(parameters, 0.5)
        for parameter, clipped in zip(parameters, layout.slices(flat), strict=True):
            torch.testing.assert_close(parameter.grad, clipped[member])


def test_norms_are_of_the_gradient_before_clipping() -> None:
    free, clipped = (
        columns(Trainer(experiment(MOONS, train={"clip_norm": bound})), 2) for bound in (None, 1e-6)
    )
    assert clipped["grad_norm"][0] == free["grad_norm"][0]
    assert clipped["loss"][1] == pytest.approx(clipped["loss"][0], abs=1e-6)
    assert free["loss"][1] < clipped["loss"][1]


def test_values_are_cut_off() -> None:
    trainer = Trainer(experiment({**MOONS, "optimizer": {"lr": 1.0}}, train={"clip_value": 1e-3}))
    before = trainer.snapshot().values
    trainer.advance(1)
    assert np.abs(trainer.snapshot().values - before).max() == pytest.approx(1e-3, rel=1e-3)


def batch_normalised(spec: Any, trainer: Trainer) -> list[float]:
    """Train a network of one batch-normalised layer as one writes it; return its losses."""
    header = header_of(trainer, "x")
    start = unpack(header, trainer.snapshot())
    model = nn.Sequential(nn.Linear(2, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 2))
    for index, layer in ((1, model[0]), (2, model[3])):
        layer.weight.data = torch.from_numpy(start[f"layer{index}.weight"].copy())  # type: ignore[union-attr]
        layer.bias.data = torch.from_numpy(start[f"layer{index}.bias"].copy())  # type: ignore[union-attr]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for step in range(1, 11):
        batch = trainer.batches.at(step)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(batch.inputs[0]), batch.targets[0])
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    model.eval()
    dev = trainer.data.sets["dev"]
    losses.append(nn.functional.cross_entropy(model(dev.inputs[0]), dev.targets[0]).item())
    return losses


def test_batch_normalisation_is_pytorchs() -> None:
    model = {"hidden": [6], "activation": "tanh", "normalisation": "batch"}
    spec = experiment(
        {**MINIBATCHES, "model": model, "optimizer": {"lr": 0.1}}, train={"batch_size": 14}
    )
    expected = batch_normalised(spec, Trainer(spec))
    trainer = Trainer(spec)
    block = trainer.advance(10)
    losses = block.series[0].values[0, :, 0]
    np.testing.assert_allclose(losses, expected[:10], rtol=1e-4)
    dev = next(s for s in block.series if s.group == "dev")
    assert dev.values[0, -1, 0] == pytest.approx(expected[10], rel=1e-4)


@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_a_viewer_computes_what_a_normalised_network_says(kind: str) -> None:
    model = {"hidden": [6, 5], "activation": "tanh", "normalisation": kind}
    trainer = Trainer(experiment({**MINIBATCHES, "model": model}, train={"batch_size": 14}))
    trainer.advance(20)
    header, inputs = header_of(trainer, "x"), trainer.data.sets["dev"].inputs
    weights = unpack(header, trainer.snapshot())
    outputs = forward(layers_of(header), weights, inputs[0].numpy())[-1]
    expected = trainer.measure.outputs(inputs)[0].numpy()  # type: ignore[attr-defined]
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_members_are_normalised_apart(kind: str) -> None:
    model = {"hidden": [6], "activation": "tanh", "normalisation": kind}
    tables = {**MINIBATCHES, "model": model}
    together = Trainer(of_seeds(experiment(tables, train={"batch_size": 14}), 4, 9))
    rows = together.advance(30).series[0].values
    for member, seed in enumerate([4, 9]):
        alone = Trainer(experiment(tables, train={"batch_size": 14, "seed": seed}))
        np.testing.assert_allclose(
            rows[:, :, member], alone.advance(30).series[0].values[:, :, 0], rtol=1e-3, atol=1e-5
        )


def test_measuring_does_not_change_a_modal_network() -> None:
    model = {"hidden": [6], "activation": "tanh", "normalisation": "batch", "dropout": 0.5}
    measured, not_measured = (
        Trainer(experiment({**MINIBATCHES, "model": model}, train={"batch_size": 14}))
        for _ in range(2)
    )
    for _ in range(5):
        measured.advance(1)
        measured.measure(measured.data.sets["dev"])
        not_measured.advance(1)
    assert measured.snapshot().values.tobytes() == not_measured.snapshot().values.tobytes()


def test_dropout_leaves_out_its_share_and_keeps_the_mean() -> None:
    model = {"hidden": [400], "activation": "softplus", "dropout": 0.25}
    trainer = Trainer(experiment({**MOONS, "model": {**MOONS["model"], **model}}))
    network = Network(trainer.members, trainer.method.weights)
    inputs = trainer.data.sets["train"].inputs
    network.begin(1)
    network.requires_grad_(requires_grad=False)
    hidden = network._stages[1](network._stages[0](inputs))
    dropped = network._stages[2](hidden)
    assert float((dropped == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert float(dropped.mean()) == pytest.approx(float(hidden.mean()), rel=0.02)
    network.eval()
    assert torch.equal(network._stages[2](hidden), hidden)


def test_dropout_is_a_function_of_the_step() -> None:
    model = {**MOONS["model"], "hidden": [20], "dropout": 0.5}
    blocks = []
    for sizes in ([40], [1] * 40, [7] * 5 + [5]):
        trainer = Trainer(experiment({**MOONS, "model": model}))
        blocks.append([columns(trainer, size)["loss"] for size in sizes])
    bits = {np.concatenate(parts).tobytes() for parts in blocks}
    assert len(bits) == 1
    losses = np.concatenate(blocks[0])
    assert (np.diff(losses) > 0).any()


def test_a_layer_may_be_normalised_and_dropped_by_itself() -> None:
    hidden = [{"units": 4, "normalisation": "layer"}, {"units": 3, "dropout": 0.5}]
    spec = experiment({**MOONS, "model": {**MOONS["model"], "hidden": hidden}})
    assert [name for name in spec.shapes if "norm" in name] == [
        "layer1.norm.weight",
        "layer1.norm.bias",
    ]
    assert spec.model.dropouts == [0.0, 0.5, 0.0]
    trainer = Trainer(spec)
    assert "grad_norm/layer1.norm.weight" in trainer.columns["train"]
    assert np.isfinite(columns(trainer, 20)["grad_norm/layer1.norm.weight"]).all()


def test_batch_normalisation_of_a_single_row_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 2 rows in every batch"):
        experiment(
            {**MINIBATCHES, "model": {"hidden": [3], "normalisation": "batch"}},
            train={"batch_size": 23},
        )
