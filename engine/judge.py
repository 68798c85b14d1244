"""What is decided from a run's rows: the best weights, and whether the run is over.

The judge sees the rows of every block in order and finds the first that decides. It never sees
the test set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.block import Outcome
from engine.events import Values
from engine.experiment import Experiment


@dataclass(frozen=True)
class Verdict:
    """What a block's rows decide."""

    count: int
    """Rows that stand; those after the one that decides do not."""
    outcome: Outcome | None
    """Why the run is over, if it is."""
    best_rows: Sequence[int | None]
    """For each member the row with its new best weights, if it has one."""


class Judge:
    """Best weights, patience, threshold and divergence of one run.

    Args:
        experiment: What the run is to decide.
        members: How many networks there are.
    """

    def __init__(self, experiment: Experiment, members: int) -> None:
        self._threshold = experiment.train.loss_threshold
        self._patience = experiment.train.patience
        self._stride = experiment.evaluation_stride
        self._by_accuracy = experiment.keep_best == "accuracy"
        self.keeps_best = experiment.keep_best != "off"
        """Whether the result takes the best weights, not the last."""
        self.best_steps: NDArray[np.int64] = np.zeros(members, np.int64)
        """The step of each member's best dev measurement; 0 where there is none yet."""
        self._best_scores = np.full(members, -np.inf)
        self._waited = np.zeros(members, np.int64)

    @property
    def found_best(self) -> bool:
        """Whether every member has been measured on the dev set."""
        return bool((self.best_steps > 0).all())

    def verdict(self, first: int, loss: Values, dev: Values) -> Verdict:
        """Judge the rows of a block.

        Args:
            first: The step of the first row.
            loss: The training loss, [rows, members].
            dev: The dev set's loss and accuracy, [2, rows, members], in the rows measured.
        """
        count, outcome = self._ending(first, loss)
        best_rows: list[int | None] = [None] * loss.shape[1]
        if self.keeps_best:
            for row in range(-first % self._stride, count, self._stride):
                self._compare(first + row, row, dev[:, row], best_rows)
                if self._patience and (self._waited >= self._patience).all():
                    # What ends the run at the same row goes first: it happened in the update.
                    outcome = outcome if row == count - 1 and outcome else _out_of_patience()
                    count = row + 1
                    break
        return Verdict(count, outcome, best_rows)

    def _ending(self, first: int, loss: Values) -> tuple[int, Outcome | None]:
        """Return how many rows stand by the training loss alone, and why."""
        reached = self._threshold_reached(loss)
        if reached is not None:
            loss = loss[: reached + 1]
        diverged = ~np.isfinite(loss).all(axis=1)
        if diverged.any():
            row = int(diverged.argmax())
            what = "NaN" if np.isnan(loss[row]).any() else "infinite"
            return row + 1, Outcome("diverged", f"the loss was {what} at step {first + row}")
        return len(loss), Outcome("finished", "threshold") if reached is not None else None

    def _threshold_reached(self, loss: Values) -> int | None:
        """Return the first row whose loss is low enough, if there is one."""
        if self._threshold is None:
            return None
        reached = (loss <= self._threshold).all(axis=1)
        return int(reached.argmax()) if reached.any() else None

    def _compare(self, step: int, row: int, measured: Values, best_rows: list[int | None]) -> None:
        """Compare one dev measurement with each member's best; equal ones change nothing."""
        scores = measured[1] if self._by_accuracy else -measured[0]
        for member in np.flatnonzero(scores > self._best_scores):
            best_rows[member] = row
            self.best_steps[member] = step
            self._best_scores[member] = scores[member]
        self._waited = np.where(self.best_steps == step, 0, self._waited + 1)


def _out_of_patience() -> Outcome:
    return Outcome("finished", "patience")
