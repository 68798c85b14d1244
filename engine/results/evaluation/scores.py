"""What each row counts for in a figure: of which the figure, and what two runs differ in, is made.

answers ─► a number for each row ─► their mean, or its root: accuracy, log loss, rmse
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..predict import Answers

LEAST_PROBABILITY: Final = 1e-15
"""What a network says at least of the true class: of none at all the logarithm would be infinite.
Scikit-learn's ``log_loss`` has had it so too."""


@dataclass(frozen=True, eq=False)
class RowScores:
    """A figure, and what each row counts for in it."""

    name: str
    """What it is called."""
    rows: NDArray[np.float64]
    """[rows]."""
    is_root: bool = False
    """Whether the root is taken of the mean."""
    is_better_greater: bool = False
    """Whether the greater figure is the better one."""
    is_share: bool = False
    """Whether it is the share of rows that are right, each 0 or 1."""

    @property
    def value(self) -> float:
        """The figure."""
        return float(self.of(self.rows.mean()))

    def of(self, means: Any) -> Any:
        """Return the figure for the mean of some rows, or for many such means."""
        return np.sqrt(means) if self.is_root else means


def scores_of(answers: Answers) -> Iterator[RowScores]:
    """Yield the figures of answers whose truth is known, what matters most first."""
    targets, likely = answers.rows.targets, answers.probabilities
    assert targets is not None
    if answers.task == "classes":
        yield _share("accuracy", answers.classes == targets)
    if answers.task == "labels":
        right = (answers.outputs > 0.5) == (targets > 0.5)
        yield RowScores("accuracy", right.mean(axis=1), is_better_greater=True)
        yield _share("all labels right", right.all(axis=1))
    if answers.task == "classes" and likely is not None:
        yield RowScores("log loss", -_log(likely[np.arange(len(targets)), targets]))
    elif answers.task == "labels" and likely is not None:
        yield RowScores("log loss", -_log(np.where(targets > 0.5, likely, 1 - likely)).mean(axis=1))
    elif answers.task == "shares" and likely is not None:
        yield RowScores("log loss", -(targets * _log(likely)).sum(axis=1))
    if answers.task in ("numbers", "shares"):
        several = len(answers.target_names) > 1
        for name, errors in zip(answers.target_names, (answers.outputs - targets).T, strict=True):
            yield RowScores(f"rmse of {name}" if several else "rmse", errors**2, is_root=True)


def badness(answers: Answers) -> NDArray[np.float64]:
    """Return how wrong each row is, [rows], in no unit: it says which are the worst."""
    targets = answers.rows.targets
    assert targets is not None
    scores = [*scores_of(answers)]
    if costs := [each.rows for each in scores if each.name == "log loss"]:
        return costs[0]
    if answers.task == "classes":
        # Of a margin: the surer it is, the worse where it is wrong.
        wrong = answers.classes != targets
        sizes = np.abs(answers.outputs).max(axis=1)
        return np.asarray(np.where(wrong, sizes, -sizes), np.float64)
    spreads = np.maximum(targets.std(axis=0), np.finfo(float).tiny)
    return np.asarray((np.abs(answers.outputs - targets) / spreads).max(axis=1), np.float64)


def _share(name: str, right: Any) -> RowScores:
    rows = np.asarray(right, np.float64)
    return RowScores(name, rows, is_better_greater=True, is_share=True)


def _log(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(np.maximum(probabilities, LEAST_PROBABILITY))
