"""The losses of the batches that a library accumulates for a step, said once it is taken."""

from __future__ import annotations

import torch
from torch import Tensor

from ..loop import Loop


class BatchLosses:
    """Collects what each batch has lost; of a step of several the mean counts.

    Args:
        run: Is told the loss of each step after it.
    """

    def __init__(self, run: Loop) -> None:
        self._run, self._step = run, run.step
        self._losses: list[Tensor] = []

    def add(self, loss: Tensor) -> None:
        """Take in the loss of a batch, [] of any type, after the step if it was the last of one."""
        self._losses.append(loss.detach())
        if self._run.step > self._step:
            self._step = self._run.step
            self._run.log(loss=torch.stack(self._losses).mean())
            self._losses.clear()
