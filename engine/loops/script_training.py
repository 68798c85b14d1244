"""One training of a script: what moves its parameters, and whether it can go on at all.

A script may train several networks one after another, as for several seeds. One training is over
where nobody but its record has the optimizers that took its steps: whatever else is true of a
script, these take no other. Of a generator and its critic, or of an optimizer within another's
loop, somebody has both. Where there is no optimizer, it is the parameters that nobody has.
"""

from __future__ import annotations

import gc
import sys
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Final

from torch import distributed, nn
from torch.optim import Optimizer

from .by_hand import HandWritten
from .owners import parameters_of
from .watch import watch

SHARE: Final = 0.1
"""Of a script's time, how much may go into looking for what nobody has, at first."""


class ScriptTraining:
    """A training that is watched.

    Args:
        model: What names its parameters.
        optimizers: What it is trained with.
        options: What ``watch`` is told besides.

    Raises:
        EpochalError: No run can be made.
    """

    def __init__(
        self, model: nn.Module | None, optimizers: Sequence[Optimizer], **options: Any
    ) -> None:
        self.loop: Final = watch(model, optimizers, **options)
        # Several modules as one, which nobody else has; of one that a script has, nothing is held.
        self.is_by_hand: Final = any(isinstance(each, HandWritten) for each in optimizers)
        """Whether the script's own lines move its parameters."""
        self._together = model if type(model) is nn.Module and not self.is_by_hand else None
        self._moved = [{id(each) for each in parameters_of(one)} for one in optimizers]
        """The parameters that each moves, by identity."""
        owners = {each: place for place, moved in enumerate(self._moved, 1) for each in moved}
        self._owner = [owners[id(each)] for each in self.loop.watched.tensors]
        """Which of them moves each that is watched, from 1 on."""
        self._place_of = weakref.WeakKeyDictionary[Optimizer, int]()
        self._followers = weakref.WeakSet[Optimizer]()
        """Optimizers that came later and move any of that."""
        self._stepped = set[int]()
        self._last_at = dict[int, weakref.ref[Optimizer]]()
        """By place, which optimizer stepped there last."""

    def place(self, optimizer: Optimizer) -> int:
        """Return which of those that are watched an optimizer is, or is in place of, from 1 on; 0
        for none.
        """
        if optimizer not in self._place_of:
            own = {id(each) for each in parameters_of(optimizer)}
            places = [place for place, moved in enumerate(self._moved, 1) if moved & own]
            # Others may have taken the place of what was there.
            now = self.loop.watched
            places += [self._owner[at] for at, each in enumerate(now.tensors) if id(each) in own]
            places += [self._owner[at] for at in now.replaced_by(optimizer)]
            self._place_of[optimizer] = next(iter(places), 0)
        return self._place_of[optimizer]

    def follow(self, optimizer: Optimizer) -> bool:
        """Whether an optimizer that was made since moves anything of this: it goes on with that."""
        if is_one := self.place(optimizer) > 0:
            self._followers.add(optimizer)
        return is_one

    def step(self, optimizer: Optimizer) -> int:
        """Know that an optimizer steps; return its place, and give one of its own to what was there
        meanwhile: they take turns.
        """
        if not (place := self.place(optimizer)):
            return 0
        last = self._last_at[place]() if place in self._last_at else None
        if last is not optimizer:
            if last is not None and id(optimizer) in self._stepped:
                self._place_of[last] = 1 + max(len(self._moved), *self._place_of.values())
            self._last_at[place] = weakref.ref(optimizer)
        self._stepped.add(id(optimizer))
        return place

    def is_let_go(self) -> bool:
        """Whether nobody has its optimizers any more, but what records it; where the script's own
        lines move the parameters, whether nobody has any of these.
        """
        if self.is_by_hand:
            # Once what stands in for an optimizer has it; to ask has it twice.
            kept = self.loop.kept + 1 + 2
            return all(sys.getrefcount(each) <= kept for each in self.loop.watched.tensors)
        held = self.loop.optimizers
        there = {id(each) for each in held}
        if any(id(each) not in there for each in self._followers):
            return False
        # One that has taken no step has nothing to go on with.
        places = [place for place in range(len(held)) if id(held[place]) in self._stepped]
        # The list has each of them, and what counts.
        return bool(places) and all(
            sys.getrefcount(held[place]) <= 2 + _own(held[place]) for place in places
        )


def _own(optimizer: Optimizer) -> int:
    """Return how often an optimizer has itself: its scheduler has a bound method stand in."""
    return sum(getattr(each, "__self__", None) is optimizer for each in vars(optimizer).values())


class Collecting:
    """Has Python look for what nobody has, such as what holds itself in a circle.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock, self._next, self._in_vain = clock, 0.0, 0

    def helps(self, is_so: Callable[[], bool]) -> bool:
        """Return whether something is so once Python has looked; it looks ever less often for as
        long as that does not help, and not at all where it did not long ago.
        """
        began = self._clock()
        # Processes that train together must come to the same, whatever time each has.
        together = distributed.is_available() and distributed.is_initialized()
        if together or began < self._next:
            return False
        gc.collect()
        ended = self._clock()
        self._next = ended + (ended - began) / SHARE * 2**self._in_vain
        has_helped = is_so()
        self._in_vain = 0 if has_helped else min(self._in_vain + 1, 20)
        return has_helped
