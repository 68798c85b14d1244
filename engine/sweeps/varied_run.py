"""A run that is asked for, and comes to be a sweep where its networks have several shapes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import PresetError, RunError
from ..experiment.sweep import Sweep
from ..presets import preset as presets
from ..presets.preset import Preset
from .headless import sweep_of
from .order import Order, asked_for


@dataclass(frozen=True, kw_only=True)
class RunOrder:
    """A run that is asked for, which may come to be a sweep."""

    reference: str
    """A preset."""
    overrides: list[str]
    """What is changed of it."""
    population: list[str]
    """The same, and the population that is asked for."""
    vary: list[str]
    """What is to vary, as texts."""
    seeds: int | None
    runs_dir: Path
    device: str
    allow_code: bool
    as_json: bool
    quiet: bool
    told: bool
    """Whether it is to be told of step by step."""


def run_or_sweep(order: RunOrder) -> Preset | int:
    """Return the preset that is to be run; or sweep it, and return the exit status.

    It is swept where it says so itself, and where what is to vary is no population: networks of
    several shapes.

    Raises:
        PresetError: With everything that is wrong with it.
    """
    base = presets.load(order.reference, order.overrides)
    refused = None
    if base.experiment.sweep == Sweep():
        try:
            return presets.load(order.reference, order.population)
        except PresetError as error:
            if not order.vary:
                raise
            refused = error
    sweep = Order(
        references=(order.reference,),
        runs_dir=order.runs_dir,
        overrides=tuple(order.overrides),
        grid=tuple(order.vary),
        said_with="--vary",
        seeds=order.seeds,
        device="cpu" if order.device == "auto" else order.device,
        allow_code=order.allow_code,
        form="json" if order.as_json else "text",
        quiet=order.quiet,
    )
    try:
        asked = asked_for(sweep)
    except PresetError:
        # What holds neither way is refused as the population that it was meant to be.
        if refused is not None:
            raise refused from None
        raise
    if order.told:
        raise RunError(
            f"{order.reference}: is a sweep, of which each group has its own log: epochal show "
            "SWEEP/group-1 --log; leave out --log-every and --improvements"
        )
    return sweep_of(sweep, asked)
