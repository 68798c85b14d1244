"""Changes that several rules advise, made to fit the experiment at hand.

Each function returns None where the experiment already has what it would advise, so that a rule
can go on to its next best advice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from ..components.activations import ACTIVATIONS
from .evidence import Facts
from .finding import Remedy

FIRST_STEP: Final = 0.03
"""The share of their norm by which the first step may move the weights. Later ones are usual at
1e-3; the first gradients are the largest."""

MOST_SLOWER: Final = 1e5
"""By how much a learning rate is made smaller at most."""

SMALL_WEIGHTS: Final = 0.2
"""The standard deviation of first weights, times the root of how many go into a unit, below which
a signal dies out: He's and Xavier's make that 1 to 1.4, PyTorch's default 0.58."""

LINEAR_OUTPUT: Final = Remedy("a linear output layer", ("model.output_activation=identity",))

HE: Final = ("kaiming_normal", "kaiming_uniform")
XAVIER: Final = ("xavier_normal", "xavier_uniform", "orthogonal")


def passes(activation: str) -> bool:
    """Whether gradients pass an activation undiminished; of an unknown one nobody knows."""
    return activation in ACTIVATIONS and ACTIVATIONS[activation].traits.passes


def changed(facts: Facts, key: str, value: str) -> tuple[str, ...]:
    """Return the changes that set a key of the model, and of every layer that has its own."""
    top = key.partition(".")[0]
    tables = facts.layer_tables.values()
    of_layers = (f"{where}.{key}={value}" for where, table in tables if top in table)
    return (f"model.{key}={value}", *of_layers)


def sized_weights(facts: Facts) -> Remedy | None:
    """Return an initialisation that fits the activation: He's for ReLU and its like, else Xavier's.

    He et al. 2015 and Glorot and Bengio 2010: the variance that keeps a signal's size from layer
    to layer.
    """
    if not facts.is_mlp:
        return None
    passing = all(map(passes, hidden_activations(facts)))
    name, label = ("kaiming_normal", "He") if passing else ("xavier_normal", "Xavier")
    weights = (_table(init.get("weight")) for init in _inits(facts))
    names = {str(weight.get("name", "default")) for weight in weights}
    if names <= set(HE if passing else XAVIER):
        unbiased = no_bias(facts)
        return Remedy("biases of 0", unbiased) if unbiased else None
    changes = (*changed(facts, "init.weight", name), *no_bias(facts))
    return Remedy(f"{label} initialisation", changes)


def starts_small(facts: Facts) -> bool:
    """Whether a layer's first weights are far smaller than what keeps a signal's size."""
    return any(
        np.sqrt(np.mean(np.square(each, dtype=float)) * each[0].size) < SMALL_WEIGHTS
        for each in facts.first_weights.values()
    )


def passing_activations(facts: Facts) -> Remedy | None:
    """Return an activation that passes gradients on, with the initialisation made for it."""
    if not facts.is_mlp or all(map(passes, hidden_activations(facts))):
        return None
    return rectified(facts, "relu", "ReLU")


def rectified(facts: Facts, name: str, label: str) -> Remedy:
    """Return a change to an activation of ReLU's kind, with the initialisation made for it."""
    return Remedy(
        label=f"{label} with He initialisation",
        changes=(
            *changed(facts, "activation", name),
            *changed(facts, "init.weight", "kaiming_normal"),
            *no_bias(facts),
        ),
    )


def normalisation(facts: Facts) -> Remedy | None:
    """Return a normalisation between the layers (Ioffe and Szegedy 2015; Ba et al. 2016)."""
    if not facts.is_mlp or facts.model.get("normalisation", "none") != "none":
        return None
    kind = "batch" if _batches_have_spread(facts) else "layer"
    return Remedy(f"{kind} normalisation", changed(facts, "normalisation", kind))


def no_bias(facts: Facts) -> tuple[str, ...]:
    """Return the changes that start biases at 0, where they all start at another number."""
    biases = [_table(init.get("bias")) for init in _inits(facts)]
    shifted = any(table.get("name") == "constant" and table.get("val") for table in biases)
    return changed(facts, "init.bias", "0") if shifted else ()


def slower(facts: Facts) -> Remedy | None:
    """Return the experiment with a smaller learning rate: a tenth, or as small as it has to be for
    the first step to move the weights by ``FIRST_STEP`` of themselves.
    """
    lr = facts.own_lr
    if not lr > 0:
        return None
    less = max(min(lr / 10, _first_step_lr(facts)), lr / MOST_SLOWER)
    less = float(f"{less:.3g}") if less == lr / 10 else float(f"{less:.0e}")
    return Remedy(f"a learning rate of {less:g}", (f"optimizer.lr={less:g}",))


def _first_step_lr(facts: Facts) -> float:
    """Return the rate at which plain descent's first step is small beside the first weights."""
    optimizer = facts.table("optimizer")
    gradient = facts.first("grad_norm")
    weights = math.hypot(*(float(np.linalg.norm(each)) for each in facts.first_weights.values()))
    if not facts.descends or not (gradient > 0 and weights > 0):
        return math.inf
    momentum = float(optimizer.get("momentum", 0.0))
    return FIRST_STEP * weights / gradient * max(1 - momentum, 0.01)


def hidden_activations(facts: Facts) -> list[str]:
    """Return the hidden layers' activations."""
    return [facts.activations[layer] for layer in facts.hidden if layer in facts.activations]


def _inits(facts: Facts) -> list[Mapping[str, Any]]:
    """Return the model's table ``init`` and those that layers have of their own."""
    layers = [table for _, table in facts.layer_tables.values()]
    return [_table(each.get("init")) for each in (facts.model, *layers) if "init" in each]


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _batches_have_spread(facts: Facts) -> bool:
    """Whether every batch has the two rows that batch normalisation needs."""
    size = facts.table("train").get("batch_size", "full")
    rows = facts.header.rows[0] if facts.header.rows else 0
    if not isinstance(size, int):
        return rows != 1
    least = (rows % min(size, rows) if rows else 0) or size
    return least >= 2
