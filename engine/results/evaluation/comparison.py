"""Which of two runs is better on the same rows, and whether so many rows can tell.

Rows are drawn with replacement from those there are, the same for both, many times over (the
paired bootstrap): where nearly every time the same one is better, the rows can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import RequestError
from ...text.safe import plain
from ..predict import Answers
from .scores import RowScores, scores_of

RESAMPLES: Final = 2000
"""How often rows are drawn: the ends of an interval are steady to about a fortieth of its width."""

SEED: Final = 1
"""What is drawn is the same every time."""

INTERVAL: Final = (2.5, 97.5)
"""The percentiles between which 95 % of the draws lie."""


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """How much better the first of two runs is in one figure; below 0 where it is worse."""

    figure: str
    first: float
    second: float
    better_by: float
    low: float
    """Where 95 % of the draws begin."""
    high: float
    """Where they end."""
    ahead: float
    """The share of the draws in which the first is better."""

    @property
    def is_told(self) -> bool:
        """Whether the rows can tell which is better."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class PairedComparison:
    """Two runs on the same rows."""

    other: str
    """The second run."""
    rows: int
    other_trained_on: bool
    """Whether that has learned from them, or from some of them."""
    differences: list[PairedDifference]


def compared(first: Answers, second: Answers) -> PairedComparison:
    """Return how two runs compare on the same rows.

    Raises:
        RequestError: They learned something else, or the rows are not the same.
    """
    first, second = _in_both(first, second)
    _check_same(first, second)
    pairs = zip(scores_of(first), scores_of(second), strict=False)
    alike = [(one, other) for one, other in pairs if one.name == other.name]
    rows, trained_on = len(first.outputs), second.rows.trained_on
    return PairedComparison(second.run, rows, trained_on, [*_differences(alike)])


def _in_both(first: Answers, second: Answers) -> tuple[Answers, Answers]:
    """Return the answers for the rows of a file that neither run leaves out."""
    if first.rows.places is None and second.rows.places is None:
        return first, second
    places = [
        np.arange(len(told.outputs)) if told.rows.places is None else told.rows.places
        for told in (first, second)
    ]
    _, one, other = np.intersect1d(places[0], places[1], return_indices=True)
    return first.taken(one), second.taken(other)


def _differences(pairs: list[tuple[RowScores, RowScores]]) -> Iterator[PairedDifference]:
    means = _resampled(np.stack([scores.rows for pair in pairs for scores in pair], axis=1))
    for place, (one, other) in enumerate(pairs):
        sign = 1 if one.is_better_greater else -1
        # Zero is added because a zero that is turned round would be told as -0.000.
        draws = sign * (one.of(means[:, 2 * place]) - other.of(means[:, 2 * place + 1])) + 0.0
        low, high = np.percentile(draws, INTERVAL)
        yield PairedDifference(
            figure=one.name,
            first=one.value,
            second=other.value,
            better_by=sign * (one.value - other.value) + 0.0,
            low=float(low),
            high=float(high),
            ahead=float((draws > 0).mean()),
        )


def _resampled(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means [resamples, figures] of rows [rows, figures] that are drawn again."""
    rng, rows = np.random.default_rng(SEED), len(scores)
    means = []
    for _ in range(RESAMPLES):
        # How often each row is drawn, in place of which are.
        counts = np.bincount(rng.integers(rows, size=rows), minlength=rows)
        means.append(counts @ scores / rows)
    return np.array(means)


def _check_same(first: Answers, second: Answers) -> None:
    """Refuse to compare what cannot be.

    Raises:
        RequestError: Saying why.
    """
    one, other = plain(first.run), plain(second.run)
    if (first.task, first.target_names) != (second.task, second.target_names):
        raise RequestError(f"--compare: {one} and {other} have not learned the same")
    if not _same_rows(first, second):
        raise RequestError(
            f"--compare: {first.rows.source} of {one} has other rows than that of {other}, which "
            "may have learned from them (another seed, split or file); name a FILE that neither "
            "has learned from"
        )


def _same_rows(first: Answers, second: Answers) -> bool:
    """Whether the rows are the same in what both runs know of them."""
    if not np.array_equal(np.asarray(first.rows.targets), np.asarray(second.rows.targets)):
        return False
    places = {column: place for place, column in enumerate(_plain_columns(second))}
    return all(
        np.array_equal(
            first.rows.inputs[:, place], second.rows.inputs[:, places[column]], equal_nan=True
        )
        for place, column in enumerate(_plain_columns(first))
        if column in places
    )


def _plain_columns(answers: Answers) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return what says which columns have the same codes."""
    return [(column.name, column.kind, column.values) for column in answers.columns]
