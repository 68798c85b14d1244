"""What a heat map of a sweep is made of: the trials of each pair of values of two settings.

Settings beside these two are pooled: their trials lie in the same cells, and it is said.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.text.safe import plain

from ...style.numbers import count, short
from .heat_map import HeatMap

if TYPE_CHECKING:
    from engine.sweeps.table import SweepTable, TrialRow

PRESET: Final = "preset"
"""The key of an axis that is no setting: which experiment it is."""

SEED: Final = "train.seed"
"""The key by which the networks of a setting are told apart."""


@dataclass(frozen=True, kw_only=True)
class HeatChoice:
    """Which two settings a heat map shows, and which figure of them."""

    rows: str
    """A key; empty where there is one row."""
    columns: str
    figure: str
    """Empty where no trial has any yet."""

    def next_rows(self, table: SweepTable, by: int = 1) -> HeatChoice:
        """Return the choice with another setting for the rows."""
        others = ["", *(key for key in keys_of(table) if key != self.columns)]
        return replace(self, rows=_after(others, self.rows, by))

    def next_columns(self, table: SweepTable, by: int = 1) -> HeatChoice:
        """Return the choice with another setting for the columns; two that are alike change."""
        columns = _after(keys_of(table), self.columns, by)
        rows = self.columns if columns == self.rows else self.rows
        return replace(self, columns=columns, rows=rows)

    def next_figure(self, table: SweepTable, by: int = 1) -> HeatChoice:
        """Return the choice with another figure."""
        return replace(self, figure=_after(table.figures, self.figure, by))

    def among(self, table: SweepTable) -> HeatChoice:
        """Return the choice as far as a table allows it, with what suits it for the rest."""
        usual, keys = usual_choice(table), keys_of(table)
        if self.columns not in keys or self.rows not in ("", *keys):
            return replace(usual, figure=self.figure or usual.figure)
        return self if self.figure in table.figures else replace(self, figure=usual.figure)


def _after(values: Sequence[str], value: str, by: int) -> str:
    if not values:
        return value
    here = values.index(value) if value in values else -by
    return values[(here + by) % len(values)]


def keys_of(table: SweepTable) -> list[str]:
    """Return the settings that a sweep's trials differ in, their seed last."""
    keys = [axis.key for axis in table.axes]
    return [*keys, SEED] if table.seeds > 1 and SEED not in keys else keys or [SEED]


def usual_choice(table: SweepTable) -> HeatChoice:
    """Return what a sweep shows at first: numbers across, whatever else there is down."""
    axes = [axis for axis in table.axes if len(axis.values) > 1] or list(table.axes)
    numbers = [axis for axis in axes if all(_is_number(value) for value in axis.values)]
    across = (numbers or axes)[0].key if axes else SEED
    down = next((axis.key for axis in axes if axis.key != across), "")
    figure = table.figures[0] if table.figures else ""
    return HeatChoice(rows=down, columns=across, figure=figure)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, kw_only=True)
class HeatCells:
    """The trials of each cell."""

    rows: tuple[Any, ...]
    """The values of the setting of the rows."""
    columns: tuple[Any, ...]
    trials: Mapping[tuple[int, int], tuple[TrialRow, ...]]
    """By row and column."""


def cells_of(table: SweepTable, choice: HeatChoice) -> HeatCells:
    """Return a sweep's trials by the two settings that were chosen."""
    of_row, of_column = _getter(choice.rows), _getter(choice.columns)
    rows: dict[str, Any] = {}
    columns: dict[str, Any] = {}
    cells: dict[tuple[str, str], list[TrialRow]] = {}
    for trial in table.trials:
        row, column = of_row(trial), of_column(trial)
        at = _told(row), _told(column)
        rows.setdefault(at[0], row)
        columns.setdefault(at[1], column)
        cells.setdefault(at, []).append(trial)
    down, across = list(_sorted(rows)), list(_sorted(columns))
    return HeatCells(
        rows=tuple(rows[each] for each in down),
        columns=tuple(columns[each] for each in across),
        trials={
            (down.index(row), across.index(column)): tuple(found)
            for (row, column), found in cells.items()
        },
    )


