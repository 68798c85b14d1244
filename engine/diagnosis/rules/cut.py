"""A learning rate that is gone: 0 from the start, or cut to next to nothing by its schedule."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..evidence import Facts
from ..finding import Finding, Remedy, Rule
from ..symptoms import LEAST_STEPS, SHORT
from ..words import number

GONE: Final = 0.01
"""The share of its greatest so far below which a learning rate counts as gone."""

GAIN: Final = 0.05
"""The share of the loss that the rate before it was cut must still have promised to take off."""

LITTLE: Final = 0.7
"""The share of the constant answer's loss that the best loss so far is above."""

LONG: Final = 2
"""How often as long as it was there the rate must have been gone: a schedule that ends a run with
small steps is as it should be."""

SETTLED: Final = 1e-3
"""The share of the first gradient's norm below which there is nothing left to gain."""


def find(facts: Facts) -> Finding | None:
    """Find it where nothing has been learned and something still could be."""
    if not facts.rows or facts.set_by_hand:
        return None
    if facts.own_lr == 0:
        return _never_there(facts) if facts.lr == 0 and _has_learned_little(facts) else None
    top = max(facts.own_lr, facts.first("lr"))
    if not (facts.lr < GONE * top and facts.scheduled and _has_learned_little(facts)):
        return None
    rates = facts.curve("train", "lr")
    by = int(rates.steps[int(np.argmax(rates.values < GONE * top))])
    if not (facts.at >= LONG * by and _would_gain(facts, top)):
        return None
    schedule = facts.table("schedule").get("name")
    remedy = Remedy("a constant learning rate", ('schedule={name="constant"}',))
    words = (
        f"The learning rate has fallen from {number(top)} to {number(facts.lr)}: the "
        f"schedule, {schedule}, had cut it to next to nothing by step {by}, and the loss "
        f"stands at {number(facts.loss)}, where one answer for every row has "
        f"{number(facts.constant_loss() or 0.0)}."
    )
    advice = f"Try {remedy.label}, or a schedule that cuts it later."
    return Finding("bad", words, advice=advice, remedy=remedy)


def _never_there(facts: Facts) -> Finding | None:
    if facts.optimizer is None:
        return None
    usual = facts.optimizer.usual_lr
    remedy = Remedy(f"a learning rate of {usual:g}", (f"optimizer.lr={usual:g}",))
    return Finding("bad", "The learning rate is 0: no update changes anything.", remedy=remedy)


def _has_learned_little(facts: Facts) -> bool:
    """Whether the loss is still near that of one answer for every row."""
    constant = facts.constant_loss()
    enough = facts.rows >= (SHORT if facts.at >= facts.planned else LEAST_STEPS)
    values = facts.curve("train", "loss").values
    best = float(np.nanmin(values)) if np.isfinite(values).any() else 0.0
    return constant is not None and enough and best > LITTLE * constant


def _would_gain(facts: Facts, lr: float) -> bool:
    """Whether the rate as it was would still have taken something off the loss.

    Along the gradient a step of plain descent takes off lr times its squared norm. Of the others
    it is only known that there is a gradient to follow.
    """
    norm, first = facts.recent_median("grad_norm"), facts.early("grad_norm")
    gains = not facts.descends or lr * norm**2 * facts.planned > GAIN * facts.loss
    return bool(norm > SETTLED * first and gains)


RULE: Final = Rule(
    "cut", find, word="not learning", explains="plateau unscaled same dropout vanishing exploding"
)
