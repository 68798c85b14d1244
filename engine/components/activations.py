"""The activations: an entry each, with everything that is known of it.

To add one, add its entry: numpy, formulas and the lesson's text come from its rule. Where PyTorch
computes the same in fewer operations, a class in ``engine.gradients.manual.activations`` may stand
beside it, and a test holds it to the rule. An entry that leaves out a part fails on import.

Units are on the last axis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from .activation_rules import ActivationRule, Array, LayerRule

SATURATED: Final = 0.05
"""The share of its activation's greatest slope below which a unit's mean slope counts as none."""

FAR: Final = 10.0
"""From here on, on either side, every activation does what it does for good."""


@dataclass(frozen=True)
class Traits:
    """What an activation does to a unit and to its gradient."""

    range: tuple[float, float]
    """The least and the greatest value it can reach or approach."""
    passes: bool
    """Whether its slope is near 1 over a half-line, so that gradients pass undiminished."""
    dies: bool
    """Whether its slope is exactly 0 over some range, so that a unit there never learns."""
    steepest: float
    """The greatest slope, where it falls off towards 0 on either side, so that a unit can
    saturate; 0 where it does not."""
    in_losses: bool
    """Whether losses that take logits apply it themselves."""


@dataclass(frozen=True, kw_only=True)
class ActivationEntry:
    """Everything that is known of one activation."""

    about: str
    """Its formula, and a word on what it is known for."""
    module: str
    """The name of its class in ``torch.nn``."""
    rule: ActivationRule | LayerRule
    """The function and its slope."""
    traits: Traits
    """What that does to a unit and to its gradient."""
    arguments: Mapping[str, Any]
    """What the class in ``torch.nn`` is made with."""

    def numpy(self, z: Array) -> Array:
        """Return the same function of an array [..., units]."""
        return self.rule.numpy(z)

    @property
    def output_only(self) -> bool:
        """Whether it mixes the units of a layer, and so only makes sense after the last."""
        return isinstance(self.rule, LayerRule)

    @cached_property
    def minimum(self) -> tuple[float, float] | None:
        """The z at which it is least and its value there, where it falls before it rises."""
        if self.output_only:
            return None
        z = np.linspace(-FAR, FAR, 20_001)
        values = self.numpy(z)
        least = int(values.argmin())
        # What is level or rises from the left on has no minimum of its own.
        falls = values[0] - values[least] > 0.01 and np.isfinite(self.traits.range[0])
        return (float(z[least]), float(values[least])) if falls else None


def _log_softmax(z: Array) -> Array:
    shifted: Array = z - z.max(axis=-1, keepdims=True)
    log_softmax: Array = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return log_softmax


ACTIVATIONS: Final[Mapping[str, ActivationEntry]] = {
    "identity": ActivationEntry(
        about="z itself: several such layers are no more than one linear layer.",
        module="Identity",
        rule=ActivationRule("z", "1"),
        traits=Traits((-np.inf, np.inf), passes=False, dies=False, steepest=0.0, in_losses=False),
        arguments={},
    ),
    "sigmoid": ActivationEntry(
        about="1 / (1 + exp(-z)), between 0 and 1; its slope is at most 1/4, so gradients vanish.",
        module="Sigmoid",
        rule=ActivationRule("sigmoid(z)", "h * (1 - h)"),
        traits=Traits((0.0, 1.0), passes=False, dies=False, steepest=0.25, in_losses=True),
        arguments={},
    ),
    "tanh": ActivationEntry(
        about="(exp(z) - exp(-z)) / (exp(z) + exp(-z)), between -1 and 1; slope 1 at 0.",
        module="Tanh",
        rule=ActivationRule("tanh(z)", "1 - h**2"),
        traits=Traits((-1.0, 1.0), passes=False, dies=False, steepest=1.0, in_losses=False),
        arguments={},
    ),
    "relu": ActivationEntry(
        about="max(0, z): slope 1 or 0, so a unit that is never positive never learns.",
        module="ReLU",
        # Asked so that what is no number passes the derivative on, as in PyTorch.
        rule=ActivationRule("maximum(z, 0)", "where(z <= 0, 0, 1)"),
        traits=Traits((0.0, np.inf), passes=True, dies=True, steepest=0.0, in_losses=False),
        arguments={},
    ),
    "leaky_relu": ActivationEntry(
        about="z, or 0.01 z where z < 0: a unit can always come back.",
        module="LeakyReLU",
        rule=ActivationRule("where(z >= 0, z, 0.01 * z)", "where(z > 0, 1, 0.01)"),
        traits=Traits((-np.inf, np.inf), passes=True, dies=False, steepest=0.0, in_losses=False),
        arguments={"negative_slope": 0.01},
    ),
    "elu": ActivationEntry(
        about="z, or exp(z) - 1 where z < 0: smooth, and never below -1.",
        module="ELU",
        rule=ActivationRule("where(z >= 0, z, expm1(minimum(z, 0)))", "where(z > 0, 1, exp(z))"),
        traits=Traits((-1.0, np.inf), passes=True, dies=False, steepest=1.0, in_losses=False),
        arguments={},
    ),
    "gelu": ActivationEntry(
        about="z times the normal distribution function of z; never below about -0.17.",
        module="GELU",
        rule=ActivationRule("z * normal_cdf(z)", "normal_cdf(z) + z * normal_pdf(z)"),
        traits=Traits(
            (-0.16997, np.inf), passes=True, dies=False, steepest=1.12891, in_losses=False
        ),
        arguments={},
    ),
    "silu": ActivationEntry(
        about="z times the sigmoid of z, also called swish; never below about -0.28.",
        module="SiLU",
        rule=ActivationRule("z * s", "s * (1 + z * (1 - s))", {"s": "sigmoid(z)"}),
        traits=Traits(
            (-0.27847, np.inf), passes=True, dies=False, steepest=1.09984, in_losses=False
        ),
        arguments={},
    ),
    "mish": ActivationEntry(
        about="z times the tanh of softplus(z): smooth, like silu; never below about -0.31.",
        module="Mish",
        rule=ActivationRule("z * t", "t + z * (1 - t**2) * sigmoid(z)", {"t": "tanh(softplus(z))"}),
        traits=Traits(
            (-0.30885, np.inf), passes=True, dies=False, steepest=1.08850, in_losses=False
        ),
        arguments={},
    ),
    "softplus": ActivationEntry(
        about="log(1 + exp(z)): a ReLU without the corner, always above 0.",
        module="Softplus",
        rule=ActivationRule("softplus(z)", "sigmoid(z)"),
        traits=Traits((0.0, np.inf), passes=False, dies=False, steepest=1.0, in_losses=False),
        arguments={},
    ),
    "hard_sigmoid": ActivationEntry(
        about="z / 6 + 1/2, held between 0 and 1: a sigmoid made of three lines.",
        module="Hardsigmoid",
        rule=ActivationRule("clip(z / 6 + 0.5, 0, 1)", "where(-3 < z < 3, 1 / 6, 0)"),
        traits=Traits((0.0, 1.0), passes=False, dies=True, steepest=1 / 6, in_losses=False),
        arguments={},
    ),
    "hard_tanh": ActivationEntry(
        about="z, held between -1 and 1: a tanh made of three lines.",
        module="Hardtanh",
        # PyTorch passes what is no number on in some places of a tensor, and not in others.
        rule=ActivationRule("clip(z, -1, 1)", "where(abs(z) >= 1, 0, 1)"),
        traits=Traits((-1.0, 1.0), passes=False, dies=True, steepest=1.0, in_losses=False),
        arguments={},
    ),
    "softmax": ActivationEntry(
        about="exp(z) over the sum of all units' exp(z): probabilities of the classes.",
        module="Softmax",
        rule=LayerRule(
            numpy=lambda z: np.exp(_log_softmax(z)),
            value="exp({z}) / Σ exp({z})",
            slope="{h} ({dh} - Σ {dh} {h})",
            value_numbers="exp({z}) / {sum_exp_z}",
            slope_numbers="{h}·({dh} - {sum_dh_h})",
        ),
        traits=Traits((0.0, 1.0), passes=False, dies=False, steepest=0.0, in_losses=True),
        arguments={"dim": -1},
    ),
    "log_softmax": ActivationEntry(
        about="the logarithm of softmax, computed without its overflow.",
        module="LogSoftmax",
        rule=LayerRule(
            numpy=_log_softmax,
            value="{z} - log Σ exp({z})",
            slope="{dh} - exp({h}) Σ {dh}",
            value_numbers="{z} - log {sum_exp_z}",
            slope_numbers="{dh} - {exp_h}·{sum_dh}",
        ),
        traits=Traits((-np.inf, 0.0), passes=False, dies=False, steepest=0.0, in_losses=True),
        arguments={"dim": -1},
    ),
}
"""Every activation by its name in a preset."""
