"""Gradients by the formulas, many steps in one call of compiled C.

    rates, rows of data, masks ──► the call: forward, loss, backward, norms, update, dev set
                                     └─► a row a step: loss, norms, gradients, weights

Small networks are bound by what it costs to ask for an operation. Here none is asked for: a member
is taken through all its steps with everything of it in the CPU's cache. What decides the numbers,
such as batches, masks and rates, is drawn and counted where it always was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from ...experiment.experiment import Experiment
from ...network.module import Network
from ...recording.checkpoints import State
from ...step.batches import Batch
from ...step.l1 import pulls
from ...step.learning_rates import Rates
from ...step.measurements import Measurements
from ..method import Workload
from . import task as told
from .library import library
from .printing import single_states
from .probe import CompiledProbe
from .telling import TaskTelling, losses_with_c, number_of, rule_of, stride_bytes
from .threads import Threads

MOST_WEIGHTS: Final = 60_000
"""Weights of the largest layer that is played here on a CPU without wide vectors: the products of
larger ones are PyTorch's, whose library finds better ones than a compiler is told of."""

WIDE: Final = ("AVX512", "AVX2")
"""The vectors, as PyTorch names them, with which products of any size were measured to be as fast
here as PyTorch's, or faster: see ``benchmarks/RESULTS.md``."""

WORTH_A_TEAM: Final = 20e6
"""Floating-point operations of a network's step from which threads share it: those of a step of a
tenth of a millisecond, beside which meeting costs next to nothing."""


def lacking(experiment: Experiment) -> str:
    """Return why the compiled steps cannot play an experiment; nothing where they can."""
    sizes = [math.prod(shape) for shape in experiment.shapes.values()]
    wide = torch.backends.cpu.get_cpu_capability() in WIDE
    if (largest := max(sizes)) > MOST_WEIGHTS and not wide:
        return f"a layer of {largest:,} weights is faster as PyTorch multiplies it"
    if len(experiment.model.activations) > told.MOST_LAYERS:
        return f"there is room for {told.MOST_LAYERS} layers"
    if experiment.loss.name not in losses_with_c():
        return f"there is no C for the loss {experiment.loss.name!r}"
    if experiment.has_shares:
        return "it takes the true class of a row, not the share of each"
    return ""


