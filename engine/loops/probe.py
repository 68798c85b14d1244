"""What is measured of a loop's network at some steps: its weights, their updates, its units.

    a step that is measured   its forward pass ─► units     before it ─► weights ─► after it

Often at first, then ever less; and at no step that would have the measuring take more of the loop's
time than its share.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from ..training.probe_steps import measured_steps
from .by_hand import HandWritten
from .norms import fused, norms_of
from .parameters import WatchedParameters
from .shards import part_of
from .units import Units

SHARE: Final = 0.0005
"""Of a loop's time, how much goes into measuring."""

FREE_SECONDS: Final = 0.01
"""What may go into it besides: a network of a thousand numbers is measured at its first steps."""

WHOLE: Final = 1_000_000
"""Numbers of a network at most whose updates are measured whole; of a larger one samples are."""

RUNS: Final = 256
RUN: Final = 16
"""Of a parameter that is sampled, how many runs of numbers, and how many numbers each: as many as
memory hands over together."""


class Allowance:
    """How much of a loop's time may go into measuring, and what has.

    Args:
        clock: Seconds of this thread's own work, of which both are: what either has to wait for
            costs the loop nothing.
    """

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._began = clock()
        self._entered, self._spent = 0.0, 0.0
        self._is_warm = False

    @property
    def is_left(self) -> bool:
        """Whether there is any left."""
        return self._spent <= FREE_SECONDS + SHARE * (self._clock() - self._began)

    def __enter__(self) -> None:
        self._entered = self._clock()

    def __exit__(self, *_: object) -> None:
        self._spent += self._clock() - self._entered

    def spend(self, seconds: float) -> None:
        """Count what was spent elsewhere."""
        self._spent += seconds

    def warmed(self) -> None:
        """Forget what was spent so far, if that was the first time: much of it is made once."""
        if not self._is_warm:
            self._is_warm, self._spent = True, 0.0


class LoopProbe:
    """Measures a loop's network at some of its steps.

    Args:
        watched: The network's parameters.
        units: Looks at its hidden units.
        optimizers: What moves the parameters.
        agreed: Whether other processes measure at the same steps, which no clock can tell them.
    """

    def __init__(
        self,
        watched: WatchedParameters,
        units: Units,
        optimizers: Sequence[Optimizer] = (),
        *,
        agreed: bool = False,
    ) -> None:
        self._watched = watched
        self._sample, self._units, self._agreed = Sample(watched), units, agreed
        self._allowance = Allowance()
        self._steps = measured_steps(1, 2**62, "auto")
        self.step = next(self._steps)
        """The step that is measured next."""
        self.is_open = False
        """Whether the step of the open row is measured."""
        self._last = 0
        self._optimizers = optimizers
        self.shares: dict[int, dict[str, Tensor]] = {}
        """By step that was measured, the shares of its dead and saturated units."""
        self.norms: dict[int, Tensor] = {}
        """By step that was measured, the norms of weights and of their updates, [2, parameters]."""
        if any(isinstance(each, HandWritten) and each.has_begun for each in optimizers):
            self.come(2)

    @property
    def is_by_hand(self) -> bool:
        """Whether the loop itself moves the parameters, some time after a step: what it clips
        before that is of a row that has its gradients already.
        """
        return any(isinstance(each, HandWritten) for each in self._optimizers)

    def look(self) -> None:
        """Look at which parameters there are: others may have taken their place."""
        self._sample = Sample(self._watched)
        self._units.know(self._watched.layers)

    def come(self, step: int) -> None:
        """Have the next step that is measured be the one to come, or one after that.

        Args:
            step: The one to come, before its forward pass.
        """
        while self.step < step or (self.step == step and not self._may):
            self.step = next(self._steps)
        if self.step == step:
            self._units.look()

    @property
    def _may(self) -> bool:
        return self._agreed or self._allowance.is_left

    def before(self) -> None:
        """Remember the weights as they are before the step that is measured."""
        with self._allowance:
            self._sample.keep()

    def after(self, step: int) -> None:
        """Measure after it, now: a script may load other weights next.

        Args:
            step: The one that was taken. Several optimizers may take it, one after another.
        """
        self._last = step
        if not self.is_by_hand:
            self._measure()
        self.shares.setdefault(step, self._units.shares)
        # Where the loop calls no model, but parts of it, nothing was seen: that is over now.
        self._units.close()
        self._allowance.spend(self._units.seconds)
        self._units.seconds = 0.0
        self._allowance.warmed()

    def moved(self) -> None:
        """Measure after the last step, where the loop itself has moved the weights by now."""
        if self.is_by_hand and self.is_open:
            self.is_open = False
            self._measure()

    def _measure(self) -> None:
        with self._allowance:
            self.norms[self._last] = self._sample.moved()

    def taken(self) -> NDArray[np.float64]:
        """Return the norms of weights and of their updates, [2, steps, parameters]."""
        if not self.norms:
            return np.zeros((2, 0, self._sample.count))
        found: NDArray[np.float64] = torch.stack([*self.norms.values()], dim=1).cpu().numpy()
        return found

    def forget(self) -> None:
        """Forget what was measured, which is written."""
        self.norms.clear()
        self.shares.clear()


