"""Calibration: whether of the rows that are said with 80 % about 80 % are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..predict import Answers

BINS: Final = 10
"""Parts of equal width that probabilities from 0 to 1 are put into."""


@dataclass(frozen=True)
class CalibrationBin:
    """The rows whose answer has about the same probability."""

    low: float
    """The least probability that belongs to it."""
    rows: int
    """How many rows; of labels, how many answers."""
    probability: float
    """The mean of what is said."""
    right: float
    """The share that is right."""


def calibration(answers: Answers) -> list[CalibrationBin]:
    """Return the bins that have rows; none where nothing is said with a probability."""
    if answers.probabilities is None or answers.task == "shares":
        return []
    certain, right = _answered(answers, answers.probabilities)
    places = np.minimum((certain * BINS).astype(int), BINS - 1)
    made = []
    for place in np.unique(places).tolist():
        there = places == place
        means = float(certain[there].mean()), float(right[there].mean())
        made.append(CalibrationBin(place / BINS, int(there.sum()), *means))
    return made


def calibration_error(bins: list[CalibrationBin]) -> float:
    """Return the expected calibration error: how far the two are apart in the mean over rows."""
    rows = sum(each.rows for each in bins)
    return sum(each.rows * abs(each.probability - each.right) for each in bins) / rows


def _answered(
    answers: Answers, likely: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the probability of each answer that is given, and whether it is right."""
    targets = answers.rows.targets
    assert targets is not None
    if answers.classes is not None:
        return likely[np.arange(len(likely)), answers.classes], answers.classes == targets
    said = likely > 0.5
    return np.where(said, likely, 1 - likely).ravel(), (said == (targets > 0.5)).ravel()
