"""A cut through what a network knows: one input or two vary, everything else is held.

Of an input that is a number it is held at the training set's median, of a category or a truth
value at the most common one, and a value is not missing where it usually is not. Which inputs vary
hangs on the data alone, so that a picture of every step shows the same: the numbers of which, each
by itself, the targets tell most in a straight line, or in which the classes lie apart most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.data.preprocessing import RawColumn
from engine.errors import RecordingError
from engine.recording.fitting import UNSAID
from engine.text.safe import plain

from ...style.numbers import figure
from ..base.arrays import Floats
from .material import ViewError

if TYPE_CHECKING:
    from engine.data import Examples

    from .material import Material

NAMED: Final = 12
"""Inputs that are held, of which it is said at what."""


@dataclass(frozen=True, eq=False)
class HeldInputs:
    """Which inputs vary, and at what the others are held."""

    varying: tuple[int, ...]
    """The places of those that vary, among the inputs of a row."""
    values: Floats
    """[inputs]: what is held; of those that vary it does not count."""
    words: str = ""
    """What is held, for people; empty where everything varies."""

    def rows(self, asked: NDArray[Any]) -> Floats:
        """Return places [places, varying] as whole rows, [places, inputs]."""
        rows = np.tile(self.values, (len(asked), 1))
        rows[:, self.varying] = asked
        return rows


def held_inputs(material: Material, count: int) -> HeldInputs:
    """Return what a picture of so many inputs shows of a run's network.

    Args:
        material: The run.
        count: How many inputs vary; the run has at least so many that are numbers.

    Raises:
        ViewError: Those that somebody has chosen cannot vary.
        RecordingError: The recording does not say what its inputs are.
    """
    columns = columns_of(material)
    places = [place for place, of in _inputs(columns) if of]
    part = next(iter(material.parts.values()))
    rows = material.original_inputs(part)
    if len(places) < count or rows.shape[1] != sum(len(each.features) for each in columns):
        raise RecordingError(f"{plain(material.header.run)}: {UNSAID}")
    if rows.shape[1] == count and not material.varying:
        return HeldInputs(tuple(range(count)), np.zeros(count))
    varying = _chosen(material, places, count)
    if not varying:
        strengths = [_strength(rows[:, place], part) for place in places]
        first = np.argsort(-np.array(strengths), kind="stable")[:count]
        varying = tuple(sorted(places[each] for each in first.tolist()))
    values = np.concatenate([*_usual(columns, rows)])
    return HeldInputs(varying, values, _words(columns, values, varying))


def columns_of(material: Material) -> list[RawColumn]:
    """Return the columns that a row has; each is a number where the recording names no other."""
    from engine.data.preprocessing import Preprocessing

    if not (raw := material.header.raw_columns):
        return [RawColumn(name=name) for name in material.input_names]
    try:
        return [*Preprocessing.from_plain({"columns": raw}).columns]
    except (KeyError, TypeError, ValueError):
        raise RecordingError(f"{plain(material.header.run)}: {UNSAID}") from None


def _inputs(columns: list[RawColumn]) -> Iterator[tuple[int, RawColumn | None]]:
    """Yield the place of each input with its column, where it is one that may vary."""
    place = 0
    for column in columns:
        for feature in range(len(column.features)):
            yield place, column if column.kind == "number" and feature == 0 else None
            place += 1


def _chosen(material: Material, places: list[int], count: int) -> tuple[int, ...]:
    """Return the inputs that somebody has chosen; none where nobody has.

    Raises:
        ViewError: There are no such inputs, or another number of them vary.
    """
    there = {material.input_names[place]: place for place in places}
    unknown = [name for name in material.varying if name not in there]
    if unknown:
        listed = ", ".join([*there][:20]) + ", …" * (len(there) > 20)
        raise ViewError(f"--by: there is no number {unknown[0]!r} that goes in; there are {listed}")
    if len({*material.varying}) not in (0, count) or len(material.varying) > count:
        wanted = "one input varies" if count == 1 else "two inputs vary"
        raise ViewError(f"--by: {wanted} in this picture (got {', '.join(material.varying)})")
    return tuple(there[name] for name in material.varying)


def _strength(values: Floats, part: Examples) -> float:
    """Return which share of the targets' spread an input tells by itself, or of its own spread
    which share lies between the classes; from 0 to 1.
    """
    there = np.isfinite(values)
    values, targets = values[there], part.targets[there]
    if len(values) < 2 or not np.ptp(values):
        return 0.0
    values = (values - values.mean()) / values.std()
    if targets.ndim == 1:
        rows = np.bincount(targets)
        sums = np.bincount(targets, weights=values)
        return float((sums[rows > 0] ** 2 / rows[rows > 0]).sum() / len(values))
    spreads = targets.std(axis=0)
    told = (values[:, None] * (targets - targets.mean(axis=0))).mean(axis=0)
    shares = np.divide(told, spreads, out=np.zeros(len(spreads)), where=spreads > 0)
    return float(np.nan_to_num(shares**2).max())


def _usual(columns: list[RawColumn], rows: Floats) -> Iterator[Floats]:
    """Yield what is usual of the inputs of each column."""
    place = 0
    for column in columns:
        its = rows[:, place : place + len(column.features)]
        place += len(column.features)
        if column.kind == "number":
            there = its[np.isfinite(its[:, 0]), 0]
            median = float(np.median(there)) if len(there) else 0.0
            yield np.array([median, *np.rint(its[:, 1:].mean(axis=0))])
        elif column.kind == "truth":
            yield np.rint(its.mean(axis=0))
        else:
            usual = np.zeros(its.shape[1])
            usual[its.sum(axis=0).argmax()] = 1
            yield usual


def _words(columns: list[RawColumn], values: Floats, varying: tuple[int, ...]) -> str:
    """Return at what the inputs are held that do not vary."""
    said, place = [], 0
    for column in columns:
        its = values[place : place + len(column.features)]
        if place not in varying:
            said.append(f"{plain(column.name)} {_value(column, its)}")
        place += len(column.features)
    if not said:
        return ""
    more = f" and {len(said) - NAMED} more" * (len(said) > NAMED)
    return f"held: {', '.join(said[:NAMED])}{more}"


def _value(column: RawColumn, its: Floats) -> str:
    if column.kind == "category":
        name = column.features[int(its.argmax())]
        return plain(name.removeprefix(f"{column.name}="))
    if column.kind == "truth":
        return "yes" if its[0] else "no"
    return figure(float(its[0]), 3)
