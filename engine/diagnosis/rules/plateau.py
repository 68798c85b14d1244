"""A plateau: a loss that stands still though it is far from low."""

from __future__ import annotations

from typing import Final

from ..evidence import GROUPS, Facts
from ..finding import Finding, Remedy, Rule, Severity
from ..remedies import hidden_activations, sized_weights, starts_small
from ..symptoms import is_guessing
from ..words import number

LEAST_STEPS: Final = 100
"""Steps before a loss can be said to stand still."""

PART: Final = 0.1
"""The share of a run before which it has hardly begun."""

EIGHTH: Final = GROUPS // 8
"""Points of a smoothed curve that are compared."""

SLOW: Final = 1e-3
"""A learning rate below which Adam and its like hardly move."""

FLAT: Final = 0.01
"""The share by which the smoothed loss must have fallen over the second half of the run.

Measured: at any step of the healthy presets from step 100 on it falls by 1.4 % or more, or has
come down below ``LOW``.
"""

LOW: Final = 0.1
"""The share of the first loss below which a loss that stands still has simply converged."""

GUESSING: Final = 0.5
"""The share of the first loss above which hardly anything has been learned."""

SETTLED: Final = 1e-3
"""The share of the first gradient's norm below which the network sits in a minimum.

Measured: at the end of ``no-activation`` it is 1e-6.
"""


def find(facts: Facts) -> Finding | None:
    """Find a loss that stands still far from low."""
    if facts.rows < max(LEAST_STEPS, PART * facts.planned):
        return None
    if facts.constant_loss() is None:
        return _find_by_first_loss(facts) if _stands_still(facts) else None
    # Asked first what costs least: most runs are neither.
    if is_guessing(facts) and ((stands := _stands_still(facts)) or facts.at >= facts.planned):
        now = number(_recent(facts))
        told = _since(facts) if stands else f"The loss has only come to {now}"
        words = f"{told}, no better than one answer for every row: a plateau."
        return _finding(words, "warning", *cure(facts))
    if _is_linear(facts) and facts.loss > LOW * facts.early("loss") and _stands_still(facts):
        why = "at a minimum, for the gradient is all but 0" if _is_settled(facts) else "a plateau"
        return _finding(f"{_since(facts)}: {why}.", "note", *cure(facts))
    return None


def _find_by_first_loss(facts: Facts) -> Finding | None:
    """Find it where all there is to compare with is the loss that the run began with."""
    now, first = _recent(facts), facts.early("loss")
    if not now > LOW * first:
        return None
    guessing = now > GUESSING * first
    settled = _is_settled(facts) and not guessing
    why = "at a minimum, for the gradient is all but 0" if settled else "a plateau"
    remedy, advice = cure(facts)
    if settled and not _is_linear(facts):
        remedy, advice = None, "More steps will not help; a larger network or other inputs may."
    severity: Severity = "warning" if guessing else "note"
    return _finding(f"{_since(facts)}: {why}.", severity, remedy, advice)


def _finding(words: str, severity: Severity, remedy: Remedy | None, advice: str) -> Finding:
    return Finding(severity, words, advice=advice, remedy=remedy)


def _recent(facts: Facts) -> float:
    return float(facts.curve("train", "loss").values[-EIGHTH:].mean())


def _stands_still(facts: Facts) -> bool:
    """Compare the last eighth of the run with the eighth before its middle."""
    values = facts.curve("train", "loss").values
    if not len(values):
        return False
    half = values[GROUPS // 2 - EIGHTH : GROUPS // 2].mean()
    return bool(abs(half - _recent(facts)) < FLAT * abs(half))


def _since(facts: Facts) -> str:
    since = int(facts.curve("train", "loss").steps[GROUPS // 2 - EIGHTH])
    return f"The loss has stood near {number(_recent(facts))} since step {since}"


def _is_settled(facts: Facts) -> bool:
    return bool(facts.recent_median("grad_norm") < SETTLED * facts.early("grad_norm"))


def _is_linear(facts: Facts) -> bool:
    hidden = hidden_activations(facts)
    return bool(hidden) and all(name == "identity" for name in hidden)


def cure(facts: Facts) -> tuple[Remedy | None, str]:
    """Return what may get further: a network that can bend, or larger steps."""
    if _is_linear(facts):
        relu = Remedy("ReLU between the layers", ("model.activation=relu",))
        return relu, f"Without activations all layers are worth one; try {relu.label}."
    fitting = sized_weights(facts) if starts_small(facts) else None
    if fitting is not None:
        return fitting, f"Its weights began next to 0; try {fitting.label}."
    if facts.descends:
        adam = Remedy("Adam", ('optimizer={name="adam", lr=0.01}',))
        return adam, "Try Adam, which takes larger steps where the gradient is small."
    if facts.own_lr < SLOW:
        faster = Remedy("a learning rate of 0.01", ("optimizer.lr=0.01",))
        return faster, f"Try {faster.label}."
    return None, "Try another learning rate, or wait: plateaus end."


RULE: Final = Rule("plateau", find, word="not learning")
