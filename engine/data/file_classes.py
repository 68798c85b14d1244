"""The classes of a file's column: which there are, in which order, and the class of each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..text.spelling import show
from .file_column import FileColumn

MAX_CLASSES: Final = 1000
"""Classes of a column; more are the sign of a column of numbers."""

FEW_CLASSES: Final = 20
"""Different values that are never too many to be classes."""

ROWS_A_CLASS: Final = 4
"""Rows that a class of numbers has at least, on average, where there are more than those."""


def classes_of(
    column: FileColumn, said: Sequence[str] | None
) -> tuple[NDArray[np.int64], list[str]]:
    """Return each row's class, and the classes' names.

    Args:
        column: Where they stand.
        said: Their names in their order; numbers by size, then texts by letter where left out.

    Raises:
        DataError: A row has none, or another, or they are no classes.
    """
    places, labels = column.coded
    if "" in labels:
        row = int(np.flatnonzero(places == labels.index(""))[0])
        raise column.wrong_at(
            row,
            f"{column.sheet.empty}, which is no class; leave the row out of the file, or by "
            'missing = "drop" in data.columns',
        )
    names = sorted(labels, key=_order) if said is None else [*said]
    positions = {label: position for position, label in enumerate(names)}
    classes = np.array([positions.get(label, -1) for label in labels], np.int64)[places]
    if (other := classes < 0).any():
        row = int(np.flatnonzero(other)[0])
        listed = ", ".join(map(show, names[:20])) + ", …" * (len(names) > 20)
        raise column.wrong_at(
            row, f"{show(column.label(row))} is none of data.classes; they are {listed}"
        )
    if len(names) == 1:
        raise column.wrong(
            f"every row is of class {show(names[0])}; there is nothing to tell apart"
        )
    if said is None and (wrong := _no_classes(names, len(classes))):
        raise column.wrong(wrong)
    return classes, names


def _no_classes(names: Sequence[str], rows: int) -> str:
    """Say why so many different values are no classes; nothing where they may be."""
    are_numbers = not _order(names[-1])[0]
    remedy = "; set data.task = 'numbers'" if are_numbers else "; set data.targets"
    if len(names) > MAX_CLASSES:
        return f"has {len(names)} different values, at most {MAX_CLASSES} can be classes{remedy}"
    if len(names) <= FEW_CLASSES:
        return ""
    if are_numbers and len(names) * ROWS_A_CLASS > rows:
        return f"has {len(names)} different numbers in {rows} rows: these are no classes{remedy}"
    if not are_numbers and len(names) * 2 > rows:
        return (
            f"has {len(names)} different texts in {rows} rows, as names or remarks have: "
            f"these are no classes{remedy}"
        )
    return ""


def _order(label: str) -> tuple[bool, float, str]:
    try:
        number = float(label)
    except ValueError:
        number = np.nan
    return (False, number, label) if np.isfinite(number) else (True, 0.0, label)
