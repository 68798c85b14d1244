"""Batches are a function of the step."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.data import load
from engine.experiment.units import UNIT_STEPS
from engine.randomness import generator
from engine.step.batches import (
    Batches,
    Fresh,
    FullBatch,
    Minibatches,
    batches_for,
    to_batch,
)
from tests.experiments import FRESH, MINIBATCHES, MOONS, experiment, seeded


def make(tables: dict, seeds: list[int]) -> Batches:
    spec = experiment(tables)
    where = torch.device("cpu"), torch.float32
    parts = [load(spec.data, seed).train for seed in seeds]
    whole = to_batch(spec, parts, *where) if len(parts[0]) else None
    return batches_for(seeded(spec, *seeds), whole, *where)


def test_fresh_rows_of_large_batches_are_drawn_a_few_steps_at_a_time() -> None:
    spec = experiment(FRESH, train={"batch_size": 4_000_000})
    batches = batches_for([spec], None, torch.device("cpu"), torch.float32)
    assert isinstance(batches, Fresh)
    assert batches._steps == 1


def test_full_batch_is_the_whole_training_set() -> None:
    batches = make(MOONS, [1])
    assert isinstance(batches, FullBatch)
    assert batches.at(1).inputs.shape == (1, 60, 2)
    assert batches.at(1).targets.shape == (1, 60, 1)
    assert batches.at(1) is batches.at(2)


def test_an_epoch_of_minibatches_has_every_row_once() -> None:
    batches = make(MINIBATCHES, [1])
    assert isinstance(batches, Minibatches)
    whole = load(experiment(MINIBATCHES).data, 1).train.inputs
    parts = [batches.at(step) for step in range(6, 11)]
    assert [part.inputs.shape[1] for part in parts] == [16, 16, 16, 16, 6]
    seen = torch.cat([part.inputs for part in parts], dim=1)[0].numpy()
    np.testing.assert_array_equal(np.sort(seen, axis=0), np.sort(whole, axis=0))


@pytest.mark.parametrize(("size", "steps"), [(16, 4), (40, 1)])
def test_a_last_batch_with_fewer_rows_can_be_left_out(size: int, steps: int) -> None:
    train = {**MINIBATCHES["train"], "batch_size": size, "drop_last": True}
    assert experiment(MINIBATCHES, train=train).steps_per_epoch == steps
    batches = make({**MINIBATCHES, "train": train}, [1])
    parts = [batches.at(step).inputs[0] for step in range(1, 2 * steps + 1)]
    assert {len(part) for part in parts} == {size}
    left_out = []
    for epoch in (parts[:steps], parts[steps:]):
        seen = {row.numpy().tobytes() for row in torch.cat(epoch)}
        assert len(seen) == steps * size
        left_out.append(seen)
    assert left_out[0] != left_out[1]


def test_inputs_and_targets_are_shuffled_alike() -> None:
    batches = make(MINIBATCHES, [1])
    train = load(experiment(MINIBATCHES).data, 1).train
    classes = {
        row.tobytes(): target for row, target in zip(train.inputs, train.targets, strict=True)
    }
    batch = batches.at(12)
    for point, target in zip(batch.inputs[0].numpy(), batch.targets[0].numpy(), strict=True):
        assert classes[np.ascontiguousarray(point).tobytes()] == target


def test_every_epoch_has_another_order() -> None:
    batches = make(MINIBATCHES, [1])
    assert not torch.equal(batches.at(1).inputs, batches.at(6).inputs)


@pytest.mark.parametrize("tables", [MINIBATCHES, FRESH], ids=["minibatches", "fresh"])
def test_a_batch_does_not_depend_on_those_before(tables: dict) -> None:
    in_order, jumping = make(tables, [3]), make(tables, [3])
    wanted = {step: in_order.at(step).inputs.clone() for step in range(1, 300)}
    for step in (299, 7, 256, 257, 8, 1):
        assert torch.equal(jumping.at(step).inputs, wanted[step])


@pytest.mark.parametrize("tables", [MINIBATCHES, FRESH], ids=["minibatches", "fresh"])
def test_a_member_sees_what_it_sees_alone(tables: dict) -> None:
    together = make(tables, [3, 9])
    for member, seed in enumerate([3, 9]):
        alone = make(tables, [seed])
        for step in (1, 8, 260):
            assert torch.equal(together.at(step).inputs[member], alone.at(step).inputs[0])
            assert torch.equal(together.at(step).targets[member], alone.at(step).targets[0])


def test_fresh_rows_are_never_seen_twice() -> None:
    batches = make(FRESH, [2])
    assert isinstance(batches, Fresh)
    steps = (1, 2, UNIT_STEPS, UNIT_STEPS + 1)
    assert len({batches.at(step).inputs.numpy().tobytes() for step in steps}) == 4
    batch = batches.at(5)
    np.testing.assert_allclose(batch.targets[0, :, 0], batch.inputs[0].sum(1), rtol=1e-5)


def test_rows_that_are_not_shuffled_come_in_the_order_of_the_data() -> None:
    spec = experiment(MINIBATCHES, train={"shuffle": False})
    where = torch.device("cpu"), torch.float32
    part = load(spec.data, 1, shuffled=False).train
    batches = batches_for([spec], to_batch(spec, [part], *where), *where)
    epochs = [
        torch.cat([batches.at(step).inputs for step in range(first, first + 5)], dim=1)[0]
        for first in (1, 6)
    ]
    for epoch in epochs:
        np.testing.assert_array_equal(epoch.numpy(), part.inputs)
    # Parting the rows shuffles them; the training set is put in the data's order again.
    whole = spec.data.draw(generator(1, "data")).inputs.astype(np.float32)
    places = [int(np.flatnonzero((whole == row).all(axis=1))[0]) for row in part.inputs]
    assert places == sorted(places)
    assert len(part) < len(whole)
