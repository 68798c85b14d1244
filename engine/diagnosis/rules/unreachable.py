"""Targets out of reach: numbers that the output layer's activation can never give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ...components.activations import ACTIVATIONS
from ..evidence import Facts
from ..finding import Finding, Rule
from ..remedies import LINEAR_OUTPUT
from ..words import number

PART: Final = 0.01
"""The share of a target's range that must be out of reach to matter.

Measured: of ``function-set-shifted``'s first target 57 % are; of the same targets standardised to
mean 0, 24 to 30 %, and they fail as well. A rounding error is none.
"""


def find(facts: Facts) -> Finding | None:
    """Find the target that reaches the farthest out of the output's range."""
    name = str(facts.model.get("output_activation", "identity"))
    ranges: Sequence[Sequence[float]] = getattr(facts.header, "target_range", None) or ()
    if not facts.is_mlp or name not in ACTIVATIONS or not ranges:
        return None
    low, high = ACTIVATIONS[name].traits.range
    parts = [_part_outside(least, greatest, low, high) for least, greatest in ranges]
    worst = max(range(len(parts)), key=lambda index: parts[index])
    if parts[worst] <= PART:
        return None
    least, greatest = ranges[worst]
    words = f"{_target(facts, worst)} {_said(name, least, greatest, low, high)}: out of reach."
    return Finding(
        "bad",
        words,
        where=facts.layers[-1] if facts.layers else "",
        advice=f"Try {LINEAR_OUTPUT.label}, or scale the targets into its range.",
        remedy=LINEAR_OUTPUT,
    )


def _part_outside(least: float, greatest: float, low: float, high: float) -> float:
    """Return the share of [least, greatest] that lies outside [low, high]."""
    outside = max(0.0, min(low, greatest) - least) + max(0.0, greatest - max(high, least))
    if greatest > least:
        return outside / (greatest - least)
    return 1.0 if least < low or greatest > high else 0.0


def _target(facts: Facts, index: int) -> str:
    names = facts.header.target_names
    return f"Target {names[index]}" if index < len(names) else f"Target {index + 1}"


def _said(name: str, least: float, greatest: float, low: float, high: float) -> str:
    if low - least > greatest - high:
        return f"goes down to {number(least)}, and {name} gives nothing below {number(low)}"
    return f"goes up to {number(greatest)}, and {name} gives nothing above {number(high)}"


RULE: Final = Rule("unreachable", find, word="out of reach", explains="plateau dead saturated cut")
