"""What charts of a run show: its columns in a bounded number of points, however long it was.

    History ── charts_of ──► Chart ──► ChartLine: low, mean and high of each stretch of steps

A chart has one quantity of every group that measures it, or of every layer. Of a population it has
the mean over its networks, and the band in which nine tenths of them lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...diagnosis.words import layer_name
from ...recording.history import History
from ...recording.member_endings import without_diverged
from ...recording.rows import Buckets, Rows
from ...text.safe import plain

Floats = NDArray[np.float32]

GROUPS: Final = ("train", "dev", "epoch", "probe")
"""The groups of a recording, in the order in which a chart has them."""

TITLES: Final[Mapping[str, str]] = {
    "loss": "Loss",
    "accuracy": "Accuracy",
    "grad_norm": "Gradient norms",
    "lr": "Learning rate",
    "weight_norm": "Weight norms",
    "update_ratio": "Update ratios: update over weights",
    "dead": "Dead units, a share of each layer",
    "saturated": "Saturated units, a share of each layer",
}
"""What charts are called; those first that are looked at first, and whatever else there is last."""

POINTS: Final = 300
"""Points of a line at most: half of what a chart has pixels."""

MOST_POINTS: Final = 15_000
"""Points of all lines together, so that a page of many layers stays small."""

MOST_LINES: Final = 12
"""Lines of a chart; of more, evenly chosen ones are drawn, the first and the last among them."""

MOST_CHARTS: Final = 24
"""Charts of a run: one that came from elsewhere may have measured a thousand things."""

SPAN_OF_LOG: Final = 300.0
"""From this ratio of the greatest to the least on, all above 0, an axis is logarithmic."""

SHADES: Final = 8
"""Colours from the first layer's to the last one's."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChartLine:
    """A column in stretches of steps."""

    name: str
    """What it is of, harmless: ``train``, ``layer 2``."""
    colour: str
    """The name of its colour: a group's, or ``shade0`` to ``shade7`` from first to last layer."""
    steps: NDArray[np.int64]
    """[stretches]: the last step of each, the first being the first step alone."""
    low: Floats
    """[stretches]: the least value, or where the band begins; NaN where no value is finite."""
    mean: Floats
    high: Floats
    shown: Floats
    """[stretches]: the number at that step as it was recorded; of several networks their mean."""
    broken: int | None
    """The step up to which the first value that is not finite comes; None where all are."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Lines over the same steps."""

    title: str
    lines: tuple[ChartLine, ...]
    last_step: int
    left_out: int = 0
    """Lines that there were too many of."""
    logarithmic: bool = False
    band: bool = False
    """Whether the band is of a population, and no more than the extremes of a stretch."""


