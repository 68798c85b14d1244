"""What turns gradients into updates: PyTorch's optimizers and schedules behind their names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import lr_scheduler

from engine.experiment.experiment import Experiment
from engine.network.parameters import Layout


class ByHand(torch.optim.Optimizer):
    """The textbook's update, written out.

    Args:
        parameters: What is updated.
        lr: Learning rate.
        clears: Whether the gradients are cleared afterwards; forgetting it is a lesson.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], lr: float, clears: bool) -> None:
        super().__init__(parameters, {"lr": lr})
        self._clears = clears

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take lr times the gradient off every parameter, then clear the gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter -= group["lr"] * parameter.grad
                if self._clears:
                    parameter.grad.zero_()


def make_optimizer(
    experiment: Experiment, parameters: Sequence[nn.Parameter]
) -> torch.optim.Optimizer:
    """Return the optimizer an experiment names."""
    spec = experiment.optimizer
    if not spec.torch_name:
        return ByHand(parameters, spec.lr, experiment.train.zero_grad)
    optimizer: torch.optim.Optimizer = getattr(torch.optim, spec.torch_name)(
        parameters, **spec.arguments
    )
    return optimizer


class Scheduler:
    """The learning rate over a run; ticks at the end of each epoch, or of each step.

    Args:
        experiment: Names the schedule, and says how long an epoch is.
        optimizer: Whose learning rate it sets.
    """

    def __init__(self, experiment: Experiment, optimizer: torch.optim.Optimizer) -> None:
        spec = experiment.schedule
        self.needs_measurement = spec.needs_measurement
        """Whether a tick wants the loss that was measured."""
        looks = experiment.evaluation_stride if self.needs_measurement else 0
        self._every = looks or experiment.steps_per_epoch or 1
        ticks = experiment.steps // self._every
        self._phases: list[tuple[int, Callable[[], Any]]] = []
        if spec.warmup:
            rise = partial(
                lr_scheduler.LinearLR, optimizer, 1 / (spec.warmup + 1), total_iters=spec.warmup
            )
            self._phases.append((spec.warmup, rise))
        if spec.torch_name:
            main = getattr(lr_scheduler, spec.torch_name)
            arguments = spec.arguments(ticks - spec.warmup)
            self._phases.append((ticks, partial(main, optimizer, **arguments)))
        self._left = 0
        self._next_phase()

    def due(self, step: int) -> bool:
        """Return whether a step ends with a tick."""
        return self._phase is not None and step % self._every == 0

    def tick(self, measured: float) -> None:
        """Set the learning rate of the next step.

        Args:
            measured: The loss on the dev set, or on the last batch where there is none.
        """
        assert self._phase is not None
        self._phase.step(*([measured] if self.needs_measurement else []))
        self._left -= 1
        if not self._left:
            self._next_phase()

    def _next_phase(self) -> None:
        """Make the next scheduler when the one before is through: it starts from its rate."""
        self._phase: Any = None
        if self._phases:
            self._left, make = self._phases.pop(0)
            self._phase = make()


class Rates:
    """The learning rate of each member over a run, set by PyTorch's schedulers.

    Members whose rates go the same way share one. A rate that stays as it is has none.

    Args:
        members: The members, whose schedules may differ in their numbers.
    """

    def __init__(self, members: Sequence[Experiment]) -> None:
        spec = members[0].schedule
        # What looks at a member's loss is that member's own.
        ways = [
            (member.optimizer.lr, member.schedule, index if spec.needs_measurement else 0)
            for index, member in enumerate(members)
        ]
        different = list(dict.fromkeys(ways.index(way) for way in ways))
        self._way_of = [different.index(ways.index(way)) for way in ways]
        """Which of the ways each member's rate goes."""
        self._first_of = different
        """The first member of each way."""
        self._rates = [_Rate(members[index].optimizer.lr) for index in different]
        schedules = [member.schedule for member in members]
        self.moves = any(each.torch_name or each.warmup for each in schedules)
        """Whether any rate changes by itself."""
        self._schedulers = [
            Scheduler(members[index], rate)
            for index, rate in zip(different if self.moves else [], self._rates, strict=False)
        ]
        self._ticking: list[tuple[int, Scheduler]] = []
        self.needs_measurement = spec.needs_measurement
        """Whether a tick wants the losses that were measured."""
        self.now: list[float] = []
        """The learning rate of the next update, for each member; a new list whenever it changes."""
        self._read()

    def set(self, value: float) -> None:
        """Set every member's learning rate from the next update on; schedules go on from it."""
        for rate in self._rates:
            rate.param_groups[0]["lr"] = value
        self._read()

    def due(self, step: int) -> bool:
        """Return whether a step ends with a tick of any member's."""
        if not self._schedulers:
            return False
        self._ticking = [each for each in enumerate(self._schedulers) if each[1].due(step)]
        return bool(self._ticking)

    def tick(self, measured: Sequence[float]) -> None:
        """Set the learning rates of the next step, after one that is ``due``.

        Args:
            measured: Each member's loss on the dev set, or on the last batch where there is none;
                anything where no measurement is needed.
        """
        for way, scheduler in self._ticking:
            loss = measured[self._first_of[way]] if self.needs_measurement else 0.0
            self._rates[way].step()
            scheduler.tick(loss)
        self._read()

    def _read(self) -> None:
        rates = [float(rate.param_groups[0]["lr"]) for rate in self._rates]
        self.now = [rates[way] for way in self._way_of]