def _getter(key: str) -> Callable[[TrialRow], Any]:
    if key == PRESET:
        return lambda trial: trial.preset
    if key == SEED:
        return lambda trial: trial.setting.get(SEED, trial.seed)
    return lambda trial: trial.setting.get(key, "")


def _sorted(values: Mapping[str, Any]) -> Sequence[str]:
    """Return values in the order in which they are shown: numbers by size, others as they came."""
    if all(_is_number(value) for value in values.values()):
        return sorted(values, key=lambda told: float(values[told]))
    return list(values)


def _told(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def value_words(value: object) -> str:
    """Return a value as a person types it."""
    if isinstance(value, float):
        return short(value)
    return plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def heat_map_of(table: SweepTable, choice: HeatChoice) -> HeatMap:
    """Return the heat map of two settings of a sweep."""
    cells = cells_of(table, choice)
    shape = len(cells.rows), len(cells.columns)
    mean, spread = np.full(shape, np.nan), np.full(shape, np.nan)
    numbers = {
        name: np.zeros(shape, np.int64) for name in ("trials", "finished", "diverged", "failed")
    }
    for at, trials in cells.trials.items():
        states = [trial.state for trial in trials]
        numbers["trials"][at] = len(trials)
        numbers["diverged"][at] = states.count("diverged")
        numbers["failed"][at] = states.count("failed")
        numbers["finished"][at] = states.count("finished") + states.count("diverged")
        values = figures_in(trials, choice.figure)
        if values:
            mean[at] = statistics.fmean(values)
        if len(values) > 1:
            spread[at] = statistics.stdev(values)
    return HeatMap(
        figure=figure_words(choice.figure) or "no figure yet",
        row_key=choice.rows,
        column_key=choice.columns,
        rows=tuple(map(value_words, cells.rows)),
        columns=tuple(map(value_words, cells.columns)),
        mean=mean,
        spread=spread,
        smaller_is_better=not choice.figure.endswith("accuracy"),
        facts=tuple(_facts(table, choice, cells)),
        **numbers,
    )


def figures_in(trials: Sequence[TrialRow], figure: str) -> list[float]:
    """Return a figure of the trials that finished and have it."""
    found = [trial.figures.get(figure, math.nan) for trial in trials if trial.state == "finished"]
    return [value for value in found if math.isfinite(value)]


def figure_words(figure: str) -> str:
    """Return what a figure is called."""
    return figure.replace("_", " ")


def _facts(table: SweepTable, choice: HeatChoice, cells: HeatCells) -> Sequence[str]:
    """Return what else is said: of how many it is a mean, how far it is, what was pooled."""
    most = max(map(len, cells.trials.values()), default=0)
    pooled = [
        key.rpartition(".")[2]
        for key in keys_of(table)
        if key not in (choice.rows, choice.columns) and key != SEED
    ]
    what = f"every {' and '.join(pooled)}" if pooled else "seeds"
    facts = []
    if most > 1:
        facts.append(f"mean and spread of {count(most)} {'trials: ' if pooled else ''}{what}")
    over, there = table.over, len(table.trials)
    facts.append(f"{count(over)} of {count(there)} trials" if over < there else
                 f"{count(there)} trials")  # fmt: skip
    if over < there:
        facts.append("going on" if table.busy else "stopped: the same command goes on")
    return facts


def best_of_cell(trials: Sequence[TrialRow], figure: str) -> TrialRow | None:
    """Return the trial of a cell that is best by a figure, else the first that has begun."""
    begun = [trial for trial in trials if trial.state != "waiting"]
    sign = 1 if figure.endswith("accuracy") else -1
    finished = [trial for trial in begun if figures_in([trial], figure)]
    return max(finished, key=lambda trial: sign * trial.figures[figure], default=None) or next(
        iter(begun), None
    )
