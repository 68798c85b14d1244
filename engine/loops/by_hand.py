"""Updates that a loop writes out itself, so that there is no optimizer whose steps could be seen.

What a step is lies between two backward passes:

    backward()        ─► its gradients are those of a step
    the loop's lines  ─► move the parameters, by whatever they say
    the next one      ─► by how much they have moved

Where they move nothing, and leave the gradients as they are, the next one adds to these.
"""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from torch import Tensor, nn
from torch.optim import Optimizer

from ..errors import RequestError
from .backwards import Backwards, are_several_threads
from .moved import are_same, is_here, leaves_of, mark_of, some_of, steepest
from .owners import parameters_of


@dataclass(eq=False)
class Hearing:
    """Who hears of what stands in for an optimizer, until it is removed."""

    of: HandWritten
    moved: Callable[[], None]
    """Is called where the loop may have moved the parameters."""
    more: Callable[[], None]
    """Is called where a pass has added to the gradients of the last step."""
    is_one: Callable[[Optimizer], bool] = lambda _: False
    """Whether an optimizer is still what moves any."""

    def remove(self) -> None:
        """Hear no more."""
        self.of.leave(self)


class _Pass(threading.local):
    """The pass that a thread is within."""

    gradients: list[tuple[Tensor | None, int]] | None = None
    """Which gradients there were before it; None where it is none of ours."""
    goes_on = False
    """Whether what it adds to is of a step that has moved nothing yet."""


class HandWritten(Optimizer):
    """Stands in for an optimizer that there is none of: its steps are backward passes, several
    where their gradients are added up before anything is moved.

    Args:
        parameters: What is moved, with its names.
        has_begun: Whether a step was taken before anybody could measure the weights.
    """

    def __init__(
        self, parameters: Iterable[tuple[str, Tensor]], *, has_begun: bool = False
    ) -> None:
        super().__init__([*parameters], {})
        self.has_begun: Final = has_begun
        self._here = _Pass()
        self._left: list[tuple[int, int] | None] = []
        """Which gradients the last pass has left."""
        self._some: list[tuple[int, Tensor]] = []
        """Some numbers of what is moved as they were then, while gradients may be added up."""
        self._may_add, self._has_added = True, False
        self._hearing: list[Hearing] = []
        self._backwards: Backwards | None = None

    def hear(self, hearing: Hearing) -> None:
        """Have somebody hear of it."""
        self._hearing.append(hearing)
        if self._backwards is None:
            self._backwards = Backwards(self.before, self.after)

    def leave(self, hearing: Hearing) -> None:
        """Have somebody hear no more of it."""
        self._hearing = [each for each in self._hearing if each is not hearing]
        if not self._hearing and self._backwards is not None:
            self._backwards.remove()
            self._backwards = None

    def before(self, tensors: Sequence[Tensor]) -> None:
        """Remember which gradients there are before a backward pass.

        Args:
            tensors: What it is called on.
        """
        here, own = self._here, [*parameters_of(self)]
        here.gradients = None
        # Where several threads train, another's pass may leave its gradients meanwhile.
        if are_several_threads() and not {*map(id, own)} & {*map(id, leaves_of(tensors))}:
            return
        there = (each.grad for each in own)
        here.gradients = [(each, -1 if each is None else each._version) for each in there]
        is_untouched = any(self._left) and self._left == [mark_of(each) for each in own]
        if self._left:
            self._has_added = self._has_added or is_untouched
            self._may_add = self._has_added
        here.goes_on = is_untouched and not self._has_moved(own)
        if not here.goes_on:
            for each in [*self._hearing]:
                each.moved()

    def after(self) -> None:
        """Take a step, or go on with the last, if the backward pass has left gradients here."""
        here, own = self._here, [*parameters_of(self)]
        before, here.gradients = here.gradients, None
        if before is None or not any(each.is_one(self) for each in self._hearing):
            return
        now = (each.grad for each in own)
        if not any(
            there is not None and (there is not was or there._version != version)
            for there, (was, version) in zip(now, before, strict=True)
        ):
            return
        self._left = [mark_of(each) for each in own]
        if here.goes_on:
            for hearing in [*self._hearing]:
                hearing.more()
            return
        self.step()
        places = ((steepest(each), each) for each in own if self._may_add and is_here(each))
        self._some = [(place, some_of(each, place)) for place, each in places]

    def _has_moved(self, own: Sequence[Tensor]) -> bool:
        """Whether any of what is moved is not what it was at the last pass, or nobody knows."""
        here = [each for each in own if is_here(each)]
        return len(self._some) != len(here) or not all(
            are_same(some_of(each, place), some)
            for each, (place, some) in zip(here, self._some, strict=True)
        )

    def step(self, closure: Any = None) -> Any:
        """Do nothing, which whoever hears of steps hears of: the loop moves the parameters."""


def heard(
    optimizer: Optimizer,
    moved: Callable[[], None],
    more: Callable[[Optimizer], None],
    is_one: Callable[[Optimizer], bool],
) -> Iterator[Hearing]:
    """Have backward passes be the steps of what stands in for an optimizer, until what is yielded
    is removed; nothing of any other.

    Args:
        optimizer: Which.
        moved: Is called where the loop has moved the parameters.
        more: Is called where a pass has added to the gradients of the last step.
        is_one: Whether the optimizer is still what moves any.
    """
    if isinstance(optimizer, HandWritten):
        hearing = Hearing(optimizer, moved, partial(more, optimizer), is_one)
        optimizer.hear(hearing)
        yield hearing


_OF_MODULES: Final = weakref.WeakKeyDictionary[nn.Module, HandWritten]()
"""What stands in for the optimizer of each module: the same where a notebook's cell runs again."""


def by_hand(model: nn.Module | None) -> HandWritten:
    """Return what stands in for the optimizer of a module whose update a loop writes out.

    Raises:
        RequestError: There is no module, nothing of it is trained, or an optimizer has it.
    """
    named = [] if model is None else [*model.named_parameters()]
    moved = {id(each) for _, each in named if each.requires_grad}
    if model is None or not moved:
        raise RequestError(
            "watch: needs an optimizer, whose steps are what is watched, or a model that the loop "
            "moves itself"
        )
    # By type: to ask an object for its class may wake what is deprecated, or load it.
    kinds = ((type(each), each) for each in gc.get_objects())
    for kind, each in kinds:
        if not issubclass(kind, Optimizer) or kind is HandWritten:
            continue
        if any(id(one) in moved for one in parameters_of(each)):
            raise RequestError(
                f"watch: needs an optimizer, and there is one of this model ({kind.__name__}): "
                "watch(model, optimizer)"
            )
    known = _OF_MODULES.get(model)
    if known is None or {id(each) for each in parameters_of(known)} != moved:
        known = _OF_MODULES[model] = HandWritten(pair for pair in named if id(pair[1]) in moved)
    return known
