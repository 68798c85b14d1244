"""An optimizer that PyTorch does not know, as one that it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor
from torch.optim import Optimizer


class Stepping(Optimizer):
    """Takes the steps of another library's optimizer, so that hooks on steps see them.

    Args:
        parameters: What it moves.
        lr: Tells its rate.
        multiply: Multiplies all its rates; raises ValueError where they are not to be set.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: Callable[[], float],
        multiply: Callable[[float], None],
    ) -> None:
        super().__init__([*parameters], {"lr": lr()})
        self._lr = lr
        self.multiply_rates = multiply
        self._move: Callable[[], Any] = lambda: None

    def through(self, move: Callable[[], Any]) -> Any:
        """Take a step, which is to call ``move``; return what that returns."""
        self._move = move
        self.param_groups[0]["lr"] = self._lr()
        return self.step()

    def step(self, closure: Any = None) -> Any:
        """Take the step that ``through`` was given."""
        return self._move()
