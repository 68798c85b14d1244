"""Divergence: a loss that is no number any more, or far above where it started."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...recording.values import are_broken
from ..evidence import Facts
from ..finding import Finding, Remedy, Rule, Verdict
from ..remedies import sized_weights, slower
from ..symptoms import GROWN, has_run_away, lost_at
from ..words import number
from . import exploding

FAR_OFF: Final = 100.0
"""How often the constant answer's loss a first loss is that only too large weights explain: with
weights that fit it is 1 to 3 times that."""


def find(facts: Facts) -> Finding | None:
    """Find the step at which the loss was lost, or how far it has run away."""
    if not facts.rows:
        return None
    step = lost_at(facts)
    if step is not None:
        losses = facts.recent("loss")
        what = number(float(losses[len(losses) - 1 - (facts.at - step)]))
        return _finding(facts, step, f"The loss was {what} at step {step}: diverged.", lost=True)
    if not has_run_away(facts):
        return None
    words = f"The loss rose from {number(facts.early('loss'))} to {number(facts.loss)}: diverging."
    return _finding(facts, facts.at, words, lost=False)


def _finding(facts: Facts, step: int, words: str, lost: bool) -> Finding:
    remedy, advice = cure(facts)
    words = words + _cause(facts)
    return Finding("bad" if lost else "warning", words, step=step, advice=advice, remedy=remedy)


def _cause(facts: Facts) -> str:
    """Tell who raised the learning rate, or the growth of the gradient's norm, where it shows."""
    if facts.raised and facts.scheduled:
        return f" The schedule has raised the learning rate from {facts.own_lr:g} to {facts.lr:g}."
    norms = facts.recent("grad_norm")
    finite = norms[np.isfinite(norms)]
    first = facts.first("grad_norm")
    if not len(finite) or not float(finite[-1]) > GROWN * first > 0:
        return ""
    rate = f" at learning rate {facts.lr:g}" if facts.lr > 0 else ""
    return f" The gradient's norm grew from {number(first)} to {number(float(finite[-1]))}{rate}."


def cure(facts: Facts) -> tuple[Remedy | None, str]:
    """Return the learning rate as it was, where it was raised; weights that fit, where the
    gradients or the loss were huge from the start; else a smaller learning rate.
    """
    if facts.raised:
        if not facts.scheduled:
            lr = f"{facts.own_lr:g}"
            return None, f"The learning rate was raised; go back to the experiment's own, {lr}."
        constant = Remedy("a constant rate", ('schedule={name="constant"}',))
        return constant, f"Try {constant.label}."
    fitting = exploding.cure(facts) if _exploded(facts) else None
    fitting = fitting or (sized_weights(facts) if _began_far_off(facts) else None)
    remedy = fitting or slower(facts)
    return remedy, f"Try {remedy.label}." if remedy else "Try a smaller learning rate."


def _began_far_off(facts: Facts) -> bool:
    """Whether the untrained network was wrong by far more than one answer for every row."""
    constant = facts.constant_loss()
    return constant is not None and facts.first("loss") > FAR_OFF * constant


def _exploded(facts: Facts) -> bool:
    """Whether the first layer's very first gradient was many times the last one's."""
    if len(facts.layers) < 2:
        return False
    first, last = (facts.first(f"grad_norm/{facts.layers[at]}.weight") for at in (0, -1))
    return bool(first > exploding.LARGE * last > 0)


def judge(facts: Facts, layer: str) -> Verdict | None:
    """Judge whether one layer's newest gradient is a number."""
    for part in ("weight", "bias"):
        norms = facts.recent(f"grad_norm/{layer}.{part}")
        if are_broken(norms[-1:]).any():
            return Verdict("not finite", "bad")
    return None


RULE: Final = Rule(
    "diverged",
    find,
    judge=judge,
    word="diverged",
    explains="dead exploding overfitting plateau saturated symmetric vanishing",
)
