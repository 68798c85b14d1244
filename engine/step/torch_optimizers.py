"""What turns gradients into updates: PyTorch's optimizers and schedules behind their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from ..experiment.experiment import Experiment


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
