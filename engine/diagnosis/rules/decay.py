"""Too much weight decay: weights that are pulled to 0, or past it and ever further away."""

from __future__ import annotations

from typing import Final

from ..evidence import Facts
from ..finding import Finding, Remedy, Rule
from ..symptoms import has_diverged, is_guessing
from ..words import number

OVERSHOT: Final = 2.0
"""lr * weight_decay above which that factor is below -1: the weights grow, turning their sign."""

COLLAPSED: Final = 0.3
"""The share of their first norm below which the weights of every layer have been pulled to 0."""


def find(facts: Facts) -> Finding | None:
    """Find it where the weights grow or vanish, and nothing is learned."""
    decay = facts.table("optimizer").get("weight_decay", 0.0)
    if not (facts.rows and isinstance(decay, int | float) and decay > 0):
        return None
    words = _overshot(facts, float(decay)) or _collapsed(facts, float(decay))
    if not words:
        return None
    return Finding(
        "bad",
        words,
        advice="Try no weight decay, or a thousandth of it.",
        remedy=Remedy("no weight decay", ("optimizer.weight_decay=0",)),
    )


def _overshot(facts: Facts, decay: float) -> str:
    if facts.optimizer is None or not facts.optimizer.shrinks:
        return ""
    # What momentum keeps of the last step lets a little more pass.
    momentum = facts.table("optimizer").get("momentum", 0.0)
    product = float(facts.first("lr")) * decay
    grows = product > OVERSHOT * (1 + float(momentum))
    if not (grows and (has_diverged(facts) or is_guessing(facts))):
        return ""
    return (
        f"The weight decay of {decay:g} at a learning rate of {number(facts.first('lr'))} "
        f"multiplies every weight by {number(1 - product)} each step, so they grow without end: "
        "too much."
    )


def _collapsed(facts: Facts, decay: float) -> str:
    if not is_guessing(facts):
        return ""
    first = [facts.probe(f"weight_norm/{layer}.weight", first=True) for layer in facts.layers]
    now = [facts.probe(f"weight_norm/{layer}.weight") for layer in facts.layers]
    pairs = [(a[1], b[1]) for a, b in zip(first, now, strict=True) if a and b]
    if not pairs or not all(after < COLLAPSED * before for before, after in pairs):
        return ""
    before, after = (sum(each[at] ** 2 for each in pairs) ** 0.5 for at in (0, 1))
    return (
        f"The weight decay of {decay:g} has pulled all weights to 0 (their norm fell from "
        f"{number(before)} to {number(after)}), and the loss stands at {number(facts.loss)}, no "
        "better than one answer for every row: too much."
    )


RULE: Final = Rule(
    "decay",
    find,
    word="not learning",
    explains="cut dead diverged dropout exploding plateau same saturated symmetric unscaled "
    "vanishing",
)
