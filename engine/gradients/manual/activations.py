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
from typing import ClassVar, Final

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

    forward: Callable[[Tensor, Tensor], object]
    """Writes h, from z and h."""
    backward: Callable[[Tensor, Tensor, Tensor], object]
    """Turns d from dh into dz, from d, z and h."""
    in_place: bool
    """Whether the derivative needs h alone, so that h can take the place of z."""


class FusedActivation(ActivationFormula):
    """h and dz by PyTorch's own operations."""

    operations: ClassVar[FusedOperations]

    def forward(self) -> None:
        self.operations.forward(self.z, self.h)

    def backward(self, row: int) -> None:
        self.operations.backward(self.d, self.z_learned, self.h_learned)


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
        torch.add(self.half, self.share, alpha=0.5, out=self.share)
        torch.mul(self.z, self.share, out=self.h)

    def backward(self, row: int) -> None:
        torch.mul(self.z_learned, self.z_learned, out=self.slope)
        self.slope.mul_(self.minus_half).exp_().mul_(self.z_learned)
        torch.add(self.share_learned, self.slope, alpha=self.density, out=self.slope)
        self.d.mul_(self.slope)


_LEAK: Final[float] = ACTIVATIONS["leaky_relu"].arguments["negative_slope"]

FUSED: Final[Mapping[str, FusedOperations]] = {
    "sigmoid": FusedOperations(
        lambda z, h: torch.sigmoid(z, out=h),
        lambda d, z, h: aten.sigmoid_backward.grad_input(d, h, grad_input=d),
        in_place=True,
    ),
    "tanh": FusedOperations(
        lambda z, h: torch.tanh(z, out=h),
        lambda d, z, h: aten.tanh_backward.grad_input(d, h, grad_input=d),
        in_place=True,
    ),
    # The slope at the corner is 0, as PyTorch has it.
    "relu": FusedOperations(
        lambda z, h: torch.clamp_min(z, 0, out=h),
        lambda d, z, h: aten.threshold_backward.grad_input(d, h, 0, grad_input=d),
        in_place=True,
    ),
    # h has the sign of z.
    "leaky_relu": FusedOperations(
        lambda z, h: aten.leaky_relu.out(z, _LEAK, out=h),
        lambda d, z, h: aten.leaky_relu_backward.grad_input(d, h, _LEAK, True, grad_input=d),
        in_place=True,
    ),
    # Below 0 the slope exp(z) is h + 1.
    "elu": FusedOperations(
        lambda z, h: aten.elu.out(z, out=h),
        lambda d, z, h: aten.elu_backward.grad_input(d, 1, 1, 1, True, h, grad_input=d),
        in_place=True,
    ),
    "silu": FusedOperations(
        lambda z, h: aten.silu.out(z, out=h),
        lambda d, z, h: aten.silu_backward.grad_input(d, z, grad_input=d),
        in_place=False,
    ),
    # PyTorch takes it to be z beyond 20.
    "softplus": FusedOperations(
        lambda z, h: aten.softplus.out(z, out=h),
        lambda d, z, h: aten.softplus_backward.grad_input(d, z, 1, 20, grad_input=d),
        in_place=False,
    ),
    "hard_sigmoid": FusedOperations(
        lambda z, h: aten.hardsigmoid.out(z, out=h),
        lambda d, z, h: aten.hardsigmoid_backward.grad_input(d, z, grad_input=d),
        in_place=False,
    ),
    "hard_tanh": FusedOperations(
        lambda z, h: torch.clamp(z, -1, 1, out=h),
        lambda d, z, h: aten.hardtanh_backward.grad_input(d, z, -1, 1, grad_input=d),
        in_place=False,
    ),
    # dz_o = h_o (dh_o - Σ_p dh_p h_p), since ∂h_p/∂z_o = h_p (δ_op - h_o).
    "softmax": FusedOperations(
        lambda z, h: softmax(z, 1, False, out=h),
        lambda d, z, h: softmax_backward(d, h, 1, d.dtype, grad_input=d),
        in_place=True,
    ),
    # dz_o = dh_o - exp(h_o) Σ_p dh_p, since ∂h_p/∂z_o = δ_op - exp(h_o).
    "log_softmax": FusedOperations(
        lambda z, h: log_softmax(z, 1, False, out=h),
        lambda d, z, h: log_softmax_backward(d, h, 1, d.dtype, out=d),
        in_place=True,
    ),
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
FUNCTIONS: Final[Mapping[str, Callable[..., Tensor]]] = {
    "abs": torch.abs,
    "atan": torch.atan,
    "clip": torch.clamp,
    "cos": torch.cos,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log1p": torch.log1p,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "normal_cdf": torch.special.ndtr,
    "normal_pdf": _normal_pdf,
    "sigmoid": torch.sigmoid,
    "sign": torch.sign,
    "sin": torch.sin,
    "sqrt": torch.sqrt,
    "softplus": aten.softplus.out,
    "tanh": torch.tanh,
    "where": torch.where,
}
"""What a rule may call, as operations that write where they are told to."""


class RuledActivation(ActivationFormula):
    """h and dz as the activation's rule states them, in operations that allocate nothing.

    Every part of the formulas has a buffer of its own, made once.
    """

    rule: ClassVar[ActivationRule]

    def __init__(self, z: Tensor, h: Tensor, d: Tensor) -> None:
        super().__init__(z, h, d)
        self._ahead: list[Callable[[], object]] = []
        self._back: list[Callable[[], object]] = []
        tensors = {"z": z}
        for name, part in self.rule.part_trees.items():
            tensors[name] = self._emit(self._ahead, part, tensors, torch.empty_like(z))
        value = self._emit(self._ahead, self.rule.value_tree, tensors, h)
        if value is not h:
            self._ahead.append(lambda: h.copy_(value))
        # On the way back only the rows that are trained on count; their parts are there already.
        trained = d.shape[2]
        learned = {
            name: each[:, :, :trained] if each.ndim else each
            for name, each in {**tensors, "h": h}.items()
        }
        self.slope = self._emit(self._back, self.rule.slope_tree, learned, torch.empty_like(d))

    def forward(self) -> None:
        for operation in self._ahead:
            operation()

    def backward(self, row: int) -> None:
        for operation in self._back:
            operation()
        self.d.mul_(self.slope)

    def _emit(
        self,
        operations: list[Callable[[], object]],
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
        places = [self._emit(operations, each, tensors) for each in inner]
        made = torch.empty_like(tensors["z"]) if out is None else out
        operations.append(lambda: function(*places, out=made))
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
