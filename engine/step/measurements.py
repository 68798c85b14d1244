"""What a block of steps measures, in buffers made once.

    block after step s      row 0      row 1      …      row count - 1
    holds step              s + 1      s + 2      …      s + count

A row is a step. Whoever computes gradients fills the rows; the trainer reads them once a block.
Nothing is fetched from the device in between: on CUDA, a number that Python sees costs a wait until
all that was asked of the device is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..recording.values import Values

if TYPE_CHECKING:
    from ..network.parameters import ParameterLayout

CAPACITY: Final = 256
"""Rows of a block, where memory allows."""

SMALL: Final = (1024, 16 * 2**20)
"""Rows of a block of a small network, and the bytes that they may take: between two blocks there is
more to do than in dozens of its steps."""

BUDGET: Final = 64 * 2**20
"""Bytes the rows may take: a large network gets fewer of them."""

PIECE: Final = 256
"""Numbers whose squares are summed in the numbers' own type, before float64 goes on."""

PLAIN: Final = (1e-12, 1e18)
"""Norms between which no square of float32 that matters leaves its range."""


class Measurements:
    """The buffers of one block: row i of a block that begins after step s is step s + i + 1.

    Args:
        layout: Where the parameters lie, and of how many members.
        weights: The network's own, [size]: the rows are of their kind, on their device.
    """

    def __init__(self, layout: ParameterLayout, weights: Tensor) -> None:
        self.layout: Final = layout
        size, members = layout.size, layout.members
        # Gradients and weights are all that counts; the rest of a row is a number a member.
        row_bytes = 2 * size * weights.itemsize
        most, small_bytes = SMALL
        fitting = max(min(CAPACITY, BUDGET // row_bytes), small_bytes // row_bytes)
        self.capacity = max(1, min(most, fitting))

        # Made once and written over by every block. What CUDA graphs have captured
        # goes on writing where it wrote, and views of the rows need not be made again.
        def buffer(*shape: int) -> Tensor:
            return weights.new_zeros(self.capacity, *shape)

        self.gradients = buffer(size)
        """What the update used, before clipping: [rows, size]. Where norms are measured without
        them, the first row has the last step's, and the others nothing."""
        self.weights = buffer(size)
        """The parameters after the update: [rows, size]."""
        self.lr: NDArray[np.float64] = np.zeros((self.capacity, members))
        """The learning rate of the update: [rows, members]."""
        self.loss = buffer(members)
        """The loss the update used: [rows, members]."""
        self.accuracy = buffer(members)
        """The accuracy of the outputs the update used: [rows, members]."""
        self.dev_loss = buffer(members)
        """The dev set's loss after the update, in the rows that measure it: [rows, members]."""
        self.dev_accuracy = buffer(members)
        """The dev set's accuracy after the update, in the rows that measure it: [rows, members]."""

        self.measured_norms: NDArray[np.float64] | None = None
        """What ``norms`` returns of the rows, where whoever fills them has computed it."""

    def fetch(self, count: int, *, accuracy: bool) -> tuple[Values, Values]:
        """Fetch the first ``count`` rows from the device, once.

        Args:
            count: How many steps were taken.
            accuracy: Whether there is one.

        Returns:
            The train rows [columns, count, members], in the order of the recording, and the dev
            measurements in the same rows, [loss and accuracy, count, members].
        """
        columns = [self.loss, self.accuracy] if accuracy else [self.loss]
        if not self.loss.is_cuda:
            return self._here(columns, count), self._dev_here(count)
        table = [
            *(column[:count].double() for column in columns),
            torch.from_numpy(self.lr[:count]).to(self.loss.device),
            *self.norms(count).unbind(-1),
            self.dev_loss[:count].double(),
            self.dev_accuracy[:count].double(),
        ]
        # One tensor and one copy: on CUDA each fetch waits until the device has done all that it
        # was asked for, and the next block cannot be asked for meanwhile.
        fetched: NDArray[np.float64] = torch.stack(table).cpu().numpy()
        # A recording holds float32. What is finite in float64 alone becomes infinite there.
        with np.errstate(over="ignore"):
            values = fetched.astype(np.float32)
        return values[:-2], values[-2:]

    def _here(self, columns: Sequence[Tensor], count: int) -> Values:
        """Return the train rows of what lies in this process's memory, with no tensor made."""
        norms, first = self.norms(count).numpy(), len(columns)
        values = np.empty((first + 1 + norms.shape[2], count, norms.shape[1]), np.float32)
        with np.errstate(over="ignore"):
            for place, column in enumerate(columns):
                values[place] = column[:count].numpy()
            values[first] = self.lr[:count]
            values[first + 1 :] = norms.transpose(2, 0, 1)
        return values

    def _dev_here(self, count: int) -> Values:
        values = np.empty((2, count, self.layout.members), np.float32)
        with np.errstate(over="ignore"):
            values[0], values[1] = self.dev_loss[:count].numpy(), self.dev_accuracy[:count].numpy()
        return values

    def watched(self, figure: str, *, dev: bool) -> Tensor:
        """Return the rows of a measurement, ``loss`` or ``accuracy``, [capacity, members].

        Args:
            figure: Which.
            dev: Whether of the dev set.
        """
        rows: Tensor = getattr(self, f"dev_{figure}" if dev else figure)
        return rows

    def norms(self, count: int) -> Tensor:
        """Return the L2 norms of the first ``count`` rows, [rows, members, 1 + parameters].

        The first column is all parameters together.
        """
        if self.measured_norms is not None:
            return torch.from_numpy(self.measured_norms[:count])
        each = norms_of(self.layout, self.gradients[:count])
        # The norm of the norms is that of everything: √(Σ‖g‖²), with no pass over the gradients.
        return torch.cat([torch.linalg.vector_norm(each, dim=-1, keepdim=True), each], dim=-1)


def norms_of(layout: ParameterLayout, flat: Tensor) -> Tensor:
    """Return each parameter's L2 norm in ``flat`` [rows, size], [rows, members, parameters].

    Each is summed by itself and in float64, so that norms from 1e-30 to 1e30 are exact in float32
    and a NaN in one layer stays there.
    """
    return torch.stack([norms_of_part(part) for part in layout.parameter_slices(flat)], dim=-1)


def norms_of_part(part: Tensor) -> Tensor:
    """Return the norms of one parameter [rows, members, numbers], [rows, members] in float64.

    Summing in float64 means a copy in float64, which takes several times as long as the sum. So
    pieces are summed as they are, and their norms in float64; only where the result is such that
    a square may have left its type's range, all of it is done in float64.
    """
    # 1e-23 squared is 0 in float32 and 1e20 squared infinite, though neither norm is: vanishing
    # and exploding gradients, which this laboratory is there to show, would look like dead ones.
    whole = part.shape[-1] // PIECE * PIECE
    if part.dtype == torch.float64 or whole < 2 * PIECE or part.is_cuda:
        return _exact(part)
    # [rows, members, pieces, 256]: short sums, so that float32 loses little in each.
    each = torch.linalg.vector_norm(part[..., :whole].view(*part.shape[:-1], -1, PIECE), dim=-1)
    rest = torch.linalg.vector_norm(part[..., whole:], dim=-1, keepdim=True)
    norms = _exact(torch.cat([each, rest], dim=-1))
    # Asked the other way round, a NaN would not be doubtful: no comparison with it holds.
    least, most = PLAIN
    doubtful = ~((norms > least) & (norms < most))
    # Asking waits for the device; on CUDA the exact way was taken above.
    if doubtful.any():
        norms[doubtful] = _exact(part[doubtful])
    return norms


def _exact(numbers: Tensor) -> Tensor:
    """Return norms over the last axis, summed in float64."""
    norms: Tensor = torch.linalg.vector_norm(numbers, dim=-1, dtype=torch.float64)
    return norms
