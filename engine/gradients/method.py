"""A way of getting gradients: what the trainer asks of one, and what one is made of.

    a step:  batch ─► forward ─► loss ─► gradients ─► kept in its row ─► clipped ─► update
             └─ the weights before it         the weights after it, kept in the same row ─┘

``Autograd`` is the reference, ``Manual`` the formulas, ``Numeric`` the differences. Another way is
another class with what ``Method`` lists, and a row in ``engine.gradients.choice``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from ..experiment.experiment import Experiment, Members
from ..network.parameters import ParameterLayout
from ..network.trainable import Trainable
from ..recording.checkpoints import State
from ..step.batches import Batch, Batches
from ..step.measurements import Measurements


class Method(Protocol):
    """A way of getting gradients, and what is updated with them."""

    name: str
    """What the recording calls it."""
    way: str
    """How its steps are played: ``compiled``, or as ``operations`` of PyTorch."""
    weights: Tensor
    """The parameters and buffers now, [size]; written in place."""

    @property
    def lr(self) -> list[float]:
        """The learning rate of the next update, for each member."""
        ...

    def set_lr(self, value: float) -> None:
        """Set every member's learning rate from the next update on."""

    def take(self, first: int, count: int, rows: Measurements) -> None:
        """Take the steps first … first + count - 1, filling the rows from 0 on.

        How steps are grouped into calls may change no bit of them: whatever is drawn, counted or
        scheduled depends on the step, and sums are done in the same order for one and for many.
        """

    def state(self) -> State:
        """Return what besides the weights is needed to go on, arrays as [members, *shape]."""
        ...

    def restore(self, state: State) -> None:
        """Go on from what ``state`` returned, with the weights that are there."""

    def reschedule(self, step: int, measured: Callable[[int], Sequence[float]]) -> None:
        """Set the rates that the schedules come to after a step, from their beginning on.

        Args:
            step: The last step that was taken.
            measured: Gives what a schedule looks at of each member after a step, where it looks.
        """

    def rate_of(self, member: int) -> int:
        """Return which of the rates and schedules in the state are a member's, from 0."""
        ...

    def lengthen(self, steps: int, step: int) -> None:
        """Go on after a step with the rates of a run of so many steps.

        Args:
            steps: How long the schedules are from here on.
            step: The last step that was taken.
        """


@dataclass(frozen=True, eq=False)
class Workload:
    """What a method trains, and on what."""

    members: Members
    """What each member is; they differ in numbers alone, so that the first speaks for the shape."""
    network: Trainable
    """The network as a module, over ``weights``."""
    layout: ParameterLayout
    """Where the parameters lie."""
    weights: Tensor
    """The untrained parameters and buffers of all members, [size]."""
    batches: Batches
    """What each step sees."""
    dev: Batch | None
    """The dev set, where there is one."""

    @property
    def experiment(self) -> Experiment:
        """What all members have in common."""
        return self.members[0]
