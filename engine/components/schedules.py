"""The learning-rate schedules: each a table of a preset that names a class of PyTorch's.

A class holds the keys; its field names are the arguments of the class in
``torch.optim.lr_scheduler`` and its defaults are PyTorch's where PyTorch has one. A schedule
ticks once an epoch, once a step where there are no epochs. To add a schedule, add its class here
and to ``Schedule``; one that leaves out a part fails on import.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field
from typing_extensions import override

from ..errors import EpochalError
from .section import Count, Fraction, NonNegative, Positive, Section, check_whole, is_entry, named

Ticks = Annotated[int, Field(ge=0, le=1_000_000_000)]
"""Epochs, or steps where there are no epochs."""


class ScheduleBase(Section):
    """What every schedule has."""

    torch_name: ClassVar[str | None]
    """The name of its class in ``torch.optim.lr_scheduler``; None where it needs none."""
    needs_measurement: ClassVar[bool]
    """Whether it looks at a measurement: the dev set's where there is one."""

    warmup: Ticks = 0
    """Epochs over which the learning rate first rises in a line from nearly 0 (steps, where
    there are no epochs); the schedule begins after them."""

    @property
    def moves(self) -> bool:
        """Whether the learning rate changes by itself."""
        return bool(self.torch_name or self.warmup)

    @property
    def watches(self) -> Literal["loss", "accuracy"]:
        """What it looks at, where it looks at anything."""
        return "loss"

    def arguments(self, ticks: int) -> dict[str, Any]:
        """Return what PyTorch's class is made with, beside the optimizer.

        Args:
            ticks: How many there are in the run, after the warm-up.
        """
        return self.model_dump(exclude={"name", "warmup"}, exclude_none=True)

    def rate(self, lr: str, tick: str, ticks: int) -> str:
        """Return the learning rate after so many ticks, as Python.

        Args:
            lr: What the rate that it begins with is called there.
            tick: What their number is called there.
            ticks: How many there are in the run, after the warm-up.

        Raises:
            EpochalError: It hangs on what is measured.
        """
        name = type(self).model_fields["name"].default
        raise EpochalError(f"schedule.name: the rates of {name!r} are no formula of the step")

    @classmethod
    def __pydantic_init_subclass__(cls, **given: Any) -> None:
        """Hold every schedule to be whole.

        Raises:
            TypeError: Naming it and what it lacks.
        """
        if is_entry(cls):
            parts = ("name", "torch_name", "needs_measurement")
            measured = getattr(cls, "needs_measurement", False)
            check_whole(cls, ScheduleBase, parts if measured else (*parts, "rate"))


class ConstantRate(ScheduleBase):
    """The learning rate stays as it is."""

    torch_name = None
    needs_measurement = False
    name: Literal["constant"] = "constant"

    @override
    def rate(self, lr: str, tick: str, ticks: int) -> str:
        return lr


class Step(ScheduleBase):
    """The learning rate is multiplied by a factor every so many epochs."""

    torch_name = "StepLR"
    needs_measurement = False
    name: Literal["step"] = "step"
    step_size: Count = 100
    """Epochs from one change to the next (steps, where there are no epochs)."""
    gamma: Positive = 0.1
    """The factor."""

    @override
    def rate(self, lr: str, tick: str, ticks: int) -> str:
        return f"{lr} * {self.gamma!r} ** ({tick} // {self.step_size})"


class Exponential(ScheduleBase):
    """The learning rate is multiplied by a factor every epoch."""

    torch_name = "ExponentialLR"
    needs_measurement = False
    name: Literal["exponential"] = "exponential"
    gamma: Positive = 0.99
    """The factor."""

    @override
    def rate(self, lr: str, tick: str, ticks: int) -> str:
        return f"{lr} * {self.gamma!r} ** {tick}"


class Cosine(ScheduleBase):
    """The learning rate falls along half a cosine (Loshchilov and Hutter 2017)."""

    torch_name = "CosineAnnealingLR"
    needs_measurement = False
    name: Literal["cosine"] = "cosine"
    T_max: Count | None = None
    """Epochs until it is at its least (steps, where there are no epochs); the whole run where
    this is left out."""
    eta_min: NonNegative = 0.0
    """The least learning rate."""

    def arguments(self, ticks: int) -> dict[str, Any]:
        """Return PyTorch's arguments; the fall takes the whole run unless it is said."""
        return {"T_max": max(ticks, 1)} | super().arguments(ticks)

    @override
    def rate(self, lr: str, tick: str, ticks: int) -> str:
        fall = f"(1 + math.cos(math.pi * {tick} / {self.T_max or max(ticks, 1)})) / 2"
        return f"{self.eta_min!r} + ({lr} - {self.eta_min!r}) * {fall}"


class Plateau(ScheduleBase):
    """The learning rate is cut when the loss stops falling, or the accuracy rising."""

    torch_name = "ReduceLROnPlateau"
    needs_measurement = True
    name: Literal["plateau"] = "plateau"
    monitor: Literal["loss", "accuracy"] = "loss"
    """What it looks at: of the dev set where there is one, else of the batch."""
    factor: Fraction = 0.1
    """What it is multiplied by."""
    patience: Ticks = 10
    """Measurements without a better one before it is cut."""
    threshold: NonNegative = 1e-4
    """What counts as better, as a share of the best so far."""
    cooldown: Ticks = 0
    """Measurements to wait after a cut."""
    min_lr: NonNegative = 0.0
    """The least learning rate."""
    warmup: Literal[0] = 0
    """This schedule has no warm-up."""

    @property
    def watches(self) -> Literal["loss", "accuracy"]:
        """What is to fall or to rise."""
        return self.monitor

    def arguments(self, ticks: int) -> dict[str, Any]:
        """Return PyTorch's arguments, which say whether more or less is better."""
        arguments = super().arguments(ticks)
        return arguments | ({"mode": "max"} if arguments.pop("monitor") == "accuracy" else {})


Schedule = Annotated[
    ConstantRate | Step | Exponential | Cosine | Plateau,
    Field(discriminator="name"),
    BeforeValidator(named("constant")),
]
"""A schedule's table, told apart by ``name``."""
