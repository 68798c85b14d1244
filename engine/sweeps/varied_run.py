"""A run that is asked for, and comes to be a sweep where its networks have several shapes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from ..errors import PresetError, RunError
from ..experiment.sweep import Sweep
from ..presets import preset as presets
from ..presets.preset import Preset
from .headless import sweep_of
from .order import Order, asked_for


def run_or_sweep(
    order: Order, population: Sequence[str], *, told: bool
) -> Preset | Callable[[], int]:
    """Return the preset that is to be run; or what sweeps it, and returns the exit status.

    It is swept where it says so itself, and where what is to vary is no population: networks of
    several shapes.

    Args:
        order: The sweep that it may come to be, of one preset.
        population: What is changed of the preset, and the population that is asked for.
        told: Whether it is to be told of step by step.

    Raises:
        PresetError: With everything that is wrong with it.
    """
    (reference,), refused = order.references, None
    if presets.load(reference, order.overrides).experiment.sweep == Sweep():
        try:
            return presets.load(reference, population)
        except PresetError as error:
            if not order.grid:
                raise
            refused = error
    try:
        asked = asked_for(order)
    except PresetError:
        # What holds neither way is refused as the population that it was meant to be.
        if refused is not None:
            raise refused from None
        raise
    if told:
        raise RunError(
            f"{reference}: is a sweep, of which each group has its own log: epochal show "
            "SWEEP/group-1 --log; leave out --log-every and --improvements"
        )
    return functools.partial(sweep_of, order, asked)
