"""A plateau: a loss that stands still though it is far from low."""

from __future__ import annotations

from typing import Final

from engine.diagnosis.facts import GROUPS, Facts
from engine.diagnosis.finding import Finding, Remedy, Rule
from engine.diagnosis.remedies import hidden_activations
from engine.diagnosis.words import number

LEAST_STEPS: Final = 100
"""Steps before a loss can be said to stand still."""

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
    """Compare the last eighth of the run with the eighth before its middle."""
    if facts.rows < LEAST_STEPS:
        return None
    curve, eighth = facts.curve("train", "loss"), GROUPS // 8
    now, half = (
        curve.values[-eighth:].mean(),
        curve.values[GROUPS // 2 - eighth : GROUPS // 2].mean(),
    )
    first = facts.early("loss")
    if not (now > LOW * first and abs(half - now) < FLAT * abs(half)):
        return None
    guessing = now > GUESSING * first
    settled = facts.recent_median("grad_norm") < SETTLED * facts.early("grad_norm") and not guessing
    remedy, advice = cure(facts, settled)
    since = int(curve.steps[GROUPS // 2 - eighth])
    why = "at a minimum, for the gradient is all but 0" if settled else "a plateau"
    return Finding(
        rule="plateau",
        severity="warning" if guessing else "note",
        step=facts.at,
        where="",
        words=f"The loss has stood near {number(float(now))} since step {since}: {why}.",
        advice=advice,
        remedy=remedy,
    )


def cure(facts: Facts, settled: bool) -> tuple[Remedy | None, str]:
    """Return what may get further: a network that can bend, or other steps."""
    hidden = hidden_activations(facts)
    if hidden and all(name == "identity" for name in hidden):
        relu = Remedy(label="ReLU between the layers", changes=("model.activation=relu",))
        return relu, f"Without activations all layers are worth one; try {relu.label}."
    if settled:
        return None, "More steps will not help; a larger network or other inputs may."
    if facts.table("optimizer").get("name") in ("sgd", "by_hand"):
        adam = Remedy(label="Adam", changes=('optimizer={name="adam", lr=0.01}',))
        return adam, "Try Adam, which takes larger steps where the gradient is small."
    return None, "Try another learning rate, or wait: plateaus end."


RULE: Final = Rule(name="plateau", find=find)
