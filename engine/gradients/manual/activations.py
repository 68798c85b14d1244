"""The activations, by hand: h = f(z), and the loss's derivative dz = dh f'(z), side by side.

Tensors are [members, units, rows]. ``backward`` turns dh into dz where it stands. Every rule of
``engine.components.activations`` can be computed (``RuledActivation``). Where PyTorch has one
operation for it, the product with the derivative included, that is called instead (``FUSED``),
and a test holds the two together.
"""

from __future__ import annotations

import ast
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import torch
from torch import Tensor

from ...components.activation_rules import ActivationRule, LayerRule
from ...components.activations import ACTIVATIONS, ActivationEntry
from ...components.formulas import evaluate, names_in
from ..leaned_on import aten, log_softmax, log_softmax_backward, softmax, softmax_backward


class ActivationFormula(ABC):
    """What every activation has.

    Args:
        z: What it is applied to, all rows.
        h: Where what it makes of it goes; ``z`` itself where ``in_place``.
        d: The derivative of the loss: by h before ``backward``, by z after it, [m, units, trained].
    """

    in_place: ClassVar[bool] = False
    """Whether the derivative needs h alone, so that h can take the place of z."""

    def __init__(self, z: Tensor, h: Tensor, d: Tensor) -> None:
        trained = d.shape[2]
        self.z, self.h, self.d = z, h, d
        self.z_learned, self.h_learned = z[:, :, :trained], h[:, :, :trained]

    @abstractmethod
    def forward(self) -> None:
        """Make h of z."""

    @abstractmethod
    def backward(self, row: int) -> None:
        """Turn dh into dz."""


@dataclass(frozen=True)
class FusedOperations:
    """What PyTorch has for an activation: an operation each way, its derivative included."""

    forward: Callable[..., object]
    """Writes h, from z."""
    backward: Callable[..., object]
    """Turns d from dh into dz, from d, and from h where ``in_place``, else from z."""
    ahead: tuple[Any, ...] = ()
    """What else it takes on the way forward."""
    back: tuple[Any, ...] = ()
    """What else it takes on the way back."""
    in_place: bool = True
    """Whether the derivative needs h alone, so that h can take the place of z."""


class FusedActivation(ActivationFormula):
    """h and dz by PyTorch's own operations."""

    operations: ClassVar[FusedOperations]

    def forward(self) -> None:
        self.operations.forward(self.z, *self.operations.ahead, out=self.h)

    def backward(self, row: int) -> None:
        # From what the activation's slope is told by: h, or z where h says too little.
        told_by = self.h_learned if self.in_place else self.z_learned
        self.operations.backward(self.d, told_by, *self.operations.back, grad_input=self.d)


class GELUFormula(ActivationFormula):
    """f = z Φ(z), with the normal distribution Φ(z) = (1 + erf(z / √2)) / 2.

    f' = Φ(z) + z φ(z), with its density φ(z) = exp(-z² / 2) / √(2π). Φ is kept from forward.
    """

    def __init__(self, z: Tensor, h: Tensor, d: Tensor) -> None:
        super().__init__(z, h, d)
        self.share = torch.empty_like(z)
        self.share_learned = self.share[:, :, : d.shape[2]]
        self.slope = torch.empty_like(d)
        # As tensors: PyTorch would make one of each number in every step.
        self.half, self.minus_half = z.new_tensor(0.5), z.new_tensor(-0.5)
        self.root_half = z.new_tensor(math.sqrt(0.5))
        self.density = 1 / math.sqrt(2 * math.pi)

    def forward(self) -> None:
        torch.mul(self.z, self.root_half, out=self.share)
        self.share.erf_()
        # Φ = 1/2 + erf / 2, kept: backward has it again at no cost.
        torch.add(self.half, self.share, alpha=0.5, out=self.share)
        torch.mul(self.z, self.share, out=self.h)

    def backward(self, row: int) -> None:
        torch.mul(self.z_learned, self.z_learned, out=self.slope)
        # z exp(-z² / 2): the density but for its constant, which the sum takes in for nothing.
        self.slope.mul_(self.minus_half).exp_().mul_(self.z_learned)
        torch.add(self.share_learned, self.slope, alpha=self.density, out=self.slope)
        self.d.mul_(self.slope)


