"""Updates that a loop writes out itself, so that there is no optimizer whose steps could be seen.

What a step is lies between two backward passes:

    backward()        ─► its gradients are those of a step
    the loop's lines  ─► move the parameters, by whatever they say
    the next one      ─► by how much they have moved
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from torch import Tensor, nn
from torch.optim import Optimizer

from ..errors import RequestError
from .backwards import Backwards
from .owners import parameters_of


class HandWritten(Optimizer):
    """Stands in for an optimizer that there is none of: its steps are backward passes.

    Args:
        parameters: What is moved, with its names.
        has_begun: Whether a step was taken before anybody could measure the weights.
    """

    def __init__(
        self, parameters: Iterable[tuple[str, Tensor]], *, has_begun: bool = False
    ) -> None:
        super().__init__([*parameters], {})
        self.has_begun: Final = has_begun
        self._gradients: list[tuple[Tensor | None, int]] = []

    def before(self) -> None:
        """Remember which gradients there are before a backward pass."""
        there = (each.grad for each in parameters_of(self))
        self._gradients = [(each, -1 if each is None else each._version) for each in there]

    def after(self) -> None:
        """Take a step, if the backward pass has left gradients here."""
        before, self._gradients = self._gradients, []
        now = (each.grad for each in parameters_of(self))
        if len(before) == 0 or any(
            there is not None and (there is not was or there._version != version)
            for there, (was, version) in zip(now, before, strict=True)
        ):
            self.step()

    def step(self, closure: Any = None) -> Any:
        """Do nothing, which whoever hears of steps hears of: the loop moves the parameters."""


def heard(
    optimizer: Optimizer, moved: Callable[[], None], is_one: Callable[[Optimizer], bool]
) -> Iterator[Backwards]:
    """Have backward passes be the steps of what stands in for an optimizer, until what is yielded
    is removed; nothing of any other.

    Args:
        optimizer: Which.
        moved: Is called where the loop has moved the parameters.
        is_one: Whether the optimizer is still what moves any.
    """
    if not isinstance(optimizer, HandWritten):
        return

    def before(_: Sequence[Tensor]) -> None:
        moved()
        optimizer.before()

    def after() -> None:
        if is_one(optimizer):
            optimizer.after()

    yield Backwards(before, after)


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
