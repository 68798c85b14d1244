"""What a picture of curves shows, taken from histories: buckets, readings, events.

A curve is thinned to the columns of a screen, its least and its greatest value in each of them,
so that no spike is averaged away and a million rows cost what a hundred do. Numbers that are not
finite leave a gap and are kept as events. How all this is drawn is up to
``tui.drawing.curves.plot``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from engine.recording.events import Fork, Request
from engine.recording.history import History
from engine.recording.member_endings import without_diverged
from engine.recording.rows import Rows, Side
from engine.text.run_names import label_of

from ...style.numbers import count
from ..base.arrays import Flags, Floats
from ..base.axis import LABEL_WIDTH
from ..base.smoothing import smoothed
from ..members.crowd import Crowd
from .quantities import Quantity, rows_with

Which = int | Side | None
"""One network, an end of the range over all of them, or None for their mean."""

ENDS: Final[tuple[Side, Side]] = ("low", "high")

NOT_DRAWN: Final = frozenset({"continue", "step", "mark"})
"""Requests that are none on the axis: marks have a sign of their own, and steps taken one by one
would fill it.
"""

Stretch = tuple[float, float]
"""A first and a last step."""

Happening = tuple[Literal["mark", "request", "seam", "branch"], str]
"""What kind of thing happened, and what it was in words."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CurveData:
    """One curve, thinned to the columns of a screen."""

    label: str
    """``train`` or ``dev``; of a run from elsewhere also ``test``, or what a number is called."""
    steps: Floats
    """The last step of each bucket."""
    low: Floats
    """The least finite value of each bucket; NaN where it has none."""
    mean: Floats
    high: Floats
    newest: float
    """The value at the step that is read, whatever it is."""
    newest_at: int | None = None
    """The step of that value; None where there is none yet."""
    smooth: Floats | None = None
    """The moving average at the end of each bucket; None where nothing is smoothed."""
    broken_at: int | None = None
    """The first step whose value is not finite."""
    broken: float = float("nan")
    """That value."""
    breaks: tuple[Stretch, ...] = ()
    """Stretches of the axis with values that are not finite."""
    range: tuple[Floats, Floats] | None = None
    """The ends of the range over the members of a population, in each bucket; None where one
    network's own curve is shown.
    """

    @property
    def is_held_out(self) -> bool:
        """Whether it is of rows that nothing was learned from."""
        return self.label in ("dev", "test")


@dataclass(frozen=True, kw_only=True, eq=False)
class RunCurves:
    """The curves of one run."""

    curves: tuple[CurveData, ...]
    title: str = ""
    """What the legend calls the run."""
    slot: int = 0
    """Its place among the colours of runs."""
    readings: tuple[tuple[str, float], ...] = ()
    """What else is read at the cursor's step: a name and a value each."""
    crowd: Crowd | None = None
    """The population whose means the curves are; None where they are one network's."""
    member: str = ""
    """Which network of a population it is; empty for a network alone or for all."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves(RunCurves):
    """Everything that a picture of curves shows: the run that is shown, and those beside it."""

    last: int
    """The step at which the axis ends."""
    reach: tuple[float, float] | None = None
    """From which value to which a replay comes to go: its axis stays while its curves grow."""
    place: str = ""
    """Where the values of the legend are read, where a run is over: ``last, step 500``."""
    best: int | None = None
    """The step after which a run that is over did best on the dev set."""
    first: int = 0
    """The step at which it begins."""
    others: tuple[RunCurves, ...] = ()
    marks: tuple[int, ...] = ()
    requests: tuple[int, ...] = ()
    """Steps at which something was asked of the run."""
    seams: tuple[int, ...] = ()
    """Steps after which it was gone on with."""
    branches: tuple[int, ...] = ()
    """Steps after which it, or a run beside it, branched off from another."""
    cursor: int | None = None
    """The step that is read, where that is not the newest."""
    happened: tuple[Happening, ...] = ()
    """What happened in the cursor's column."""
    log: bool = False
    """Whether the upright axis is logarithmic."""
    top: float | None = None
    """A value the axis never goes beyond."""


def canvas_columns(width: int) -> int:
    """Return how many columns of a picture are its canvas, and so how many buckets it takes."""
    return max(width - LABEL_WIDTH - 1, 1)


def gather(
    history: History,
    quantity: Quantity,
    *,
    step: int,
    last: int,
    width: int,
    member: int | None = None,
    first: int = 0,
    begins: int = 0,
    at: int | None = None,
    smoothing: float = 0.0,
) -> tuple[CurveData, ...]:
    """Return the train and dev curves of a history, thinned for a picture of this width.

    Args:
        history: What is known of the run.
        quantity: Which column.
        step: Rows after this one are left out.
        last: The step at which the axis ends.
        width: Cells of the picture.
        member: Which network; None for the mean over a population, and its range.
        first: The step at which the axis begins.
        begins: The step from which the curve is drawn: before it, it is another run's.
        at: The step whose values are read; ``step`` where it is left out.
        smoothing: The weight of a moving average, as in ``SMOOTHINGS``.
    """
    if member is None and history.header is not None and history.header.members > 1:
        without_diverged(history, step)
    axis, columns = (first, last), canvas_columns(width)
    read = step if at is None else min(at, step)
    curves = []
    for label, rows in rows_with(history, quantity):
        row = rows.row_at(read)
        broken_at, broken = first_broken(rows, quantity, step, member)
        steps, low, mean, high, wrong = _thinned(rows, quantity, step, axis, columns, member)
        smooth = smoothed(steps, mean, smoothing, last - first) if smoothing > 0 else None
        # From the last bucket before the axis on.
        begin = int(np.searchsorted(steps, max(first, begins)))
        inside = slice(begin if begins > first else max(begin - 1, 0), None)
        ends = None
        if member is None and rows.members > 1:
            of_end = [_thinned(rows, quantity, step, axis, columns, end)[2] for end in ENDS]
            ends = of_end[0][inside], of_end[1][inside]
        curves.append(
            CurveData(
                label=label,
                steps=steps[inside],
                low=low[inside],
                mean=mean[inside],
                high=high[inside],
                smooth=None if smooth is None else smooth[inside],
                newest=rows.value(quantity, read, member),
                newest_at=None if row is None else rows.step_of(row),
                broken_at=broken_at,
                broken=broken,
                breaks=_stretches(steps, wrong, broken_at),
                range=ends,
            )
        )
    return tuple(curves)


