"""How a run got better: every step at which its dev set said so, with the old value and the new.

    best dev accuracy 0.8313 → 0.8375 at step 2210

Improvements are found in the recorded rows, so that a recording of any age has them; nothing is
written for them. A smaller loss at an equal accuracy decides which weights are kept, but is no
improvement of the accuracy and not told as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..text.numbers import apart, as_json, figure_text, shortest
from .best import decides
from .history import History
from .rows import Rows

TOLD_LOSS: Final = 0.01
"""By how much of itself a loss must fall to be told: where nearly every step is a new best one,
those in between are counted in with the next."""


@dataclass(frozen=True, kw_only=True)
class Improvement:
    """A new best measurement on the dev set."""

    step: int
    """After this update."""
    what: Literal["accuracy", "loss"]
    """What was measured: what decides the run's best weights."""
    before: float | None
    """The best until then, as it was last told; None at the first measurement."""
    after: float
    """The best from then on."""
    member: int = 0
    """Of which network."""

    def words(self, count: Callable[[int], str] = str, member: str = "", unit: str = "step") -> str:
        """Return what is told: ``best dev accuracy 0.8313 → 0.8375 at step 2210``.

        Args:
            count: Writes a step.
            member: Which network of a population, in words.
            unit: What is counted.
        """
        whose = f" ({member})" if member else ""
        if self.before is None:
            value = figure_text(self.after)
        else:
            value = " → ".join(apart(self.before, self.after))
        return f"best dev {self.what} {value} at {unit} {count(self.step)}{whose}"

    def plain(self) -> dict[str, Any]:
        """Return it as one JSON object."""
        return {
            "kind": "improvement",
            "step": self.step,
            "column": f"dev/{self.what}",
            "before": as_json(self.before),
            "after": as_json(self.after),
            "member": self.member,
        }


def improvements(
    history: History, member: int | None = 0, *, after: int = 0, least: float | None = None
) -> list[Improvement]:
    """Return the improvements of a member, or of a population as a whole, in their order.

    By accuracy these are all of them. A loss falls at nearly every step, so by loss those are
    told that lie at least a hundredth below the one told before, whatever came in between. None
    where nothing is measured, or nothing is kept by it (``train.keep_best = "off"``).

    It costs a pass over the rows of the dev set.

    Args:
        history: What is known of the run.
        member: Which network. None for a population's own: a step is one where some member did
            better than every member before, and that member is named.
        after: Only those after this step; what came before still counts as before.
        least: By how much of itself a loss must fall to be told; ``TOLD_LOSS`` where left out,
            and 0 for every one.
    """
    by = "off" if history.header is None else decides(history.header)
    rows = history.series.get("dev")
    if by == "off" or rows is None or not rows.count:
        return []
    share = 0.0 if by == "accuracy" else TOLD_LOSS if least is None else least
    search = rows.memo.setdefault(("improvements", by, member, share), _Search(by, member, share))
    return [each for each in search.upto(rows) if after < each.step <= rows.last_step]


def member_words(history: History, improvement: Improvement) -> str:
    """Return which network of a population an improvement is of; empty for a network alone."""
    header = history.header
    if header is None or header.members == 1:
        return ""
    from ..experiment.members import label

    is_named = improvement.member < len(header.variants)
    what = label(header.variants[improvement.member]) if is_named else ""
    return f"member {improvement.member + 1}" + (f", {what}" if what else "")


class _Search:
    """Finds improvements in rows that grow; no row is looked at twice.

    Args:
        by: What is measured.
        member: Which network; None for a population as a whole.
        least: By how much of itself a measurement must grow to be told.
    """

    def __init__(self, by: Literal["accuracy", "loss"], member: int | None, least: float) -> None:
        self._by, self._member, self._least = by, member, least
        self._told: list[Improvement] = []
        self._count = 0
        """How many rows were looked at."""
        self._greatest = np.float32(-np.inf)
        """The worth that was told last."""

    def upto(self, rows: Rows) -> list[Improvement]:
        """Return all there are in these rows, and those that were found behind them before."""
        for start, stop in rows.ranges(self._count, rows.count):
            worth, whose = self._looked_at(rows, start, stop)
            for place in self._places_to_tell(worth):
                self._tell(rows.step_of(start + place), worth[place], int(whose[place]))
            self._count = stop
        return self._told

    def _looked_at(
        self, rows: Rows, start: int, stop: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the worth of each row, and whose it is."""
        if self._member is not None:
            values = rows.column(self._by, self._member, start, stop)
            return _worth(self._by, values), np.full(stop - start, self._member)
        every = _worth(self._by, rows.across(self._by, np.arange(start, stop)))
        whose = every.argmax(axis=0)
        return every[whose, np.arange(stop - start)], whose

    def _tell(self, step: int, worth: np.float32, member: int) -> None:
        before = self._told[-1].after if self._told else None
        value = shortest(np.float32(worth if self._by == "accuracy" else -worth))
        self._told.append(
            Improvement(step=step, what=self._by, before=before, after=value, member=member)
        )
        self._greatest = worth

    def _places_to_tell(self, worth: NDArray[np.float32]) -> Iterator[int]:
        """Yield the places at which the greatest worth so far has grown by enough."""
        greatest = np.maximum.accumulate(worth)
        while True:
            told = self._greatest
            with np.errstate(invalid="ignore", over="ignore"):
                wanted = np.float32(told + self._least * abs(told)) if self._least else told
            # Nothing lies a hundredth below 0.
            place = int(np.searchsorted(greatest, told, side="right"))
            if np.isfinite(wanted):
                place = max(place, int(np.searchsorted(greatest, wanted, side="left")))
            if place == len(greatest):
                return
            yield place


def _worth(by: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return measurements so that more is better; what is no number is worth nothing."""
    worth = values if by == "accuracy" else -values
    return np.where(np.isnan(worth), np.float32(-np.inf), worth)
