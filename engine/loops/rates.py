"""The learning rates of a loop's optimizers, where somebody from outside sets them.

A rate that is set is a factor on every group of parameters: what the groups have of their own, and
what schedulers make of it, keep their meaning.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

_KEPT: Final = ("lr", "initial_lr", "max_lr", "min_lr")
"""What a group of parameters knows of its rate."""

_KEPT_BY_SCHEDULERS: Final = ("base_lrs", "max_lrs", "min_lrs")
"""What a scheduler keeps of the rates, one for each group."""


class LoopRates:
    """The rates of some optimizers.

    Args:
        optimizers: The loop's.
    """

    def __init__(self, optimizers: Sequence[Optimizer]) -> None:
        self._optimizers = optimizers
        self.were_set: list[float] = []
        """The rates that were set from outside, where no step has been taken since."""
        self.factor = 1.0
        """By how much all rates were multiplied so far."""

    @property
    def now(self) -> float:
        """The rate of the first group of the first optimizer, which stands for all; NaN where it
        has none, as where an optimizer finds its own.
        """
        try:
            return float(self._optimizers[0].param_groups[0]["lr"])
        except (LookupError, TypeError):
            return math.nan

    def set(self, value: float) -> None:
        """Multiply all rates so that the first group's becomes a value.

        Raises:
            ValueError: There is none; or it is 0 now, and nothing can be multiplied to become
                anything else; or a library lets none be set.
        """
        if math.isnan(self.now):
            raise ValueError(
                "there is no rate that can be set: the optimizer finds its own, or the loop has it"
            )
        if self.now == 0:
            raise ValueError("the rate is 0 now, and a factor changes no 0; set it in the script")
        self.multiply(value / self.now)

    def multiply(self, factor: float) -> None:
        """Multiply all rates, and what schedulers make them of.

        Raises:
            ValueError: A library has these rates, and lets none be set.
        """
        for optimizer in self._optimizers:
            # One that stands for an optimizer of a library's own, which has the rate.
            if multiply := getattr(optimizer, "multiply_rates", None):
                multiply(factor)
        self.factor *= factor
        for group in self._groups():
            for name in _KEPT:
                if group.get(name) is not None:
                    group[name] = _scaled(group[name], factor)
        for scheduler in self._schedulers():
            # Those that hand on to others have none of their own.
            for name in _KEPT_BY_SCHEDULERS:
                if (rates := getattr(scheduler, name, None)) is not None:
                    setattr(scheduler, name, [_scaled(each, factor) for each in rates])
        self.were_set = self._all()

    def overwritten(self) -> bool:
        """Whether the loop has put other rates in the place of those that were set, told once."""
        expected, self.were_set = self.were_set, []
        # A library may keep fewer digits of it.
        pairs = zip(expected, self._all(), strict=False)
        if all(math.isclose(each, now, rel_tol=1e-6) for each, now in pairs):
            return False
        # A scheduler goes on from what was set: that is no overwriting.
        return not any(True for _ in self._schedulers())

    def _groups(self) -> Iterator[dict[str, Any]]:
        for optimizer in self._optimizers:
            yield from optimizer.param_groups

    def _all(self) -> list[float]:
        rates = (group.get("lr") for group in self._groups())
        return [float(each) for each in rates if each is not None]

    def _schedulers(self) -> Iterator[Any]:
        """Yield the schedulers of these optimizers; nothing else knows which there are."""
        for each in gc.get_objects():
            # By type: to ask an object for its class may wake what is deprecated.
            if issubclass(type(each), LRScheduler) and each.optimizer in self._optimizers:
                yield each


def _scaled(rate: Any, factor: float) -> Any:
    # A rate on a device is changed in place: a captured step reads it there.
    return rate.mul_(factor) if isinstance(rate, torch.Tensor) else rate * factor
