"""How rows are parted into train, dev and test: which rows each set has.

    rows      shuffled, then cut
    classes   shuffled, and every class cut in the same shares
    groups    the rows of a group stay together
    time      in the order of a column: the oldest train, the newest test
    column    as a column says

How many rows a set has never depends on the seed: networks of several seeds train side by side.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]
"""Which rows: indices."""

Sizes = tuple[int, int, int]
"""How many rows train, dev and test have."""

SETS = ("train", "dev", "test")


def cut(rows: Rows, sizes: Sequence[int]) -> list[Rows]:
    """Return the rows of train, dev and test, taken in their order."""
    return np.split(rows, np.cumsum(sizes))[:3]


def by_class(order: Rows, labels: NDArray[np.int64], sizes: Sequence[int]) -> list[Rows]:
    """Return the rows of each set, with every class in the same shares but for a row or two.

    Args:
        order: The shuffled rows.
        labels: The class of each row.
        sizes: How many rows each set has.
    """
    # Each class is spread evenly from 0 to 1, so that every cut parts all of them alike.
    place = np.empty(len(order))
    for label in np.unique(labels):
        where = labels[order] == label
        place[where] = (np.arange(where.sum()) + 0.5) / where.sum()
    spread = np.argsort(place, kind="stable")
    return [order[np.sort(part)] for part in cut(spread, sizes)]


def of_groups(groups: Sequence[str], sizes: Sequence[int]) -> NDArray[np.int64]:
    """Return the set of each row, 0 to 3, with the rows of a group in one; 3 is none of them.

    The groups are in an order of their own that no seed changes, and each goes where the sizes
    are met best.

    Args:
        groups: The group of each row.
        sizes: How many rows each set is to have.
    """
    counts = Counter(groups)
    order = sorted(counts, key=lambda name: hashlib.sha256(name.encode()).digest())
    rows = np.array([counts[name] for name in order])
    # Each goes where its middle lies, were all of them laid out in their order.
    sets = np.searchsorted(np.cumsum(sizes), np.cumsum(rows) - rows / 2, side="right")
    set_of = dict(zip(order, sets.tolist(), strict=True))
    return np.array([set_of[name] for name in groups], np.int64)


def in_sets(order: Rows, sets: NDArray[np.int64]) -> list[Rows]:
    """Return the rows of train, dev and test, given the set of each row.

    Args:
        order: The shuffled rows.
        sets: 0, 1 or 2, or 3 for none of them.
    """
    return [order[sets[order] == each] for each in range(3)]
