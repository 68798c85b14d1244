"""The distributions that initialisers draw from, as densities to hold a histogram against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from engine.experiment.experiment import Experiment

    from .material import RecordedNetwork

Floats = NDArray[np.float64]

GAINS: Final = {
    "relu": math.sqrt(2),
    "leaky_relu": math.sqrt(2 / (1 + 0.01**2)),
    "tanh": 5 / 3,
    "sigmoid": 1.0,
    "linear": 1.0,
}
"""PyTorch's ``calculate_gain``."""


@dataclass(frozen=True)
class Density:
    """A normal distribution (mean and standard deviation) or a uniform one (its two ends)."""

    kind: Literal["normal", "uniform"]
    first: float
    """The mean, or the lower end."""
    second: float
    """The standard deviation, or the upper end."""

    def at(self, places: Floats) -> Floats:
        """Return the density at each place."""
        if self.kind == "uniform":
            inside = (places >= self.first) & (places <= self.second)
            return np.where(inside, 1 / (self.second - self.first), 0.0)
        z = (places - self.first) / self.second
        density: Floats = np.exp(-z * z / 2) / (self.second * math.sqrt(2 * math.pi))
        return density

    def __str__(self) -> str:
        if self.kind == "uniform":
            return f"uniform from {self.first:.4g} to {self.second:.4g}"
        return f"normal, mean {self.first:.4g}, std {self.second:.4g}"


def density_of(network: RecordedNetwork, parameter: str) -> Density | None:
    """Return what a parameter was drawn from, where the weights are still those it started with.

    None for what is not drawn number by number: constants, zeros, orthogonal matrices.
    """
    mlp = network.material.header.experiment.get("model", {}).get("kind", "mlp") == "mlp"
    if not (mlp and network.initial):
        return None
    layer, _, kind = parameter.partition(".")
    index = layer.removeprefix("layer")
    if kind not in ("weight", "bias") or not index.isdigit():
        return None
    shape = network.weights[f"{layer}.weight"].shape
    return _drawn_from(network.material.experiment, int(index), kind, shape)


def _drawn_from(
    experiment: Experiment, layer: int, kind: str, shape: tuple[int, ...]
) -> Density | None:
    init = getattr(experiment.model.inits[layer - 1], kind)
    fan_out, fan_in = shape[0], math.prod(shape[1:])
    match init.name:
        case "normal":
            return _normal(init.mean, init.std)
        case "uniform":
            return _uniform(init.a, init.b)
        case "default":
            return _uniform(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))
        case "xavier_normal":
            return _normal(0.0, init.gain * math.sqrt(2 / (fan_in + fan_out)))
        case "xavier_uniform":
            bound = init.gain * math.sqrt(6 / (fan_in + fan_out))
            return _uniform(-bound, bound)
        case "kaiming_normal":
            return _normal(0.0, _kaiming(init, fan_in, fan_out))
        case "kaiming_uniform":
            bound = math.sqrt(3) * _kaiming(init, fan_in, fan_out)
            return _uniform(-bound, bound)
    return None


def _kaiming(init: Any, fan_in: int, fan_out: int) -> float:
    fan = fan_in if init.mode == "fan_in" else fan_out
    return GAINS[init.nonlinearity] / math.sqrt(fan)


def _normal(mean: float, std: float) -> Density | None:
    return Density("normal", mean, std) if std > 0 else None


def _uniform(low: float, high: float) -> Density | None:
    return Density("uniform", low, high) if low < high else None
