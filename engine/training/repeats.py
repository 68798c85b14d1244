"""What was said of a run while it trained, and is said again when its steps are taken again.

    a request     sets the learning rate after a step
    a seam        gives the schedules another length, from the step that the run goes on from
    a branch      brings the seams of its parent along

Going on with a run, branching off from it and verifying it say the same at the same steps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

from ..recording.history import History

if TYPE_CHECKING:
    from .trainer import Trainer


class Repeats:
    """What is to be said to a trainer at some of its steps.

    Args:
        history: What was recorded.
        after: The step from which steps are taken again.
    """

    def __init__(self, history: History, after: int) -> None:
        repeats: list[tuple[int, Callable[[Trainer], None]]] = [
            (step, partial(_lengthen, steps=steps)) for step, steps in lengths(history)
        ]
        repeats += [
            (request.step, partial(_set_lr, lr=float(request.arguments["lr"])))
            for request in history.requests
            if request.action == "set_lr" and not request.refused
        ]
        # A schedule of another length gives up a rate that was set before, not one set right there.
        repeats.sort(key=itemgetter(0))
        self._waiting = deque(each for each in repeats if each[0] >= after)

    def take(self, trainer: Trainer) -> int | None:
        """Say what is due at a trainer's step.

        Returns:
            How many steps may be taken until there is more to say; none where that never is.
        """
        while self._waiting and self._waiting[0][0] <= trainer.step:
            self._waiting.popleft()[1](trainer)
        return self._waiting[0][0] - trainer.step if self._waiting else None


def lengths(history: History) -> list[tuple[int, int]]:
    """Return the steps after which schedules were given another length, and that length."""
    forks = [zip(each.lengthened_at, each.lengths, strict=False) for each in history.forks]
    return [*chain.from_iterable(forks), *lengths_of_seams(history)]


def lengths_of_seams(history: History) -> list[tuple[int, int]]:
    """Return the same as far as it was said where this very run was gone on with."""
    return [(max(0, each.from_step), each.steps) for each in history.seams if each.reschedules]


def _lengthen(trainer: Trainer, steps: int) -> None:
    trainer.method.lengthen(steps, trainer.step)


def _set_lr(trainer: Trainer, lr: float) -> None:
    trainer.lr = lr
