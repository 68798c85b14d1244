"""Exploding: gradients that grow on the way back to the input."""

from __future__ import annotations

from typing import Final

from ..evidence import Facts
from ..finding import Finding, Remedy, Rule, Severity, Verdict
from ..remedies import normalisation, sized_weights
from ..symptoms import has_learned
from ..words import layer_name, number, sentence

LARGE: Final = 25.0
"""A layer's gradient over the last layer's above which it explodes.

Measured: layer 1 of ``exploding`` is at 28 to 191 over six seeds when it starts; of the healthy
presets and the cures, the greatest is 15, in the first steps of ``exploding-batch-norm``.
"""


def find(facts: Facts) -> Finding | None:
    """Find the layer with the largest gradient."""
    large = {layer: each for layer, each in facts.relative.items() if each > LARGE}
    if not large or has_learned(facts):
        return None
    worst = max(large, key=lambda layer: large[layer])
    times = f"{number(large[worst])} times {layer_name(facts.layers[-1])}'s"
    words = f"{sentence(layer_name(worst))}'s gradient is {times}: exploding.{bounded(facts)}"
    return Finding(severity(facts), words, where=worst, remedy=cure(facts))


def severity(facts: Facts) -> Severity:
    """Say how much it matters: little, where no large gradient makes a large step."""
    return "note" if bounded(facts) else "bad"


def bounded(facts: Facts) -> str:
    """Return what keeps the updates small, in a sentence; empty where nothing does."""
    train = facts.table("train")
    if train.get("clip_norm") is not None or train.get("clip_value") is not None:
        return " Clipping keeps the updates small all the same."
    if facts.optimizer is not None and facts.optimizer.adaptive:
        return " The optimizer divides by its size, so the updates stay small all the same."
    return ""


def cure(facts: Facts) -> Remedy | None:
    """Return what takes the cause away, or else what bounds the effect."""
    clip = Remedy("clipping the gradient at norm 1", ("train.clip_norm=1.0",))
    return sized_weights(facts) or normalisation(facts) or (None if bounded(facts) else clip)


def judge(facts: Facts, layer: str) -> Verdict | None:
    """Judge one layer's gradient."""
    if facts.relative.get(layer, 1.0) <= LARGE or has_learned(facts):
        return None
    return Verdict("exploding", severity(facts))


RULE: Final = Rule(
    "exploding",
    find,
    judge=judge,
    explains="plateau same",
    otherwise="Try a smaller learning rate.",
)
