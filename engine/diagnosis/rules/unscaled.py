"""Inputs or targets that are not scaled: numbers far from the size that networks are made for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..evidence import Facts
from ..finding import Finding, Remedy, Rule
from ..symptoms import has_diverged, is_guessing
from ..words import number
from .dead import GROWN, dead_share
from .saturated import MANY, saturated_share

LARGE: Final = 20.0
"""The root of a column's mean square above which it is large.

Initial weights and learning rates are made for numbers around 1 (LeCun et al. 1998, "Efficient
BackProp", 4.3). Measured: the targets of ``sum-of-30`` are at 15 and those of ``function-set`` at
7, and both are learned; of ``sum-of-30-unscaled`` at 1500, which Adam learns all the same.
"""

ALSO: Final = 3.0
"""Above this, one of the two is scaled as well where the other one has to be."""

SMALL: Final = 0.02
"""The root of the mean square below which all of them together are small."""

NARROW: Final = 0.05
"""The share of the widest column's spread below which a column hardly varies: divided by its own
spread, its few exceptions would become huge, so such inputs are better brought to 0 … 1."""


def find(facts: Facts) -> Finding | None:
    """Find which of the two have another size, where the run is in trouble."""
    unscaled = _unscaled(facts, LARGE)
    if not (facts.rows and unscaled and (symptom := _symptom(facts))):
        return None
    said = [
        f"{what} go from {number(size['least'])} to {number(size['greatest'])}"
        + (_column(facts) if what == "inputs" else "")
        for what, size in unscaled.items()
    ]
    words = f"The {' and the '.join(said)}: not scaled. {symptom}"
    return Finding("bad", words, remedy=cure(facts))


def _unscaled(facts: Facts, large: float) -> dict[str, Mapping[str, float]]:
    """Return the sizes of inputs and targets that are large or small, and left as they are."""
    data = facts.table("data")
    sizes = {"inputs": facts.header.input_size, "targets": facts.header.target_size}
    return {
        what: size
        for what, size in sizes.items()
        if data.get(f"scale_{what}", "none") == "none"
        and (size.get("column_rms", 1.0) > large or 0 < size.get("rms", 1.0) < SMALL)
    }


def _symptom(facts: Facts) -> str:
    """Return what shows that this does harm, in a sentence; empty where nothing does."""
    if has_diverged(facts) and not facts.raised:
        return "The loss has diverged."
    if any(_died(facts, layer) for layer in facts.hidden):
        return "The units of a layer have died."
    if any(saturated_share(facts, layer) > MANY for layer in facts.hidden[:1]):
        return "The first layer's units are saturated."
    if is_guessing(facts):
        return "The loss is no better than that of one answer for every row."
    return ""


def _died(facts: Facts, layer: str) -> bool:
    """Whether a layer was alive when the run began and is dead now."""
    first = facts.probe(f"dead/{layer}", first=True)
    return dead_share(facts, layer) == 1 and (first is None or first[1] < 1 - GROWN)


def cure(facts: Facts) -> Remedy:
    """Return the scaling of inputs, targets or both, as one change to the experiment."""
    if (keys := facts.scaled_by) is not None:
        divisor, greatest = keys
        return Remedy(f"dividing by {greatest}", (f"data.{divisor}={greatest}",))
    unscaled = _unscaled(facts, ALSO)
    # What a sigmoid or a ReLU cannot give is not to be asked of it.
    linear = facts.model.get("output_activation", "identity") == "identity"
    size = facts.header.input_size
    varies = size.get("narrowest", 1.0) >= NARROW * size.get("widest", 1.0)
    fits = {"inputs": varies or size.get("least", 0.0) < 0, "targets": linear}
    changes = (f"data.scale_{what}={'standard' if fits[what] else 'range'}" for what in unscaled)
    return Remedy(f"scaling the {' and '.join(unscaled)}", tuple(changes))


def _column(facts: Facts) -> str:
    """Return the name of the input that is the largest."""
    names, column = facts.header.input_names, int(facts.header.input_size.get("column", 0))
    return f" ({names[column]})" if len(names) > 1 and column < len(names) else ""


RULE: Final = Rule(
    "unscaled",
    find,
    word="not learning",
    explains="dead saturated diverged plateau vanishing exploding same dropout",
)
