"""Which optimizer moves each parameter of a loop: one may take another's place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from torch import Tensor
from torch.optim import Optimizer


class Owners:
    """The optimizers of a loop, and what they move.

    Args:
        tensors: Its parameters.
        optimizers: Which there are at first, that move all of them.
    """

    def __init__(self, tensors: Sequence[Tensor], optimizers: Sequence[Optimizer]) -> None:
        self.optimizers: Final = [*optimizers]
        """Those that move anything; a list that stays the same one."""
        owners = {id(each): id(one) for one in optimizers for each in parameters_of(one)}
        self._owner = [owners[id(each)] for each in tensors]

    def of(self, places: Iterable[int]) -> set[int]:
        """Return what moves parameters at some places, by identity."""
        return {self._owner[place] for place in places}

    def has(self, optimizer: Optimizer) -> bool:
        """Whether an optimizer is one of them."""
        return any(each is optimizer for each in self.optimizers)

    def give(self, places: Sequence[int], optimizer: Optimizer) -> str:
        """Have an optimizer move what others have moved; return in words what that changes."""
        before = [each for each in self.optimizers if id(each) in self.of(places)]
        for place in places:
            self._owner[place] = id(optimizer)
        first = self.optimizers.index(before[0])
        kept = [each for each in self.optimizers if id(each) in self._owner]
        self.optimizers[:] = [*kept[:first], optimizer, *kept[first:]]
        names = " and ".join(type(each).__name__ for each in before)
        return f"{type(optimizer).__name__} steps from here on, in place of {names}"


def parameters_of(optimizer: Optimizer) -> Iterator[Tensor]:
    """Yield what an optimizer moves."""
    for group in optimizer.param_groups:
        yield from group["params"]
