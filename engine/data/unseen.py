"""What somebody should know of the rows before anything is trained: what a set has no row of,
classes, and values of a category that nothing can be learned of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..text.spelling import show
from .base import DataBase, Dataset

LISTED: Final = 5
"""Names that a sentence lists."""


def notices_of(spec: DataBase, dataset: Dataset) -> list[str]:
    """Return what somebody should know of the rows, in a sentence each.

    Args:
        spec: What the data is.
        dataset: Its sets.
    """
    of_classes: Iterator[str] = iter(())
    if spec.class_count:
        named = {"train": dataset.train, "dev": dataset.dev, "test": dataset.test}
        sets = {
            name: part.targets for name, part in named.items() if part is not None and len(part)
        }
        of_classes = unseen_classes(spec.target_names, sets)
    return [*spec.notices, *of_classes, *unseen_values(dataset)]


def unseen_classes(names: Sequence[str], sets: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    """Yield which classes have no row in a set, a sentence for each of these.

    Args:
        names: The classes.
        sets: The class of each row, by the set's name.
    """
    for name, targets in sets.items():
        there = set(np.unique(targets).tolist())
        lacking = [each for index, each in enumerate(names) if index not in there]
        if lacking:
            yield f"the {name} set has no row of {_counted('class', 'classes', lacking)}"


def unseen_values(dataset: Dataset) -> Iterator[str]:
    """Yield which values of a category have no row in the training set, a sentence for each one."""
    if dataset.preprocessing.computed is not None:
        return
    at = 0
    for column in dataset.preprocessing.columns:
        if column.kind == "category":
            seen = dataset.train.inputs[:, at : at + len(column.values)].any(axis=0)
            lacking = [column.values[place] for place in np.flatnonzero(~seen)]
            if lacking and len(dataset.train):
                values = _counted("value", "values", lacking)
                yield f"the train set has no row of column {show(column.name)} with {values}"
        at += len(column.features)


def _counted(one: str, many: str, names: Sequence[str]) -> str:
    listed = ", ".join(map(show, names[:LISTED])) + ", …" * (len(names) > LISTED)
    return f"{one if len(names) == 1 else f'{len(names)} {many}:'} {listed}"
