"""Gradients by autograd: the textbook's loop over an ordinary module. The reference.

It is written to be read beside a textbook, not to be fast: one step after the other, in PyTorch's
own words. The formulas are held against it number by number.

EagerMethod ── the loop: gradients, clipping, the update, what is measured
├─ Autograd      gradients by ``backward``
└─ Numeric       gradients by differences: ``engine.gradients.numeric``
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ..experiment.experiment import Members
from ..recording.checkpoints import State
from ..step.batches import Batch
from ..step.clipping import Clipping
from ..step.evaluation import Evaluator, accuracy_function, loss_function
from ..step.l1 import L1Pull
from ..step.learning_rates import Scheduler, group_state
from ..step.measurements import Measurements
from ..step.torch_optimizers import make_optimizer, optimizer_state, restore_optimizers
from .method import Workload


class EagerMethod(ABC):
    """The network, its optimizer and the loop; a subclass says how gradients are computed.

    Args:
        workload: What to train, and on what.
    """

    name: str
    """What the recording calls it."""

    def __init__(self, workload: Workload) -> None:
        experiment = workload.experiment
        self.weights = workload.weights
        self._layout, self._network = workload.layout, workload.network
        self._parameters = self._network.learned
        # PyTorch's optimizers take one setting for all their parameters; members that differ in one
        # need an optimizer each, which costs as many calls.
        self._one_each = _must_update_one_by_one(workload.members)
        self._clipping = Clipping(workload.members, self._layout)
        self._l1 = L1Pull(workload.members, self._layout)
        self._batches, self._dev = workload.batches, workload.dev
        self._stride = experiment.evaluation_stride if workload.dev is not None else 0
        self._watches = experiment.schedule.watches
        self._measure = Evaluator(workload.members, self._network)
        self._loss = loss_function(workload.members)
        self._accuracy = accuracy_function(experiment)
        # Backward starts with the derivative of each member's loss by itself, which is 1. As no
        # weight is shared, one backward gives each member the gradient it would have alone.
        self._ones = self.weights.new_ones(self._layout.members)
        self._row_gradients: list[list[Tensor]] = []
        self._zero_grad = experiment.train.zero_grad
        # What changes gradients after they were computed must not change the rows that show
        # them: then they are computed here, and the rows get a copy.
        self._gradients: Tensor | None = None
        changes = experiment.optimizer.changes_gradients
        changes |= self._clipping.wanted or self._l1.wanted
        if changes or not self._zero_grad or self._one_each:
            # One tensor for all of them: to clear, to copy and to clip is then one operation.
            self._gradients = torch.zeros_like(self.weights)
            self._point_gradients(self._gradients_in(self._gradients))
        self._optimizers = self._make_optimizers(workload.members)
        pairs = zip(workload.members, self._optimizers, strict=False)
        self._schedulers = [Scheduler(member, optimizer) for member, optimizer in pairs]

    @property
    def lr(self) -> list[float]:
        """The learning rate of the next update, for each member."""
        rates = [float(optimizer.param_groups[0]["lr"]) for optimizer in self._optimizers]
        # One optimizer over stacked parameters has one rate, which is then every member's.
        return rates if self._one_each else rates * self._layout.members

    def set_lr(self, value: float) -> None:
        """Set the learning rate from the next update on."""
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                # Where PyTorch's schedulers look as well: they go on from it.
                group["lr"] = value

    def take(self, first: int, count: int, rows: Measurements) -> None:
        """Take the steps first … first + count - 1: row i gets what step first + i leaves."""
        # Backward adds to what is there: a row that held an earlier block's gradients starts at 0.
        rows.gradients[:count].zero_()
        for row in range(count):
            step = first + row
            batch = self._batches.at(step)
            # Dropout draws by the step, not by how many draws came before.
            self._network.begin(step)
            self._clear_gradients(row, rows)
            # PyTorch keeps every layer's inputs on the way forward, for backward needs them.
            loss, outputs = self._differentiate(step, batch)
            self._keep_gradients(row, rows)
            # The rate this update uses: a schedule's tick afterwards is the next one's.
            rows.lr[row] = self.lr
            for optimizer in self._optimizers:
                optimizer.step()

            # Loss and accuracy are those of the outputs that the update learned from, hence of the
            # weights before it; weights and dev figures in the same row are of after it.
            rows.weights[row] = self.weights
            rows.loss[row] = loss.detach()
            if self._accuracy is not None:
                rows.accuracy[row] = self._accuracy(outputs.detach(), batch.targets)
            if self._stride and step % self._stride == 0:
                assert self._dev is not None
                rows.dev_loss[row], rows.dev_accuracy[row] = self._measure(self._dev)
            self._tick(step, row, rows)

    def state(self) -> State:
        """Return what besides the weights is needed to go on, arrays as [members, *shape]."""
        piled = None if self._zero_grad else self._gradients
        return {
            "optimizer": optimizer_state(self._optimizers, self._layout),
            "groups": [group_state(each) for each in self._optimizers],
            "schedules": [each.state() for each in self._schedulers],
            # Written anew by every step, but where a step adds to what is there.
            "gradients": {} if piled is None else self._layout.named(piled),
            "counters": self._network.counters(),
        }

    def restore(self, state: State) -> None:
        """Go on from what ``state`` returned, with the weights that are there."""
        restore_optimizers(self._optimizers, self._layout, state["optimizer"])
        for scheduler, counted in zip(self._schedulers, state["schedules"], strict=True):
            scheduler.restore(counted)
        for optimizer, rates in zip(self._optimizers, state["groups"], strict=True):
            optimizer.param_groups[0] |= rates
        if state["gradients"] and self._gradients is not None:
            self._layout.place(state["gradients"], self._gradients)
        self._network.restore(state["counters"])

    def reschedule(self, step: int, measured: Callable[[int], Sequence[float]]) -> None:
        """Set the rates that the schedules come to after a step, from their beginning on."""
        with warnings.catch_warnings():
            # The updates before these ticks were another optimizer's: PyTorch misses them.
            warnings.filterwarnings("ignore", "Detected call of .lr_scheduler", UserWarning)
            for each in range(1, step + 1):
                for member, scheduler in enumerate(self._schedulers):
                    if scheduler.due(each):
                        looks = scheduler.needs_measurement
                        scheduler.tick(measured(each)[member] if looks else 0.0)

    def rate_of(self, member: int) -> int:
        """Return which of the rates and schedules in the state are a member's."""
        return member if self._one_each else 0

    def lengthen(self, steps: int, step: int) -> None:
        """Go on after a step with the rates of a run of so many steps."""
        for scheduler in self._schedulers:
            scheduler.lengthen(steps, step)

    def _make_optimizers(self, members: Members) -> list[torch.optim.Optimizer]:
        """Return the optimizer of all members, or one for each where one cannot serve all."""
        # One optimizer over stacked parameters is a handful of operations for all members.
        if not self._one_each:
            return [make_optimizer(members[0], self._parameters)]
        assert self._gradients is not None
        weights, gradients = map(self._layout.parameter_slices, (self.weights, self._gradients))
        optimizers = []
        for index, member in enumerate(members):
            # Views of the same memory, which to PyTorch are parameters of their own.
            views = [nn.Parameter(part[index]) for part in weights]
            for view, gradient in zip(views, gradients, strict=True):
                view.grad = gradient[index]
            optimizers.append(make_optimizer(member, views))
        return optimizers

    @abstractmethod
    def _differentiate(self, step: int, batch: Batch) -> tuple[Tensor, Tensor]:
        """Add the loss's gradients to those of the parameters.

        Args:
            step: Which one this is; its random numbers have been set.
            batch: What it sees, [members, rows, …].

        Returns:
            The loss of each member [members], and the outputs [members, rows, outputs].
        """

    def _clear_gradients(self, row: int, rows: Measurements) -> None:
        """Clear the gradients, or point them at their zeros in the step's row.

        Clearing is an operation of its own, since PyTorch's backward adds: a loop that forgets
        it (``train.zero_grad = false``) piles gradients up, which is a lesson one can record. Where
        nothing changes gradients after backward, it writes them straight where they are shown.
        """
        if self._gradients is not None:
            if self._zero_grad:
                self._gradients.zero_()
            return
        if not self._row_gradients:
            self._row_gradients = [self._gradients_in(each) for each in rows.gradients]
        self._point_gradients(self._row_gradients[row])

    def _keep_gradients(self, row: int, rows: Measurements) -> None:
        """Show the gradients as they were computed, and bound them afterwards.

        What exploded is to be seen as it exploded; a row of clipped gradients would hide it.
        """
        if self._gradients is not None:
            rows.gradients[row] = self._gradients
            self._clipping.apply(self._gradients)
            self._l1.add(self._gradients, self.weights)

    def _gradients_in(self, flat: Tensor) -> list[Tensor]:
        """Return each parameter's gradient as a view of ``flat`` [size]."""
        pairs = zip(self._layout.parameter_slices(flat), self._parameters, strict=True)
        return [part.view(parameter.shape) for part, parameter in pairs]

    def _point_gradients(self, gradients: list[Tensor]) -> None:
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.grad = gradient

    def _tick(self, step: int, row: int, rows: Measurements) -> None:
        """Let schedules set the learning rates; only what one of them looks at is fetched."""
        # Reading one number waits for the device, so a schedule that only counts steps reads none.
        watched = rows.watched(self._watches, dev=bool(self._stride))
        for member, scheduler in enumerate(self._schedulers):
            if scheduler.due(step):
                scheduler.tick(float(watched[row, member]) if scheduler.needs_measurement else 0.0)


def _must_update_one_by_one(members: Members) -> bool:
    """Whether each member needs an optimizer of its own: PyTorch's has one setting for all."""
    ways = [(member.optimizer, member.schedule) for member in members]
    looks = len(members) > 1 and members[0].schedule.needs_measurement
    return looks or any(way != ways[0] for way in ways)


class Autograd(EagerMethod):
    """Gradients by ``backward``."""

    name = "autograd"
    way = "operations"

    def _differentiate(self, step: int, batch: Batch) -> tuple[Tensor, Tensor]:
        """Go forward through the network, and back."""
        # Builds the graph that backward walks; nothing of it outlives the step.
        outputs = self._network(batch.inputs)
        loss = self._loss(outputs, batch.targets)
        # A one for each member is what ``loss.sum().backward()`` comes to, without the sum.
        torch.autograd.backward(loss, self._ones)
        return loss, outputs
