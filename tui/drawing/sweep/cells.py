"""What a heat map of a sweep is made of: the trials of each pair of values of two settings.

Settings beside these two are pooled: their trials lie in the same cells, and it is said.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from engine.text.averages import deviation_of, mean_of
from engine.text.safe import plain

from ...style.numbers import count, short
from .heat_map import HeatMap

if TYPE_CHECKING:
    from engine.sweeps.table import SweepTable, TrialRow

PRESET: Final = "preset"
"""The key of an axis that is no setting: which experiment it is."""

SEED: Final = "train.seed"
"""The key by which the networks of a setting are told apart."""


DIGITS: Final = 3
"""Digits of a value that has its row or column."""
FEW: Final = 10
"""Values of a setting that each have a row or a column, however few trials they have."""
RANGES: Final = 8
"""Ranges in which more than these are shown."""
STOPPED: Final = "stopped: the same command goes on"

FAR: Final = 20
"""From this ratio on ranges are of equal ratios, not of equal widths."""


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
    ranges: tuple[str, ...] = ()
    """The settings of which a cell has a range of values, and not one."""


def cells_of(table: SweepTable, choice: HeatChoice) -> HeatCells:
    """Return a sweep's trials by the two settings that were chosen."""
    of_row, of_column = _getter(choice.rows), _getter(choice.columns)
    counts = {axis.key: len(axis.values) for axis in table.axes}
    many = [key for key in (choice.rows, choice.columns) if counts.get(key, 0) > FEW]
    ranges = many if many and is_sparse(table, choice) else []
    if choice.rows in ranges:
        of_row = _in_ranges(table, of_row)
    if choice.columns in ranges:
        of_column = _in_ranges(table, of_column)
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
            (down.index(row), across.index(column)): tuple(trials)
            for (row, column), trials in cells.items()
        },
        ranges=tuple(ranges),
    )


def is_sparse(table: SweepTable, choice: HeatChoice) -> bool:
    """Whether values were drawn, so that many pairs of two settings have no trial at all."""
    of_row, of_column = _getter(choice.rows), _getter(choice.columns)
    pairs = {(_told(of_row(trial)), _told(of_column(trial))) for trial in table.trials}
    rows, columns = ({pair[side] for pair in pairs} for side in (0, 1))
    return 4 * len(pairs) < 3 * len(rows) * len(columns)


def _in_ranges(table: SweepTable, getter: Callable[[TrialRow], Any]) -> Callable[[TrialRow], Any]:
    """Return what says a trial's range of a setting: equal ratios where values lie far apart."""
    values = [getter(trial) for trial in table.trials]
    if not all(map(_is_number, values)):
        return getter
    low, high = min(values), max(values)
    far = low > 0 and high > low * FAR
    ends = (np.geomspace if far else np.linspace)(low, high, RANGES + 1)

    def of(trial: TrialRow) -> Range:
        place = int(np.searchsorted(ends[1:-1], getter(trial), side="right"))
        return Range(float(ends[place]), float(ends[place + 1]))

    return of


class Range(NamedTuple):
    """From one value to another, the last of them alone with its end."""

    low: float
    high: float


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
    if all(isinstance(value, Range) for value in values.values()):
        return sorted(values, key=values.__getitem__)
    return list(values)


def _told(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def value_words(value: object) -> str:
    """Return a value as a person types it; a range by where it begins."""
    if isinstance(value, Range):
        return f"{short(float(f'{value.low:.2g}'))}.."
    if isinstance(value, float):
        return short(value)
    return plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def heat_map_of(table: SweepTable, choice: HeatChoice) -> HeatMap:
    """Return the heat map of two settings of a sweep."""
    cells = cells_of(table, choice)
    shape = len(cells.rows), len(cells.columns)
    mean, spread = np.full(shape, np.nan), np.full(shape, np.nan)
    kinds = ("trials", "finished", "diverged", "pruned", "failed")
    numbers = {kind: np.zeros(shape, np.int64) for kind in kinds}
    for at, trials in cells.trials.items():
        states = [trial.state for trial in trials]
        numbers["trials"][at] = len(trials)
        numbers["diverged"][at] = states.count("diverged")
        numbers["failed"][at] = states.count("failed")
        numbers["pruned"][at] = states.count("pruned")
        numbers["finished"][at] = sum(each in ("finished", "diverged", "pruned") for each in states)
        values = figures_in(trials, choice.figure)
        if values:
            mean[at] = mean_of(values)
        if len(values) > 1:
            spread[at] = deviation_of(values)
    return HeatMap(
        figure=figure_words(choice.figure) or "no figure yet",
        row_key=choice.rows,
        column_key=choice.columns,
        rows=_heads(cells.rows),
        columns=_heads(cells.columns),
        mean=mean,
        spread=spread,
        smaller_is_better=not choice.figure.endswith("accuracy"),
        facts=tuple(_facts(table, choice, cells)),
        **numbers,
    )


def _heads(values: Sequence[Any]) -> tuple[str, ...]:
    """Return values as they stand at rows and columns, in few digits if these tell them apart."""
    brief = tuple(value_words(_rounded(value)) for value in values)
    return brief if len({*brief}) == len(values) else tuple(map(value_words, values))


def _rounded(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def figures_in(trials: Sequence[TrialRow], figure: str) -> list[float]:
    """Return a figure of the trials that finished and have it."""
    figures = [trial.figures.get(figure, math.nan) for trial in trials if trial.state == "finished"]
    return [value for value in figures if math.isfinite(value)]


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
    if cells.ranges:
        said = " and ".join(key.rpartition(".")[2] for key in cells.ranges)
        pooled, what = [*pooled, *cells.ranges], f"ranges of {said}"
    facts = []
    if most > 1:
        facts.append(f"mean and spread of {count(most)} {'trials: ' if pooled else ''}{what}")
    over, there = table.over, table.expected
    done = f"{count(over)} of " * (over < there)
    facts.append(f"{done}{count(there)} trials")
    if over < there:
        facts.append("going on" if table.busy else "failed" if table.failure else STOPPED)
    return facts


def best_of_cell(trials: Sequence[TrialRow], figure: str) -> TrialRow | None:
    """Return the trial of a cell that is best by a figure, else the first that has begun."""
    begun = [trial for trial in trials if trial.state != "waiting"]
    sign = 1 if figure.endswith("accuracy") else -1
    finished = [trial for trial in begun if figures_in([trial], figure)]
    return max(finished, key=lambda trial: sign * trial.figures[figure], default=None) or next(
        iter(begun), None
    )
