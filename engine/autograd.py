"""Gradients by autograd: the textbook's loop over an ordinary module. The reference.

Another way of getting gradients is another class with what ``Method`` lists; the trainer knows no
more than that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from engine.batches import Batch, Batches
from engine.experiment import Experiment
from engine.losses import LossBase
from engine.parameters import Layout
from engine.rows import Rows
from engine.updates import Clipping, Scheduler, make_optimizer


class Method(Protocol):
    """A way of getting gradients, and what is updated with them."""

    name: str
    """What the recording calls it."""
    weights: Tensor
    """The parameters and buffers now, [size]; written in place."""
    lr: float
    """The learning rate of the next update."""

    def take(self, first: int, count: int, rows: Rows) -> None:
        """Take the steps first … first + count - 1, filling the rows from 0 on."""

    def measure(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return loss and accuracy on a batch, [members] each, changing nothing."""
        ...

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return what the network says of inputs, computed as one that is not being trained."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what besides the weights is needed to go on."""
        ...


class Trainable(Protocol):
    """What autograd asks of a network."""

    learned: list[nn.Parameter]
    """The parameters, in the order of the recording."""
    modal: bool
    """Whether it computes otherwise while it is trained than while it is measured."""

    def begin(self, step: int) -> None:
        """Set the random numbers to those of a step."""

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the outputs [members, rows, outputs] for inputs [members, rows, features]."""
        ...

    def train(self, mode: bool = True) -> Any:
        """Compute as while it is trained, or as while it is measured."""


class Autograd:
    """The network, its optimizer, and gradients by ``backward``.

    Args:
        experiment: What to train.
        network: The network, whose parameters are views of ``weights``.
        layout: Where they lie.
        weights: The untrained parameters and buffers of all members, [size].
        batches: What each step sees.
        dev: The dev set, where there is one.
    """

    name = "autograd"

    def __init__(
        self,
        experiment: Experiment,
        network: Trainable,
        layout: Layout,
        weights: Tensor,
        batches: Batches,
        dev: Batch | None,
    ) -> None:
        self.weights = weights
        self._layout, self._network = layout, network
        self._parameters = network.learned
        self._optimizer = make_optimizer(experiment, self._parameters)
        self._scheduler = Scheduler(experiment, self._optimizer)
        self._clipping = Clipping(experiment, self._layout)
        self._batches, self._dev = batches, dev
        self._stride = experiment.evaluation_stride if dev is not None else 0
        self._loss = loss_function(experiment.loss)
        self._accuracy = accuracy_function(experiment)
        self._ones = torch.ones(layout.members, device=weights.device, dtype=weights.dtype)
        self._rows: list[list[Tensor]] = []
        self._zero_grad = experiment.train.zero_grad
        # What changes gradients after they were computed must not change the rows that show
        # them: then they are computed here, and the rows get a copy. PyTorch's own SGD does so
        # on CUDA, where it adds Nesterov's momentum into the gradients in place.
        self._own: Tensor | None = None
        changes = not experiment.optimizer.torch_name or self._optimizer.defaults.get("nesterov")
        if self._clipping.wanted or not self._zero_grad or changes:
            self._own = torch.zeros_like(weights)
            self._point_gradients(self._gradients_in(self._own))

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
            step = first + row
            batch = self._batches.at(step)
            self._network.begin(step)
            self._clear_gradients(row, rows)
            outputs = self._network(batch.inputs)
            loss = self._loss(outputs, batch.targets)
            torch.autograd.backward(loss, self._ones)
            self._keep_gradients(row, rows)
            rows.lr[row] = self.lr
            self._optimizer.step()

            rows.weights[row] = self.weights
            rows.loss[row] = loss.detach()
            if self._accuracy is not None:
                rows.accuracy[row] = self._accuracy(outputs.detach(), batch.targets)
            if self._stride and step % self._stride == 0:
                assert self._dev is not None
                rows.dev_loss[row], rows.dev_accuracy[row] = self.measure(self._dev)
            if self._scheduler.due(step):
                self._tick(row, rows)

    @torch.no_grad()
    def measure(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return loss and accuracy on a batch, [members] each; no accuracy is NaN."""
        outputs = self.outputs(batch.inputs)
        loss = self._loss(outputs, batch.targets)
        if self._accuracy is None:
            return loss, torch.full_like(loss, torch.nan)
        return loss, self._accuracy(outputs, batch.targets)

    @torch.no_grad()
    def outputs(self, inputs: Tensor) -> Tensor:
        """Return what the network says of inputs, computed as one that is not being trained."""
        if not self._network.modal:
            return self._network(inputs)
        self._network.train(mode=False)
        try:
            return self._network(inputs)
        finally:
            self._network.train()

    def state(self) -> dict[str, Any]:
        """Return the optimizer's state."""
        state: dict[str, Any] = self._optimizer.state_dict()
        return state

    def _clear_gradients(self, row: int, rows: Rows) -> None:
        """Clear the gradients, or point them at their zeros in the step's row.

        Where nothing changes them after backward, it then writes them where they are shown.
        """
        if self._own is not None:
            if self._zero_grad:
                self._own.zero_()
            return
        if not self._rows:
            self._rows = [self._gradients_in(each) for each in rows.gradients]
        self._point_gradients(self._rows[row])

    def _keep_gradients(self, row: int, rows: Rows) -> None:
        """Show the gradients as they were computed, and bound them afterwards."""
        if self._own is not None:
            rows.gradients[row] = self._own
            self._clipping.apply(self._own)

    def _gradients_in(self, flat: Tensor) -> list[Tensor]:
        """Return each parameter's gradient as a view of ``flat`` [size]."""
        parts = self._layout.slices(flat)[: self._layout.parameters]
        return [
            part.view(parameter.shape)
            for part, parameter in zip(parts, self._parameters, strict=True)
        ]

    def _point_gradients(self, gradients: list[Tensor]) -> None:
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.grad = gradient

    def _tick(self, row: int, rows: Rows) -> None:
        """Let the schedule set the learning rate; only where it looks at the loss is it fetched."""
        measured = 0.0
        if self._scheduler.needs_measurement:
            losses = rows.dev_loss if self._stride else rows.loss
            measured = float(losses[row].mean())
        self._scheduler.tick(measured)


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


def decided(experiment: Experiment, outputs: Tensor) -> Tensor:
    """Return the class that outputs [members, rows, outputs] speak for: [members, rows]."""
    if experiment.loss.targets == "classes":
        return outputs.argmax(2)
    return (outputs > _threshold(experiment)).long().flatten(1)


def _threshold(experiment: Experiment) -> float:
    """Return where a single output turns from class 0 to class 1."""
    return 0.0 if experiment.loss.outputs == "logit" else 0.5


def accuracy_function(experiment: Experiment) -> Callable[[Tensor, Tensor], Tensor] | None:
    """Return the share of rows whose class is right, [members], or None without classes."""
    if not experiment.has_accuracy:
        return None
    if experiment.loss.targets == "classes":
        return lambda outputs, targets: (outputs.argmax(2) == targets).mean(1, dtype=torch.float64)
    threshold = _threshold(experiment)

    def binary(outputs: Tensor, targets: Tensor) -> Tensor:
        return ((outputs > threshold) == targets).mean((1, 2), dtype=torch.float64)

    return binary
