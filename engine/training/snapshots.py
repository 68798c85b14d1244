"""Which weights a recording keeps: fewer the larger the network is, and the older the step.

up to 10 000 numbers    all along: as many each time the step doubles, from 4 to 64
up to 250 000           at the start, at the best step and at the end
more                    none: the checkpoint beside the recording has them

All along there are no more than take half of the recording's bytes and 5 % of the run's time, but
in any case those of the first 16 steps, of a preset's marks, and 4 each time the step doubles,
so that a picture of the network moves while it learns: of few steps of many numbers half of the
bytes would be two or three pictures.
"""

from __future__ import annotations

import contextlib
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..experiment.experiment import Experiment
from ..network.parameters import ParameterLayout
from ..recording.checkpoints import State
from ..recording.events import Snapshot
from ..recording.kept_weights import ENDS_LIMIT, SNAPSHOT_LIMIT
from .reckoning import step_seconds

PER_OCTAVE: Final = 64
"""Snapshots each time the step doubles, at most."""

FIRST: Final = 16
"""Steps from the first on that are all kept, whatever they cost."""

LEAST: Final = 4
"""Snapshots each time the step doubles, at least."""

SMALL: Final = (64, 64 << 10)
"""Snapshots, and bytes of them, that nobody minds in a run however short."""

TIME_SHARE: Final = 0.05
"""What they may take of a run's time, as it is reckoned."""

SNAPSHOT_SECONDS: Final = (5e-6, 8e-9)
"""What a snapshot takes in any case, and for each of its numbers."""

NUMBER_BYTES: Final = 16 / 3
"""Of a number of float32 in base64."""

ENDS: Final = "the first, the best and the last"
"""Which weights are kept of a network that is too large for more, or where only few are wanted."""

LINE_NUMBERS: Final = 16
"""Numbers that take as much room as what stands around a snapshot's in its line."""


def most_snapshots(experiment: Experiment, layout: ParameterLayout) -> float:
    """Return how many snapshots take 5 % of a run's time and half of its bytes.

    Reckoned and not measured: the same run has the same snapshots on every machine.
    """
    numbers, members, steps = layout.positions.shape[1], layout.members, experiment.steps
    measured = 1 + experiment.has_accuracy
    # The loss, the rate, the norm of all and of each; what is measured on the dev set.
    often = measured / (experiment.evaluation_stride or math.inf)
    row = measured + 2 + len(layout.parameters) + often
    room = numbers * members + LINE_NUMBERS
    once, each = SNAPSHOT_SECONDS
    some, some_bytes = SMALL
    seconds = TIME_SHARE * steps * members * step_seconds(experiment)
    by_time = max(some, seconds / (once + each * numbers * members))
    by_bytes = max(some_bytes / NUMBER_BYTES, steps * row * members) / room
    return float(min(by_time, by_bytes))


class SnapshotSteps:
    """The steps whose weights are kept: as many each time the step doubles.

    Learning is fast at first and slows down: equal ratios, not equal distances, show it all.

    Args:
        steps: Of the whole run.
        most: How many may be kept of them.
        marks: Steps that are kept in any case: those at which something is told of the network.
    """

    def __init__(self, steps: int, most: float, marks: Iterable[int] = ()) -> None:
        self._marks = sorted(set(marks))
        several = range(PER_OCTAVE, LEAST, -1)
        fitting = (each for each in several if count_until(steps, each) <= most)
        self.per_octave: Final = next(fitting, LEAST)
        """How many there are between a power of two and the next."""
        self._upto, self._known = steps, self._between(0, steps)

    def __contains__(self, step: int) -> bool:
        return step in self.between(step, step)

    def between(self, first: int, last: int) -> list[int]:
        """Return those from ``first`` to ``last``."""
        if last > self._upto:
            return self._between(first, last)
        return self._known[bisect_left(self._known, first) : bisect_right(self._known, last)]

    def _between(self, first: int, last: int) -> list[int]:
        some = (*range(FIRST + 1), *self._marks)
        steps = [step for step in some if first <= step <= last]
        octave = 1 << (max(first, FIRST).bit_length() - 1)
        while octave <= last:
            # Rounded up, and where an octave has fewer steps than fractions, each of them once.
            each = range(self.per_octave, 2 * self.per_octave)
            kept = dict.fromkeys(-(-octave * part // self.per_octave) for part in each)
            octave *= 2
            steps += [step for step in kept if first <= step <= last and step < octave]
        return sorted(set(steps))


def count_until(last: int, per_octave: int) -> int:
    """Return how many steps are kept from 1 to ``last``."""
    if last <= FIRST:
        return last
    octave, begun = 1 << (last.bit_length() - 1), FIRST.bit_length() - 1
    # The octaves before have as many each, or all of their steps; of the last one a part is over.
    octaves = range(begun, octave.bit_length() - 1)
    before = FIRST - 1 + sum(min(per_octave, 1 << each) for each in octaves)
    return before + min(last - octave + 1, last * per_octave // octave - per_octave + 1)


class Snapshots:
    """Takes the weights that a recording keeps.

    Args:
        experiment: What is trained.
        layout: Where the parameters lie.
        few: Take only the first, the best and the last, however small the network is.
    """

    def __init__(
        self, experiment: Experiment, layout: ParameterLayout, *, few: bool = False
    ) -> None:
        self._layout = layout
        standing = [experiment.step_of(mark) for mark in experiment.marks]
        marks = [step for step in standing if step is not None]
        most = most_snapshots(experiment, layout)
        self._steps = SnapshotSteps(experiment.steps, most, marks)
        numbers = layout.positions.size
        self.ends: Final = numbers <= ENDS_LIMIT
        """Whether the network is small enough to record its first, best and last weights."""
        self._all_along: Final = numbers <= SNAPSHOT_LIMIT and not few

    @property
    def rule(self) -> str:
        """Which weights are kept, in words that are others where any other step is kept."""
        if not self._all_along:
            return ENDS if self.ends else "none"
        often = f"{self._steps.per_octave} each time the step doubles"
        return f"those of the first {FIRST} steps, {often}, those of marks, and {ENDS}"

    def keeps(self, step: int) -> bool:
        """Return whether the weights after ``step`` are kept."""
        return self._all_along and step in self._steps

    def of_block(self, first: int, weights: Tensor) -> list[Snapshot]:
        """Return the snapshots of a block.

        Args:
            first: The step of the first row.
            weights: The weights after each step, [rows, size].
        """
        steps = self._steps.between(first, first + len(weights) - 1) if self._all_along else []
        if not steps:
            return []
        # One fetch for all of them: on CUDA each would wait for the device.
        rows = weights[[step - first for step in steps]]
        kept = zip(steps, self._layout.pack(rows), strict=True)
        return [Snapshot(step=step, values=values) for step, values in kept]


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
