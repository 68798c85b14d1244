"""Divergence: a loss that is no number any more, or far above where it started."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.diagnosis.facts import Facts
from engine.diagnosis.finding import Finding, Remedy, Rule, Verdict
from engine.diagnosis.remedies import slower
from engine.diagnosis.words import number

GROWN: Final = 4.0
"""How often its beginning the recent loss must be to count as running away.

Measured: over the healthy presets the recent median stays below 1.1 times the beginning, with
minibatches and Adam's jumps.
"""

RAISED: Final = 1.5
"""How often the experiment's own learning rate counts as raised while it trained."""


def find(facts: Facts) -> Finding | None:
    """Find the step at which the loss was lost, or how far it has run away."""
    losses = facts.recent("loss")
    if not len(losses):
        return None
    broken = np.flatnonzero(~np.isfinite(losses))
    if len(broken):
        step = facts.at - (len(losses) - 1 - int(broken[0]))
        what = number(float(losses[broken[0]]))
        return _finding(facts, step, f"The loss was {what} at step {step}: diverged.", lost=True)
    beginning = facts.early("loss")
    if not facts.loss > GROWN * beginning > 0:
        return None
    words = f"The loss rose from {number(beginning)} to {number(facts.loss)}: diverging."
    return _finding(facts, facts.at, words, lost=False)


def _finding(facts: Facts, step: int, words: str, lost: bool) -> Finding:
    remedy, advice = cure(facts)
    return Finding(
        rule="diverged",
        severity="bad" if lost else "warning",
        step=step,
        where="",
        words=words + _cause(facts),
        advice=advice,
        remedy=remedy,
    )


def _cause(facts: Facts) -> str:
    """Tell the growth of the gradient's norm, where it can be seen."""
    norms = facts.recent("grad_norm")
    finite = norms[np.isfinite(norms)]
    first = facts.first("grad_norm")
    if not len(finite) or not float(finite[-1]) > GROWN * first > 0:
        return ""
    lr = _lr(facts)
    rate = f" at learning rate {lr:g}" if lr else ""
    return f" The gradient's norm grew from {number(first)} to {number(float(finite[-1]))}{rate}."


def cure(facts: Facts) -> tuple[Remedy | None, str]:
    """Return a smaller learning rate; or the experiment's own, where someone raised it."""
    own = facts.table("optimizer").get("lr")
    if isinstance(own, int | float) and _lr(facts) > RAISED * own > 0:
        return None, f"The learning rate was raised; go back to the experiment's own, {own:g}."
    remedy = slower(facts)
    return remedy, f"Try {remedy.label}." if remedy else "Try a smaller learning rate."


def _lr(facts: Facts) -> float:
    rates = facts.recent("lr")
    return float(rates[-1]) if len(rates) else 0.0


def judge(facts: Facts, layer: str) -> Verdict | None:
    """Judge whether one layer's newest gradient is a number."""
    for part in ("weight", "bias"):
        norms = facts.recent(f"grad_norm/{layer}.{part}")
        if len(norms) and not np.isfinite(norms[-1]):
            return Verdict("not finite", "bad")
    return None


RULE: Final = Rule(
    name="diverged",
    find=find,
    judge=judge,
    explains=frozenset({"dead", "overfitting", "plateau"}),
)
