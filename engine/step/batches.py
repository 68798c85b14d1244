"""What each step sees: a function of the step alone, so that resuming is a counter.

No batch is an iterator's next: an order is derived from (seed, epoch) and fresh rows from
(seed, unit of steps), so that step 5 000 is the same whether it was reached by one block or by
many, alone or beside other members, on a CPU or on CUDA.

Inputs are [members, rows, features]. Targets are [members, rows, outputs] for numbers and for
binary losses, [members, rows] indices for losses over classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ..data import Examples
from ..experiment.experiment import Experiment, Members
from ..experiment.units import fresh_unit
from ..randomness import generator


@dataclass(frozen=True)
class Batch:
    """The rows of one step, or a whole set."""

    inputs: Tensor
    """[members, rows, features]."""
    targets: Tensor
    """[members, rows, outputs], or [members, rows] indices of classes."""


class Batches(Protocol):
    """The batches of a run."""

    def at(self, step: int) -> Batch:
        """Return what ``step`` sees, counted from 1."""
        ...

    def stretch(self, step: int, most: int) -> tuple[Batch, int]:
        """Return the rows of consecutive steps in one piece, and how many steps that are.

        Args:
            step: The first of them.
            most: How many at most. Fewer are given where they are not held together, or where
                one of them has fewer rows than the others.

        Returns:
            What they see, [members, steps * rows, …], step by step.
        """
        ...


def to_batch(
    experiment: Experiment, parts: Sequence[Examples], device: torch.device, dtype: torch.dtype
) -> Batch:
    """Move one part of each member's data to the device, once: no step waits for a transfer.

    Args:
        experiment: Says what the targets are.
        parts: One member's rows each, all of one shape: [rows, features] and [rows, outputs], or
            [rows] for classes.
        device: Where they go.
        dtype: What the network computes with.
    """
    # [members, rows, features], even of one member: nothing after this knows of a special case.
    inputs = torch.from_numpy(np.stack([part.inputs for part in parts]))
    targets = torch.from_numpy(np.stack([part.targets for part in parts]))
    # Classes stay the integers they are: a float would be a wrong index as soon as it is rounded.
    if experiment.loss.targets != "classes" or experiment.has_shares:
        targets = targets.reshape(*targets.shape[:2], -1).to(dtype)
    return Batch(inputs.to(device, dtype), targets.to(device))


def batches_for(
    members: Members, whole: Batch | None, device: torch.device, dtype: torch.dtype
) -> Batches:
    """Return the batches that some experiments of one form ask for.

    Args:
        members: Each says what its rows are drawn from; the first, how large batches are.
        whole: The training set of each, [members, rows, …], where there is one.
        device: Where fresh rows go.
        dtype: What they are computed with.
    """
    if whole is None:
        return Fresh(members, device, dtype)
    experiment = members[0]
    if experiment.sees_all:
        return FullBatch(whole)
    seeds = [each.train.seed for each in members] if experiment.train.shuffle else None
    return Minibatches(whole, experiment.batch_rows, seeds, drop_last=experiment.train.drop_last)


class FullBatch:
    """Every step sees the whole training set."""

    def __init__(self, whole: Batch) -> None:
        self._whole = whole

    def at(self, step: int) -> Batch:
        """Return the training set."""
        return self._whole

    def stretch(self, step: int, most: int) -> tuple[Batch, int]:
        """Return the training set."""
        # The same tensor every time, so that whoever has laid it out once need not do so again.
        return self._whole, 1


class Minibatches:
    """Every epoch sees the training set once, in an order that depends on (seed, epoch).

    Args:
        whole: The training set, [members, rows, …].
        rows: How many a step sees.
        seeds: Each member's; None for the order that the rows have.
        drop_last: Whether a last batch with fewer rows is left out.
    """

    def __init__(
        self, whole: Batch, rows: int, seeds: Sequence[int] | None, *, drop_last: bool = False
    ) -> None:
        self._whole, self._rows, self._seeds = whole, rows, seeds
        self._count = whole.inputs.shape[1]
        self._steps = self._count // rows if drop_last else -(-self._count // rows)
        self._epoch = -1
        # A whole epoch is shuffled at once into the same memory: its batches are then slices, and
        # gathering rows step by step would cost a small network as much as its step.
        empty = Batch(torch.empty_like(whole.inputs), torch.empty_like(whole.targets))
        self._shuffled = whole if seeds is None else empty

    def at(self, step: int) -> Batch:
        """Return the step's rows; the last batch of an epoch may have fewer."""
        return _copy(self.stretch(step, 1)[0])

    def stretch(self, step: int, most: int) -> tuple[Batch, int]:
        """Return the rows of consecutive steps of an epoch; the next epoch takes their place."""
        # Steps count from 1, epochs from 0; the last batch of an epoch has what is left.
        epoch, index = divmod(step - 1, self._steps)
        if epoch != self._epoch:
            self._shuffle(epoch)
            self._epoch = epoch
        # Whole batches only; the last and shorter one comes by itself, for its rows are fewer.
        steps = max(1, min(most, self._count // self._rows - index))
        return _cut(self._shuffled, index * self._rows, (index + steps) * self._rows), steps

    def _shuffle(self, epoch: int) -> None:
        if self._seeds is None:
            return
        # Drawn by NumPy on the CPU: every device sees the rows in the same order.
        orders = [generator(seed, "order", epoch).permutation(self._count) for seed in self._seeds]
        # The order goes to the device, a number a row; the rows are there already.
        order = torch.from_numpy(np.stack(orders)).to(self._whole.inputs.device)
        _shuffle(self._whole.inputs, order, self._shuffled.inputs)
        _shuffle(self._whole.targets, order, self._shuffled.targets)


def _shuffle(tensor: Tensor, order: Tensor, into: Tensor) -> None:
    """Copy ``tensor`` [members, rows, …] with each member's rows in an order of its own.

    Args:
        tensor: What is copied.
        order: Which row comes where, [members, rows].
        into: Where it goes, of the shape of ``tensor``.
    """
    for rows, member_order, place in zip(tensor, order, into, strict=True):
        torch.index_select(rows, 0, member_order, out=place)


def _cut(batch: Batch, start: int, stop: int) -> Batch:
    """Return some rows."""
    return Batch(batch.inputs[:, start:stop], batch.targets[:, start:stop])


def _copy(batch: Batch) -> Batch:
    """Return a copy: a product over a slice gives bits that depend on its offset."""
    return Batch(batch.inputs.clone(), batch.targets.clone())


class Fresh:
    """Every step sees rows that were never seen before.

    Args:
        members: Each says what its rows are drawn from, and with which seed.
        device: Where they go.
        dtype: What the network computes with.
    """

    def __init__(self, members: Members, device: torch.device, dtype: torch.dtype) -> None:
        self._members, self._device, self._dtype = members, device, dtype
        self._size = members[0].batch_rows
        self._steps = fresh_unit(members[0])
        self._unit = -1
        self._drawn: Batch

    def at(self, step: int) -> Batch:
        """Return the step's rows."""
        return _copy(self.stretch(step, 1)[0])

    def stretch(self, step: int, most: int) -> tuple[Batch, int]:
        """Return the rows of consecutive steps of a unit."""
        # Rows past the unit's end are the next one's, which another generator draws: a stretch
        # never crosses into it.
        unit, index = divmod(step - 1, self._steps)
        if unit != self._unit:
            self._drawn, self._unit = self._draw(unit), unit
        steps = min(most, self._steps - index)
        return _cut(self._drawn, index * self._size, (index + steps) * self._size), steps

    def _draw(self, unit: int) -> Batch:
        # Many steps at once: NumPy draws for a unit, and a step's rows are a slice of it.
        rows = self._steps * self._size
        streams = [generator(each.train.seed, "fresh", unit) for each in self._members]
        drawn = zip(self._members, streams, strict=True)
        parts = [each.data.draw_fresh(stream, rows) for each, stream in drawn]
        return to_batch(self._members[0], parts, self._device, self._dtype)
