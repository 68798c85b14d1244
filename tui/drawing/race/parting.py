"""Where two runs part: the first step at which they are no longer the same.

Two columns are the same where every row is, so no summary of them can tell: the rows themselves
are compared, but only until the first that differs, in looks that grow, and none of them twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.recording.history import History
from engine.recording.rows import Rows
from engine.recording.values import Values

TOLERANCE: Final = 1e-3
"""The part of its size by which a loss may differ and still be called the same: rounding, added up
over thousands of steps, stays far below it.
"""

FIRST_LOOK: Final = 64
"""Rows of the first look; each is ``GROWTH`` times as long as the one before."""

LAST_LOOK: Final = 1 << 20
"""Rows of the longest."""

GROWTH: Final = 4

REMEMBERED: Final = 8
"""Pairs of runs whose parting is remembered: those of the race that is drawn, and some before. Each
holds the headers of both.
"""


def first_parting(
    one: Rows,
    other: Rows,
    column: str = "loss",
    *,
    after: int = 0,
    until: int,
    tolerance: float = TOLERANCE,
    members: Members = (0, 0),
) -> int | None:
    """Return the first step at which two columns differ, of those that both have.

    Args:
        one: The rows of one run.
        other: Those of the other.
        column: The name of the column.
        after: Steps up to this one are known to be the same.
        until: The last step that counts.
        tolerance: By what part of the greater one values may differ. NaN is the same as NaN.
        members: Which network of each.
    """
    if column not in one.columns or column not in other.columns:
        return None
    start, stop = one.count_until(after), one.count_until(until)
    look = FIRST_LOOK
    while start < stop:
        end = min(start + look, stop)
        first = other.count_until(one.step_of(start) - 1)
        last = other.count_until(one.step_of(end - 1))
        steps, here, there = _common(
            one.steps_of(np.arange(start, end)), other.steps_of(np.arange(first, last))
        )
        left = one.column(column, members[0], start, end)[here]
        right = other.column(column, members[1], first, last)[there]
        apart = np.flatnonzero(_differ(left, right, tolerance))
        if len(apart):
            return int(steps[apart[0]])
        start, look = end, min(look * GROWTH, LAST_LOOK)
    return None


Steps = NDArray[np.int64]
Places = slice | NDArray[np.intp]


def _common(steps: Steps, theirs: Steps) -> tuple[Steps, Places, Places]:
    """Return the steps that two runs have in common, and where each has them."""
    if np.array_equal(steps, theirs):
        return steps, slice(None), slice(None)
    return np.intersect1d(steps, theirs, assume_unique=True, return_indices=True)


def _differ(left: Values, right: Values, tolerance: float) -> NDArray[np.bool_]:
    differ: NDArray[np.bool_] = left != right
    if not differ.any():
        return differ
    # Next to an infinity everything would be near, so only two finite values can be.
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        limit = np.float32(tolerance) * np.maximum(np.abs(left), np.abs(right))
        near = (np.abs(left - right) <= limit) & np.isfinite(limit)
    differ &= ~near & ~(np.isnan(left) & np.isnan(right))
    return differ


Members = tuple[int | None, int | None]
"""Which network of each run; None for the mean over all of a run's."""


@dataclass(frozen=True)
class _Compared:
    """What is known of two runs."""

    writers: tuple[object, object]
    """Who wrote what was compared: a run that is resumed is another one from there on."""
    until: int = 0
    """Up to this step they were compared."""
    parted: int | None = None
    """The first step at which they differ."""


class Partings:
    """Remembers where runs part, so that a step is compared once, however often it is drawn.

    The pair that was asked for longest ago is forgotten first.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int | None, int | None], _Compared] = {}

    def parting(
        self, one: History, other: History, until: int, members: Members = (0, 0)
    ) -> int | None:
        """Return the first step up to ``until`` at which the losses of two runs differ."""
        if one.header is None or other.header is None:
            return None
        key = one.header.run, other.header.run, *members
        writers = one.writer, other.writer
        last = self._known.pop(key, None)
        if last is None or any(a is not b for a, b in zip(last.writers, writers, strict=True)):
            last = _Compared(writers)
        if last.parted is None and last.until < until:
            last = self._compared(last, one, other, until, members)
        self._known[key] = last
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        return last.parted if last.parted is not None and last.parted <= until else None

    def _compared(
        self, before: _Compared, one: History, other: History, until: int, members: Members
    ) -> _Compared:
        """Return what is known once the steps up to ``until`` have been compared too."""
        ours, theirs = one.series.get("train"), other.series.get("train")
        if ours is None or theirs is None or not ours.count or not theirs.count:
            return before
        until = min(until, ours.last_step, theirs.last_step)
        parted = first_parting(ours, theirs, after=before.until, until=until, members=members)
        return _Compared(before.writers, until, parted)
