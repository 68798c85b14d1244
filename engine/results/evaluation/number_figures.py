"""How near numbers come, each output by itself and in the units of the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..predict import Answers
from .constant import ConstantAnswer


@dataclass(frozen=True, kw_only=True)
class NumberFigures:
    """What is known of one output, or of the share of one class."""

    name: str
    r2: float | None
    """The share of the spread that is explained; none where these rows have no spread."""
    rmse: float
    """The root of the mean squared error."""
    mae: float
    """The mean absolute error."""
    greatest_error: float
    """The greatest absolute error."""
    bias: float
    """The mean error: above 0 where too much is said."""
    constant_rmse: float | None
    """That of the training set's mean; none where this is not known."""
    constant_mae: float | None
    """That of the training set's median."""


def number_figures(answers: Answers, constant: ConstantAnswer | None) -> Iterator[NumberFigures]:
    """Yield the figures of each output."""
    from sklearn.metrics import (
        max_error,
        mean_absolute_error,
        r2_score,
        root_mean_squared_error,
    )

    targets = answers.rows.targets
    assert targets is not None
    for place, name in enumerate(answers.target_names):
        truth, said = targets[:, place], answers.outputs[:, place]
        mean, median = (None, None)
        if constant is not None:
            mean = np.full(len(truth), constant.mean[place])
            median = np.full(len(truth), constant.median[place])
        yield NumberFigures(
            name=name,
            r2=float(r2_score(truth, said)) if np.ptp(truth) > 0 else None,
            rmse=float(root_mean_squared_error(truth, said)),
            mae=float(mean_absolute_error(truth, said)),
            greatest_error=float(max_error(truth, said)),
            bias=float((said - truth).mean()),
            constant_rmse=None if mean is None else float(root_mean_squared_error(truth, mean)),
            constant_mae=None if median is None else float(mean_absolute_error(truth, median)),
        )
