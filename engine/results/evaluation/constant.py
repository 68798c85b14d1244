"""The constant answer: what is said of every row by whoever has seen the training set's targets
alone, and no input.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ...randomness import generator
from ..asked_rows import rows_of_set
from ..predict import Answers
from ..unseen_rows import UNSEEN

if TYPE_CHECKING:
    from ..run import LoadedRun

FRESH: Final = 1000
"""Rows that stand for a training set where every step drew its own, and for a test set."""


@dataclass(frozen=True, eq=False)
class ConstantAnswer:
    """The best answers that are the same for every row, as the training set has them."""

    mean: NDArray[np.float64]
    """[outputs] or [classes]: the mean of each number, the share of each class or label."""
    median: NDArray[np.float64]
    """[outputs]: of numbers, for which absolute errors are smallest."""

    def instead_of(self, answers: Answers) -> Answers:
        """Return answers with this one for every row."""
        outputs = np.tile(self.mean, (len(answers.outputs), 1))
        classes = None if answers.classes is None else outputs.argmax(axis=1)
        said = None if answers.probabilities is None else outputs
        return replace(answers, outputs=outputs, classes=classes, probabilities=said)


def constant_answer(run: LoadedRun) -> ConstantAnswer:
    """Return what a run's training set alone would have answered.

    Raises:
        EpochalError: Its data is no longer there, or no longer what it was.
    """
    targets = _learned(run)
    if targets.ndim == 1:
        counts = np.bincount(targets, minlength=run.alone.data.class_count)
        return ConstantAnswer(counts / len(targets), np.empty(0))
    return ConstantAnswer(targets.mean(axis=0), np.median(targets, axis=0))


def _learned(run: LoadedRun) -> NDArray[Any]:
    """Return the targets that were learned from."""
    data = run.alone.data
    if data.fresh:
        rng = generator(run.alone.train.seed, "fresh", UNSEEN + 1)
        return data.draw_fresh(rng, FRESH).targets.astype(np.float64)
    targets = rows_of_set(run, "train").targets
    assert targets is not None
    return targets
