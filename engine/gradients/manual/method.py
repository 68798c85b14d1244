"""Gradients by the formulas: the textbook's update by hand, and the fast way.

    inputs ─► propagation ─► outputs, kept ─► losses and accuracies, many steps at once
                   └► the row's gradients ─► clipping ─► update ─► weights, kept in the row

All tensors are [members, features, rows]: one network or hundreds of one shape are the same few
operations. None of them allocates, and none is fetched from the device; what a viewer wants to
know of a step is computed once for many, from what the step has left in its row.

That is where the speed comes from. A small network's step is bound by how many operations are
asked for, not by their arithmetic: so nothing is computed twice, and what is only to be looked at
is computed for a hundred steps in one operation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...experiment.experiment import Experiment
from ...experiment.training import MAX_STEPS
from ...network.module import Network
from ...recording.checkpoints import State
from ...step.clipping import Clipping
from ...step.evaluation import Evaluator
from ...step.l1 import L1Pull
from ...step.learning_rates import Rates
from ...step.measurements import Measurements
from ..method import Workload
from . import activations, losses, normalisation
from .forward_backward import Propagation
from .inputs import Inputs, Portion
from .optimizers.formulas import FORMULAS as UPDATES
from .optimizers.formulas import make_update
from .outputs import padded, room


def lacking(experiment: Experiment) -> str:
    """Return what of an experiment has no formula, by its name in a preset; nothing if all has."""
    model = experiment.model
    if model.kind != "mlp":
        return f"model.kind = {model.kind!r}"
    if model.layers:
        return "model.layers"
    wanted = [
        *(("activation", name, activations.FORMULAS) for name in model.activations),
        *(("normalisation", name, normalisation.FORMULAS) for name in model.normalisations),
        ("loss", experiment.loss.name, losses.FORMULAS),
        ("optimizer", experiment.optimizer.name, UPDATES),
    ]
    for what, name, formulas in wanted:
        if name not in ("identity", "none") and name not in formulas:
            return f"the {what} {name!r}"
    return ""


class Manual:
    """The network's formulas and the optimizer's, over one flat tensor.

    Args:
        workload: What to train, and on what.
    """

    name = "manual"
    way = "operations"

    def __init__(self, workload: Workload) -> None:
        experiment, network = workload.experiment, workload.network
        assert isinstance(network, Network)
        self.weights = workload.weights
        self._experiment, self._layout = experiment, workload.layout
        self._members = workload.members
        self._masks = network.masks
        self._inputs = Inputs(experiment, workload.batches)
        # A captured graph repeats its launches with the same arguments, so what changes from step
        # to step, such as Adam's count of steps, must lie on the device.
        members, capturable = workload.members, self.weights.is_cuda
        self._update = make_update(members, workload.layout, self.weights, capturable=capturable)
        self._rates = Rates(workload.members)
        # A warm-up begins below the rate of the preset.
        self._update.set_lr(self._rates.now)
        self._clipping = Clipping(workload.members, workload.layout)
        self._l1 = L1Pull(workload.members, workload.layout)
        self._clears = experiment.train.zero_grad
        self._used: Tensor | None = None
        """What the update uses, where that is not what was computed."""
        if self._clipping.wanted or self._l1.wanted or not self._clears:
            # Else the update reads the row itself: no copy of all gradients in every step.
            self._used = self.weights.new_zeros(workload.layout.learned)

        # As more columns of the same products, dev rows cost far less than a forward of their own.
        # Not where they are measured in another mode, where batches differ in their rows, or where
        # a schedule must know the figure before the next step.
        self._dev = workload.dev
        self._stride = experiment.evaluation_stride if workload.dev is not None else 0
        self._measure = Evaluator(workload.members, network)
        self._constant = experiment.sees_all
        waits = network.modal or self._rates.needs_measurement
        self._rides = self._constant and self._stride == 1 and not waits
        """Whether dev rows are computed with the training rows: what is measured after a step
        is then what the next one's forward computes."""
        self._measures = 0 if self._rides else self._stride
        """Steps between measurements of the dev rows by themselves; 0 for none."""
        self._alike = self._update.alike and not (self._rates.moves or network.masks.wanted)
        """Whether nothing changes from step to step but the row: no rate, no count, no mask."""
        self._rows: Measurements | None = None
        self._propagations: dict[int, Propagation] = {}

    @property
    def lr(self) -> list[float]:
        """The learning rate of the next update, for each member."""
        return list(self._rates.now)

    def set_lr(self, value: float) -> None:
        """Set every member's learning rate from the next update on."""
        # On CUDA the rate lies on the device, where captured graphs read it.
        self._rates.set(value)
        self._update.set_lr(self._rates.now)

    @torch.no_grad()
    def take(self, first: int, count: int, rows: Measurements) -> None:
        """Take the steps first … first + count - 1: row i gets what step first + i leaves."""
        if rows is not self._rows:
            self._bind(rows)
        row = 0
        while row < count:
            # A portion ends with its epoch, where outputs find no more room, and at the next step
            # after which the dev rows are measured.
            most = min(count - row, self._most, self._until_measured(first + row))
            portion = self._inputs.portion(first + row, most)
            propagation = self._propagation(portion)
            self._take(propagation, portion, first + row, row)
            self._settle(propagation, portion, row)
            row += portion.steps
        if self._rides:
            # The last step's dev figures would come with the next block's first step, too late.
            propagation.look_ahead()
            self._settle_dev(propagation, 0, 1, count - 1)

    def state(self) -> State:
        """Return what besides the weights is needed to go on, arrays as [members, *shape]."""
        update, named = self._update.state(), self._layout.named
        return {
            "optimizer": {
                name: named(value) if isinstance(value, Tensor) else value
                for name, value in update.items()
                if name != "lr"  # It is that of the rates.
            },
            "rates": self._rates.state(),
            # Written anew by every step, but where a step adds to what is there.
            "gradients": {} if self._clears or self._used is None else named(self._used),
        }

    def restore(self, state: State) -> None:
        """Go on from what ``state`` returned, with the weights that are there."""
        # The tensors are written over in place, for what was recorded of a step reads them there.
        self._rates.restore(state["rates"])
        update = self._update.state() | {"lr": self._rates.now}
        for name, value in update.items():
            if name == "lr":
                continue
            if isinstance(value, Tensor):
                self._layout.place(state["optimizer"][name], value)
            else:
                update[name] = state["optimizer"][name]
        self._update.load_state(update)
        if state["gradients"] and self._used is not None:
            self._layout.place(state["gradients"], self._used)
        self._propagations.clear()

    def reschedule(self, step: int, measured: Callable[[int], Sequence[float]]) -> None:
        """Set the rates that the schedules come to after a step, from their beginning on."""
        for each in range(1, step + 1):
            if self._rates.due(each):
                self._rates.tick(measured(each) if self._rates.needs_measurement else [])
        self._update.set_lr(self._rates.now)

    def rate_of(self, member: int) -> int:
        """Return which of the rates and schedules in the state are a member's."""
        return self._rates.way_of[member]

    def lengthen(self, steps: int, step: int) -> None:
        """Go on after a step with the rates of a run of so many steps."""
        self._rates.lengthen(steps, step)
        self._update.set_lr(self._rates.now)

    def _take(self, propagation: Propagation, portion: Portion, first: int, start: int) -> None:
        """Take a portion's steps.

        Args:
            propagation: What computes them.
            portion: What they see, [steps, members, features, rows].
            first: The first of them.
            start: Its row.
        """
        inputs, targets = portion.inputs, portion.targets[..., : portion.rows]
        self._lr[start : start + portion.steps] = self._rates.now
        if self._alike:
            # Update and all: on CUDA the whole portion is some launches.
            propagation.take(start, 0, portion.steps, inputs, targets)
            last = portion.steps - 1
            if self._measures and (first + last) % self._measures == 0:
                self._measure_dev(start + last)
            return
        for slot in range(portion.steps):
            step, row = first + slot, start + slot
            # Masks are of the step, whoever took the one before.
            propagation.begin(step)
            propagation.take(row, slot, 1, inputs, targets)
            self._learn(row)
            if self._measures and step % self._measures == 0:
                self._measure_dev(row)
            if self._rates.due(step):
                self._tick(propagation, portion, row)
                # Written for all rows to come: most schedules tick once an epoch.
                self._lr[row + 1 : start + portion.steps] = self._rates.now

    def _learn(self, row: int) -> None:
        """Update the weights by the gradients of a row, and keep them in it."""
        self._update.step(self._bounded(row))
        # A copy of all weights in every step: one operation, as all of them are one tensor, and
        # what lets a block be cut back, a best step be kept and a snapshot be taken afterwards.
        self._after[row].copy_(self.weights)

    def _bounded(self, row: int) -> Tensor:
        """Return what the update is to use of a row's gradients, and pile them up if asked to."""
        gradient = self._gradients[row]
        if self._used is None:
            return gradient
        if not self._clears:
            # What was not cleared is what the update before used: bounded, where it was bounded.
            gradient.add_(self._used)
        # The row shows what was computed; only the copy is clipped.
        self._used.copy_(gradient)
        self._clipping.apply(self._used)
        self._l1.add(self._used, self.weights)
        return self._used

    def _tick(self, propagation: Propagation, portion: Portion, row: int) -> None:
        """Let the schedule set the learning rates; only where it looks at figures are they read."""
        # ReduceLROnPlateau alone looks at one; it costs such a run a fetch at every tick.
        measured: list[float] = []
        if self._rates.needs_measurement:
            assert self._rows is not None
            if not self._stride:
                self._settle(propagation, portion, row)
            watched = self._rows.watched(self._experiment.schedule.watches, dev=bool(self._stride))
            measured = watched[row].tolist()
        self._rates.tick(measured)
        self._update.set_lr(self._rates.now)

    def _settle(self, propagation: Propagation, portion: Portion, start: int) -> None:
        """Fill in the losses and accuracies of a portion's steps, from row ``start`` on.

        A loss is no part of a step by formulas: its derivative is written out, so that its value is
        wanted by whoever looks, and computed from the outputs of many steps together.
        """
        assert self._rows is not None
        taken = slice(start, start + portion.steps)
        measured = propagation.kept.measure(0, portion.steps, portion.targets)
        self._rows.loss[taken], self._rows.accuracy[taken] = measured
        if self._rides:
            # What a step computes of the dev rows belongs to the row before.
            skipped = int(start == 0)
            self._settle_dev(propagation, skipped, portion.steps, start - 1 + skipped)

    def _settle_dev(self, propagation: Propagation, begin: int, end: int, row: int) -> None:
        """Fill in the dev measurements kept in the slots begin … end - 1, from ``row`` on.

        The row of step s - 1 gets what step s computed before its update: until then the weights
        are those after step s - 1.
        """
        assert self._rows is not None
        assert propagation.dev_kept is not None
        measured_rows = slice(row, row + end - begin)
        measured = propagation.dev_kept.measure(begin, end, propagation.dev_targets[begin:end])
        self._rows.dev_loss[measured_rows], self._rows.dev_accuracy[measured_rows] = measured

    def _until_measured(self, step: int) -> int:
        """Return how many steps there are from ``step`` to the next that measures the dev rows."""
        return (-step % self._measures) + 1 if self._measures else MAX_STEPS

    def _measure_dev(self, row: int) -> None:
        assert self._rows is not None
        assert self._dev is not None
        self._rows.dev_loss[row], self._rows.dev_accuracy[row] = self._measure(self._dev)

    def _bind(self, rows: Measurements) -> None:
        """Get ready to fill these rows: views of them are made once, as a view costs as much
        to make as a small layer's sum.
        """
        self._rows, self._propagations = rows, {}
        self._gradients = rows.gradients[:, : self._layout.learned].unbind()
        self._after, self._lr = rows.weights.unbind(), rows.lr
        riding = self._dev.inputs.shape[1] if self._dev and self._rides else 0
        kept = padded(self._experiment.batch_rows) + padded(riding)
        numbers = self._layout.members * self._experiment.outputs * kept
        most = min(rows.capacity, room(numbers, rows.loss.device))
        # A schedule that looks at a loss must know it before the next step.
        self._most = 1 if self._rates.needs_measurement else most

    def _propagation(self, portion: Portion) -> Propagation:
        """Return what computes a portion's steps, made once for each number of rows.

        There are two at most: full batches, and the last one of an epoch.
        """
        if portion.rows not in self._propagations:
            assert self._rows is not None
            gradients = self._views(self._rows.gradients).items()
            self._propagations[portion.rows] = Propagation(
                self._members,
                self._views(self.weights),
                {name: rows.unbind() for name, rows in gradients},
                self._masks,
                inputs=portion.inputs[0],
                constant=self._constant,
                dev=self._dev if self._rides else None,
                room=self._most,
                then=self._learn if self._alike else _nothing,
            )
        return self._propagations[portion.rows]

    def _views(self, flat: Tensor) -> dict[str, Tensor]:
        """Return views of [..., size] by name: [..., members, out, in], or [..., out, 1]."""
        named = zip(self._layout.shapes.items(), self._layout.slices(flat), strict=True)
        return {
            name: part.view(*part.shape[:-1], *(shape if len(shape) == 2 else (*shape, 1)))
            for (name, shape), part in named
        }


def _nothing(row: int) -> None:
    """Let nothing follow."""
