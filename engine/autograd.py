"""Gradients by autograd: the textbook's loop over an ordinary module. The reference.

Another way of getting gradients is another class with ``take``, ``measure``, ``weights`` and
``lr``; the trainer knows no more than ``Method``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from engine.batches import Batch, Batches
from engine.experiment import Experiment
from engine.losses import LossBase
from engine.network import Network
from engine.rows import Rows


class Method(Protocol):
    """A way of getting gradients, and what is updated with them."""

    name: str
    """What the recording calls it."""
    weights: Tensor
    """The parameters now, [size]; written in place."""
    lr: float
    """The learning rate of the next update."""

    def take(self, first: int, count: int, rows: Rows) -> None:
        """Take the steps first … first + count - 1, filling the rows from 0 on."""

    def measure(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return loss and accuracy on a batch, [members] each, changing nothing."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what besides the weights is needed to go on."""
        ...


class Autograd:
    """The network, its optimizer, and gradients by ``backward``.

    Args:
        experiment: What to train.
        members: How many networks there are.
        weights: Their untrained parameters, [size].
        batches: What each step sees.
        dev: The dev set, where there is one.
    """

    name = "autograd"

    def __init__(
        self,
        experiment: Experiment,
        members: int,
        weights: Tensor,
        batches: Batches,
        dev: Batch | None,
    ) -> None:
        self.weights = weights
        self._network = Network(experiment, members, weights)
        self._parameters = list(self._network.parameters())
        spec = experiment.optimizer
        self._optimizer = getattr(torch.optim, spec.torch_name)(self._parameters, **spec.arguments)
        self._batches, self._dev = batches, dev
        self._stride = experiment.evaluation_stride if dev is not None else 0
        self._loss = loss_function(experiment.loss)
        self._accuracy = accuracy_function(experiment)
        self._ones = torch.ones(members, device=weights.device, dtype=weights.dtype)
        self._gradients: list[list[Tensor]] = []

    @property
    def lr(self) -> float:
        """The learning rate of the next update."""
        return float(self._optimizer.param_groups[0]["lr"])

    @lr.setter
    def lr(self, value: float) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = value

    def take(self, first: int, count: int, rows: Rows) -> None:
        """Take the steps first … first + count - 1, filling the rows from 0 on."""
        rows.gradients[:count].zero_()
        for row in range(count):
            batch = self._batches.at(first + row)
            self._clear_gradients(row, rows)
            outputs = self._network(batch.inputs)
            loss = self._loss(outputs, batch.targets)
            torch.autograd.backward(loss, self._ones)
            self._optimizer.step()

            rows.weights[row] = self.weights
            rows.loss[row] = loss.detach()
            if self._accuracy is not None:
                rows.accuracy[row] = self._accuracy(outputs.detach(), batch.targets)
            if self._stride and (first + row) % self._stride == 0:
                assert self._dev is not None
                rows.dev_loss[row], rows.dev_accuracy[row] = self.measure(self._dev)

    @torch.no_grad()
    def measure(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return loss and accuracy on a batch, [members] each; no accuracy is NaN."""
        outputs = self._network(batch.inputs)
        loss = self._loss(outputs, batch.targets)
        if self._accuracy is None:
            return loss, torch.full_like(loss, torch.nan)
        return loss, self._accuracy(outputs, batch.targets)

    def state(self) -> dict[str, Any]:
        """Return the optimizer's state."""
        state: dict[str, Any] = self._optimizer.state_dict()
        return state

    def _clear_gradients(self, row: int, rows: Rows) -> None:
        """Point every gradient at its zeros in the step's row: backward then writes it there."""
        if not self._gradients:
            self._gradients = [
                rows.layout.views(rows.gradients[index]) for index in range(rows.capacity)
            ]
        for parameter, gradient in zip(self._parameters, self._gradients[row], strict=True):
            parameter.grad = gradient


def loss_function(spec: LossBase) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loss of outputs and targets, one number for each member: [members]."""
    function = getattr(torch.nn.functional, spec.functional)
    arguments = spec.arguments

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        each = function(outputs, targets, reduction="none", **arguments)
        total: Tensor = each.sum(axes) if spec.reduction == "sum" else each.mean(axes)
        return total.sqrt() if spec.root else total

    def loss_of_classes(outputs: Tensor, targets: Tensor) -> Tensor:
        # PyTorch wants the classes on axis 1.
        return loss(outputs.transpose(1, 2), targets)

    axes = (1,) if spec.targets == "classes" else (1, 2)
    return loss_of_classes if spec.targets == "classes" else loss


def accuracy_function(experiment: Experiment) -> Callable[[Tensor, Tensor], Tensor] | None:
    """Return the share of rows whose class is right, [members], or None without classes."""
    if not experiment.has_accuracy:
        return None
    if experiment.loss.targets == "classes":
        return lambda outputs, targets: (outputs.argmax(2) == targets).mean(1, dtype=torch.float64)
    threshold = 0.0 if experiment.loss.outputs == "logit" else 0.5

    def binary(outputs: Tensor, targets: Tensor) -> Tensor:
        return ((outputs > threshold) == targets).mean((1, 2), dtype=torch.float64)

    return binary
