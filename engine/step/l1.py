"""L1 regularisation: what is added to the gradients so that weights which do no work come to 0."""

from __future__ import annotations

import torch
from torch import Tensor

from ..experiment.experiment import Members
from ..network.parameters import ParameterLayout


def pulls(members: Members) -> bool:
    """Whether any member's weights are pulled to 0."""
    return any(member.optimizer.l1 for member in members)


class L1Pull:
    """The derivative of l1 times the sum of all weights' sizes: l1 times the sign of each.

    Args:
        members: Each says its own l1.
        layout: Where each member's parameters lie.
    """

    def __init__(self, members: Members, layout: ParameterLayout) -> None:
        self.wanted = pulls(members)
        """Whether anything is pulled."""
        self._each = torch.zeros(layout.size if self.wanted else 0, dtype=torch.float64)
        for member, places in zip(members, layout.positions, strict=True):
            if self.wanted:
                self._each[places] = member.optimizer.l1

    def add(self, gradients: Tensor, weights: Tensor) -> None:
        """Add it to gradients in place; both have the parameters at least, [learned] or [size]."""
        if not self.wanted:
            return
        count = min(len(gradients), len(weights))
        self._each = self._each.to(gradients)
        gradients[:count].addcmul_(weights[:count].sign(), self._each[:count])
