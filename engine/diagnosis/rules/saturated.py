"""Saturated units: those whose activation is nearly flat wherever the rows put them."""

from __future__ import annotations

from typing import Final

from ..evidence import Facts
from ..finding import Finding, Rule, Verdict
from ..remedies import passing_activations, sized_weights
from ..words import layer_name, percent

MANY: Final = 0.7
"""The share of a layer's units above which too little of the gradient gets through.

A unit counts where its mean slope is below 5 % of the greatest; Glorot and Bengio 2010 (figures
2 and 3) watch whole layers of sigmoids and tanhs go there, and learning stop. Measured: up to
63 % of a layer of GELUs for a while in ``function-set`` over four seeds, which does no harm;
whole layers in ``exploding``.
"""


def find(facts: Facts) -> Finding | None:
    """Find the layer with the most saturated units."""
    shares = ((saturated_share(facts, each), each) for each in facts.hidden)
    share, worst = max(shares, default=(0, ""))
    if not share > MANY:
        return None
    probed = facts.probe(f"saturated/{worst}")
    remedy = sized_weights(facts) or passing_activations(facts)
    words = (
        f"{percent(share)} of {layer_name(worst)}'s units lie where "
        f"{facts.activations.get(worst, 'their activation')} is flat: saturated."
    )
    step = probed[0] if probed else facts.at
    return Finding("warning", words, step=step, where=worst, remedy=remedy)


def saturated_share(facts: Facts, layer: str) -> float:
    """Return the share of a hidden layer's units that are saturated, as far as it is known."""
    probed = facts.probe(f"saturated/{layer}")
    return probed[1] if probed else 0.0


def judge(facts: Facts, layer: str) -> Verdict | None:
    """Judge one layer's units."""
    return Verdict("saturated", "warning") if saturated_share(facts, layer) > MANY else None


RULE: Final = Rule("saturated", find, judge=judge, otherwise="Try a smaller learning rate.")
