"""The activations: one row each, with PyTorch's module and the same function in numpy.

The numpy function serves viewers, which compute pictures from recorded weights without torch;
``tests/engine/components/test_activations.py`` holds the two together. To add an activation, add
its row.

Units are on the last axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Activation:
    """One activation."""

    about: str
    """Its formula, and a word on what it is known for."""
    module: str
    """The name of its class in ``torch.nn``."""
    numpy: Callable[[Array], Array]
    """The same function on arrays [..., units]."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What the class is made with."""
    range: tuple[float, float] = (-np.inf, np.inf)
    """The least and the greatest value it can reach or approach."""
    output_only: bool = False
    """Whether it mixes the units of a layer, and so only makes sense after the last."""
    dies: bool = False
    """Whether its slope is exactly 0 over some range, so that a unit there never learns."""
    steepest: float = 0.0
    """The greatest slope, where it falls off towards 0 on either side, so that a unit can
    saturate; 0 where it does not."""


def _sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), without overflow: both branches take exp of something negative."""
    e: Array = np.exp(-np.abs(z))
    sigmoid: Array = np.where(z >= 0, 1, e) / (1 + e)
    return sigmoid


def _softplus(z: Array) -> Array:
    """log(1 + exp(z)), as max(z, 0) + log(1 + exp(-|z|)), which cannot overflow."""
    softplus: Array = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    return softplus


def _erf(z: Array) -> Array:
    """The error function within 1.5e-7: Abramowitz and Stegun 1964, formula 7.1.26."""
    t = 1 / (1 + 0.3275911 * np.abs(z))
    poly = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    erf: Array = np.sign(z) * (1 - poly * np.exp(-z * z))
    return erf


def _log_softmax(z: Array) -> Array:
    shifted: Array = z - z.max(axis=-1, keepdims=True)
    log_softmax: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return log_softmax


ACTIVATIONS: Final[Mapping[str, Activation]] = {
    "identity": Activation(
        "z itself: several such layers are no more than one linear layer.",
        "Identity",
        lambda z: z,
    ),
    "sigmoid": Activation(
        "1 / (1 + exp(-z)), between 0 and 1; its slope is at most 1/4, so gradients vanish.",
        "Sigmoid",
        _sigmoid,
        range=(0.0, 1.0),
        steepest=0.25,
    ),
    "tanh": Activation(
        "(exp(z) - exp(-z)) / (exp(z) + exp(-z)), between -1 and 1; slope 1 at 0.",
        "Tanh",
        np.tanh,
        range=(-1.0, 1.0),
        steepest=1.0,
    ),
    "relu": Activation(
        "max(0, z): slope 1 or 0, so a unit that is never positive never learns.",
        "ReLU",
        lambda z: np.maximum(z, 0),
        range=(0.0, np.inf),
        dies=True,
    ),
    "leaky_relu": Activation(
        "z, or 0.01 z where z < 0: a unit can always come back.",
        "LeakyReLU",
        lambda z: np.where(z >= 0, z, np.float32(0.01) * z),
        arguments={"negative_slope": 0.01},
    ),
    "elu": Activation(
        "z, or exp(z) - 1 where z < 0: smooth, and never below -1.",
        "ELU",
        lambda z: np.where(z >= 0, z, np.expm1(np.minimum(z, 0))),
        range=(-1.0, np.inf),
        steepest=1.0,
    ),
    "gelu": Activation(
        "z times the normal distribution function of z; never below about -0.17.",
        "GELU",
        lambda z: z * 0.5 * (1 + _erf(z * np.float32(0.7071067811865476))),
        range=(-0.16997, np.inf),
        steepest=1.12891,
    ),
    "silu": Activation(
        "z times the sigmoid of z, also called swish; never below about -0.28.",
        "SiLU",
        lambda z: z * _sigmoid(z),
        range=(-0.27847, np.inf),
        steepest=1.09984,
    ),
    "softplus": Activation(
        "log(1 + exp(z)): a ReLU without the corner, always above 0.",
        "Softplus",
        _softplus,
        range=(0.0, np.inf),
        steepest=1.0,
    ),
    "hard_sigmoid": Activation(
        "z / 6 + 1/2, held between 0 and 1: a sigmoid made of three lines.",
        "Hardsigmoid",
        lambda z: np.clip(z / 6 + np.float32(0.5), 0, 1),
        range=(0.0, 1.0),
        dies=True,
        steepest=1 / 6,
    ),
    "hard_tanh": Activation(
        "z, held between -1 and 1: a tanh made of three lines.",
        "Hardtanh",
        lambda z: np.clip(z, -1, 1),
        range=(-1.0, 1.0),
        dies=True,
        steepest=1.0,
    ),
    "softmax": Activation(
        "exp(z) over the sum of all units' exp(z): probabilities of the classes.",
        "Softmax",
        lambda z: np.exp(_log_softmax(z)),
        arguments={"dim": -1},
        range=(0.0, 1.0),
        output_only=True,
    ),
    "log_softmax": Activation(
        "the logarithm of softmax, computed without its overflow.",
        "LogSoftmax",
        _log_softmax,
        arguments={"dim": -1},
        range=(-np.inf, 0.0),
        output_only=True,
    ),
}
"""Every activation by its name in a preset."""
