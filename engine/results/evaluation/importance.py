"""Permutation importance: how much worse a network becomes where a column tells it nothing.

A column's cells are handed around among the rows, so that each row has another's; the rest stays.
A date's parts are one column, as in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from ..predict import Answers, answers
from .scores import RowScores, scores_of

if TYPE_CHECKING:
    from ..run import LoadedRun

REPEATS: Final = 5
"""How often each column is handed around."""

MOST_ROWS: Final = 10_000
"""Rows that it is measured on; of more, so many are drawn."""

MOST_CELLS: Final = 400_000_000
"""Numbers that go in, all in all: of wide files fewer rows are taken."""

MOST_AT_ONCE: Final = 20_000_000
"""Numbers that go in at a time."""

LEAST_ROWS: Final = 200
"""Rows that are taken of the widest."""

SEED: Final = 1
"""What is drawn is the same every time."""


@dataclass(frozen=True)
class Importance:
    """What a column is worth, in each figure."""

    column: str
    worse_by: Mapping[str, tuple[float, float]]
    """By how much each figure becomes worse, and the standard deviation over the repeats."""


@dataclass(frozen=True)
class Importances:
    """What each column is worth, the most important first."""

    rows: int
    """How many rows it was measured on."""
    columns: list[Importance]


def importances(
    run: LoadedRun, original: Answers, say: Callable[[str], None] = lambda doing: None
) -> Importances | None:
    """Return what each column is worth; none of pictures, whose pixels are no columns.

    Args:
        run: Whose network.
        original: What it says of the rows.
        say: Is told which column it is at.
    """
    if original.are_pictures:
        return None
    rng = np.random.default_rng(SEED)
    sample = _sampled(original, len(run.preprocessing.feature_names), rng)
    before = [*scores_of(sample)]
    columns, places = [], [*_places(original)]
    for count, (name, its) in enumerate(places, 1):
        say(f"what each column is worth: {count} of {len(places)}")
        columns.append(_importance(run, sample, before, name, its, rng))
    # Where many are worth nothing in the first figure, the next one tells them apart.
    columns.sort(key=lambda each: [-mean for mean, _ in each.worse_by.values()])
    return Importances(len(sample.outputs), columns)


def _places(original: Answers) -> Iterator[tuple[str, list[int]]]:
    """Yield each column of the file, and which raw columns it is."""
    places: dict[str, list[int]] = {}
    for place, column in enumerate(original.columns):
        places.setdefault(column.of or column.name, []).append(place)
    yield from places.items()


def _sampled(original: Answers, features: int, rng: np.random.Generator) -> Answers:
    """Return answers for no more rows than there is time and room for."""
    rows, columns = original.rows.inputs.shape
    room = min(MOST_AT_ONCE, MOST_CELLS // columns) // (REPEATS * features)
    most = min(MOST_ROWS, max(LEAST_ROWS, room))
    return original if rows <= most else original.taken(rng.choice(rows, most, replace=False))


def _importance(
    run: LoadedRun,
    original: Answers,
    before: list[RowScores],
    name: str,
    places: list[int],
    rng: np.random.Generator,
) -> Importance:
    rows = original.rows.inputs
    inputs = np.tile(rows, (REPEATS, 1))
    handed = [rows[rng.permutation(len(rows))][:, places] for _ in range(REPEATS)]
    inputs[:, places] = np.concatenate(handed)
    assert original.rows.targets is not None
    targets = np.concatenate([original.rows.targets] * REPEATS)
    after = scores_of(answers(run, replace(original.rows, inputs=inputs, targets=targets)))
    return Importance(
        name,
        {one.name: _worse_by(one, other) for one, other in zip(before, after, strict=True)},
    )


def _worse_by(before: RowScores, after: RowScores) -> tuple[float, float]:
    """Return by how much a figure becomes worse, and how much that differs among the repeats."""
    means = after.rows.reshape(REPEATS, -1).mean(axis=1)
    changes = after.of(means) - before.value
    mean = float(changes.mean())
    return (-mean if before.is_better_greater else mean) + 0.0, float(changes.std())
