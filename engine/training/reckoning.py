"""What a step takes, reckoned from an experiment alone: the same on every machine.

What is measured beside training is done so often that it takes a share of a run's time. Were that
time measured, the same run would have other rows on another machine, or on another day.
"""

from __future__ import annotations

from typing import Final

from ..experiment.experiment import Experiment

STEP_SECONDS: Final = 2e-6
"""What the smallest network takes for a step, as compiled."""

PRODUCTS_PER_SECOND: Final = 50e9
"""Products that a core computes, where everything is in its cache."""


def products(experiment: Experiment) -> int:
    """Return how many products one row takes: a convolution has each weight in many places."""
    if experiment.model.layers:
        return sum(layer.products for layer in experiment.plan)
    return experiment.parameters


def step_seconds(experiment: Experiment) -> float:
    """Return about what one member takes for a step: no machine of today is much faster."""
    # Forward, and the derivatives of weights and of inputs.
    rows = 3 * experiment.batch_rows
    return STEP_SECONDS + rows * products(experiment) / PRODUCTS_PER_SECOND
