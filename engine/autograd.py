"""Gradients by autograd: the textbook's loop over an ordinary module. The reference."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from engine.measure import Measure, accuracy_function, loss_function
from engine.method import Trainee
from engine.rows import Rows
from engine.updates import Clipping, Scheduler, make_optimizer


class Autograd:
    """The network, its optimizer, and gradients by ``backward``.

    Args:
        trainee: What to train, and on what.
    """

    name = "autograd"

    def __init__(self, trainee: Trainee) -> None:
        experiment = trainee.experiment
        self.weights = trainee.weights
        self._layout, self._network = trainee.layout, trainee.network
        self._parameters = self._network.learned
        self._optimizer = make_optimizer(experiment, self._parameters)
        self._scheduler = Scheduler(experiment, self._optimizer)
        self._clipping = Clipping(experiment, self._layout)
        self._batches, self._dev = trainee.batches, trainee.dev
        self._stride = experiment.evaluation_stride if trainee.dev is not None else 0
        self._measure = Measure(experiment, self._network)
        self._loss = loss_function(experiment.loss)
        self._accuracy = accuracy_function(experiment)
        self._ones = self.weights.new_ones(self._layout.members)
        self._rows: list[list[Tensor]] = []
        self._zero_grad = experiment.train.zero_grad
        # What changes gradients after they were computed must not change the rows that show
        # them: then they are computed here, and the rows get a copy. PyTorch's own SGD does so
        # on CUDA, where it adds Nesterov's momentum into the gradients in place.
        self._own: Tensor | None = None
        changes = not experiment.optimizer.torch_name or self._optimizer.defaults.get("nesterov")
        if self._clipping.wanted or not self._zero_grad or changes:
            self._own = torch.zeros_like(self.weights)
            self._point_gradients(self._gradients_in(self._own))

    @property
    def lr(self) -> list[float]:
        """The learning rate of the next update: one for all members."""
        return [float(self._optimizer.param_groups[0]["lr"])] * self._layout.members

    def set_lr(self, value: float) -> None:
        """Set the learning rate from the next update on."""
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
                rows.dev_loss[row], rows.dev_accuracy[row] = self._measure(self._dev)
            if self._scheduler.due(step):
                self._tick(row, rows)

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