def _thinned(
    rows: Rows, column: str, step: int, axis: tuple[int, int], columns: int, member: Which
) -> tuple[Floats, Floats, Floats, Floats, Flags]:
    """Return the buckets of what the axis shows, and of as much before it as it is wide.

    What lies before is what a moving average comes from. One row beyond either end is among
    them, so that a curve of few rows runs through the edge and does not end in front of it.
    """
    first, last = axis
    before = rows.row_at(first - 1)
    begin = first if before is None else min(2 * first - last, rows.step_of(before))
    parts = [
        _buckets(rows, column, (begin, first - 1), step, columns, member, edge=False),
        _buckets(rows, column, axis, step, columns, member, edge=True),
    ]
    steps, low, mean, high, wrong = (np.concatenate(each) for each in zip(*parts, strict=True))
    return steps, low, mean, high, wrong.astype(bool)


def _buckets(
    rows: Rows, name: str, axis: tuple[int, int], step: int, columns: int, member: Which, edge: bool
) -> tuple[Floats, ...]:
    first, last = axis
    stop = min(step, last)
    # As many buckets as the rows will have columns: then a bucket keeps its rows while the
    # curve grows, and what was drawn stays as it is.
    used = max(math.ceil(columns * (stop - first) / max(last - first, 1)), 1)
    if edge and stop < step:
        beyond = rows.count_until(last)
        if beyond < rows.count and rows.step_of(beyond) <= step:
            stop = rows.step_of(beyond)
    thinned = rows.buckets(name, first, stop, used, member)
    each = (thinned.steps, thinned.low, thinned.mean, thinned.high, thinned.nonfinite)
    return tuple(np.asarray(part, np.float64) for part in each)


def _stretches(steps: Floats, wrong: Flags, broken_at: int | None) -> tuple[Stretch, ...]:
    """Return from which to which step buckets have values that are not finite."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wrong.astype(np.int8), [0]])))
    stretches = []
    for begin, end in edges.reshape(-1, 2).tolist():
        start = float(steps[begin - 1]) + 1 if begin else float(steps[0])
        # The first of all is known to the step, where a bucket knows its column only.
        if broken_at is not None and start <= broken_at <= steps[end - 1]:
            start = float(broken_at)
        stretches.append((start, float(steps[end - 1])))
    return tuple(stretches)


def first_broken(rows: Rows, name: str, step: int, member: int | None) -> tuple[int | None, float]:
    """Return the first step up to ``step`` whose value is not finite, and that value."""
    row = rows.first_broken(name, 0, rows.count_until(step), member)
    if row is None:
        return None, float("nan")
    return rows.step_of(row), float(rows.column(name, member, row, row + 1)[0])


def gather_readings(
    history: History, quantity: Quantity, at: int, member: int | None = None
) -> tuple[tuple[str, float], ...]:
    """Return what the curves do not show of the row that is read: a name and a value each."""
    rows = history.series.get("train")
    if rows is None or rows.row_at(at) is None:
        return ()
    wanted = ("lr", "loss", "accuracy", "grad_norm")
    names = [name for name in wanted if name in rows.columns and name != quantity]
    return tuple((name, rows.value(name, at, member)) for name in names)


def gather_events(history: History, step: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the steps of the marks and of the requests up to a step."""
    marks = tuple(mark.step for mark in history.marks if mark.step <= step)
    return marks, tuple(each.step for each in _drawn(history) if each.step <= step)


def _drawn(history: History) -> list[Request]:
    """Return the requests that have a sign."""
    return [each for each in history.requests if not each.refused and each.action not in NOT_DRAWN]


def gather_happened(history: History, between: tuple[int, int]) -> tuple[Happening, ...]:
    """Return what happened from one step to another: marks, requests, where it went on."""
    first, last = between
    happenings: list[Happening] = [
        ("mark", mark.called or "mark") for mark in history.marks if first <= mark.step <= last
    ]
    happenings += [
        ("request", _asked(each.action, each.arguments.get("lr")))
        for each in _drawn(history)
        if first <= each.step <= last
    ]
    happenings += [("branch", each.words) for each in history.forks if first <= each.step <= last]
    seams = [each for each in history.seams if first <= each.from_step <= last]
    happenings += [("seam", each.words) for each in seams]
    return tuple(dict.fromkeys(happenings))


def seams_of(history: History, step: int) -> tuple[int, ...]:
    """Return the steps up to one after which a run was gone on with."""
    return tuple(each.from_step for each in history.seams if 0 <= each.from_step <= step)


def branch_words(fork: Fork) -> str:
    """Return where a run branched off, and from which."""
    return f"from {label_of(fork.parent)}, step {count(fork.step)}"


def _asked(action: str, lr: object) -> str:
    return f"lr set to {lr:g}" if action == "set_lr" and isinstance(lr, int | float) else action


def told_apart(titles: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return the titles of runs, with the end of its name after each that is not the only one."""
    return tuple(
        f"{title} {name.rpartition('-')[2]}".strip() if titles.count(title) > 1 else title or name
        for title, name in zip(titles, names, strict=True)
    )
