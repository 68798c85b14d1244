"""How many steps' random numbers are drawn together.

Seeding a generator for every step would cost more than the step. A unit is a function of the
experiment alone, so that what a step draws does not depend on how steps are grouped into blocks.
"""

from __future__ import annotations

from typing import Final

from .experiment import Experiment

UNIT_STEPS: Final = 256
"""Steps whose random numbers are drawn together at most."""

FRESH_NUMBERS: Final = 16_000_000
"""Inputs that are drawn together at most: with large batches a unit has fewer steps."""

MASK_NUMBERS: Final = 250_000
"""Numbers of dropout's masks that are drawn together for one member at most."""


def fresh_unit(experiment: Experiment) -> int:
    """Return for how many steps fresh rows are drawn together."""
    return _unit(experiment.batch_rows * experiment.widths[0], FRESH_NUMBERS)


def mask_unit(experiment: Experiment) -> int:
    """Return for how many steps the masks of dropout are drawn together."""
    dropped = zip(experiment.widths[1:], experiment.model.dropouts, strict=True)
    units = sum(units for units, share in dropped if share)
    return _unit(experiment.batch_rows * units, MASK_NUMBERS)


def _unit(numbers: int, most: int) -> int:
    return max(1, min(UNIT_STEPS, most // max(1, numbers)))
