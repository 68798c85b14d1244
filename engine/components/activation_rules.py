"""An activation and its slope stated once: numpy, torch and the lesson's text are made from it.

    h = z * s,  h' = s * (1 + z * (1 - s)),  s = sigmoid(z)

``engine.components.activations`` computes it in numpy, ``engine.gradients.manual.activations`` in
torch without allocating, and the microscope writes it out.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .formulas import as_factor, evaluate, names_in, parsed, written

Array = NDArray[Any]


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), without overflow: both branches take exp of something negative."""
    e: Array = np.exp(-np.abs(z))
    share: Array = np.where(z >= 0, 1, e) / (1 + e)
    return share


def _softplus(z: Array) -> Array:
    """log(1 + exp(z)), as max(z, 0) + log(1 + exp(-|z|)), which cannot overflow."""
    softplus: Array = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    return softplus


def _normal_cdf(z: Array) -> Array:
    """The normal distribution function: half of 1 and the error function of z / √2."""
    cdf: Array = 0.5 * (1 + _erf(z * np.float32(0.7071067811865476)))
    return cdf


def _normal_pdf(z: Array) -> Array:
    pdf: Array = np.exp(-z * z / 2) * np.float32(0.3989422804014327)
    return pdf


def _erf(z: Array) -> Array:
    """The error function within 1.5e-7: Abramowitz and Stegun 1964, formula 7.1.26."""
    t = 1 / (1 + 0.3275911 * np.abs(z))
    poly = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    erf: Array = np.sign(z) * (1 - poly * np.exp(-z * z))
    return erf


_SAME: Final = "abs clip cos exp expm1 log1p maximum minimum sign sin sqrt tanh where"
"""The functions that numpy has under the same name."""

NUMPY: Final[Mapping[str, Callable[..., Array]]] = {
    **{name: getattr(np, name) for name in _SAME.split()},
    "atan": np.arctan,
    "normal_cdf": _normal_cdf,
    "normal_pdf": _normal_pdf,
    "sigmoid": sigmoid,
    "softplus": _softplus,
}
"""What a rule may call. Each is stable for every z: what overflows is stated another way there."""


@dataclass(frozen=True)
class ActivationRule:
    """h = f(z), one unit at a time, and its slope f'(z)."""

    value: str
    """h, as a formula of z and of what is named in ``parts``."""
    slope: str
    """The derivative of h by z; it may speak of h as well."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """What has a name of its own, in order: each a formula of z and of those before it."""

    def __post_init__(self) -> None:
        defined = {"z", *NUMPY}
        trees = {**self.part_trees, "h": self.value_tree, "slope": self.slope_tree}
        for name, tree in trees.items():
            if unknown := {*names_in(tree)} - defined:
                raise TypeError(f"a rule speaks of unknown things: {', '.join(sorted(unknown))}")
            # What cannot be written is refused where it is stated, not where a lesson opens it.
            written(tree)
            defined.add(name)

    @cached_property
    def value_tree(self) -> ast.expr:
        """The formula of h."""
        return parsed(self.value)

    @cached_property
    def slope_tree(self) -> ast.expr:
        """The formula of the slope."""
        return parsed(self.slope)

    @cached_property
    def back_tree(self) -> ast.expr:
        """The formula of the loss's derivative by z, of that by h, which is called d.

        A slope of 0 gives 0 and one of 1 gives d, whatever d is: an infinite derivative that a
        unit does not pass is none, as in PyTorch, and not 0 times infinity.
        """
        return _turned(self.slope_tree)

    @cached_property
    def part_trees(self) -> Mapping[str, ast.expr]:
        """The formulas of what has a name."""
        return {name: parsed(text) for name, text in self.parts.items()}

    def numpy(self, z: Array) -> Array:
        """Return h, of z's own precision."""
        return self._computed(self.value_tree, {"z": z})

    def numpy_slope(self, z: Array) -> Array:
        """Return the slope, of z's own precision."""
        return self._computed(self.slope_tree, {"z": z, "h": self.numpy(z)})

    def _computed(self, tree: ast.expr, values: Mapping[str, Array]) -> Array:
        names: dict[str, Any] = {**NUMPY, **values}
        for name, part in self.part_trees.items():
            names[name] = evaluate(part, names)
        h = np.asarray(evaluate(tree, names))
        return np.broadcast_to(h, names["z"].shape).astype(names["z"].dtype, copy=False)

    @property
    def is_identity(self) -> bool:
        """Whether h is z itself."""
        return self.value == "z"

    @property
    def chooses(self) -> bool:
        """Whether the slope is one of several, by where z is."""
        return _is_choice(self.slope_tree)

    def slope_text(self) -> str:
        """Return the slope as a lesson writes it, as a factor; empty where it is 1 everywhere.

        ``(1 - h²)``; what has a name of its own is told behind it: ``s (1 - s), s = sigmoid(z)``.
        """
        if self.is_identity:
            return ""
        told = [f", {name} = {written(tree)}" for name, tree in self._spoken().items()]
        return as_factor(self.slope_tree) + "".join(told)

    def _spoken(self) -> Mapping[str, ast.expr]:
        """Return the parts that the slope speaks of, by itself or through others."""
        names = {*names_in(self.slope_tree)}
        for name in [*self.part_trees][::-1]:
            if name in names:
                names |= {*names_in(self.part_trees[name])}
        return {name: tree for name, tree in self.part_trees.items() if name in names}


def _is_choice(slope: ast.expr) -> bool:
    return isinstance(slope, ast.Call) and ast.unparse(slope.func) == "where"


def _turned(slope: ast.expr) -> ast.expr:
    """Return the formula of d times a slope."""
    match slope:
        case ast.Constant(value=0):
            return slope
        case ast.Constant(value=1):
            return ast.Name("d")
        case ast.Call(args=[condition, then, other]) if _is_choice(slope):
            return ast.Call(slope.func, [condition, _turned(then), _turned(other)], [])
    return ast.BinOp(ast.Name("d"), ast.Mult(), slope)


@dataclass(frozen=True)
class LayerRule:
    """An activation that mixes the units of a layer, and so only makes sense after the last."""

    numpy: Callable[[Array], Array]
    """h of z, [..., units]."""
    value: str
    """h as a lesson writes it; ``{z}`` is what goes in."""
    slope: str
    """The loss's derivative by z; ``{h}`` is the output, ``{dh}`` the derivative by that."""
    value_numbers: str
    """h with its numbers: ``{z}`` and the layer's ``{sum_exp_z}``."""
    slope_numbers: str
    """The derivative with its numbers: ``{h}``, ``{exp_h}``, ``{dh}``, and the layer's ``{sum_dh}``
    and ``{sum_dh_h}``."""