_LEAK: Final[float] = ACTIVATIONS["leaky_relu"].arguments["negative_slope"]


def _elu_backward(d: Tensor, h: Tensor, *, grad_input: Tensor) -> None:
    aten.elu_backward.grad_input(d, 1, 1, 1, True, h, grad_input=grad_input)


def _softmax_backward(d: Tensor, h: Tensor, *, grad_input: Tensor) -> None:
    softmax_backward(d, h, 1, d.dtype, grad_input=grad_input)


def _log_softmax_backward(d: Tensor, h: Tensor, *, grad_input: Tensor) -> None:
    log_softmax_backward(d, h, 1, d.dtype, out=grad_input)


FUSED: Final[Mapping[str, FusedOperations]] = {
    "sigmoid": FusedOperations(torch.sigmoid, aten.sigmoid_backward.grad_input),
    "tanh": FusedOperations(torch.tanh, aten.tanh_backward.grad_input),
    # The slope at the corner is 0, as PyTorch has it.
    "relu": FusedOperations(torch.clamp_min, aten.threshold_backward.grad_input, (0,), (0,)),
    # h has the sign of z.
    "leaky_relu": FusedOperations(
        aten.leaky_relu.out, aten.leaky_relu_backward.grad_input, (_LEAK,), (_LEAK, True)
    ),
    # Below 0 the slope exp(z) is h + 1.
    "elu": FusedOperations(aten.elu.out, _elu_backward),
    "silu": FusedOperations(aten.silu.out, aten.silu_backward.grad_input, in_place=False),
    # PyTorch takes it to be z beyond 20.
    "softplus": FusedOperations(
        aten.softplus.out, aten.softplus_backward.grad_input, (), (1, 20), in_place=False
    ),
    "hard_sigmoid": FusedOperations(
        aten.hardsigmoid.out, aten.hardsigmoid_backward.grad_input, in_place=False
    ),
    "hard_tanh": FusedOperations(
        torch.clamp, aten.hardtanh_backward.grad_input, (-1, 1), (-1, 1), in_place=False
    ),
    # dz_o = h_o (dh_o - Σ_p dh_p h_p), since ∂h_p/∂z_o = h_p (δ_op - h_o).
    "softmax": FusedOperations(softmax, _softmax_backward, (1, False)),
    # dz_o = dh_o - exp(h_o) Σ_p dh_p, since ∂h_p/∂z_o = δ_op - exp(h_o).
    "log_softmax": FusedOperations(log_softmax, _log_softmax_backward, (1, False)),
}
"""The activations that PyTorch computes in an operation each way, or that mix units."""


def _normal_pdf(z: Tensor, *, out: Tensor) -> Tensor:
    torch.mul(z, z, out=out)
    return out.mul_(-0.5).exp_().mul_(1 / math.sqrt(2 * math.pi))


COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[..., Tensor]]] = {
    ast.Lt: torch.lt,
    ast.LtE: torch.le,
    ast.Gt: torch.gt,
    ast.GtE: torch.ge,
}
ARITHMETIC: Final[Mapping[type[ast.operator], Callable[..., Tensor]]] = {
    ast.Add: torch.add,
    ast.Sub: torch.sub,
    ast.Mult: torch.mul,
    ast.Div: torch.div,
    ast.Pow: torch.pow,
}
_SAME: Final = "abs atan cos exp expm1 log1p maximum minimum sigmoid sign sin sqrt tanh where"
"""The functions that torch has under the same name."""

FUNCTIONS: Final[Mapping[str, Callable[..., Tensor]]] = {
    **{name: getattr(torch, name) for name in _SAME.split()},
    "clip": torch.clamp,
    "normal_cdf": torch.special.ndtr,
    "normal_pdf": _normal_pdf,
    "softplus": aten.softplus.out,
}
"""What a rule may call, as operations that write where they are told to."""


Operations = list[Callable[[], object]]
"""What a way takes, in order."""

