"""Overfitting: the dev set's loss rises while that of the training set goes on falling."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..evidence import Curve, Facts, median
from ..finding import Finding, Remedy, Rule
from ..symptoms import NO_BETTER
from ..words import number

LEAST: Final = 20
"""Measurements on the dev set before a best one means something."""

PATIENCE: Final = 10
"""Measurements without a better one that early stopping waits at least."""

RISEN: Final = 1.3
"""How often its best the dev loss must be.

Prechelt 1998 ("Early stopping - but when?") stops at a generalisation loss of 1 to 5 %; a dev set
of a few dozen rows jumps by more, so this waits for 30 %. Measured: on the healthy presets
the least of the recent dev losses is never above the best, and in ``exploding``, whose losses
jump, 24 % above it with the training loss falling.
"""

LITTLE: Final = 1.1
"""How often its best the dev loss must be where the rows have been memorised."""

MEMORISED: Final = 0.25
"""The share of a constant answer's loss below which the training rows have been memorised, while
the dev loss is above ``POOR`` of that."""

POOR: Final = 0.5
"""See ``MEMORISED``: with less, what was learned holds for other rows as well."""

FALLEN: Final = 0.9
"""What share the training loss must have come down to since then."""

RECENT: Final = 8
"""All of the last one of so many parts of the run must lie so, to the least dev loss and the
greatest training loss: losses that jump, as those of ``exploding`` do, have not parted.
"""


def find(facts: Facts) -> Finding | None:
    """Compare both losses now with those at the best measurement."""
    dev = facts.curve("dev", "loss")
    # Single batches jump; where there are several to an epoch, their means are recorded.
    group = "epoch" if facts.curve("epoch", "loss").count else "train"
    if dev.count < LEAST or not np.isfinite(dev.values).any():
        return None
    place = int(np.nanargmin(dev.values))
    best, step = float(dev.values[place]), int(dev.steps[place])
    risen = facts.newest("dev", "loss", max(LEAST // 4, dev.count // RECENT))
    fallen = facts.newest(group, "loss", max(LEAST // 4, dev.count // RECENT))
    before = _at(facts.curve(group, "loss"), step)
    if not (len(risen) and len(fallen)):
        return None
    losses = (best, median(risen)), (before, median(fallen))
    if fallen.max() < FALLEN * before and risen.min() > max(RISEN * best, fallen.max()):
        return _finding(dev, step, *losses)
    if not _is_memorised(facts, float(risen.min()), float(fallen.max())):
        return None
    least, step = dev.lowest
    losses = (least, median(risen)), (_at(facts.curve(group, "loss"), step), median(fallen))
    if least > NO_BETTER * (facts.constant_loss("dev") or 0.0):
        return _useless(facts, *losses)
    return _finding(dev, step, *losses) if risen.min() > LITTLE * least else None


def _is_memorised(facts: Facts, dev: float, train: float) -> bool:
    """Whether the training rows are all but known by heart, and the others hardly at all."""
    constant, held_out = facts.constant_loss(), facts.constant_loss("dev")
    if constant is None or held_out is None:
        return False
    return train < MEMORISED * constant and dev > POOR * held_out


def _useless(facts: Facts, risen: tuple[float, float], fallen: tuple[float, float]) -> Finding:
    """Return that nothing of what was learned holds for the dev set: no step was better."""
    constant = facts.constant_loss("dev") or 0.0
    words = (
        f"The training loss fell to {number(fallen[1])}, but the dev loss, "
        f"{number(risen[1])} now and {number(risen[0])} at its best, was never below the "
        f"{number(constant)} of one answer for every row: overfitting."
    )
    return Finding(
        "warning",
        words,
        advice="The rows were learned by heart; more of them may help, or inputs that say more.",
    )


def _finding(
    dev: Curve, step: int, risen: tuple[float, float], fallen: tuple[float, float]
) -> Finding:
    (best, now), (before, after) = risen, fallen
    remedy = cure(dev, step)
    words = (
        f"The dev loss rose from {number(best)} near step {step} to {number(now)} while the "
        f"training loss fell from {number(before)} to {number(after)}: overfitting."
    )
    return Finding(
        "warning",
        words,
        advice=f"Try {remedy.label}; more data or a smaller network helps, too.",
        remedy=remedy,
    )


def cure(dev: Curve, best: int) -> Remedy:
    """Return early stopping, with a patience that fits how long the best took to come."""
    measured = round(dev.count * best / int(dev.steps[-1]))
    patience = max(PATIENCE, measured // 4)
    return Remedy(
        label=f"stopping early, after {patience} measurements without a better one",
        changes=(f"train.patience={patience}", "train.keep_best=loss"),
    )


def _at(curve: Curve, step: int) -> float:
    """Return a smoothed column at a step; NaN where it has none."""
    if not len(curve.values):
        return float("nan")
    return float(curve.values[min(int(np.searchsorted(curve.steps, step)), len(curve.values) - 1)])


RULE: Final = Rule("overfitting", find)
