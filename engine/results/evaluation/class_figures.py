"""How well classes or labels are told apart, each by itself, as scikit-learn computes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..predict import Answers


@dataclass(frozen=True, kw_only=True)
class ClassFigures:
    """What is known of one class or label."""

    name: str
    rows: int
    """How many are of it."""
    precision: float | None
    """Of the rows that are said to be of it, the share that is; none where none is said to be."""
    recall: float | None
    """Of the rows that are of it, the share that is said to be; none where none is."""
    f1: float | None
    """The harmonic mean of the two; none where no row is of it, nor said to be."""
    roc_area: float | None
    """How often a row that is of it gets a greater number than one that is not; none where there
    are not both."""
    pr_area: float | None
    """The mean precision over all thresholds, each weighted by the recall that it adds."""


def class_figures(answers: Answers) -> Iterator[ClassFigures]:
    """Yield the figures of each class or label."""
    from sklearn.metrics import precision_recall_fscore_support

    truth, said, scores = _apart(answers)
    columns = zip(truth.T, said.T, scores.T, strict=True)
    for name, (is_it, is_said, score) in zip(answers.target_names, columns, strict=True):
        precision, recall, f1, _ = precision_recall_fscore_support(
            is_it, is_said, average="binary", zero_division=np.nan
        )
        roc_area, pr_area = _areas(is_it, score)
        yield ClassFigures(
            name=name,
            rows=int(is_it.sum()),
            precision=_number(precision),
            recall=_number(recall),
            f1=_number(f1),
            roc_area=roc_area,
            pr_area=pr_area,
        )


def _apart(answers: Answers) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]:
    """Return of each row whether it is of each class, is said to be, and the number that says so;
    [rows, classes] each.
    """
    targets = answers.rows.targets
    assert targets is not None
    if answers.classes is None:
        return targets > 0.5, answers.outputs > 0.5, answers.outputs
    places = np.arange(len(answers.target_names))
    scores = answers.outputs
    if answers.probabilities is not None:
        scores = answers.probabilities
    elif scores.shape[1] == 1:
        # Of two classes, which the sign of a margin tells apart.
        scores = np.concatenate([-scores, scores], axis=1)
    return targets[:, None] == places, answers.classes[:, None] == places, scores


def _areas(
    is_it: NDArray[np.bool_], score: NDArray[np.float64]
) -> tuple[float | None, float | None]:
    """Return the areas under the ROC and the precision-recall curve, where there are such."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    if is_it.all() or not is_it.any():
        return None, None
    return float(roc_auc_score(is_it, score)), float(average_precision_score(is_it, score))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
