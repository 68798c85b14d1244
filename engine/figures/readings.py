"""What the quantities of a text are in a run: read from its history, or kept while it trains.

A quantity is the newest row at or before its step, as everywhere in a lab, and nothing where there
is none. Of a population it is the median over the members that have a number there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..recording.events import Group, Series
from ..recording.history import History
from .figures import FigureError, Quantity, Readings, figures

RECENT: Final = 8
"""How many of the newest pieces of rows of a group are kept: a block has a few of them."""


def of_history(history: History, step: int, *, until: int | None = None) -> Readings:
    """Return what quantities are in a recorded run.

    Args:
        history: The run.
        step: The step of the text.
        until: The last step that is known to it; all that was recorded where it is left out.
    """
    last = history.last_step if until is None else min(until, history.last_step)
    end = history.end if until is None or until >= history.last_step else None

    def reading(quantity: Quantity) -> float | None:
        if quantity.run:
            return None
        if not quantity.group:
            return float(step)
        if quantity.group == "result":
            return None if end is None else _median(end.result.get(quantity.column))
        places = {"own": step, "end": None if end is None else end.step}
        at = places[quantity.at] if isinstance(quantity.at, str) else quantity.at
        rows = history.series.get(quantity.group)
        if at is None or at > last or rows is None or quantity.column not in rows.columns:
            return None
        row = rows.row_at(at)
        return None if row is None else _median(rows.across(quantity.column, row))

    return reading


def of_scene(references: Sequence[str], readings: Sequence[Readings]) -> Readings:
    """Return what quantities are in the runs that a scene shows.

    Args:
        references: What the scene calls them.
        readings: What is known of each, in that order; those that have not begun are missing.
    """

    def reading(quantity: Quantity) -> float | None:
        named = (quantity.run in ("", name, Path(name).stem) for name in references)
        at = next((at for at, is_it in enumerate(named) if is_it), len(readings))
        return readings[at](quantity.of_one_run) if at < len(readings) else None

    return reading


def of_named(each: Mapping[str, Readings]) -> Readings:
    """Return what quantities are in runs by their names, the run that is shown having none."""

    def reading(quantity: Quantity) -> float | None:
        readings = each.get(quantity.run)
        return None if readings is None else readings(quantity.of_one_run)

    return reading


class NotedReadings:
    """The quantities of some texts while a run trains, kept as its rows go by.

    Args:
        texts: What they stand in; one that is no text with figures asks for nothing.
        columns: The columns of each group of rows.
        steps: How many steps there will be.
    """

    def __init__(
        self, texts: Iterable[str], columns: Mapping[Group, Sequence[str]], steps: int
    ) -> None:
        self._columns: Final = {str(group): list(names) for group, names in columns.items()}
        self._steps: Final = steps
        quantities = [each for text in texts for each in quantities_of(text)]
        there = [each for each in quantities if each.column in self._columns.get(each.group, ())]
        places = {(q.group, q.column, steps if q.at == "end" else q.at) for q in there}
        self._wanted: Final = sorted(places, key=str)
        self._known: dict[tuple[str, str, int | str], float | None] = {}
        self._recent: Final[dict[str, deque[Series]]] = {}

    def add(self, series: Iterable[Series]) -> None:
        """Take the next rows."""
        if not self._wanted:
            return
        for part in series:
            if not part.count:
                continue
            # A mark may stand in the middle of the newest block, or before its first row.
            self._recent.setdefault(part.group, deque(maxlen=RECENT)).append(part)
            for group, column, at in self._wanted:
                if group == part.group and at != "own" and int(at) >= part.first:
                    self._known[group, column, at] = self._value(part, column, int(at))

    def at(self, step: int) -> Readings:
        """Return what is known at a step of the newest rows: nothing of a later one."""

        def reading(quantity: Quantity) -> float | None:
            if quantity.run:
                return None
            if not quantity.group:
                return float(step)
            at = self._steps if quantity.at == "end" else quantity.at
            if at == "own" or at == step:
                parts = reversed(self._recent.get(quantity.group, ()))
                part = next((part for part in parts if part.first <= step), None)
                return None if part is None else self._value(part, quantity.column, step)
            readings = self._known.get((quantity.group, quantity.column, at))
            return readings if int(at) < step else None

        return reading

    def _value(self, part: Series, column: str, step: int) -> float | None:
        """Return a column at the newest row at or before a step, which the part begins before."""
        names = self._columns.get(part.group, ())
        if column not in names:
            return None
        row = min((step - part.first) // part.stride, part.count - 1)
        return _median(part.values[names.index(column), row])


def quantities_of(text: str) -> list[Quantity]:
    """Return the quantities in a text; none where it is no text with figures."""
    try:
        return [each for figure in figures(text) for each in figure.quantities]
    except FigureError:
        return []


def _median(values: NDArray[np.float32] | Sequence[float] | float | None) -> float | None:
    """Return the median of what is a number; NaN where nothing is, None where there is nothing."""
    try:
        numbers = np.atleast_1d(np.asarray(values, np.float64))
    except (TypeError, ValueError):
        return None
    if values is None or not numbers.size:
        return None
    good = numbers[~np.isnan(numbers)]
    return float(np.median(good)) if good.size else float("nan")
