"""What a preset for a file of one's own is to say, decided from what stands in the file.

Every decision is a value here and a key there; how they are written down is
``engine.presets.file_draft_text``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ..data.file_rows import Task
from ..data.profile.column import USABLE, ColumnProfile, Kind
from ..data.profile.profile import Profile
from ..errors import DataError
from ..text.spelling import show
from .file_targets import chosen_targets, chosen_task

WIDE: Final = 64
"""Columns of numbers that are taken for one matrix: those that are constant stay in it."""

SELDOM: Final = 1000
"""Rows of which a value of a category has one at least; what is rarer is no input of its own."""

MOST_INPUTS: Final = 100
"""Values of a category that are inputs of their own, the most common ones."""

FEW_ROWS: Final = 10
"""Rows that are too few to be parted."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What somebody has decided already."""

    target: str | Sequence[str] | None = None
    """What is to be learned: a column's name, several in a text that commas part, or their names.
    """
    task: Task | None = None
    """What of."""
    inputs: Sequence[str] | None = None
    """The columns that go in."""
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    """What columns are taken for, where that is not what they seem to be."""


@dataclass(frozen=True, eq=False, kw_only=True)
class FileDraft:
    """What a preset is to say of a file."""

    profile: Profile
    """What stands there."""
    targets: Sequence[ColumnProfile]
    """The columns to be learned: one, or several together."""
    why_target: str
    """Why these."""
    task: Task
    """What is learned of it."""
    why_task: str
    """Why that."""
    inputs: Sequence[ColumnProfile]
    """The columns that go in."""
    left_out: Mapping[str, str]
    """Why each other column does not."""
    split: Sequence[float]
    """The shares of train, dev and test set; empty where there are too few rows."""
    network: NetworkPlan
    """How large a network, and how it is trained."""

    @property
    def target(self) -> ColumnProfile:
        """The column to be learned; the first of several."""
        return self.targets[0]

    @property
    def outputs(self) -> int:
        """How many numbers come out of the network."""
        if self.task != "classes":
            return len(self.targets)
        return self.target.distinct if self.target.distinct > 2 else 1

    @property
    def features(self) -> int:
        """How many numbers go into the network."""
        return sum(map(width, self.inputs))

    @property
    def scarce(self) -> str:
        """Say which classes are in too few rows to be in every set; empty where none is."""
        if self.task != "classes":
            return ""
        counts = self.target.counts
        scarce = [show(value) for value in self.target.values if counts[value] < len(self.split)]
        return f"{', '.join(scarce[:5])}: too few rows to be in every set" if scarce else ""


@dataclass(frozen=True, kw_only=True)
class NetworkPlan:
    """A network of a size that its rows can teach, and how it is trained."""

    hidden: list[int]
    dropout: float
    weight_decay: float
    lr: float
    batch_size: int
    epochs: int
    """At most."""
    patience: int
    """Epochs without a better dev loss."""


def draft(profile: Profile, wishes: Wishes | None = None) -> FileDraft:
    """Return what a preset is to say of a file.

    Raises:
        DataError: What is wished for cannot be, or nothing in the file can be learned.
    """
    wishes = wishes or Wishes()
    columns = {name: _taken(profile, name, wishes.kinds) for name in profile.columns}
    targets, why_target = chosen_targets(profile, columns, wishes.target)
    task, why_task = chosen_task(profile, targets, wishes.task)
    learned = [target.name for target in targets]
    inputs = _inputs(columns, learned, wishes.inputs)
    if not inputs:
        others = [f"{show(name)} {each.why}" for name, each in columns.items() if each.why]
        beside = ", ".join(map(show, learned))
        raise DataError(
            f"{profile.name}: no column is left to go in beside {beside}: "
            + ("; ".join(others) or "the file has no other")
        )
    rows = profile.rows - max(target.missing for target in targets)
    names = {column.name for column in inputs} | {*learned}
    left_out = {name: each.why or "not chosen" for name, each in columns.items()}
    split = _split(rows)
    features = sum(map(width, inputs))
    return FileDraft(
        profile=profile,
        targets=targets,
        why_target=why_target,
        task=task,
        why_task=why_task,
        inputs=inputs,
        left_out={name: why for name, why in left_out.items() if name not in names},
        split=split,
        network=network(round(rows * (split or [1.0])[0]), features, task),
    )


