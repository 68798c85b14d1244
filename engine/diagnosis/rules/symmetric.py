"""Symmetric units: those of a layer that are copies of one another, and stay so for ever."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..evidence import Facts
from ..finding import Finding, Remedy, Rule, Verdict
from ..remedies import changed, hidden_activations, passes
from ..words import layer_name

SAME: Final = 1e-6
"""The relative difference up to which two weights count as equal.

Copies get equal gradients but for rounding; PyTorch may sum the fifth of five columns in another
order, which is worth the last bit of float32, 1.2e-7.
"""


def find(facts: Facts) -> Finding | None:
    """Find the first layer all whose units are the same."""
    weights = facts.weights
    layer = next((each for each in facts.hidden if is_symmetric(facts, each)), None)
    if weights is None or layer is None:
        return None
    units = len(weights[1][f"{layer}.weight"])
    remedy = cure(facts)
    words = (
        f"All {units} units of {layer_name(layer)} have the same weights, so they get the "
        "same gradient and never part: symmetric."
    )
    return Finding("bad", words, step=weights[0], where=layer, remedy=remedy)


def is_symmetric(facts: Facts, layer: str) -> bool:
    """Whether a hidden layer's units are equal, in what comes in and in what goes out.

    With different weights going out they get different gradients, and part. Dropout parts them,
    too.
    """
    at_step = facts.weights
    if at_step is None or not facts.is_mlp or _has_dropout(facts):
        return False
    weights = at_step[1]
    following = facts.layers[facts.layers.index(layer) + 1]
    incoming, outgoing = weights[f"{layer}.weight"], weights[f"{following}.weight"]
    if len(incoming) < 2:
        return False
    # What goes out of a unit: of a channel, all that comes of its places.
    outgoing = outgoing.swapaxes(0, 1).reshape(len(incoming), -1)
    parts = [incoming, outgoing, weights[f"{layer}.bias"]]
    if not all(np.isfinite(part).all() for part in parts):
        return False
    return all((np.abs(part - part[:1]) <= SAME * np.abs(part[:1])).all() for part in parts)


def cure(facts: Facts) -> Remedy:
    """Return random weights of the right size, which is what breaks the symmetry."""
    passing = all(map(passes, hidden_activations(facts)))
    name, label = ("kaiming_normal", "He") if passing else ("xavier_normal", "Xavier")
    return Remedy(f"random weights ({label})", changed(facts, "init.weight", name))


def _has_dropout(facts: Facts) -> bool:
    layers = [table for _, table in facts.layer_tables.values()]
    return any(each.get("dropout") for each in (facts.model, *layers))


def judge(facts: Facts, layer: str) -> Verdict | None:
    """Judge one hidden layer's units."""
    if layer not in facts.hidden or not is_symmetric(facts, layer):
        return None
    return Verdict("stuck", "bad")


RULE: Final = Rule("symmetric", find, judge=judge, explains="vanishing plateau")
