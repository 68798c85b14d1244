"""Inputs or targets that are not scaled: numbers far from the size that networks are made for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..evidence import Facts
from ..finding import Finding, Remedy, Rule
from ..symptoms import has_diverged, is_guessing
from ..words import number
from .dead import GROWN, dead_share
from .diverged import is_raised
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
    inputs, targets = facts.header.input_size, facts.header.target_size
    data = facts.table("data")
    bad_inputs = _is_off(inputs) and data.get("scale_inputs", "none") == "none"
    bad_targets = _is_off(targets) and data.get("scale_targets", "none") == "none"
    if not (facts.rows and (bad_inputs or bad_targets)):
        return None
    symptom = _symptom(facts)
    if not symptom:
        return None
    remedy = cure(facts, bad_inputs, bad_targets)
    said = [
        *([_said("inputs", inputs, _column(facts))] if bad_inputs else []),
        *([_said("targets", targets, "")] if bad_targets else []),
    ]
    return Finding(
        severity="bad",
        words=f"The {' and the '.join(said)}: not scaled. {symptom}",
        advice=f"Try {remedy.label}." if remedy else "Bring them to about -1 to 1.",
        remedy=remedy,
    )


def _is_off(size: Mapping[str, float]) -> bool:
    if not size:
        return False
    return size.get("column_rms", 1.0) > LARGE or 0 < size.get("rms", 1.0) < SMALL


def _symptom(facts: Facts) -> str:
    """Return what shows that this does harm, in a sentence; empty where nothing does."""
    if has_diverged(facts) and not is_raised(facts):
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


def cure(facts: Facts, bad_inputs: bool, bad_targets: bool) -> Remedy | None:
    """Return the scaling of inputs, targets or both, as one change to the experiment."""
    data = facts.table("data")
    if (keys := facts.scaled_by) is not None:
        divisor, greatest = keys
        return Remedy(label=f"dividing by {greatest}", changes=(f"data.{divisor}={greatest}",))
    inputs, targets = facts.header.input_size, facts.header.target_size
    scale_inputs = bad_inputs or (_also(inputs) and data.get("scale_inputs", "none") == "none")
    scale_targets = bad_targets or (_also(targets) and data.get("scale_targets", "none") == "none")
    changes = []
    if scale_inputs:
        how = "range" if _hardly_vary(inputs) else "standard"
        changes.append(f"data.scale_inputs={how}")
    if scale_targets:
        # What a sigmoid or a ReLU cannot give is not to be asked of it.
        linear = facts.model.get("output_activation", "identity") == "identity"
        changes.append(f"data.scale_targets={'standard' if linear else 'range'}")
    what = " and ".join(
        [*(["inputs"] if scale_inputs else []), *(["targets"] if scale_targets else [])]
    )
    return Remedy(label=f"scaling the {what}", changes=tuple(changes))


def _also(size: Mapping[str, float]) -> bool:
    return size.get("column_rms", 1.0) > ALSO


def _hardly_vary(size: Mapping[str, float]) -> bool:
    return size.get("narrowest", 1.0) < NARROW * size.get("widest", 1.0) and size["least"] >= 0


def _column(facts: Facts) -> str:
    """Return the name of the input that is the largest."""
    names, column = facts.header.input_names, int(facts.header.input_size.get("column", 0))
    return f" ({names[column]})" if len(names) > 1 and column < len(names) else ""


def _said(what: str, size: Mapping[str, float], column: str) -> str:
    least, greatest = size["least"], size["greatest"]
    return f"{what} go from {number(least)} to {number(greatest)}{column}"


RULE: Final = Rule(
    name="unscaled",
    search=find,
    word="not learning",
    explains=frozenset(
        {"dead", "saturated", "diverged", "plateau", "vanishing", "exploding", "same", "dropout"}
    ),
)
