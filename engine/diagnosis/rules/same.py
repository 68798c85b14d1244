"""The same answer for every row: the commonest class, which is right often enough to deceive."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..evidence import Facts
from ..finding import Finding, Rule
from ..symptoms import is_guessing_on
from ..words import percent

COMMON: Final = 0.7
"""The share of a class above which naming it always looks like having learned something."""

LAST: Final = 10
"""Measurements in a row that must show it."""

EQUAL: Final = 1e-5
"""The difference up to which an accuracy is a class's share: accuracies are kept in float32."""


def find(facts: Facts) -> Finding | None:
    """Find an accuracy that is the commonest class's share, and a loss that is no better."""
    shares = facts.class_shares("train")
    if not shares or max(shares) < COMMON:
        return None
    common = max(range(len(shares)), key=lambda index: shares[index])
    measured = facts.class_shares("dev")
    group = "dev" if measured else "train"
    accuracy = facts.newest(group, "accuracy", LAST)
    share = (measured or shares)[common]
    if len(accuracy) < LAST or not (np.abs(accuracy - share) < EQUAL).all():
        return None
    if not is_guessing_on(facts, group):
        return None
    names = facts.header.target_names
    name = names[common] if common < len(names) else str(common)
    words = (
        f"It says {name} for every row of the {group} set: right for {percent(share)}, the "
        "share of that class, and its loss is no better than if it never looked at a row."
    )
    return Finding(
        "warning",
        words,
        advice=(
            "More rows of the rarer classes help, and inputs that tell them apart; where these "
            'can, loss.class_weights = "balanced" lets the rarer ones count.'
        ),
    )


RULE: Final = Rule("same", find, word="not learning")
