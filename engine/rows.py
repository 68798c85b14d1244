"""What a block of steps measures, in buffers made once.

A row is a step. Whoever computes gradients fills the rows; the trainer reads them once a block.
Nothing is fetched from the device in between.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.parameters import Layout, Shaped

CAPACITY: Final = 256
"""Rows of a block, where memory allows."""

BUDGET: Final = 64 * 2**20
"""Bytes the rows may take: a large network gets fewer of them."""

CACHED: Final = 2**17
"""Numbers whose norms are computed at a time: a megabyte of float64."""


class Rows:
    """The buffers of one block: row i of a block that begins after step s is step s + i + 1.

    Args:
        network: What is measured.
        members: How many networks at once.
        device: Where it is measured.
        dtype: What the network computes with.
    """

    def __init__(
        self, network: Shaped, members: int, device: torch.device, dtype: torch.dtype
    ) -> None:
        self.layout = Layout(network, members)
        size = self.layout.size
        row_bytes = 2 * size * dtype.itemsize
        self.capacity = max(1, min(CAPACITY, BUDGET // row_bytes))

        def buffer(*shape: int) -> Tensor:
            return torch.zeros(self.capacity, *shape, device=device, dtype=dtype)

        self.gradients = buffer(size)
        """What the update used, before clipping: [rows, size]."""
        self.weights = buffer(size)
        """The parameters after the update: [rows, size]."""
        self.lr: NDArray[np.float64] = np.zeros((self.capacity, members))
        """The learning rate of the update: [rows, members]."""
        self.loss = buffer(members)
        """The loss the update used: [rows, members]."""
        self.accuracy = buffer(members)
        """The accuracy of the outputs the update used: [rows, members]."""
        self.dev_loss = buffer(members)
        """The dev set's loss after the update, in the rows that measure it."""
        self.dev_accuracy = buffer(members)
        """The dev set's accuracy after the update, in the rows that measure it."""

    def norms(self, count: int) -> Tensor:
        """Return the L2 norms of the first ``count`` rows, [rows, members, 1 + parameters].

        The first column is all parameters together.
        """
        each = norms_of(self.layout, self.gradients[:count])
        return torch.cat([torch.linalg.vector_norm(each, dim=-1, keepdim=True), each], dim=-1)


def norms_of(layout: Layout, flat: Tensor) -> Tensor:
    """Return each parameter's L2 norm in ``flat`` [rows, size], [rows, members, parameters].

    Each is summed by itself and in float64, so that norms from 1e-30 to 1e30 are exact in float32
    and a NaN in one layer stays there.
    """
    each = [_norms(part) for part in layout.slices(flat)[: layout.parameters]]
    return torch.stack(each, dim=-1)


def _norms(part: Tensor) -> Tensor:
    """Return the norms of one parameter [rows, members, numbers], [rows, members].

    A few rows at a time: they are copied to float64, and the copy should stay in the cache.
    """
    rows = max(1, CACHED // part[0].numel())
    each = [
        torch.linalg.vector_norm(part[start : start + rows], dim=-1, dtype=torch.float64)
        for start in range(0, len(part), rows)
    ]
    return torch.cat(each)
