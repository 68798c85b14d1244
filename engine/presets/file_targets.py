"""Which columns of a file are to be learned, what of, and why: one, or several together.

one        classes or numbers
several    numbers; labels, of which a row may have any; shares of classes, which sum to 1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from ..data.file_rows import SHARES_ROUNDED, Task
from ..data.profile.column import LEARNABLE, MOST_VALUES, ColumnProfile
from ..data.profile.profile import Profile, numbers_in
from ..errors import DataError
from ..text.spelling import nearest, show

NAMES: Final = (
    *("target", "label", "labels", "outcome", "response", "answer", "ziel"),
    *("survived", "churn", "default", "diagnosis", "species", "income", "price", "saleprice"),
    *("medv", "quality", "class", "klasse", "y"),
)
"""What columns are called that are to be learned, in small letters; the first that is there."""

FEW_NUMBERS: Final = 20
"""Different whole numbers that may be classes."""

ROWS_A_CLASS: Final = 10
"""Rows that each of them has then, on average."""


def chosen_targets(
    profile: Profile, columns: Mapping[str, ColumnProfile], wished: str | Sequence[str] | None
) -> tuple[list[ColumnProfile], str]:
    """Return the columns to be learned, and why these.

    Args:
        profile: The file's.
        columns: Its columns, as they are taken for.
        wished: Their names, or a text with a name or several that commas part; one is chosen where
            left out.

    Raises:
        DataError: One cannot be, or none can.
    """
    able = [name for name, column in columns.items() if column.kind in LEARNABLE]
    if wished is not None:
        names = _named(wished, columns)
        for name in names:
            _check_able(profile, columns, name, able)
        if twice := [name for name in names if names.count(name) > 1]:
            raise DataError(f"{profile.name}: column {show(twice[0])}: stands twice in --target")
        return [columns[name] for name in names], "asked for"
    if not able:
        whys = "; ".join(f"{show(name)} {each.why or each.kind}" for name, each in columns.items())
        raise DataError(f"{profile.name}: no column can be learned: {whys}")
    small = {name.strip().lower(): name for name in reversed(able)}
    named = next((small[name] for name in NAMES if name in small), None)
    if named is not None:
        return [columns[named]], "a usual name for what is learned"
    return [columns[able[-1]]], "the last column that can be learned"


def _named(wished: str | Sequence[str], columns: Mapping[str, ColumnProfile]) -> list[str]:
    """Return the names that are wished for; a name may itself have a comma."""
    if not isinstance(wished, str):
        return [*wished]
    parts = [part.strip() for part in wished.split(",")]
    return [wished] if wished in columns or len(parts) < 2 else [part for part in parts if part]


def _check_able(
    profile: Profile, columns: Mapping[str, ColumnProfile], name: str, able: Sequence[str]
) -> None:
    """Refuse a column that cannot be learned.

    Raises:
        DataError: With those that can.
    """
    if name not in columns:
        there, near = _listed(list(columns)), nearest(name, columns)
        raise DataError(f"{profile.name}: has no column {show(name)}{near}; it has: {there}")
    if name not in able:
        why = columns[name].why or "has dates, which are no classes and no numbers"
        raise DataError(
            f"{profile.name}: column {show(name)}: {why}; it cannot be learned: "
            f"choose by --target: {_listed(able)}"
        )


def chosen_task(
    profile: Profile, targets: Sequence[ColumnProfile], wished: Task | None
) -> tuple[Task, str]:
    """Return what is learned of columns, and why.

    Raises:
        DataError: What is wished cannot be.
    """
    if len(targets) > 1 or wished == "labels":
        return _of_several(profile, targets, wished)
    target = targets[0]
    of = f"{profile.name}: column {show(target.name)}"
    if wished == "shares":
        raise DataError(f"{of}: is one; shares are a column for each class: --target a,b,c")
    if wished == "numbers" and "number" not in target.may_be:
        raise DataError(f"{of}: has words, which are no numbers to learn; leave out --task")
    if wished == "classes" and target.distinct > MOST_VALUES:
        most = f"at most {MOST_VALUES} can be classes"
        raise DataError(f"{of}: has {target.distinct} different values, {most}; leave out --task")
    rows = target.rows - target.missing
    if wished is not None:
        return wished, "asked for"
    if target.kind == "truth":
        return "classes", "its two values say yes and no"
    if target.kind == "category":
        return "classes", "its values are words, or taken for such"
    few = min(FEW_NUMBERS, max(2, rows / ROWS_A_CLASS))
    if target.whole and target.distinct <= few and target.distinct < rows:
        return "classes", f"{target.distinct} different whole numbers in {rows} rows"
    kind = "whole numbers" if target.whole else "numbers"
    return "numbers", f"{target.distinct} different {kind} in {rows} rows"


def _of_several(
    profile: Profile, targets: Sequence[ColumnProfile], wished: Task | None
) -> tuple[Task, str]:
    """Return what is learned of several columns together, and why.

    Raises:
        DataError: What is wished cannot be.
    """
    if wished == "classes":
        raise DataError(
            f"{profile.name}: classes stand in one column (got {len(targets)}); name one by "
            "--target, or leave out --task: columns of 0 and 1 are labels or shares"
        )
    for target in targets:
        of = f"{profile.name}: column {show(target.name)}"
        if target.kind == "category" and "number" not in target.may_be:
            raise DataError(
                f"{of}: has words; of several columns that are learned together each has numbers, "
                "or yes and no: name it alone by --target"
            )
        if wished == "labels" and not says_yes_or_no(target):
            raise DataError(
                f"{of}: has other values than 0 and 1, or yes and no, so it is no label; "
                "leave out --task"
            )
    if wished in ("numbers", "labels"):
        return wished, "asked for"
    wrong = _no_shares(profile, targets)
    labels = all(map(says_yes_or_no, targets))
    if wished == "shares":
        if wrong:
            raise DataError(f"{profile.name}: {wrong}, so these are no shares; leave out --task")
        return "shares", "asked for"
    if not wrong:
        one_hot = "a single 1 in every row, so each column is a class"
        return "shares", one_hot if labels else "none is below 0, and those of every row sum to 1"
    if labels:
        return "labels", "0 and 1, or yes and no; a row may have any number of them"
    return "numbers", f"{len(targets)} columns of numbers; {wrong}"


def says_yes_or_no(column: ColumnProfile) -> bool:
    """Whether all values of a column are 0 and 1, or words for yes and no."""
    return column.kind == "truth" or (
        "number" in column.may_be and column.whole and (column.low, column.high) == ("0", "1")
    )


def _no_shares(profile: Profile, targets: Sequence[ColumnProfile]) -> str:
    """Say why columns are no shares of classes; nothing where they are."""
    for target in targets:
        if "number" not in target.may_be or float(target.low) < 0:
            return f"{show(target.name)} has something else than numbers from 0 on"
    sums = numbers_in(profile, [target.name for target in targets]).sum(axis=1)
    off = np.abs(sums - 1) > SHARES_ROUNDED
    return f"a row of them sums to {sums[off][0]:g}, not to 1" if off.any() else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(show, names[:20])) + ", …" * (len(names) > 20)
