"""Dropout so high that next to nothing of a layer is left in a step."""

from __future__ import annotations

from typing import Final

from ..evidence import Facts
from ..finding import Finding, Remedy, Rule
from ..remedies import changed
from ..symptoms import is_guessing
from ..words import layer_name, number, percent

HIGH: Final = 0.7
"""The share left out above which dropout is high: Srivastava et al. 2014 (7.3) find 0.4 to 0.8
kept to do equally well, and a steep loss below that."""


def find(facts: Facts) -> Finding | None:
    """Find the layer of which the least is left, where nothing is learned."""
    shares = _shares(facts)
    if not shares:
        return None
    worst = max(shares, key=lambda layer: shares[layer])
    if not (shares[worst] > HIGH and is_guessing(facts)):
        return None
    units = facts.header.parameters[f"{worst}.weight"][0]
    kept = units * (1 - shares[worst])
    remedy = Remedy("no dropout", changed(facts, "dropout", "0"))
    words = (
        f"Dropout leaves out {percent(shares[worst])} of {layer_name(worst)}: of its {units} "
        f"units about {number(kept)} {'is' if 0.5 <= kept < 1.5 else 'are'} left in a step, and "
        f"the loss stands at {number(facts.loss)}, no better than one answer for every row."
    )
    return Finding("bad", words, advice=f"Try {remedy.label}, or a little of it.", remedy=remedy)


def _shares(facts: Facts) -> dict[str, float]:
    """Return the dropout of each hidden layer that has some."""
    if not facts.is_mlp:
        return {}
    common = facts.model.get("dropout", 0.0)
    shares = {}
    for layer in facts.hidden:
        of_layer = facts.layer_tables.get(layer, ("", {}))[1].get("dropout")
        share = common if of_layer is None else of_layer
        if isinstance(share, int | float) and share > 0:
            shares[layer] = float(share)
    return shares


RULE: Final = Rule("dropout", find, word="not learning", explains="plateau same")
