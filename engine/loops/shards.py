"""Parameters that lie in several processes, a part in each: their norms are those of the whole.

    each process      norms of its own parts, step by step, of which nobody is told
    a block of steps  squares of all of them, summed over the processes in one small collective

What lies in several processes alike, as in all of DistributedDataParallel, counts once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import prod
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed

from ..gradients.leaned_on import FlatPart, flat_parts
from ..recording.unsaid import UNSAID

Table = NDArray[np.float64]

LAST: Final = timedelta(seconds=60)
"""How long the others are waited for where the loop is over: one of them may have gone."""


def is_parted(parameter: Tensor) -> bool:
    """Whether this process has a part of a parameter alone."""
    return any(each.is_shard() for each in getattr(parameter, "placements", ()))


def part_of(tensor: Tensor) -> Tensor:
    """Return what of a tensor lies in this process; all of one that is in no other."""
    if not hasattr(tensor, "to_local"):
        return tensor
    whole: Any = tensor
    if any(each.is_partial() for each in whole.placements):
        from torch.distributed.tensor import Replicate

        # A sum of which each process has a term is no part of anything.
        added = [Replicate() if each.is_partial() else each for each in whole.placements]
        whole = whole.redistribute(placements=added)
    part: Tensor = whole.to_local()
    return part


class Shards:
    """The parts of parameters that lie in this process.

    Args:
        parameters: All that are watched.
        count: How many processes train them.
        device: Where what they tell each other has to lie.
        flat: The parameters that are parts and look like wholes, by identity.
    """

    def __init__(
        self,
        parameters: Sequence[Tensor],
        count: int,
        device: torch.device,
        flat: Mapping[int, FlatPart],
    ) -> None:
        copies = [
            count / flat[id(each)].processes if id(each) in flat else _copies(each, count)
            for each in parameters
        ]
        self.shares: Final[Table] = 1 / np.array(copies)
        """Of each parameter, how much of its square each process adds to the sum."""
        # Where nothing of a parameter lies there is no gradient either.
        self._nothing = np.array([id(each) in flat and not each.numel() for each in parameters])
        self._device = device
        self.together = True
        """Whether the others sum as well: alone, no norm is known."""
        self.is_over = False
        """Whether the loop has ended, so that nobody is waited for longer than ``LAST``."""

    def whole(self, tables: Sequence[Table], totals: Table) -> tuple[list[Table], Table]:
        """Return the norms of whole parameters; all processes ask at the same step.

        Args:
            tables: Norms of the parts in this process, [..., parameters] each.
            totals: Norms of several parts together, each of which has its share already, [any].
        """
        there = [np.where(self._nothing, 0.0, each) for each in tables]
        squares = [*(np.square(each) * self.shares for each in there), np.square(totals)]
        summed = self._summed(torch.from_numpy(np.concatenate([each.ravel() for each in squares])))
        *parts, last = np.split(np.sqrt(summed), np.cumsum([each.size for each in squares])[:-1])
        return [part.reshape(each.shape) for part, each in zip(parts, tables, strict=True)], last

    def _summed(self, numbers: Tensor) -> Table:
        """Return sums over all processes, [numbers]; unsaid where one of these is not there."""
        unknown = np.full(len(numbers), UNSAID)
        if not self.together:
            return unknown
        shared = numbers.to(self._device)
        try:
            work = distributed.all_reduce(shared, async_op=True)
            if work is not None:
                work.wait(*([LAST] if self.is_over else []))
        except RuntimeError:
            # Within a loop its own next step says what is wrong; one that is over has no more.
            self.together = False
            return unknown
        return shared.cpu().numpy()


def shards_of(parameters: Sequence[Tensor], count: int, device: torch.device) -> Shards | None:
    """Return the parts of parameters; nothing where each process has all of them."""
    flat = flat_parts()
    parted = any(is_parted(each) or id(each) in flat for each in parameters)
    return Shards(parameters, count, device, flat) if parted else None


def _copies(parameter: Tensor, count: int) -> float:
    """Return how many processes have the same of a parameter."""
    mesh: Any = getattr(parameter, "device_mesh", None)
    if mesh is None:
        return count
    placements = getattr(parameter, "placements", ())
    alike = prod(mesh.size(at) for at, each in enumerate(placements) if each.is_replicate())
    return float(alike * count / mesh.size())
