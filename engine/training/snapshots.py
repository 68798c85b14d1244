"""Which weights a recording keeps: fewer the larger the network is, and the older the step.

up to 10 000 numbers    all along: every step to 64, then 64 each time the step doubles
up to 250 000           at the start, at the best step and at the end
more                    none: the checkpoint beside the recording has them
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..network.parameters import ParameterLayout
from ..recording.checkpoints import State
from ..recording.events import Snapshot
from ..recording.kept_weights import ENDS_LIMIT, SNAPSHOT_LIMIT
from .probe_steps import measured_steps, stride_at

PER_OCTAVE: Final = 64
"""Snapshots each time the step doubles."""


def keeps_snapshot(step: int) -> bool:
    """Return whether the weights after ``step`` are kept: all to 64, then 64 an octave."""
    # Learning is fast at first and slows down: equal ratios, not equal distances, show it all,
    # and a run of a million steps costs a thousand snapshots.
    return step == 0 or step % stride_at(step, "auto", PER_OCTAVE) == 0


class Snapshots:
    """Takes the weights that a recording keeps.

    Args:
        layout: Where the parameters lie.
        few: Take only the first, the best and the last, however small the network is.
    """

    def __init__(self, layout: ParameterLayout, *, few: bool = False) -> None:
        self._layout = layout
        numbers = layout.positions.size
        self.ends: Final = numbers <= ENDS_LIMIT
        """Whether the network is small enough to record its first, best and last weights."""
        self.all_along: Final = numbers <= SNAPSHOT_LIMIT and not few
        """Whether it is small enough for those of the steps in between."""

    def of_block(self, first: int, weights: Tensor) -> list[Snapshot]:
        """Return the snapshots of a block.

        Args:
            first: The step of the first row.
            weights: The weights after each step, [rows, size].
        """
        if not self.all_along:
            return []
        steps = measured_steps(first, first + len(weights) - 1, "auto", PER_OCTAVE)
        rows = [step - first for step in steps]
        # One fetch for all of them: on CUDA each would wait for the device.
        kept = zip(rows, self._layout.pack(weights[rows]), strict=True)
        return [Snapshot(step=first + row, values=values) for row, values in kept]


class BestWeights:
    """Each member's best weights.

    Args:
        layout: Where the parameters lie.
        weights: The untrained ones, [size], which are the best at first.
    """

    def __init__(self, layout: ParameterLayout, weights: Tensor) -> None:
        self._layout = layout
        # The untrained network counts as the best until something was measured.
        self.weights = weights.clone()
        """[size], as the network's own; each member's part is of a step of its own."""

    def state(self) -> State:
        """Return the best weights by name, [members, *shape] each."""
        return self._layout.named(self.weights)

    def restore(self, state: State) -> None:
        """Go on from what ``state`` returned."""
        self._layout.place(state, self.weights)

    def keep(self, best_rows: NDArray[np.int64], weights: Tensor) -> None:
        """Keep what a block brought.

        Args:
            best_rows: Each member's new best row, [members]; -1 where it has none.
            weights: The weights after each step of the block, [rows, size].
        """
        for member in np.flatnonzero(best_rows >= 0):
            # Where members lie side by side, a member's numbers are scattered over the tensor.
            numbers = self._layout.positions[member]
            self.weights[numbers] = weights[int(best_rows[member]), numbers]

    @contextlib.contextmanager
    def lent(self, weights: Tensor, members: NDArray[np.bool_]) -> Iterator[None]:
        """Put some members' best weights in place of those they have, while this is entered.

        Args:
            weights: The network's own, [size]; every module and formula is a view of them, so
                that they are written over and put back, never exchanged.
            members: Whose are lent, [members].
        """
        # All of them: one copy there and one back, whoever's are lent.
        current = weights.clone()
        numbers = self._layout.positions[members].ravel()
        weights[numbers] = self.weights[numbers]
        try:
            yield
        finally:
            weights.copy_(current)
