"""The weights with which each member did best on the dev set, kept beside those it has now."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..network.parameters import ParameterLayout


class BestWeights:
    """Each member's best weights.

    Args:
        layout: Where the parameters lie.
        weights: The untrained ones, [size], which are the best at first.
    """

    def __init__(self, layout: ParameterLayout, weights: Tensor) -> None:
        self._layout = layout
        self.weights = weights.clone()
        """[size], as the network's own; each member's part is of a step of its own."""

    def keep(self, best_rows: NDArray[np.int64], weights: Tensor) -> None:
        """Keep what a block brought.

        Args:
            best_rows: Each member's new best row, [members]; -1 where it has none.
            weights: The weights after each step of the block, [rows, size].
        """
        for member in np.flatnonzero(best_rows >= 0):
            # Where members lie side by side, a member's numbers are scattered over the tensor.
            numbers = self._layout.positions[member]
            self.weights[numbers] = weights[int(best_rows[member]), numbers]

    @contextlib.contextmanager
    def lent(self, weights: Tensor, members: NDArray[np.bool_]) -> Iterator[None]:
        """Put some members' best weights in place of those they have, while this is entered.

        Args:
            weights: The network's own, [size]; every module and formula is a view of them, so
                that they are written over and put back, never exchanged.
            members: Whose are lent, [members].
        """
        current = weights.clone()
        numbers = self._layout.positions[members].ravel()
        weights[numbers] = self.weights[numbers]
        try:
            yield
        finally:
            weights.copy_(current)
