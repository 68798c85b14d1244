"""The activations, by hand: h = f(z), and the loss's derivative dz = dh f'(z), side by side.

Tensors are [members, units, rows]. ``backward`` turns dh into dz where it stands. What PyTorch has
as one operation, the product with the derivative included, is called; the formula stands beside
it. To give an activation its formulas, add its class and its row in ``FORMULAS``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Final

import torch
from torch import Tensor

from ...components.activations import ACTIVATIONS
from ..leaned_on import aten, log_softmax, log_softmax_backward, softmax, softmax_backward


class Activation(ABC):
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


class Sigmoid(Activation):
    """f = 1 / (1 + exp(-z)); f' = h (1 - h)."""

    in_place = True

    def forward(self) -> None:
        torch.sigmoid(self.z, out=self.h)

    def backward(self, row: int) -> None:
        aten.sigmoid_backward.grad_input(self.d, self.h_learned, grad_input=self.d)


class Tanh(Activation):
    """f = tanh z; f' = 1 - h²."""

    in_place = True

    def forward(self) -> None:
        torch.tanh(self.z, out=self.h)

    def backward(self, row: int) -> None:
        aten.tanh_backward.grad_input(self.d, self.h_learned, grad_input=self.d)


class ReLU(Activation):
    """f = max(0, z); f' = 1 where h > 0, else 0, also at the corner as PyTorch has it."""

    in_place = True

    def forward(self) -> None:
        torch.clamp_min(self.z, 0, out=self.h)

    def backward(self, row: int) -> None:
        aten.threshold_backward.grad_input(self.d, self.h_learned, 0, grad_input=self.d)


class LeakyReLU(Activation):
    """f = z, or s z below 0; f' = 1, or s below 0, where h has the sign of z."""

    in_place = True
    slope: ClassVar[float] = ACTIVATIONS["leaky_relu"].arguments["negative_slope"]

    def forward(self) -> None:
        aten.leaky_relu.out(self.z, self.slope, out=self.h)

    def backward(self, row: int) -> None:
        aten.leaky_relu_backward.grad_input(
            self.d, self.h_learned, self.slope, True, grad_input=self.d
        )


class ELU(Activation):
    """f = z, or exp(z) - 1 below 0; f' = 1, or exp(z) = h + 1 below 0."""

    in_place = True

    def forward(self) -> None:
        aten.elu.out(self.z, out=self.h)

    def backward(self, row: int) -> None:
        aten.elu_backward.grad_input(self.d, 1, 1, 1, True, self.h_learned, grad_input=self.d)


class GELU(Activation):
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


class SiLU(Activation):
    """f = z s with s = sigmoid(z); f' = s (1 + z (1 - s))."""

    def forward(self) -> None:
        aten.silu.out(self.z, out=self.h)

    def backward(self, row: int) -> None:
        aten.silu_backward.grad_input(self.d, self.z_learned, grad_input=self.d)


class Softplus(Activation):
    """f = log(1 + exp(z)), which PyTorch takes to be z beyond 20; f' = sigmoid(z)."""

    def forward(self) -> None:
        aten.softplus.out(self.z, out=self.h)

    def backward(self, row: int) -> None:
        aten.softplus_backward.grad_input(self.d, self.z_learned, 1, 20, grad_input=self.d)


class HardSigmoid(Activation):
    """f = z / 6 + 1/2, held between 0 and 1; f' = 1/6 where -3 < z < 3, else 0."""

    def forward(self) -> None:
        aten.hardsigmoid.out(self.z, out=self.h)

    def backward(self, row: int) -> None:
        aten.hardsigmoid_backward.grad_input(self.d, self.z_learned, grad_input=self.d)


class HardTanh(Activation):
    """f = z, held between -1 and 1; f' = 1 where -1 < z < 1, else 0."""

    def forward(self) -> None:
        torch.clamp(self.z, -1, 1, out=self.h)

    def backward(self, row: int) -> None:
        aten.hardtanh_backward.grad_input(self.d, self.z_learned, -1, 1, grad_input=self.d)


class Softmax(Activation):
    """h_o = exp(z_o) / Σ_p exp(z_p).

    dz_o = h_o (dh_o - Σ_p dh_p h_p), since ∂h_p/∂z_o = h_p (δ_op - h_o).
    """

    in_place = True

    def forward(self) -> None:
        softmax(self.z, 1, False, out=self.h)

    def backward(self, row: int) -> None:
        softmax_backward(self.d, self.h_learned, 1, self.d.dtype, grad_input=self.d)


class LogSoftmax(Activation):
    """h_o = z_o - log Σ_p exp(z_p).

    dz_o = dh_o - exp(h_o) Σ_p dh_p, since ∂h_p/∂z_o = δ_op - exp(h_o).
    """

    in_place = True

    def forward(self) -> None:
        log_softmax(self.z, 1, False, out=self.h)

    def backward(self, row: int) -> None:
        log_softmax_backward(self.d, self.h_learned, 1, self.d.dtype, out=self.d)


FORMULAS: Final[Mapping[str, type[Activation]]] = {
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "gelu": GELU,
    "silu": SiLU,
    "softplus": Softplus,
    "hard_sigmoid": HardSigmoid,
    "hard_tanh": HardTanh,
    "softmax": Softmax,
    "log_softmax": LogSoftmax,
}
"""Every activation that has formulas, by its name in a preset; ``identity`` needs none."""
