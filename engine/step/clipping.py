"""Gradient clipping, by norm and by value, member by member."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..experiment.experiment import Members
from ..network.parameters import ParameterLayout


class Clipping:
    """Bounds on the gradient, for each member by itself.

    Args:
        members: Each says its own bounds.
        layout: Where each member's gradient lies.
    """

    def __init__(self, members: Members, layout: ParameterLayout) -> None:
        self._norms = [member.train.clip_norm for member in members]
        self._values = [member.train.clip_value for member in members]
        self._layout = layout
        self._gradients: Tensor | None = None
        self.wanted = any(bound is not None for bound in (*self._norms, *self._values))
        """Whether anything is bounded."""

    def apply(self, gradients: Tensor) -> None:
        """Bound the gradients in place, as ``torch.nn.utils.clip_grad_norm_`` does.

        Args:
            gradients: Of the parameters at least, [learned] or [size]. What is made to bound
                them is kept, so that it costs least if it is the same tensor every time.
        """
        if not self.wanted:
            return
        # Views and buffers are made for one tensor, once: a step allocates nothing.
        if gradients is not self._gradients:
            self._bind(gradients)
        if self._norm is not None:
            self._scale()
        if self._value is not None:
            for part in self._parts:
                # Number by number, which changes the direction as well: the norm alone would not.
                part.clamp_(self._least, self._value)

    def _scale(self) -> None:
        """Scale each member's gradient so that its norm is at most its bound."""
        assert self._norm is not None
        # As PyTorch does it, with the norm of the parameters' norms and its margin of 1e-6: bounded
        # gradients are then the same numbers as in anybody's own loop.
        for part, norm in zip(self._parts, self._own_norms, strict=True):
            torch.linalg.vector_norm(part, dim=-1, keepdim=True, out=norm)
        # Norm of the norms: a member's whole gradient without another pass over it.
        torch.linalg.vector_norm(self._norm_of, dim=0, out=self._total)
        torch.div(self._norm, self._total.add_(self._margin), out=self._factor)
        # Only ever smaller: a gradient below its bound is left alone.
        torch.clamp(self._factor, max=1.0, out=self._factor)
        # A factor of 1 for who has no bound: a member must not change for its neighbours' sake.
        if self._free is not None:
            self._factor.masked_fill_(self._free, 1.0)
        for part in self._parts:
            part.mul_(self._factor)

    def _bind(self, gradients: Tensor) -> None:
        """Make what is needed to bound a tensor of gradients."""
        self._gradients = gradients
        members = self._layout.members
        self._parts = self._layout.parameter_slices(gradients)
        """Each parameter's gradient, [members, numbers]."""
        self._norm_of = gradients.new_zeros(len(self._parts), members, 1)
        self._own_norms = self._norm_of.unbind()
        self._total, self._factor = gradients.new_zeros(2, members, 1).unbind()
        self._margin = gradients.new_tensor(1e-6)
        self._norm = _bounds(self._norms, gradients)
        self._value = _bounds(self._values, gradients)
        self._least = None if self._value is None else -self._value
        self._free: Tensor | None = None
        """The members that have no bound, where others have: not even a NaN scales them."""
        if self._norm is not None and None in self._norms:
            self._free = self._norm.isinf()


def _bounds(bounds: Sequence[float | None], like: Tensor) -> Tensor | None:
    """Return the members' bounds [members, 1], infinite where there is none; None without any."""
    if all(bound is None for bound in bounds):
        return None
    numbers = [math.inf if bound is None else bound for bound in bounds]
    return torch.tensor(numbers, dtype=like.dtype, device=like.device)[:, None]
