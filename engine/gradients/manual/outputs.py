"""Outputs of consecutive steps, kept until they are measured all at once.

Loss and accuracy of one step are a handful of operations, each of which costs more to call than
to compute; for a hundred steps together they cost the same handful.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor

from ...experiment.experiment import Experiment, Members
from .losses import FORMULAS

LANES: Final = 32
"""Rows that are kept are a multiple of this, two vectors of 16 float32: see ``padded``."""

MOST_NUMBERS: Final = {"cpu": 250_000, "cuda": 25_000_000}
"""Outputs that are kept at most: on a CPU they, and what is computed of them, should stay in the
cache; on CUDA they should be those of as many steps as a graph has."""


def padded(rows: int) -> int:
    """Return how many rows are kept for so many: whole vectors of the CPU.

    PyTorch computes what is left over at a tensor's end in another way. Without padding, the
    bits of a step's loss would depend on how many steps are measured with it.
    """
    return -(-rows // LANES) * LANES


def room(numbers: int, device: torch.device) -> int:
    """Return for how many steps so many outputs should be kept."""
    return max(1, MOST_NUMBERS[device.type] // numbers)


def with_padding(targets: Tensor) -> Tensor:
    """Return targets [..., rows] with the rows that are kept, the further ones 0."""
    rows = targets.shape[-1]
    padding: Tensor = torch.nn.functional.pad(targets, (0, padded(rows) - rows))
    return padding


class KeptOutputs:
    """Room for the outputs of some steps.

    Args:
        members: Say what is measured.
        outputs: What is kept of each step, a view of the network's outputs, [members, outputs,
            rows].
        steps: For how many steps there is room.
    """

    def __init__(self, members: Members, outputs: Tensor, steps: int) -> None:
        count, units, self._rows = outputs.shape
        self._outputs = outputs
        self.slots: Final = outputs.new_zeros(steps, count, units, padded(self._rows))
        """Where the outputs go, [steps, members, outputs, padded rows]."""
        # Views of the slots are made once; the padding behind their rows stays 0 for ever.
        self._slots: Sequence[Tensor] = self.slots[..., : self._rows].unbind()
        # The formula is wired to these outputs for its shapes alone; nothing is ever sent back.
        self._loss = FORMULAS[members[0].loss.name](members, outputs, outputs)
        self._right = _right(members[0])

    def keep(self, slot: int) -> None:
        """Keep the outputs as they are."""
        # A copy of a few numbers: the next step writes over the outputs.
        self._slots[slot].copy_(self._outputs)

    def measure(self, begin: int, end: int, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return loss and accuracy of the slots begin … end - 1, [slots, members] each.

        Args:
            begin: The first slot.
            end: The slot after the last.
            targets: Theirs, [slots, members, outputs, padded rows]. No accuracy is NaN.
        """
        # [slots, members, outputs, padded rows]: what would be a handful of calls for each slot.
        outputs = self.slots[begin:end]
        # Padded rows are computed with the others, for whole vectors, and cut off before the sum.
        loss = self._loss.total(self._loss.cost(outputs, targets)[..., : self._rows])
        if self._right is None:
            return loss, torch.full_like(loss, torch.nan)
        # A count of ones is exact in float32 up to 16 million rows, and divided in float64.
        right = self._right(outputs, targets)[..., : self._rows]
        return loss, right.sum(-1).double().div_(self._rows)


def _right(experiment: Experiment) -> Callable[[Tensor, Tensor], Tensor] | None:
    """Return what says which rows are right, [..., rows], or None without classes."""
    if not experiment.has_accuracy:
        return None
    if experiment.loss.targets == "classes":
        return lambda outputs, targets: outputs.argmax(-2) == targets.argmax(-2)
    boundary = experiment.loss.threshold()
    # As numbers: comparing them with one another is a vector operation, with booleans it is not.
    return lambda outputs, targets: (outputs > boundary).to(outputs.dtype).eq_(targets).squeeze(-2)