def charts_of(history: History, member: int | None = None) -> list[Chart]:
    """Return the charts of a run.

    Args:
        history: What is known of it.
        member: Which network of a population, from 0; all of them where left out.
    """
    if history.header is None:
        return []
    if history.header.members > 1:
        without_diverged(history, history.last_step)
    quantities = [*_quantities(history).items()][:MOST_CHARTS]
    sources = {name: _thinned(columns) for name, columns in quantities}
    lines = sum(len(columns) for columns, _ in sources.values())
    points = max(min(POINTS, MOST_POINTS // max(lines, 1)), 20)
    crowd = history.header.members > 1 and member is None
    charts = (
        _chart(history, name, columns, left_out, points, member)
        for name, (columns, left_out) in sources.items()
    )
    return [replace(chart, band=crowd) for chart in charts if chart.lines]


def uncharted(history: History) -> int:
    """Return how many quantities have no chart, for there are too many."""
    return max(len(_quantities(history)) - MOST_CHARTS, 0)


Source = tuple[str, str]
"""A group, and a column of it."""


def _quantities(history: History) -> dict[str, list[Source]]:
    """Return the columns there are by what they measure, the most looked at first."""
    groups = [group for group in GROUPS if group in history.series]
    groups += [group for group in history.series if group not in GROUPS]
    found: dict[str, list[Source]] = {name: [] for name in TITLES}
    for group in groups:
        for column in history.series[group].columns if history.series[group].count else ():
            quantity, _, _ = column.partition("/")
            # Means over an epoch are drawn of what minibatches make restless, not of every layer.
            if group != "epoch" or quantity in _RESTLESS:
                found.setdefault(quantity, []).append((group, column))
    return {name: _without_biases(columns) for name, columns in found.items() if columns}


_RESTLESS: Final = ("loss", "accuracy")


def _without_biases(columns: list[Source]) -> list[Source]:
    """Return the columns of weights, where every other is that of the bias beside it."""
    weights = [each for each in columns if not each[1].endswith(".bias")]
    return weights or columns


def _thinned(columns: list[Source]) -> tuple[list[Source], int]:
    """Return the columns that are drawn, and how many are not."""
    shown = sorted({*np.linspace(0, len(columns) - 1, MOST_LINES).round().astype(int).tolist()})
    chosen = columns if len(columns) <= MOST_LINES else [columns[at] for at in shown]
    return chosen, len(columns) - len(chosen)


def _chart(
    history: History,
    quantity: str,
    columns: list[Source],
    left_out: int,
    points: int,
    member: int | None,
) -> Chart:
    layers = [column for _, column in columns if "/" in column]
    lines = tuple(
        _line(history.series[group], column, _name(group, column), colour, points, member)
        for (group, column), colour in zip(columns, _colours(columns, layers), strict=True)
    )
    if _says_nothing(quantity, lines):
        lines = ()
    return Chart(
        title=TITLES.get(quantity, plain(quantity)),
        lines=lines,
        last_step=max(history.last_step, 1),
        left_out=left_out,
        logarithmic=_spans_powers(lines),
    )


def _name(group: str, column: str) -> str:
    _, _, layer = column.partition("/")
    if layer:
        return plain(layer_name(layer.removesuffix(".weight")))
    return "all layers" if column == "grad_norm" and group == "train" else plain(group)


def _colours(columns: list[Source], layers: list[str]) -> Iterator[str]:
    last = max(len(layers) - 1, 1)
    for group, column in columns:
        if column in layers:
            yield f"shade{round(layers.index(column) * (SHADES - 1) / last)}"
        else:
            yield group if group in GROUPS and column != "grad_norm" else "whole"


def _line(
    rows: Rows, column: str, name: str, colour: str, points: int, member: int | None
) -> ChartLine:
    buckets = rows.buckets(column, 0, rows.last_step, points, member)
    low, high = buckets, buckets
    if rows.members > 1 and member is None:
        low, high = (rows.buckets(column, 0, rows.last_step, points, end) for end in _ENDS)
    steps = np.unique([rows.step_of(0), *buckets.steps.tolist()])
    shown = np.array([rows.value(column, step, member) for step in steps.tolist()], np.float32)
    # Where the line begins is what a run began with, and not the mean of its first stretch.
    first = shown[: len(steps) - len(buckets)]
    return ChartLine(
        name=name,
        colour=colour,
        steps=steps,
        low=np.concatenate([first, low.low]),
        mean=np.concatenate([first, buckets.mean]),
        high=np.concatenate([first, high.high]),
        shown=shown,
        broken=_first_broken(buckets),
    )


_ENDS: Final = ("low", "high")


def _first_broken(buckets: Buckets) -> int | None:
    broken = np.flatnonzero(buckets.nonfinite)
    return int(buckets.steps[broken[0]]) if len(broken) else None


def _says_nothing(quantity: str, lines: Iterable[ChartLine]) -> bool:
    """Whether a learning rate never changes, or no unit was ever dead or saturated."""
    values = finite_values(lines)
    is_level = bool(len(values) and values.min() == values.max())
    return is_level and (quantity == "lr" or (quantity in _SHARES and not values[0]))


_SHARES: Final = ("dead", "saturated")


def finite_values(lines: Iterable[ChartLine]) -> NDArray[np.float64]:
    """Return all means that are finite, in numbers of which a ratio does not overflow."""
    means = np.concatenate([np.empty(0), *(line.mean for line in lines)])
    finite: NDArray[np.float64] = means[np.isfinite(means)]
    return finite


def _spans_powers(lines: Iterable[ChartLine]) -> bool:
    values = finite_values(lines)
    return bool(len(values) and values.min() > 0 and values.max() / values.min() >= SPAN_OF_LOG)
