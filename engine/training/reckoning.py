"""What a step takes, reckoned from an experiment alone: the same on every machine.

What is measured beside training is done so often that it takes a share of a run's time. Were that
time measured, the same run would have other rows on another machine, or on another day.
"""

from __future__ import annotations

from typing import Final

from ..experiment.experiment import Experiment
from ..gradients.manual.method import lacking

STEP_SECONDS: Final = 2e-6
"""What the smallest network takes for a step, as compiled."""

OPERATIONS_SECONDS: Final = 100e-6
"""What it takes where the operations of autograd are called one by one."""

MEASUREMENT_SECONDS: Final = 3e-6
"""What the probe takes to look at the smallest network, and to record what it saw."""

SLOPE_PRODUCTS: Final = 10
"""Products that take as long as one slope of an activation."""

NUMBERS_PER_SECOND: Final = 2e9
"""Weights whose norm a core computes, and that of their update."""

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
    calls = OPERATIONS_SECONDS if _calls_operations(experiment) else STEP_SECONDS
    return calls + rows * products(experiment) / PRODUCTS_PER_SECOND


def measurement_seconds(experiment: Experiment, rows: int, units: int) -> float:
    """Return about what the probe takes to look at one member.

    Args:
        experiment: What is trained.
        rows: Rows of data that go through the network.
        units: How many units have a slope that is looked at, in every place of a picture; 0 where
            no data goes through.
    """
    passed = rows * (products(experiment) + SLOPE_PRODUCTS * units) if units else 0
    # An operation is called once for several steps that are measured.
    calls = OPERATIONS_SECONDS / 10 if _calls_operations(experiment) else MEASUREMENT_SECONDS
    return calls + passed / PRODUCTS_PER_SECOND + experiment.parameters / NUMBERS_PER_SECOND


def _calls_operations(experiment: Experiment) -> bool:
    """Return whether an experiment's steps are compiled nowhere."""
    asked = experiment.train.gradients
    return asked not in ("auto", "manual") or bool(lacking(experiment))