class Sample:
    """Some numbers of every parameter, evenly spread, before and after an update.

    They tell by how much it moves the weights: of no large network there is a second copy.

    Args:
        watched: The parameters.
    """

    def __init__(self, watched: WatchedParameters) -> None:
        self._parameters = watched.tensors
        self.count: Final = len(watched.tensors)
        """How many there are."""
        # What lies in several processes is seen in part whatever its size.
        self._is_whole = watched.size <= WHOLE and not any(
            hasattr(each, "to_local") for each in watched.tensors
        )
        self._fused = fused(watched.tensors)
        # Of what is mostly zeros, an update may have numbers where there were none.
        self._unseen = [place for place, each in enumerate(watched.tensors) if not _is_filled(each)]
        self._starts: list[int] = []
        self._views: list[Tensor] = []
        self._before: list[Tensor] = []

    @torch.no_grad()
    def keep(self) -> None:
        """Remember them as they are before an update."""
        local = [_local(each) for each in self._parameters]
        # Parameters may be given other memory, as by loading and by moving to a device.
        if self._starts != (starts := [each.data_ptr() for each in local]):
            self._views = [each if self._is_whole else _runs(each) for each in local]
            self._before = [torch.empty_like(each) for each in self._views]
            # Last: optimizers of one loop may step in several threads.
            self._starts = starts
        torch._foreach_copy_(self._before, self._views)

    @torch.no_grad()
    def moved(self) -> Tensor:
        """Return the norms of weights and of their updates, [2, parameters], on their device."""
        moved = norms_of(torch._foreach_sub(self._views, self._before))
        weights = self._weights()
        if not self._is_whole:
            # What of a parameter is seen here has moved by as much as all of it.
            moved = torch.where(moved == 0, moved, moved / norms_of(self._views) * weights)
        if self._unseen:
            moved[self._unseen] = math.nan
        return torch.stack([weights, moved])

    def _weights(self) -> Tensor:
        """Return the norms of all weights, [parameters], on their device."""
        # A script may make its tensors elsewhere where nothing is said.
        norms = torch.empty(self.count, dtype=torch.float64, device="cpu")
        if self._fused is not None and self._fused.take(self._parameters, norms.data_ptr()):
            return norms
        return norms_of([each.detach() for each in self._parameters])


def _is_filled(parameter: Tensor) -> bool:
    return part_of(parameter).layout is torch.strided


def _local(parameter: Tensor) -> Tensor:
    here = part_of(parameter).detach()
    return here if _is_filled(here) else torch.zeros(0, dtype=here.dtype, device=here.device)


def _runs(parameter: Tensor) -> Tensor:
    """Return a view of runs of numbers that are evenly spread over a parameter's memory."""
    if parameter.numel() <= RUNS * RUN:
        return parameter
    order: Sequence[int] = sorted(range(parameter.dim()), key=parameter.stride, reverse=True)
    numbers = parameter.permute(tuple(order))
    if not numbers.is_contiguous():
        # As a part of something else: lines in place of runs.
        return numbers[:: max(1, parameter.numel() // (RUNS * RUN))]
    apart = parameter.numel() // RUNS
    return numbers.view(-1)[: RUNS * apart].view(RUNS, apart)[:, :RUN]