class _Rate(torch.optim.Optimizer):
    """A learning rate where PyTorch's schedulers look for it: in an optimizer of nothing.

    It is not made as PyTorch makes one, which takes seconds the first time: that loads the
    compiler.

    Args:
        lr: The rate at first.
    """

    def __init__(self, lr: float) -> None:
        self.defaults = {}
        self.param_groups = [{"params": [], "lr": lr}]

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Do nothing: PyTorch's schedulers warn if they tick before an update."""


class Clipping:
    """Bounds on the gradient, for each member by itself.

    Args:
        members: Each says its own bounds.
        layout: Where each member's gradient lies.
    """

    def __init__(self, members: Sequence[Experiment], layout: Layout) -> None:
        self._norms = [member.train.clip_norm for member in members]
        self._values = [member.train.clip_value for member in members]
        self._layout = layout
        self._gradients: Tensor | None = None
        self.wanted = any(bound is not None for bound in (*self._norms, *self._values))
        """Whether anything is bounded."""

    def apply(self, gradients: Tensor) -> None:
        """Bound the gradients in place, as ``torch.nn.utils.clip_grad_norm_`` does.

        Args:
            gradients: Of the parameters at least, [learned] or [size]. What is made to bound
                them is kept, so that it costs least if it is the same tensor every time.
        """
        if not self.wanted:
            return
        if gradients is not self._gradients:
            self._look_at(gradients)
        if self._norm is not None:
            self._scale()
        if self._value is not None:
            for part in self._parts:
                part.clamp_(self._least, self._value)

    def _scale(self) -> None:
        """Scale each member's gradient so that its norm is at most its bound."""
        assert self._norm is not None
        for part, norm in zip(self._parts, self._own_norms, strict=True):
            torch.linalg.vector_norm(part, dim=-1, keepdim=True, out=norm)
        torch.linalg.vector_norm(self._norm_of, dim=0, out=self._total)
        torch.div(self._norm, self._total.add_(self._margin), out=self._factor)
        torch.clamp(self._factor, max=1.0, out=self._factor)
        if self._free is not None:
            self._factor.masked_fill_(self._free, 1.0)
        for part in self._parts:
            part.mul_(self._factor)

    def _look_at(self, gradients: Tensor) -> None:
        """Make what is needed to bound a tensor of gradients."""
        self._gradients = gradients
        layout = self._layout
        shapes = list(layout.shapes.values())[: layout.parameters]
        ends = np.cumsum([math.prod(shape) for shape in shapes])
        starts = [0, *ends[:-1]]
        self._parts = []
        """Each parameter's gradient, [members, numbers]."""
        for start, end in zip(starts, ends, strict=True):
            first, last = layout.positions[0, start], layout.positions[-1, end - 1]
            self._parts.append(gradients[int(first) : int(last) + 1].view(layout.members, -1))
        self._norm_of = gradients.new_zeros(len(shapes), layout.members, 1)
        self._own_norms = self._norm_of.unbind()
        self._total, self._factor = gradients.new_zeros(2, layout.members, 1).unbind()
        self._margin = gradients.new_tensor(1e-6)
        self._norm = _bounds(self._norms, gradients)
        self._value = _bounds(self._values, gradients)
        self._least = None if self._value is None else -self._value
        self._free: Tensor | None = None
        """The members that have no bound, where others have: not even a NaN scales them."""
        if self._norm is not None and None in self._norms:
            self._free = self._norm.isinf()


def _bounds(bounds: Sequence[float | None], like: Tensor) -> Tensor | None:
    """Return the members' bounds [members, 1], infinite where there is none; None without any."""
    if all(bound is None for bound in bounds):
        return None
    numbers = [math.inf if bound is None else bound for bound in bounds]
    return torch.tensor(numbers, dtype=like.dtype, device=like.device)[:, None]
