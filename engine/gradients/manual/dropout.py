"""Dropout, by hand: h = mask x, and dx = mask dh, the mask being 0 or 1 / (1 - share).

The masks are those of ``engine.network.dropout_masks``: a function of seed and step, the same for
every method.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ...network.dropout_masks import Masks


class DropoutFormula:
    """One layer's dropout.

    Args:
        x: What is left out of, [m, units, rows].
        h: Where the rest goes; the activation before needs x as it was.
        d: The derivative of the loss by it, in place, [m, units, rows].
        masks: The masks of the network.
        layer: Which dropout of the network it is, from 0.
    """

    def __init__(self, x: Tensor, h: Tensor, d: Tensor, masks: Masks, layer: int) -> None:
        self._x, self._h, self._d = x, h, d
        self._masks, self._layer, self._mask = masks, layer, torch.empty_like(d)

    def draw(self) -> None:
        """Take the mask of the step that has begun."""
        # Copied to where the recorded operations read it: a new tensor would be none of theirs.
        self._mask.copy_(self._masks.mask(self._layer, self._mask.shape[2]))

    def forward(self) -> None:
        """h = mask x."""
        # All rows here are learned from: with dropout, dev rows are measured by themselves.
        torch.mul(self._x, self._mask, out=self._h)

    def backward(self, row: int) -> None:
        """dx = mask dh."""
        self._d.mul_(self._mask)
