"""The linear layer, by hand.

    y  = W x + b
    gW = dy xᵀ        since y_o = Σ_i W_oi x_i + b_o, and every row of data adds its own share
    gb = dy 1         the sum over the rows
    dx = Wᵀ dy        since x_i goes into every y_o with the weight W_oi

where dy is the derivative of the loss by y. Shapes: m members, o units out, i units in, n rows;
x [m, i, n], y [m, o, n], W and gW [m, o, i], b and gb [m, o, 1].
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class LinearFormula:
    """One layer's product.

    Args:
        weight: W.
        bias: b.
        x: The inputs of all rows; the first ones are learned from.
        y: Where the outputs go.
        dy: Where the loss's derivative by those comes from, [m, o, trained rows].
        dx: Where its derivative by the inputs goes; none where nothing before learns.
        gradients: Where gW and gb go, for each row of a block.
        ones: As many as there are trained rows.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        x: Tensor,
        y: Tensor,
        dy: Tensor,
        dx: Tensor | None,
        gradients: Sequence[tuple[Tensor, Tensor]],
        ones: Tensor,
    ) -> None:
        self._weight, self._bias, self._x, self._y = weight, bias, x, y
        self._dy, self._dx = dy, dx
        # Views of the same memory: a transposed matrix is another stride, not another copy.
        self._weight_t, self._x_t = weight.mT, x[:, :, : len(ones)].mT
        # dy 1 for all members is one product of a matrix and a vector: [m · o, n] by [n].
        self._dy_rows, self._ones = dy.view(-1, len(ones)), ones
        # A bias gradient is [m, o, 1] in its row; for the product it is laid flat, [m · o].
        self._gradients = [(g_weight, g_bias.view(-1)) for g_weight, g_bias in gradients]

    def forward(self) -> None:
        """y = W x + b."""
        # One call for product and bias; [m, o, 1] is spread over the rows of data.
        torch.baddbmm(self._bias, self._weight, self._x, out=self._y)

    def backward(self, row: int) -> None:
        """gW = dy xᵀ, gb = dy 1, dx = Wᵀ dy."""
        g_weight, g_bias = self._gradients[row]
        torch.bmm(self._dy, self._x_t, out=g_weight)
        torch.mv(self._dy_rows, self._ones, out=g_bias)
        # The first layer's inputs are data: nobody learns from their derivative.
        if self._dx is not None:
            torch.bmm(self._weight_t, self._dy, out=self._dx)
