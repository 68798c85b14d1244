"""The optimizers: each a table of a preset that names a class of ``torch.optim``.

A class holds the keys; its field names are the arguments of PyTorch's class and its defaults
are PyTorch's, so the two cannot drift apart (a test compares them). The one exception is SGD's
learning rate: PyTorch's 0.001 hardly moves a small network. To add an optimizer, add its class
here and to ``Optimizer``.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from .section import Fraction, NonNegative, Positive, Section, named


class OptimizerBase(Section):
    """What every optimizer has."""

    torch_name: ClassVar[str]
    """The name of its class in ``torch.optim``; empty for the one that is written out."""

    lr: NonNegative
    """Learning rate."""
    weight_decay: NonNegative = 0.0
    """The share of each weight that is added to its gradient (for AdamW, taken off it)."""

    @property
    def arguments(self) -> dict[str, Any]:
        """What PyTorch's class is made with, beside the parameters."""
        return self.model_dump(exclude={"name"})


class SGD(OptimizerBase):
    """Gradient descent: a step of lr against the gradient, with momentum if it is set."""

    torch_name: ClassVar[str] = "SGD"
    name: Literal["sgd"] = "sgd"
    lr: NonNegative = 0.1
    """Learning rate."""
    momentum: NonNegative = 0.0
    """How much of the last update is kept in this one."""
    dampening: NonNegative = 0.0
    """How much of the gradient is left out of the momentum."""
    nesterov: bool = False
    """Look ahead by the momentum first (Nesterov)."""

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> SGD:
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            raise ValueError("nesterov: needs a momentum above 0 and dampening 0")
        return self


class Adagrad(OptimizerBase):
    """Divides by the root of all squared gradients so far (Duchi 2011)."""

    torch_name: ClassVar[str] = "Adagrad"
    name: Literal["adagrad"] = "adagrad"
    lr: NonNegative = 0.01
    """Learning rate."""
    lr_decay: NonNegative = 0.0
    """How fast the learning rate falls with the steps."""
    eps: Positive = 1e-10
    """Keeps the division from 0."""
    initial_accumulator_value: NonNegative = 0.0
    """Where the sum of squares starts."""


class Adadelta(OptimizerBase):
    """Scales by running means of squared gradients and updates (Zeiler 2012)."""

    torch_name: ClassVar[str] = "Adadelta"
    name: Literal["adadelta"] = "adadelta"
    lr: NonNegative = 1.0
    """Learning rate."""
    rho: Fraction = 0.9
    """How much of the running means is kept each step."""
    eps: Positive = 1e-6
    """Keeps the division from 0."""


class _AdamLike(OptimizerBase):
    """What the family of Adam shares."""

    lr: NonNegative = 0.001
    """Learning rate."""
    beta1: Fraction = 0.9
    """How much of the gradient's running mean is kept each step."""
    beta2: Fraction = 0.999
    """How much of the squared gradient's running mean is kept each step."""
    eps: Positive = 1e-8
    """Keeps the division from 0."""

    @property
    def arguments(self) -> dict[str, Any]:
        """PyTorch takes the two betas as a pair."""
        settings = super().arguments
        betas = settings.pop("beta1"), settings.pop("beta2")
        return {**settings, "betas": betas}


class Adam(_AdamLike):
    """Running means of the gradient and of its square (Kingma and Ba 2015)."""

    torch_name: ClassVar[str] = "Adam"
    name: Literal["adam"] = "adam"
    amsgrad: bool = False
    """Never let the squared mean fall (Reddi 2018)."""


class AdamW(_AdamLike):
    """Adam with the weight decay taken off the weights, not added to the gradient."""

    torch_name: ClassVar[str] = "AdamW"
    name: Literal["adamw"] = "adamw"
    weight_decay: NonNegative = 0.01
    """The share of each weight, times lr, that is taken off every step."""
    amsgrad: bool = False
    """Never let the squared mean fall (Reddi 2018)."""


class Adamax(_AdamLike):
    """Adam with the greatest gradient in place of the squared mean."""

    torch_name: ClassVar[str] = "Adamax"
    name: Literal["adamax"] = "adamax"
    lr: NonNegative = 0.002
    """Learning rate."""


class NAdam(_AdamLike):
    """Adam with Nesterov's look ahead (Dozat 2016)."""

    torch_name: ClassVar[str] = "NAdam"
    name: Literal["nadam"] = "nadam"
    lr: NonNegative = 0.002
    """Learning rate."""
    momentum_decay: NonNegative = 0.004
    """How the momentum grows with the steps."""


class RMSprop(OptimizerBase):
    """Divides by the root of a running mean of squared gradients (Hinton 2012)."""

    torch_name: ClassVar[str] = "RMSprop"
    name: Literal["rmsprop"] = "rmsprop"
    lr: NonNegative = 0.01
    """Learning rate."""
    alpha: Fraction = 0.99
    """How much of the running mean is kept each step."""
    eps: Positive = 1e-8
    """Keeps the division from 0."""
    momentum: NonNegative = 0.0
    """How much of the last update is kept in this one."""
    centered: bool = False
    """Divide by the standard deviation instead."""


class ByHand(OptimizerBase):
    """Gradient descent written out: subtract lr times the gradient, then clear the gradient."""

    torch_name: ClassVar[str] = ""
    name: Literal["by_hand"] = "by_hand"
    lr: NonNegative = 0.01
    """Learning rate."""
    weight_decay: Literal[0] = 0
    """The update written out has no weight decay."""


Optimizer = Annotated[
    SGD | Adagrad | Adadelta | Adam | AdamW | Adamax | NAdam | RMSprop | ByHand,
    Field(discriminator="name"),
    BeforeValidator(named("sgd")),
]
"""An optimizer's table, told apart by ``name``."""
