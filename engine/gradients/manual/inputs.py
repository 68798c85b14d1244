"""What the steps see, as the formulas want it: features first, and classes as ones and zeros.

    batches, rows first ─► Inputs ─► Portion: consecutive steps that one graph computes

With features first a layer is weight @ x: the gradient by the weights comes out in the weights' own
shape, and an activation runs over rows that lie beside one another. Where every step sees the whole
training set, it is laid into the graph once. Otherwise a step copies its own rows there, which
turns them over; the targets of many steps are turned over together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ...experiment.experiment import Experiment
from ...step.batches import Batch, Batches
from .outputs import with_padding


@dataclass(frozen=True, eq=False)
class Portion:
    """Consecutive steps with as many rows each."""

    steps: int
    """How many."""
    rows: int
    """Rows in each of them."""
    inputs: Tensor
    """What they see, [steps, members, features, rows]."""
    targets: Tensor
    """What they are to learn, [steps, members, outputs, padded rows], classes as ones and zeros:
    see ``targets_of``."""


class Inputs:
    """The portions of a run.

    Args:
        experiment: Says what the targets are.
        batches: What the steps see.
    """

    def __init__(self, experiment: Experiment, batches: Batches) -> None:
        self._experiment, self._batches = experiment, batches
        self._constant = experiment.sees_all
        self._whole: Portion | None = None

    def portion(self, step: int, most: int) -> Portion:
        """Return the steps from ``step`` on, as many of ``most`` as are had together."""
        if not self._constant:
            # Never past the end of an epoch, or of what was drawn together: ``stretch`` says how
            # many.
            return self._turned(*self._batches.stretch(step, most))
        if self._whole is None or self._whole.steps < most:
            # Later portions are no longer than the longest so far, and views of it.
            self._whole = _repeated(self._turned(*self._batches.stretch(step, 1)), most)
        whole = self._whole
        return replace(whole, steps=most, inputs=whole.inputs[:most], targets=whole.targets[:most])

    def _turned(self, batch: Batch, steps: int) -> Portion:
        """Turn a piece [members, steps · rows, …] over, so that features come first.

        The inputs are a view: a step copies them into the graph's buffer in any case, and that
        turns them. Targets are read where they lie, so they are made dense here.
        """
        members, together, features = batch.inputs.shape
        rows = together // steps
        # [steps, members, features, rows]: a view, no number is moved.
        inputs = batch.inputs.view(members, steps, rows, features).permute(1, 0, 3, 2)
        return Portion(steps, rows, inputs, targets_of(self._experiment, batch, steps))


def targets_of(experiment: Experiment, batch: Batch, steps: int = 1) -> Tensor:
    """Return the targets of consecutive steps, [steps, members, outputs, padded rows], dense.

    Args:
        experiment: Says what they are; classes become ones and zeros.
        batch: What the steps see, [members, steps * rows, …].
        steps: How many there are.
    """
    members, together = batch.targets.shape[:2]
    targets = batch.targets.view(members, steps, together // steps, -1)
    # As ones and zeros the derivative of cross entropy is p - t, one subtraction without indices.
    if experiment.loss.targets == "classes" and not experiment.has_shares:
        targets = torch.nn.functional.one_hot(targets.squeeze(-1), experiment.outputs)
    return with_padding(targets.permute(1, 0, 3, 2).to(batch.inputs.dtype))


def _repeated(one: Portion, steps: int) -> Portion:
    """Return a portion in which every step is the same.

    The targets are copied for each, which makes the losses of many steps one dense computation.
    """
    # ``expand`` alone repeats nothing; ``contiguous`` is what copies.
    targets = one.targets.expand(steps, -1, -1, -1).contiguous()
    return Portion(steps, one.rows, one.inputs.expand(steps, -1, -1, -1), targets)
