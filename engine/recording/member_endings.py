"""What became of the members of a population by a step: which train, which have ended, and how.

A member that ended by itself has NaN in all of its rows after the one it ended at; what is in that
row says why. Members end one by one, so how many there are costs more than how many rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .history import History
    from .rows import Rows

BROKEN: Final = ("loss", "grad_norm")
"""The columns of which a number that is not finite means that a member diverged."""


@dataclass(frozen=True, eq=False)
class MemberEndings:
    """What became of each member, [members] each."""

    ended_at: NDArray[np.int64]
    """The step at which it ended by itself; 0 where it goes on."""
    diverged: NDArray[np.bool_]
    """Whether it ended because its numbers were no longer finite."""
    dead: NDArray[np.bool_]
    """Whether every gradient of its newest step was exactly 0."""

    @property
    def trains(self) -> NDArray[np.bool_]:
        """Whether it goes on."""
        going: NDArray[np.bool_] = self.ended_at == 0
        return going

    @property
    def first_living(self) -> int:
        """The first member that did not diverge; the first of all where every one did."""
        return int(np.argmin(self.diverged))


def member_endings(history: History, step: int) -> MemberEndings | None:
    """Return what became of each member by a step; None before the first row."""
    rows = history.series.get("train")
    newest = rows.row_at(step) if rows is not None and "loss" in rows.columns else None
    if rows is None or newest is None:
        return None
    last = _last_rows(rows, newest)
    diverged = np.zeros(rows.members, np.bool_)
    for column in BROKEN:
        if column in rows.columns:
            diverged |= ~np.isfinite(rows.each(column, last))
    dead = np.zeros(rows.members, np.bool_)
    if "grad_norm" in rows.columns:
        dead = rows.each("grad_norm", last) == 0
    ended = (last < newest) | diverged
    return MemberEndings(np.where(ended, rows.steps_of(last), 0), diverged, dead)


def _last_rows(rows: Rows, newest: int) -> NDArray[np.int64]:
    """Return the last row up to the newest that each member has numbers in."""
    # What is recorded of a step that diverges is its learning rate at least.
    column = "lr" if "lr" in rows.columns else "loss"
    first, stop = np.zeros(rows.members, np.int64), np.full(rows.members, newest + 1)
    first[~np.isnan(rows.across(column, newest))] = newest
    # Halved until one row is left from which on there are none: [first, stop).
    while (stop - first > 1).any():
        middle = (first + stop) // 2
        has_numbers = ~np.isnan(rows.each(column, middle))
        first, stop = np.where(has_numbers, middle, first), np.where(has_numbers, stop, middle)
    return first


def without_diverged(history: History, step: int) -> MemberEndings | None:
    """Return what became of each member by a step, and leave out who diverged from all means."""
    endings = member_endings(history, step)
    if endings is not None:
        for rows in history.series.values():
            if rows.members == len(endings.diverged):
                rows.leave_out(endings.diverged)
    return endings
