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
    whose: NDArray[np.int64]
    if member is None:
        every = _worth(by, rows.across(by, np.arange(rows.count)))
        whose = every.argmax(axis=0)
        worth = every[whose, np.arange(rows.count)]
    else:
        worth, whose = _worth(by, rows.column(by, member)), np.full(rows.count, member)
    values, improvements_told = worth if by == "accuracy" else -worth, []
    before: float | None = None
    share = 0.0 if by == "accuracy" else TOLD_LOSS if least is None else least
    for row in _rows_to_tell(worth, share):
        value = shortest(np.float32(values[row]))
        step = int(rows.steps[row])
        if step > after:
            improvement = Improvement(
                step=step, what=by, before=before, after=value, member=int(whose[row])
            )
            improvements_told.append(improvement)
        before = value
    return improvements_told


def member_words(history: History, improvement: Improvement) -> str:
    """Return which network of a population an improvement is of; empty for a network alone."""
    header = history.header
    if header is None or header.members == 1:
        return ""
    from ..experiment.members import label

    is_named = improvement.member < len(header.variants)
    what = label(header.variants[improvement.member]) if is_named else ""
    return f"member {improvement.member + 1}" + (f", {what}" if what else "")


def _worth(by: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return measurements so that more is better; what is no number is worth nothing."""
    worth = values if by == "accuracy" else -values
    return np.where(np.isnan(worth), np.float32(-np.inf), worth)


def _rows_to_tell(worth: NDArray[np.float32], least: float) -> Iterator[int]:
    """Yield the rows at which the greatest worth so far has grown by enough."""
    greatest = np.maximum.accumulate(worth)
    if not least:
        before = np.concatenate([[-np.inf], greatest[:-1]])
        yield from np.flatnonzero(greatest > before).tolist()
        return
    row = int(np.searchsorted(greatest, -np.inf, side="right"))
    while row < len(greatest):
        yield row
        wanted = np.float32(greatest[row] + least * abs(greatest[row]))
        following = int(np.searchsorted(greatest, wanted, side="left"))
        # Nothing lies a hundredth below 0.
        row = max(following, int(np.searchsorted(greatest, greatest[row], side="right")))