def width(column: ColumnProfile) -> int:
    """Return how many numbers a column gives the network."""
    has_indicator = column.missing > 0
    match column.kind:
        case "category":
            return len(kept(column)) + 1 + has_indicator
        case "date":
            return len(column.parts) + has_indicator
        case _:
            return 1 + has_indicator


def kept(column: ColumnProfile) -> list[str]:
    """Return a category's values that come often enough to be learned of; the others are one."""
    common = list(column.counts.items())[:MOST_INPUTS]
    often = {text for text, count in common if count * SELDOM >= column.rows}
    return [value for value in column.values if value in often]


def usable(column: ColumnProfile) -> bool:
    """Whether a column can go in."""
    return column.kind in USABLE and not column.why


def _taken(profile: Profile, name: str, kinds: Mapping[str, Kind]) -> ColumnProfile:
    """Return a column as it is taken for.

    Raises:
        DataError: It cannot be that.
    """
    column = profile.columns[name]
    kind = kinds.get(name, column.kind)
    if kind == column.kind:
        return column
    if kind not in column.may_be:
        can = ", ".join(sorted(column.may_be)) or "nothing"
        raise DataError(f"{profile.name}: column {show(name)}: is no {kind}; it can be: {can}")
    return replace(column, kind=kind, why="")


def _inputs(
    columns: Mapping[str, ColumnProfile], targets: Sequence[str], wished: Sequence[str] | None
) -> list[ColumnProfile]:
    """Return the columns that go in; a column that counts the rows where there is no other."""
    others = [column for name, column in columns.items() if name not in targets]
    if wished is not None:
        return [column for column in others if column.name in wished]
    chosen = [column for column in others if usable(column)]
    if not chosen:
        return [replace(each, kind="number", why="") for each in others if each.kind == "index"]
    constant = [each for each in others if each.kind == "constant" and "number" in each.may_be]
    if sum(column.kind == "number" for column in chosen) < WIDE or not constant:
        return chosen
    matrix = {column.name for column in [*chosen, *constant]}
    return [
        replace(column, kind="number", why="") if column.kind == "constant" else column
        for column in others
        if column.name in matrix
    ]


def _split(rows: int) -> list[float]:
    if rows < FEW_ROWS:
        return []
    if rows < 200:
        return [0.6, 0.2, 0.2]
    return [0.7, 0.15, 0.15] if rows < 50_000 else [0.8, 0.1, 0.1]


def network(rows: int, features: int, task: Task) -> NetworkPlan:
    """Return a network of a size that so many rows can teach.

    By ``benchmarks/tables.py``: few rows of classes are told apart best by one layer and with a
    little dropout, which numbers only lose by; these gain by a rate that falls on a plateau.

    Args:
        rows: Of the training set.
        features: How many numbers go in.
        task: What is learned.
    """
    few, classes = rows < FEW_TO_LEARN, task != "numbers"
    batch = next(size for size, most in BATCHES if rows < most)
    epochs = min(300, max(5, STEPS * batch // max(rows, 1)))
    return NetworkPlan(
        hidden=_hidden(rows, features, task),
        dropout=0.1 if classes and few else 0.0,
        weight_decay=0.01 if classes and few else 0.0001,
        lr=0.001 if classes else 0.003,
        batch_size=batch,
        epochs=epochs,
        patience=max(3, min(30, epochs // 5)),
    )


def _hidden(rows: int, features: int, task: Task) -> list[int]:
    if rows >= MANY_TO_LEARN:
        return [128, 64]
    if task == "numbers":
        return [64, 64]
    if features > MANY_FEATURES:
        return [128]
    return [32] if rows < FEW_TO_LEARN else [64]


FEW_TO_LEARN: Final = 2_000
"""Rows of a training set that are soon known by heart."""

MANY_TO_LEARN: Final = 20_000
"""Rows of a training set that teach a larger network."""

MANY_FEATURES: Final = 48
"""Numbers that go in, beyond which a wider layer learns more of them."""

STEPS: Final = 20_000
"""Updates that a training takes at most, as far as that is 5 epochs."""

BATCHES: Final = ((32, 5_000), (128, 50_000), (512, 10**12))
"""Rows of a batch, and how many rows that is for at most."""
