"""Gradients that are never cleared: each update repeats all earlier ones."""

from __future__ import annotations

from typing import Final

from ..evidence import Facts
from ..finding import Finding, Remedy, Rule
from ..words import number

GROWN: Final = 1.5
"""How often the first norm the gradient must be before its growth is told as evidence.

Two gradients that hardly differ add up to twice the one; measured in ``forgotten-zero``: 2.0 at
step 2, 13 at the end. That they are not cleared is recorded, and needs no threshold.
"""


def find(facts: Facts) -> Finding | None:
    """Find it in the experiment, and its effect in the norms."""
    if not facts.rows or facts.table("train").get("zero_grad", True):
        return None
    words = (
        f"The gradients are never cleared: every update repeats all earlier ones.{_evidence(facts)}"
    )
    return Finding(
        "bad",
        words,
        advice="Try clearing them before each step.",
        remedy=Remedy("zero_grad = true", ("train.zero_grad=true",)),
    )


def _evidence(facts: Facts) -> str:
    """Tell the norm's growth, and that the loss went the other way, where that is so."""
    norms, losses = facts.recent("grad_norm"), facts.recent("loss")
    if not len(norms):
        return ""
    first, first_loss = facts.first("grad_norm"), facts.first("loss")
    now, loss = float(norms[-1]), float(losses[-1])
    if not now > GROWN * first > 0:
        return ""
    grown = f" The norm grew from {number(first)} to {number(now)}"
    if loss < first_loss:
        return f"{grown} while the loss fell from {number(first_loss)} to {number(loss)}."
    return f"{grown}."


RULE: Final = Rule(
    "uncleared",
    find,
    word="uncleared",
    explains="cut dead decay diverged exploding plateau same saturated unscaled",
)
