"""Dead units: those whose activation is flat for every row, so that no gradient passes them.

Where the run was probed, the share of dead units is known. Without that, and of what came since, a
layer is known to be dead as a whole by what follows: its gradient, and that of every layer before
it, is exactly 0.
"""

from __future__ import annotations

from typing import Final

from ...components.activations import ACTIVATIONS
from ..evidence import Facts
from ..finding import Finding, Remedy, Rule, Verdict
from ..remedies import LINEAR_OUTPUT, rectified, slower
from ..words import layer_name, layer_names, percent

MANY: Final = 0.75
"""The share of a layer's units above which too little is left.

Measured: ``sum-of-30`` learns to add with 53 % of a layer's 60 units dead, and ``exploding-he``
starts with 44 % of 16, so half a layer is no fault. (CS231n warns at "as much as 40 %".)
"""

GROWN: Final = 0.25
"""The share of units that must have died since the first step for the learning rate to be why."""


def find(facts: Facts) -> Finding | None:
    """Find the layers that are dead, else the one with the most dead units."""
    if facts.layers and _dead_output(facts):
        return _output_finding(facts)
    shares = {layer: share for layer in facts.hidden if (share := dead_share(facts, layer)) > MANY}
    if not shares:
        return None
    gone = [layer for layer, share in shares.items() if share == 1]
    worst = gone[0] if gone else max(shares, key=lambda layer: shares[layer])
    dying = f"{percent(shares[worst])} of {layer_name(worst)}'s units are off for every row: dying."
    words = _gone(facts, gone) if gone else dying
    return Finding("bad" if gone else "warning", words, where=worst, remedy=cure(facts, worst))


def dead_share(facts: Facts, layer: str) -> float:
    """Return the share of a hidden layer's units that are dead, as far as anything says."""
    probed = facts.probe(f"dead/{layer}")
    if probed is None:
        return 1.0 if _is_cut_off(facts, layer) else 0.0
    step, share = probed
    # A run that is probed seldom may have gone on for long since, and its gradients tell of that.
    return 1.0 if step < facts.since and _is_the_last_cut_off(facts, layer) else share


def cure(facts: Facts, layer: str) -> Remedy | None:
    """Return smaller steps where training killed the units, else an activation nowhere flat."""
    first = facts.probe(f"dead/{layer}", first=True)
    grown = first is not None and dead_share(facts, layer) - first[1] > GROWN
    if grown or not facts.is_mlp:
        return slower(facts)
    return rectified(facts, "leaky_relu", "leaky ReLU")


def _gone(facts: Facts, gone: list[str]) -> str:
    without = [layer for layer in facts.layers if layer in facts.idle]
    told = f"No unit of {layer_names(gone)} is ever active: dead."
    if not without:
        return told
    what = "gradient of {} is" if len(without) == 1 else "gradients of {} are"
    return f"{told} The {what.format(layer_names(without))} exactly 0."


def _is_cut_off(facts: Facts, layer: str) -> bool:
    """Whether gradients stop at a layer, or somewhere behind it at one of its kind."""
    behind = facts.layers[facts.layers.index(layer) :]
    return (
        _can_die(facts, layer)
        and facts.loss > 0
        and layer in facts.idle
        and not _dead_output(facts)
        and any(each not in facts.idle for each in behind)
    )


def _is_the_last_cut_off(facts: Facts, layer: str) -> bool:
    """Whether gradients come as far as the layer behind one, and no further.

    Of those before it nothing is known by that: with no gradient to pass, any unit looks dead.
    """
    behind = facts.layers[facts.layers.index(layer) + 1 :]
    return bool(behind) and behind[0] not in facts.idle and _is_cut_off(facts, layer)


def _can_die(facts: Facts, layer: str) -> bool:
    """Whether a layer's activation has a derivative of exactly 0 over some range."""
    entry = ACTIVATIONS.get(facts.activations.get(layer, ""))
    return entry is not None and entry.traits.dies


def _dead_output(facts: Facts) -> bool:
    """Whether no gradient gets past the output layer's activation."""
    last = facts.layers[-1]
    return _can_die(facts, last) and facts.loss > 0 and len(facts.idle) == len(facts.layers)


def _output_finding(facts: Facts) -> Finding:
    last = facts.layers[-1]
    remedy = slower(facts) if facts.first("grad_norm") > 0 else None
    dead = f"{layer_name(last)}, the output, is flat for every row: dead"
    words = f"Every gradient is exactly 0: {dead}."
    return Finding("bad", words, where=last, remedy=remedy or LINEAR_OUTPUT)


def judge(facts: Facts, layer: str) -> Verdict | None:
    """Judge one layer's units."""
    if _dead_output(facts) and layer == facts.layers[-1]:
        return Verdict("dead", "bad")
    share = dead_share(facts, layer) if layer in facts.hidden else 0.0
    if share == 1:
        return Verdict("dead", "bad")
    return Verdict("dying", "warning") if share > MANY else None


RULE: Final = Rule("dead", find, judge=judge, explains="plateau")
