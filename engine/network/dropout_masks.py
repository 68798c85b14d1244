"""Which units dropout leaves out of a step: a function of seed and step, whatever computes it.

Masks are drawn for a fixed number of steps at a time. Seeding a generator for every step and
member would cost more than the step.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from ..experiment.experiment import Members
from ..experiment.units import mask_unit
from ..randomness import derive_seed


class Masks:
    """The masks of all dropouts of a network.

    Args:
        members: What each member is.
        device: Where the masks go.
        dtype: What the network computes with.
    """

    def __init__(self, members: Members, device: torch.device, dtype: torch.dtype) -> None:
        shares = zip(*(member.model.dropouts for member in members), strict=True)
        first = members[0]
        self._layers = [
            (first.widths[index], torch.tensor(each, dtype=dtype, device=device)[:, None, None])
            for index, each in enumerate(shares, start=1)
            if each[0]
        ]
        self.wanted: Final = bool(self._layers)
        """Whether anything is left out at all."""
        self._seeds = [member.train.seed for member in members]
        self._rows = first.batch_rows
        self._steps = mask_unit(first) if self.wanted else 1
        self._device, self._dtype = device, dtype
        self._unit, self._index = -1, 0
        self._drawn: list[Tensor] = []

    def begin(self, step: int) -> None:
        """Turn to the masks of a step, counted from 1."""
        if not self.wanted:
            return
        # Drawn again only where another unit begins: going back a step within one costs nothing.
        unit, self._index = divmod(step - 1, self._steps)
        if unit != self._unit:
            self._drawn = [self._draw(unit, at) for at in range(len(self._layers))]
            self._unit = unit

    def mask(self, layer: int, rows: int) -> Tensor:
        """Return the step's mask of one dropout, [members, units, rows]: 0, or 1 / (1 - share).

        Args:
            layer: Which dropout of the network, from 0.
            rows: How many rows of data there are; an epoch's last batch may have fewer.
        """
        return self._drawn[layer][self._index, :, :, :rows]

    def coming(self) -> list[Tensor]:
        """Return every dropout's masks of the step and of those drawn with it that follow.

        [steps, members, units, rows] each.
        """
        return [drawn[self._index :] for drawn in self._drawn]

    def _draw(self, unit: int, layer: int) -> Tensor:
        """Return one dropout's masks of all steps of a unit, [steps, members, units, rows]."""
        units, shares = self._layers[layer]
        size = self._steps, units, self._rows
        # Drawn feature by feature, as the formulas have them, for full batches: an epoch's last and
        # shorter batch takes the first rows of its mask.
        counter = unit * len(self._layers) + layer
        draws = []
        for seed in self._seeds:
            stream = torch.Generator(self._device)
            stream.manual_seed(derive_seed(seed, "dropout", counter))
            draws.append(torch.rand(size, generator=stream, device=self._device))
        # What is kept is scaled up, so that the next layer gets as much as when nothing is left out
        # and a network that is measured needs no other weights.
        return (torch.stack(draws, dim=1) >= shares).to(self._dtype).div_(1 - shares)
