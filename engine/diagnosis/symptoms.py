"""The symptoms: what shows that a run is in trouble, whatever the cause.

A rule that knows a cause, such as inputs that are not scaled, says so only where one of these
shows as well: what could do harm and does none is left in peace.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ..recording.values import are_broken
from .evidence import GROUPS, WINDOW, Facts, median

LEAST_STEPS: Final = 100
"""Steps before it can be said that a network has learned nothing: every one begins that way."""

SHORT: Final = 20
"""Steps that are enough for that where the run is over."""

NO_BETTER: Final = 0.9
"""The share of the constant answer's loss above which a loss is no better than that.

Untrained networks are at 0.95 to 3 times that loss.
"""

LEARNED: Final = 0.5
"""The share of it below which a network is learning, whatever its gradients look like: where the
loss is near 0, those of the last layer are, and every other looks large beside them."""

ALMOST: Final = 0.7
"""The same where the accuracy is no better than the commonest class's share, either."""

CHANCE: Final = 0.02
"""How far above that share an accuracy may lie by chance."""

GROWN: Final = 4.0
"""How often its beginning the recent loss must be to count as running away.

Measured: over the healthy presets the recent median stays below 1.1 times the beginning, with
minibatches and Adam's jumps.
"""


def lost_at(facts: Facts) -> int | None:
    """Return the first recent step whose loss was no finite number; None where there is none."""
    losses = facts.recent("loss")
    broken = np.flatnonzero(are_broken(losses))
    return facts.at - (len(losses) - 1 - int(broken[0])) if len(broken) else None


def has_run_away(facts: Facts) -> bool:
    """Whether the loss is far above where it began."""
    return bool(facts.loss > GROWN * facts.early("loss") > 0)


def has_diverged(facts: Facts) -> bool:
    """Whether the loss is no number any more, or far above where it began."""
    return lost_at(facts) is not None or has_run_away(facts)


def is_no_better(facts: Facts, group: str = "train") -> bool:
    """Whether the recent loss is no better than that of the same answer for every row."""
    constant = facts.constant_loss(group)
    losses = facts.newest(group, "loss", WINDOW)
    if constant is None or not len(losses):
        return False
    loss, shares = median(losses), facts.class_shares(group)
    if loss > ALMOST * constant and shares:
        accuracy = facts.newest(group, "accuracy", WINDOW)
        return loss > NO_BETTER * constant or median(accuracy) <= max(shares) + CHANCE
    return loss > NO_BETTER * constant


def has_learned(facts: Facts) -> bool:
    """Whether the recent loss is well below that of the same answer for every row."""
    constant = facts.constant_loss()
    return constant is not None and facts.loss < LEARNED * constant


def is_guessing(facts: Facts) -> bool:
    """Whether the network has learned nothing so far, and is not about to.

    Its loss has not been better than that of the same answer for every row, on the training set
    and on the dev set, and at the pace of the second half of the run so far it will not be.
    """
    return is_guessing_on(facts, "train") and not _has_been_better(facts, "dev")


def is_guessing_on(facts: Facts, group: str) -> bool:
    """Whether that is so of one set, whatever the other says."""
    over = facts.at >= facts.planned
    if facts.rows < (SHORT if over else LEAST_STEPS) or not is_no_better(facts, group):
        return False
    return not _has_been_better(facts, group) and (over or not _is_on_its_way(facts, group))


def _has_been_better(facts: Facts, group: str) -> bool:
    """Whether a smoothed loss has been clearly better than the constant answer's for a while.

    What an untrained network happens to say may be better than that on a few rows.
    """
    curve, constant = facts.curve(group, "loss"), facts.constant_loss(group)
    later = curve.values[GROUPS // 4 :]
    losses = later[np.isfinite(later)]
    least = ALMOST if facts.class_shares(group) else NO_BETTER
    return constant is not None and bool((losses <= least * constant).any())


def _is_on_its_way(facts: Facts, group: str) -> bool:
    """Whether the loss falls fast enough to come below the constant answer's in this run."""
    constant = facts.constant_loss(group) or 0.0
    curve = facts.curve(group, "loss")
    eighth, middle = GROUPS // 8, GROUPS // 2
    now, half = curve.values[-eighth:].mean(), curve.values[middle - eighth : middle].mean()
    taken = float(curve.steps[-1] - curve.steps[middle - 1])
    fall = (half - now) / taken if taken > 0 else 0.0
    return bool(now - fall * (facts.planned - facts.at) < NO_BETTER * constant)