Tensors = Mapping[str, Tensor]
"""By what a rule calls them."""


class RuledActivation(ActivationFormula):
    """h and dz as the activation's rule states them, in operations that allocate nothing.

    Every part of the formulas has a buffer of its own, made once.
    """

    rule: ClassVar[ActivationRule]

    def __init__(self, z: Tensor, h: Tensor, d: Tensor) -> None:
        super().__init__(z, h, d)
        self._ahead, self._back = Operations(), Operations()
        tensors = {"z": z}
        for name, part in self.rule.part_trees.items():
            # A part that the slope speaks of as well is computed once, on the way forward.
            tensors[name] = self._emit(self._ahead, part, tensors, torch.empty_like(z))
        # Straight into h, unless the formula is a name alone and lies elsewhere.
        value = self._emit(self._ahead, self.rule.value_tree, tensors, h)
        if value is not h:
            self._ahead.append(lambda: h.copy_(value))
        # On the way back only the rows that are trained on count; their parts are there already.
        trained = d.shape[2]
        whole = {**tensors, "h": h}.items()
        learned = {name: each[:, :, :trained] if each.ndim else each for name, each in whole}
        # What is written last is all that is written where d lies, number by number.
        turned = self._emit(self._back, self.rule.back_tree, {**learned, "d": d}, d)
        if turned is not d:
            self._back.append(lambda: d.copy_(turned))

    def forward(self) -> None:
        for operation in self._ahead:
            operation()

    def backward(self, row: int) -> None:
        for operation in self._back:
            operation()

    def _emit(
        self,
        to: Operations,
        node: ast.expr,
        tensors: Mapping[str, Tensor],
        out: Tensor | None = None,
    ) -> Tensor:
        """Write down what computes an expression; return where it then lies."""
        function: Callable[..., Tensor]
        match node:
            case ast.Name(id=name):
                return tensors[name]
            case _ if not names_in(node):
                return tensors["z"].new_tensor(float(evaluate(node, {})))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                function, inner = torch.neg, [operand]
            case ast.BinOp(left=left, op=op, right=right):
                function, inner = ARITHMETIC[type(op)], [left, right]
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                function, inner = COMPARISONS[type(op)], [left, right]
                out = torch.empty_like(tensors["z"], dtype=torch.bool)
            case ast.Compare(left=left, ops=[op, *ops], comparators=[right, *others]):
                inner = [ast.Compare(left, [op], [right]), ast.Compare(right, ops, others)]
                function, out = torch.logical_and, torch.empty_like(tensors["z"], dtype=torch.bool)
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in FUNCTIONS:
                function, inner = FUNCTIONS[name], list(arguments)
            case _:
                raise TypeError(f"no operation writes {ast.unparse(node)!r} into a buffer")
        # Depth first: what an operation reads is written before it. Buffers are not shared, so that
        # nothing is overwritten too early.
        places = [self._emit(to, each, tensors) for each in inner]
        made = torch.empty_like(tensors["z"]) if out is None else out
        to.append(lambda: function(*places, out=made))
        return made


def _formula_of(name: str, entry: ActivationEntry) -> type[ActivationFormula] | None:
    """Return what computes an activation; ``identity`` needs nothing.

    Raises:
        TypeError: It mixes units, and nobody has said what computes it.
    """
    if operations := FUSED.get(name):
        parts = {"operations": operations, "in_place": operations.in_place}
        return type(f"Fused{entry.module}", (FusedActivation,), parts)
    if name == "gelu":
        return GELUFormula
    if isinstance(entry.rule, LayerRule):
        raise TypeError(f"{name}: mixes the units of a layer, and has no operations in {__name__}")
    if entry.rule.is_identity:
        return None
    return type(f"Ruled{entry.module}", (RuledActivation,), {"rule": entry.rule})


FORMULAS: Final[Mapping[str, type[ActivationFormula]]] = {
    name: formula for name, entry in ACTIVATIONS.items() if (formula := _formula_of(name, entry))
}
"""The formulas of every activation by its name in a preset; ``identity`` needs none."""
