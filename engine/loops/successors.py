"""Optimizers that take another's place: made later, or beside it, or within one that is watched."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from torch.compiler import is_dynamo_compiling
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_pre_hook

from .owners import Owners


class Successors:
    """Hears of the first step of any optimizer that is not one of a loop's.

    Args:
        owners: What moves the parameters that are watched.
        take_over: Is told of an optimizer before its step, and makes it one of these if it is to
            be; returns whether it need not be told of it again.
    """

    def __init__(self, owners: Owners, take_over: Callable[[Optimizer], bool]) -> None:
        self._owners, self._take_over = owners, take_over
        self._known = {id(each) for each in owners.optimizers}
        self._others = weakref.WeakSet[Optimizer]()
        """Those that move nothing that is watched, or are watched though another followed them."""
        self._hooks: list[Any] = []

    def listen(self) -> None:
        """Begin to hear, until it is removed or nobody has it any more."""
        here, known = weakref.ref(self), self._known

        def before_any(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
            if id(optimizer) in known or is_dynamo_compiling():
                return
            if (alive := here()) is not None:
                alive._before(optimizer)

        hook = register_optimizer_step_pre_hook(before_any)
        self._hooks.append(hook)
        weakref.finalize(self, hook.remove)

    def remove(self) -> None:
        """Hear no more."""
        for hook in self._hooks:
            hook.remove()

    def _before(self, optimizer: Optimizer) -> None:
        if optimizer not in self._others:
            before = [*self._owners.optimizers]
            if self._take_over(optimizer):
                self._known.clear()
                self._known.update(id(each) for each in self._owners.optimizers)
                self._others.update(
                    each for each in (*before, optimizer) if id(each) not in self._known
                )
