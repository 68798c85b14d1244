"""RMSprop, centered or not, with momentum or without."""

from __future__ import annotations

import torch
from torch import Tensor

from .base import UpdateBase, add, add_product, add_ratio


class RMSpropUpdate(UpdateBase):
    """v ← alpha · v + (1 - alpha) · g²; d = g ÷ (√v + eps), centered √(v - m²) with the mean m
    of g; w ← w - lr · d, or with momentum b ← momentum · b + d and w ← w - lr · b.

    Tieleman and Hinton 2012, lecture 6.5 of "Neural networks for machine learning"; centered in
    Graves 2013, "Generating sequences with recurrent neural networks".
    """

    timed = False

    def _prepare(self) -> None:
        alpha = self._setting("alpha")
        self._alpha, self._rest = self._tensor(alpha), self._factor(1.0 - alpha)
        self._weight_of_g = self._tensor(1.0 - alpha)
        self._eps = self._tensor(self._setting("eps"))
        self._v, self._root = self._buffer("square_avg"), self._scratch()
        self._centered = self._any("centered")
        if self._centered:
            self._m = self._buffer("grad_avg")
        self._has_momentum = self._any("momentum")
        if self._has_momentum:
            self._kept = self._tensor(self._setting("momentum"))
            self._b = self._buffer("momentum_buffer")

    def _refresh(self) -> None:
        self._change = self._rate("change")

    def step(self, gradient: Tensor) -> None:
        """Update the weights in place; the gradient [numbers] is left as it is."""
        g, root = self._with_decay(gradient), self._root
        add_product(self._v.mul_(self._alpha), g, g, self._rest, root)
        if self._centered:
            self._m.lerp_(g, self._weight_of_g)
            # E[g²] - E[g]²: the variance of the gradient in place of its mean square.
            torch.addcmul(self._v, self._m, self._m, value=-1, out=root).sqrt_()
        else:
            torch.sqrt(self._v, out=root)
        # Outside the root, as in PyTorch; inside it, it would weigh as its own root.
        root.add_(self._eps)
        if self._has_momentum:
            # The rate comes last and not into b: one that is changed acts on the whole update.
            self._b.mul_(self._kept).addcdiv_(g, root)
            add(self._weights, self._b, self._change)
        else:
            add_ratio(self._weights, g, root, self._change, root)
