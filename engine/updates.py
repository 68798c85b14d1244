"""What turns gradients into updates: PyTorch's optimizers and schedules behind their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import lr_scheduler

from engine.experiment import Experiment
from engine.parameters import Layout


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


class Clipping:
    """Bounds on the gradient, for each member by itself.

    Args:
        experiment: Says which.
        layout: Where each member's gradient lies.
    """

    def __init__(self, experiment: Experiment, layout: Layout) -> None:
        self._norm, self._value = experiment.train.clip_norm, experiment.train.clip_value
        self._layout = layout
        self.wanted = self._norm is not None or self._value is not None
        """Whether anything is bounded."""

    def apply(self, gradients: Tensor) -> None:
        """Bound the gradients [size] in place, as ``torch.nn.utils.clip_grad_norm_`` does."""
        if self._norm is not None:
            parts = self._layout.slices(gradients)[: self._layout.parameters]
            norms = [torch.linalg.vector_norm(part, dim=-1) for part in parts]
            total = torch.linalg.vector_norm(torch.stack(norms), dim=0)
            factor = (self._norm / (total + 1e-6)).clamp(max=1.0)
            for part in parts:
                part.mul_(factor[:, None])
        if self._value is not None:
            gradients.clamp_(-self._value, self._value)
