"""Forward and back through the layers: a line for each formula, with the shape of what it gives.

z = W h + b,  h = f(z)
dz = dh f'(z),  gW = dz hᵀ,  gb = Σ dz,  dh = Wᵀ dz
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ...components.activation_rules import LayerRule
from ...components.activations import ACTIVATIONS
from ...text.source_code import WIDTH, call, define
from .functions import slope_of

if TYPE_CHECKING:
    from ...experiment.experiment import Experiment
    from ..language import Language

NORMALISATIONS: Final = {
    "batch": '''\
def batch_norm(z, running, training):
    """Return z with mean 0 and deviation 1 over the rows, and the scale.

    Outside training these are means of what training has seen.
    """
    mean, variance = running
    if training:
        rows = z.shape[1]
        seen = z.mean(axis=1, keepdims=True)
        spread = ((z - seen) ** 2).mean(axis=1, keepdims=True)
        mean += 0.1 * (seen - mean)
        variance += 0.1 * (rows / (rows - 1) * spread - variance)
        mean, variance = seen, spread
    scale = (variance + 1e-5) ** -0.5
    return (z - mean) * scale, scale''',
    "layer": '''\
def layer_norm(z):
    """Return z with mean 0 and deviation 1 over the units, and the scale."""
    mean = z.mean(axis=0, keepdims=True)
    scale = (((z - mean) ** 2).mean(axis=0, keepdims=True) + 1e-5) ** -0.5
    return (z - mean) * scale, scale''',
}
"""What normalises, by its name in a preset."""


@dataclass
class Passes:
    """The two directions of a network, written down layer by layer."""

    experiment: Experiment
    """What it is."""
    language: Language
    """What it is written in."""
    parameters: list[str] = field(default_factory=list)
    """The names of all that is learned, in the order of the gradients."""
    _ahead: list[str] = field(default_factory=list)
    _back: list[list[str]] = field(default_factory=list)
    _made: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        before, model = "x", self.experiment.model
        for index, activation in enumerate(model.activations, start=1):
            before = self._layer(index, activation, before)

    @property
    def normalised(self) -> bool:
        """Whether training and measuring are two things."""
        return "batch" in self.experiment.model.normalisations

    @property
    def dropped(self) -> bool:
        """Whether a step draws masks."""
        return any(self.experiment.model.dropouts)

    def blocks(self) -> list[str]:
        """Return the functions: what normalises, forward, backward."""
        kinds = dict.fromkeys(self.experiment.model.normalisations)
        *lines, last = self._ahead
        # Of a single layer too it is the last of several, and not the last row of an array.
        given = _returned([*self._needed, "y"]) if self._needed else ["return (y,)"]
        options = [", masks=None"] * self.dropped + [", training=False"] * self.normalised
        forward = define(
            "forward",
            "Return what the layers make of x [features, rows]; last the output.",
            [*lines, last, *given],
            f"x{''.join(options)}",
        )
        gradients = [f"g{name}" for name in self.parameters]
        masks = ", masks" * self.dropped
        backward = define(
            "backward",
            "Return the derivative of the loss by every weight, last layer first.",
            [
                *self._unpacked(),
                *(line for layer in reversed(self._back) for line in layer),
                *_returned(gradients),
            ],
            f"x, t, layers, y{masks}",
        )
        normalisations = (NORMALISATIONS[kind] for kind in kinds if kind in NORMALISATIONS)
        return [*normalisations, forward, backward]

    @property
    def _needed(self) -> list[str]:
        """The names that the way back speaks of, and that the way ahead has made."""
        text = "\n".join(line.partition("#")[0] for layer in self._back for line in layer)
        spoken = {*re.findall(r"\w+", text)}
        return [name for name in self._made if name in spoken and name != "y"]

    def _unpacked(self) -> list[str]:
        """Return what takes the layers apart."""
        names = self._needed
        if not names:
            return []
        return _wrapped(f"{', '.join(names)}{',' * (len(names) == 1)} = layers", names)

    def _layer(self, index: int, activation: str, before: str) -> str:
        """Write a layer both ways; return what the next one is given."""
        widths, model = self.experiment.widths, self.experiment.model
        last = index == len(widths) - 1
        out, into = widths[index], widths[index - 1]
        z, h = f"z{index}", "y" if last else f"h{index}"
        weight, bias = f"W{index}", f"b{index}"
        entry = ACTIVATIONS[activation]
        plain = activation == "identity"
        norm = model.normalisations[index - 1] if not last else "none"
        self.parameters += [weight, bias]
        ahead = f"{weight} @ {before} + {bias}"
        back: list[str] = []
        # The way ahead, from z to what the next layer is given.
        if norm == "none":
            z = h if plain else z
            self._write(z, ahead, out)
        else:
            self._write(z, ahead, out)
            given = f"{z}, running{index}, training" if norm == "batch" else z
            self._ahead.append(f"n{index}, scale{index} = {norm}_norm({given})")
            self._made += [f"n{index}", f"scale{index}"]
            self.parameters += [f"gamma{index}", f"beta{index}"]
            z = h if plain else f"a{index}"
            self._write(z, f"gamma{index} * n{index} + beta{index}", out)
        if not plain:
            self._write(h, f"{activation}({z})", out)
        passed = h
        if model.dropouts[index - 1]:
            mask = f"masks[{sum(map(bool, model.dropouts[: index - 1]))}]"
            passed = f"d{index}"
            self._write(passed, f"{h} if masks is None else {mask} * {h}", out)
        # And back, from the derivative by that to those by the weights.
        if last:
            arrives = "loss_slope(y, t)"
        else:
            arrives = f"W{index + 1}.T @ dz{index + 1}"
            if passed != h:
                arrives = f"{mask} * ({arrives})"
        d = f"dz{index}" if norm == "none" else f"da{index}"
        slope = slope_of(activation, z, h)
        if slope:
            arrived = f"({arrives})" if "@" in arrives and "*" not in arrives else arrives
            back.append(_shaped(f"{d} = {arrived} * {slope}", out))
        elif isinstance(entry.rule, LayerRule):
            back.append(_shaped(f"dy = {arrives}", out))
            total = {"softmax": "(dy * y)", "log_softmax": "dy"}[activation]
            sum_ = f"{total}.sum(axis=0, keepdims=True)"
            formula = {
                "softmax": f"y * (dy - {sum_})",
                "log_softmax": f"dy - {self.language.call('exp')}(y) * {sum_}",
            }
            back.append(_shaped(f"{d} = {formula[activation]}", out))
        else:
            back.append(_shaped(f"{d} = {arrives}", out))
        if norm != "none":
            back += _normalised_back(norm, index)
        back.append(_shaped(f"g{weight} = dz{index} @ {before}.T", out, str(into)))
        back.append(_shaped(f"g{bias} = dz{index}.sum(axis=1, keepdims=True)", out, "1"))
        self._back.append(back)
        return passed

    def _write(self, name: str, formula: str, units: int) -> None:
        self._ahead.append(_shaped(f"{name} = {formula}", units))
        self._made.append(name)


def _normalised_back(norm: str, index: int) -> list[str]:
    """Return the way back through a normalisation: the derivatives by gamma, beta and z."""
    d, n, scale = f"da{index}", f"n{index}", f"scale{index}"
    gamma, beta = f"gamma{index}", f"beta{index}"
    lines = [
        f"g{gamma} = ({d} * {n}).sum(axis=1, keepdims=True)",
        f"g{beta} = {d}.sum(axis=1, keepdims=True)",
    ]
    if norm == "batch":
        mean = f"(g{beta} + {n} * g{gamma}) / {d}.shape[1]"
        return [*lines, f"dz{index} = {gamma} * {scale} * ({d} - {mean})"]
    return [
        *lines,
        f"dn{index} = {gamma} * {d}",
        f"shared = {n} * (dn{index} * {n}).mean(axis=0, keepdims=True)",
        f"shared = shared + dn{index}.mean(axis=0, keepdims=True)",
        f"dz{index} = {scale} * (dn{index} - shared)",
    ]


def _shaped(line: str, units: int, others: str = "rows") -> str:
    """Return a line with the shape of what it gives, where there is room."""
    told = f"{line}  # [{units}, {others}]"
    return told if len(told) <= WIDTH - 4 else line


def _returned(names: list[str]) -> list[str]:
    return _wrapped(f"return {', '.join(names)}", names)


def _wrapped(line: str, names: list[str]) -> list[str]:
    """Return a line of names, broken where it is too long."""
    if len(line) <= WIDTH - 4:
        return [line]
    head, tail = line.split(", ".join(names))
    head = head.rstrip()
    broken = call(f"{head} " if head else "", names)
    return [*broken[:-1], f"{broken[-1]}{tail.lstrip(',')}"]
