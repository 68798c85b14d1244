"""Which optimizer moves each parameter of a loop: one may take another's place, or several may move
the same by turns, as a GAN's of which a third optimizer moves both networks.
"""

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
        self._movers = [{each} for each in self._owner]
        """By parameter, whatever has moved it so far."""
        self._rivals = {id(each): {id(each)} for each in optimizers}
        self.are_shared = False
        """Whether any parameter was moved by several, which is seldom so: asked in every step."""

    def of(self, places: Iterable[int]) -> set[int]:
        """Return what moves parameters at some places, by turns perhaps, by identity."""
        return {each for place in places for each in self._movers[place]}

    def rivals(self, optimizer: Optimizer) -> set[int]:
        """Return what moves any of what an optimizer moves, itself among them, by identity: no two
        of them step in one row.
        """
        rivals = self._rivals.get(id(optimizer))
        return set(self._owner) if rivals is None else rivals

    def has(self, optimizer: Optimizer) -> bool:
        """Whether an optimizer is one of them."""
        return any(each is optimizer for each in self.optimizers)

    def give(self, places: Sequence[int], optimizer: Optimizer) -> str:
        """Have an optimizer move what others have moved; return in words what that changes."""
        self.are_shared = True
        owners = {self._owner[place] for place in places}
        before = [each for each in self.optimizers if id(each) in owners]
        for place in places:
            self._owner[place] = id(optimizer)
            self._movers[place].add(id(optimizer))
        for each in {id(optimizer), *self.of(places)}:
            own = [movers for movers in self._movers if each in movers]
            self._rivals[each] = {each}.union(*own)
        first = self.optimizers.index(before[0])
        kept = [each for each in self.optimizers if id(each) in self._owner]
        self.optimizers[:] = [*kept[:first], optimizer, *kept[first:]]
        names = " and ".join(type(each).__name__ for each in before)
        return f"{type(optimizer).__name__} steps from here on, in place of {names}"

    def given_back(self, optimizer: Optimizer) -> str:
        """Have an optimizer that steps be one of them again, if another had taken its place; return
        in words what that changes, if it does.
        """
        if optimizer in self.optimizers:
            return ""
        others = [each for each in self.optimizers if id(each) in self.rivals(optimizer)]
        first = self.optimizers.index(others[0]) if others else 0
        self.optimizers.insert(first, optimizer)
        names = " and ".join(type(each).__name__ for each in (optimizer, *others))
        return f"{names} take turns: each has rows of its own"


def parameters_of(optimizer: Optimizer) -> Iterator[Tensor]:
    """Yield what an optimizer moves."""
    for group in optimizer.param_groups:
        yield from group["params"]