class Compiled:
    """The network's formulas and the optimizer's, over one flat tensor, in C.

    Args:
        workload: What to train, and on what.
        threads: How many threads share the members.

    Raises:
        NoLibraryError: There is no library here.
    """

    name = "manual"
    way = "compiled"

    def __init__(self, workload: Workload, threads: int = 1) -> None:
        experiment, network = workload.experiment, workload.network
        assert isinstance(network, Network)
        real = "double" if workload.weights.dtype == torch.float64 else "float"
        self._library, self._real = library(real), real
        self._room, self._take = told.functions(self._library, real)
        self.weights = workload.weights
        self._experiment, self._layout = experiment, workload.layout
        self._batches, self._members = workload.batches, workload.members
        self._masks = network.masks
        self._rates = Rates(workload.members)
        self._stride = experiment.evaluation_stride if workload.dev is not None else 0
        self._taken = 0
        """Updates so far."""
        self._rule = rule_of(workload.members[0].optimizer, workload.members)
        self._state = {name: torch.zeros_like(self.weights) for name in self._rule.state.values()}
        for kept, setting in self._rule.starts.items():
            starts = [number_of(each.optimizer, setting) for each in workload.members]
            self._spread(starts, self._state[self._rule.state[kept]])
        self._single = {self._rule.state[name] for name in single_states(self._rule)}
        """What is kept as a number for every weight, and is one for all weights of a member."""
        members = workload.members
        bounds = [(each.train.clip_norm, each.train.clip_value) for each in members]
        changes = any(each != (None, None) for each in bounds) or pulls(members)
        self._used: Tensor | None = None
        if not experiment.train.zero_grad or changes:
            self._used = torch.zeros_like(self.weights)
        self._telling = TaskTelling(workload, self._rule, self._state, self._used)
        self._task = self._telling.task
        self._rows: Measurements | None = None
        large = experiment.step_operations >= WORTH_A_TEAM
        self._threads = Threads(threads, len(members), large=large)
        # PyTorch's do spin, and what is left to it beside the steps is too small to be shared out:
        # a population of 64 would cost twice the processor's time.
        torch.set_num_threads(1)

    @property
    def lr(self) -> list[float]:
        """The learning rate of the next update, for each member."""
        return list(self._rates.now)

    def set_lr(self, value: float) -> None:
        """Set every member's learning rate from the next update on."""
        self._rates.set(value)

    def take(self, first: int, count: int, rows: Measurements) -> None:
        """Take the steps first … first + count - 1: row i gets what step first + i leaves."""
        if rows is not self._rows:
            self._bind(rows)
        row = 0
        while row < count:
            row += self._portion(first + row, count - row, row)

    def state(self) -> State:
        """Return what besides the weights is needed to go on, arrays as [members, *shape]."""
        named = {name: self._plain(name, value) for name, value in self._state.items()}
        # Written anew by every step, but where a step adds to what is there.
        piled = None if self._experiment.train.zero_grad else self._used
        return {
            "optimizer": {"step": self._taken, **named},
            "rates": self._rates.state(),
            "gradients": {} if piled is None else self._layout.named(piled[: self._layout.learned]),
        }

    def restore(self, state: State) -> None:
        """Go on from what ``state`` returned, with the weights that are there."""
        self._taken = int(state["optimizer"]["step"])
        for name, value in self._state.items():
            kept = state["optimizer"][name]
            if name in self._single:
                self._spread(np.broadcast_to(kept, len(self._members)), value)
            else:
                self._layout.place(kept, value[: self._layout.learned])
        self._rates.restore(state["rates"])
        if state["gradients"] and self._used is not None:
            self._layout.place(state["gradients"], self._used[: self._layout.learned])

    def reschedule(self, step: int, measured: Callable[[int], Sequence[float]]) -> None:
        """Set the rates that the schedules come to after a step, from their beginning on."""
        for each in range(1, step + 1):
            if self._rates.due(each):
                self._rates.tick(measured(each) if self._rates.needs_measurement else [])

    def rate_of(self, member: int) -> int:
        """Return which of the rates and schedules in the state are a member's."""
        return self._rates.way_of[member]

    def lengthen(self, steps: int, step: int) -> None:
        """Go on after a step with the rates of a run of so many steps."""
        self._rates.lengthen(steps, step)

    def look(
        self, inputs: Tensor, most: Sequence[float], shares: Sequence[tuple[bool, int]]
    ) -> CompiledProbe:
        """Return what measures the networks beside their training.

        Args:
            inputs: The rows that go through them, [members, rows, features].
            most: As ``CompiledProbe`` takes it, as the following.
            shares: Which shares of units it tells.
        """
        share_out = self._threads.share_out
        return CompiledProbe(self._library, self._real, self._task, share_out, inputs, most, shares)

    def _spread(self, values: Any, into: Tensor) -> None:
        """Write a number of each member to all places of its weights."""
        for value, numbers in zip(values, self._layout.positions, strict=True):
            into[numbers] = float(value)

    def _plain(self, name: str, value: Tensor) -> Any:
        """Return what is kept under a name as a checkpoint holds it."""
        if name in self._single:
            return value[self._layout.positions[:, 0]].tolist()
        return self._layout.named(value[: self._layout.learned])

    def _portion(self, step: int, most: int, row: int) -> int:
        """Take some consecutive steps, of ``most`` at most; return how many.

        A portion ends where rows of data are not held together any more, where masks are drawn
        anew, and where a schedule must know a figure before the next step.
        """
        task, rows = self._task, self._rows
        assert rows is not None
        if self._masks.wanted:
            most = min(most, self._draw_masks(step))
        batch, held = self._batches.stretch(step, most)
        constant = self._experiment.sees_all
        steps = most if constant else held
        looks = self._rates.needs_measurement
        steps = self._tell_rates(step, steps, row)
        task.rows = batch.inputs.shape[1] // (1 if constant else held)
        task.first, task.steps, task.row, task.taken = step, steps, row, self._taken
        self._tell_batch(batch, constant=constant)
        self._play()
        self._taken += steps
        if looks and self._rates.due(step + steps - 1):
            figures = rows.watched(self._experiment.schedule.watches, dev=bool(self._stride))
            self._rates.tick(figures[row + steps - 1].tolist())
        return steps

    def _tell_rates(self, step: int, steps: int, row: int) -> int:
        """Write the rates of the next steps into their rows; return how many are known."""
        assert self._rows is not None
        self._rows.lr[row : row + steps] = self._rates.now
        for taken in range(steps if self._rates.moves else 0):
            self._rows.lr[row + taken] = self._rates.now
            if self._rates.due(step + taken):
                if self._rates.needs_measurement:
                    return taken + 1
                self._rates.tick([])
        return steps

    def _tell_batch(self, batch: Batch, *, constant: bool) -> None:
        task, inputs, targets = self._task, batch.inputs, batch.targets
        # Slices of what lies together: a row's numbers are dense, a member's rows too.
        task.inputs, task.targets = inputs.data_ptr(), targets.data_ptr()
        task.input_member, task.target_member = inputs.stride(0), stride_bytes(targets)
        task.input_step = 0 if constant else task.rows * inputs.shape[2]
        task.target_step = 0 if constant else task.rows * targets[0, 0].numel() * targets.itemsize

    def _draw_masks(self, step: int) -> int:
        """Turn to the masks of a step; return for how many steps they stand."""
        self._masks.begin(step)
        coming = self._masks.coming()
        dropouts = iter(coming)
        for index, share in enumerate(self._experiment.model.dropouts):
            if not share:
                continue
            masks = next(dropouts)
            layer = self._task.layer[index]
            layer.masks = masks.data_ptr()
            layer.mask_step, layer.mask_member, layer.mask_unit = masks.stride()[:3]
        return len(coming[0])

    def _play(self) -> None:
        """Take the steps of a portion."""
        take, room = partial(self._take, self._task), self._room(self._task)
        self._threads.take(take, room, self._task.steps)

    def _bind(self, rows: Measurements) -> None:
        """Get ready to fill these rows."""
        self._rows, task = rows, self._task
        rows.measured_norms = np.zeros((rows.capacity, task.members, 1 + task.parameters))
        task.rates, task.norms = rows.lr.ctypes.data, rows.measured_norms.ctypes.data
        task.gradients, task.after = rows.gradients.data_ptr(), rows.weights.data_ptr()
        task.losses, task.accuracies = rows.loss.data_ptr(), rows.accuracy.data_ptr()
        task.dev_losses = rows.dev_loss.data_ptr()
        task.dev_accuracies = rows.dev_accuracy.data_ptr()
