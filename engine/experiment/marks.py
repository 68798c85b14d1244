"""Marks: steps worth stopping at, each with what is to be said there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from ..components.section import Positive, Section
from .training import MAX_STEPS

MarkEvent = Literal[
    "first_dead_unit", "first_saturated_unit", "all_right", "zero_gradient", "not_finite"
]
"""What a mark can wait for: see ``engine.training.marks``."""


class At(Section):
    """Where a mark stands: at a step that is known beforehand, or one that training finds."""

    step: Annotated[int, Field(ge=0, le=MAX_STEPS)] | None = None
    """The step, counted from 1; 0 is the untrained network."""
    epoch: Annotated[int, Field(ge=0, le=MAX_STEPS)] | None = None
    """The end of this epoch; 0 is the untrained network."""
    loss_below: Positive | None = None
    """The first step whose training loss is below this."""
    event: MarkEvent | None = None
    """The first step at which this happens: a hidden unit is found dead or saturated by the probe
    (at one of the steps it measures), every row of the step's batch is right, every gradient is
    exactly 0, or the loss is no finite number."""

    def _problems(self) -> Iterator[str]:
        places = [getattr(self, key) for key in At.model_fields]
        if sum(place is not None for place in places) != 1:
            yield "set exactly one of step, epoch, loss_below and event, as in at = { epoch = 50 }"


class Mark(Section):
    """A step with a title and a note, where a replay can pause."""

    at: At
    """Where it stands."""
    title: str = Field(max_length=200)
    """What is to be seen there, in a few words."""
    note: str = Field(default="", max_length=10_000)
    """What to say about it. Numbers between braces are filled in from the run when the mark is
    reached: ``{loss}`` at the mark's own step, ``{loss@100}``, ``{accuracy %}``, ``{dev/loss}``,
    ``{grad_norm/layer1.weight@1 / grad_norm/layer5.weight@1}``. ``{loss@20 = 0.138}`` says what is
    expected, and ``epochal check --figures`` compares it with a training; ``~`` is within a tenth,
    ``<`` and ``>`` are what they look like. ``{{`` and ``}}`` are braces."""
    pause: bool = False
    """Whether a replay pauses there."""
    of: str = Field(default="", max_length=200)
    """The preset whose mark this is, where the experiment is no longer what that one describes:
    it is listed as that preset's, and not announced. Written by epochal."""


class Origin(Section):
    """Where an experiment comes from that is no longer what its preset describes."""

    preset: str = Field(default="", max_length=200)
    """The name of the preset it was made from."""
    changed: list[str] = Field(default=[], max_length=1000)
    """What differs from that, in words."""
    file: str = Field(default="", max_length=4096)
    """The file whose rows took the place of the preset's data."""
    own_about: bool = False
    """Whether ``about`` is the experiment's own, and not the preset's."""
