"""Vanishing: gradients that shrink on the way back to the input."""

from __future__ import annotations

from typing import Final

from ..evidence import Facts
from ..finding import Finding, Remedy, Rule, Severity, Verdict
from ..remedies import normalisation, passing_activations, sized_weights
from ..words import layer_name, number, sentence

SMALL: Final = 1e-3
"""A layer's gradient over the last layer's below which it hardly learns.

Measured: over the whole runs of the healthy presets no layer falls below 1e-2 (the first steps of
``function-set``, five layers from the output). A sigmoid's slope is at most 1/4, so five sigmoids
alone make 1/4^5 = 1e-3 of a gradient (Hochreiter 1991; Glorot and Bengio 2010).
"""

FATAL: Final = 1e-5
"""Below this the layer stands still: it would need 100 000 updates for one of the last layer.

Measured: layer 1 of ``vanishing-relu`` is at 3e-8, of ``vanishing-sigmoid`` at 7e-11.
"""


def find(facts: Facts) -> Finding | None:
    """Find the layer with the smallest gradient."""
    small = {layer: each for layer, each in facts.relative.items() if 0 < each < SMALL}
    if not small:
        return None
    worst = min(small, key=lambda layer: small[layer])
    last = layer_name(facts.layers[-1])
    words = (
        f"{sentence(layer_name(worst))}'s gradient is {number(small[worst], 1)} of {last}'s: "
        "vanishing."
    )
    severity: Severity = "bad" if small[worst] < FATAL else "warning"
    return Finding(severity, words, where=worst, remedy=cure(facts))


def cure(facts: Facts) -> Remedy | None:
    """Return what keeps a gradient's size: other slopes, other weights, or a normalisation."""
    return passing_activations(facts) or sized_weights(facts) or normalisation(facts)


def judge(facts: Facts, layer: str) -> Verdict | None:
    """Judge one layer's gradient."""
    relative = facts.relative.get(layer, 1.0)
    if not 0 < relative < SMALL:
        return None
    return Verdict("vanishing", "bad" if relative < FATAL else "warning")


RULE: Final = Rule(
    "vanishing",
    find,
    judge=judge,
    explains="plateau same",
    otherwise="Try shortcuts around the layers, or fewer of them.",
)
