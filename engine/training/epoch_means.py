"""The means of the train rows over each epoch, where an epoch has several steps.

The loss of the last batch is not the loss of the epoch; this is. Every batch counts the same,
also a last one with fewer rows.
"""

from __future__ import annotations

import numpy as np

from ..experiment.experiment import Experiment
from ..recording.checkpoints import State
from ..recording.events import Series
from ..recording.values import Values


class EpochMeans:
    """Sums rows until an epoch is whole.

    Args:
        experiment: Says how many steps an epoch has.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._steps = experiment.steps_per_epoch or 1
        self.wanted = self._steps > 1
        """Whether epochs have several steps."""
        self._sum: np.ndarray | float = 0.0

    def state(self) -> State:
        """Return the sum of the epoch that is not whole yet, [columns, members], or 0."""
        return {"sum": np.asarray(self._sum)}

    def restore(self, state: State) -> None:
        """Go on from what ``state`` returned."""
        self._sum = np.array(state["sum"])

    def add(self, first: int, train: Values) -> list[Series]:
        """Take rows [columns, count, members] from step ``first`` on; return whole epochs' means.

        A row stands at the last step of its epoch. The sum goes row by row, so that it does not
        depend on how rows are grouped into blocks.
        """
        if not self.wanted:
            return []
        means: list[Values] = []
        for row in range(train.shape[1]):
            # In float64, one row after the other: NumPy's own sum adds in pairs, in an order that
            # depends on how many there are.
            self._sum = self._sum + train[:, row].astype(np.float64)
            # By the step and not by a count of rows, so that a block may end anywhere.
            if (first + row) % self._steps == 0:
                means.append((self._sum / self._steps).astype(np.float32))
                self._sum = 0.0
        if not means:
            return []
        # Back from the block's last step to the end of its last whole epoch, then to its first.
        last = first + train.shape[1] - 1
        start = last // self._steps * self._steps - (len(means) - 1) * self._steps
        values = np.stack(means, axis=1)
        return [Series(group="epoch", first=start, stride=self._steps, values=values)]
