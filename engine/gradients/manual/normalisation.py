"""The normalisations, by hand.

    x̂ = (z - μ) / √(σ² + ε)        mean μ and variance σ² over N numbers
    y = w x̂ + b

    gw = Σ dy x̂,  gb = Σ dy        over the rows of data
    dz = (dx̂ - mean dx̂ - x̂ mean(dx̂ x̂)) / √(σ² + ε)        with dx̂ = w dy

The last line follows from ∂μ/∂z = 1/N and ∂σ²/∂z = 2 (z - μ) / N (Ioffe and Szegedy 2015, section
3). Tensors are [members, units, rows], w and b [members, units, 1]. ``backward`` turns dy into dz
where it stands. To give a normalisation its formulas, add its class and its row in ``FORMULAS``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import torch
from torch import Tensor

from ...network.module import EPSILON, MOMENTUM


class NormalisationFormula:
    """What both have.

    Args:
        z: What is normalised, and what it becomes, all rows.
        d: The derivative of the loss: by y before ``backward``, by z after it, [m, units, trained].
        parameters: w and b, and what else is kept beside them.
        gradients: Where gw and gb go, for each row of a block.
    """

    axis: ClassVar[int]
    """Over which axis mean and variance are taken."""

    def __init__(
        self,
        z: Tensor,
        d: Tensor,
        parameters: Mapping[str, Tensor],
        gradients: Sequence[tuple[Tensor, Tensor]],
    ) -> None:
        self.z, self.d = z, d
        self.weight, self.bias = parameters["weight"], parameters["bias"]
        self.gradients = gradients
        # Kept from forward: backward needs x̂, and z is gone, for y has taken its place.
        self.normal = torch.empty_like(z)
        self.normal_learned = self.normal[:, :, : d.shape[2]]
        self.mean = z.mean(self.axis, keepdim=True)
        self.variance, self.scale = torch.empty_like(self.mean), torch.empty_like(self.mean)
        self.product = torch.empty_like(d)
        # As a tensor: PyTorch would make one of the number in every step.
        self.epsilon = z.new_tensor(EPSILON)
        self.prepare(parameters)

    def prepare(self, parameters: Mapping[str, Tensor]) -> None:
        """Make what this one needs beside."""

    def forward(self) -> None:
        """x̂ = (z - μ) / √(σ² + ε), y = w x̂ + b."""
        torch.mean(self.z, self.axis, keepdim=True, out=self.mean)
        # Divided by N, not N - 1: this is the batch's own spread, not an estimate of another's.
        torch.var(self.z, self.axis, correction=0, keepdim=True, out=self.variance)
        torch.add(self.variance, self.epsilon, out=self.scale)
        # One root and one division for each unit, not for each number.
        self.scale.rsqrt_()
        torch.sub(self.z, self.mean, out=self.normal)
        self.normal.mul_(self.scale)
        torch.addcmul(self.bias, self.normal, self.weight, out=self.z)

    def backward(self, row: int) -> None:
        """gw = Σ dy x̂ and gb = Σ dy; the rest is each one's own."""
        g_weight, g_bias = self.gradients[row]
        # In room of its own: dy itself is still wanted.
        torch.mul(self.d, self.normal_learned, out=self.product)
        torch.sum(self.product, 2, keepdim=True, out=g_weight)
        torch.sum(self.d, 2, keepdim=True, out=g_bias)


class BatchNormFormula(NormalisationFormula):
    """Over the rows, for each unit: there w is the same for all N, and the means are gb and gw.

    dz = w (dy - (gb + x̂ gw) / N) / √(σ² + ε)
    """

    axis = 2

    def prepare(self, parameters: Mapping[str, Tensor]) -> None:
        """Take the running figures as well."""
        self.running_mean = parameters["running_mean"]
        self.running_var = parameters["running_var"]
        rows = self.z.shape[2]
        # N / (N - 1): the running variance estimates that of rows which are not in the batch.
        self.unbiased, self.stays = MOMENTUM * rows / (rows - 1), self.z.new_tensor(1 - MOMENTUM)

    def forward(self) -> None:
        """Normalise, and let the running figures follow, the variance without its bias."""
        super().forward()
        # A running mean forgets: 0.9 of it stays at each step, so that it follows the weights.
        self.running_mean.lerp_(self.mean, MOMENTUM)
        self.running_var.mul_(self.stays).add_(self.variance, alpha=self.unbiased)

    def backward(self, row: int) -> None:
        """dz = w (dy - (gb + x̂ gw) / N) / √(σ² + ε)."""
        super().backward(row)
        g_weight, g_bias = self.gradients[row]
        # gb and gw have just been summed over the very rows whose means are wanted: N times these.
        torch.addcmul(g_bias, self.normal_learned, g_weight, out=self.product)
        self.d.sub_(self.product, alpha=1 / self.d.shape[2])
        # Written over: forward makes it anew in the next step.
        self.scale.mul_(self.weight)
        self.d.mul_(self.scale)


class LayerNormFormula(NormalisationFormula):
    """Over the units, for each row of data: there dx̂ = w dy comes first."""

    axis = 1

    def prepare(self, parameters: Mapping[str, Tensor]) -> None:
        """Make room for the two means."""
        self.scale_learned = self.scale[:, :, : self.d.shape[2]]
        self.first = self.d.mean(1, keepdim=True)
        self.second = torch.empty_like(self.first)

    def backward(self, row: int) -> None:
        """dz = (dx̂ - mean dx̂ - x̂ mean(dx̂ x̂)) / √(σ² + ε), with dx̂ = w dy."""
        super().backward(row)
        self.d.mul_(self.weight)
        # Here w differs among the units that are averaged, so it cannot be taken out of the mean.
        torch.mean(self.d, 1, keepdim=True, out=self.first)
        torch.mul(self.d, self.normal_learned, out=self.product)
        torch.mean(self.product, 1, keepdim=True, out=self.second)
        self.d.sub_(self.first).addcmul_(self.normal_learned, self.second, value=-1)
        self.d.mul_(self.scale_learned)


FORMULAS: Final[Mapping[str, type[NormalisationFormula]]] = {
    "batch": BatchNormFormula,
    "layer": LayerNormFormula,
}
"""Every normalisation that has formulas, by its name in a preset."""
