"""Forward and back: all that a step computes before its update, for a number of rows.

    inputs ─► graph.forward ─► outputs ─► kept
                                  └► graph.backward ─► the row's gradients

Once a run has shown that it is worth it, the operations are played from graphs on CUDA.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from torch import Tensor

from ...experiment.experiment import Members
from ...network.dropout_masks import Masks
from ...step.batches import Batch
from .cuda_graphs import CudaGraphs, Player, one_by_one
from .inputs import targets_of
from .layers import FormulaGraph
from .outputs import KeptOutputs

CAPTURED_AFTER: Final = 100
"""Steps that are taken as they are written at first: most runs of a lesson are short."""


class Propagation:
    """The formulas of so many rows, and what they leave.

    Args:
        members: What the network looks like, and its loss.
        weights: Parameters and buffers by name, as ``FormulaGraph`` wants them.
        gradients: Where the gradients go, [rows of the block, …] each.
        masks: What dropout leaves out.
        inputs: What a step sees, [members, features, rows].
        constant: Whether every step sees that.
        dev: Rows of which outputs are computed beside, where there are any.
        room: For how many steps outputs are kept.
        then: What follows in every step, given its row: nothing in it may change but the row.
    """

    def __init__(
        self,
        members: Members,
        weights: Mapping[str, Tensor],
        gradients: Mapping[str, Sequence[Tensor]],
        masks: Masks,
        *,
        inputs: Tensor,
        constant: bool,
        dev: Batch | None,
        room: int,
        then: Callable[[int], None],
    ) -> None:
        width = inputs.shape[2]
        beside = dev.inputs.shape[1] if dev is not None else 0
        wired = members, weights, gradients, masks
        graph = FormulaGraph(*wired, learned=width, rows=width + beside)
        self._graph, self._constant, self._then = graph, constant, then
        # The first columns are learned from, the dev rows lie behind them.
        self._learned = graph.x[:, :, :width]
        self._learned.copy_(inputs)
        self.begin: Final = graph.begin
        """Takes what is drawn for a step."""
        self.kept: Final = KeptOutputs(members, graph.outputs[:, :, :width], room)
        """The outputs of the rows that are learned from."""
        self.dev_kept: KeptOutputs | None = None
        """The outputs of the dev rows."""
        if dev is not None:
            graph.x[:, :, width:].copy_(dev.inputs.mT)
            self.dev_kept = KeptOutputs(members, graph.outputs[:, :, width:], room)
            targets = targets_of(members[0], dev)
            self.dev_targets: Final = targets.expand(room, -1, -1, -1).contiguous()
            """What the dev rows are to say, [room, members, outputs, padded rows]."""
        self._play: Player = one_by_one(self._step)
        self._taken, self._to_capture = 0, is_captured(inputs)

    def take(self, row: int, slot: int, steps: int, inputs: Tensor, targets: Tensor) -> None:
        """Compute the gradients of consecutive steps, each followed by what follows.

        Args:
            row: The row of the block that the first one's go into.
            slot: Where its outputs are kept.
            steps: How many steps.
            inputs: What the step of each slot sees, [slots, members, features, rows].
            targets: What it is to learn, [slots, members, outputs, rows].
        """
        if self._taken > CAPTURED_AFTER and self._to_capture:
            self._to_capture = False
            self._play = CudaGraphs(self._step, constant=self._constant).play
        self._taken += steps
        self._play(row, slot, steps, inputs, targets)

    def look_ahead(self) -> None:
        """Compute the outputs of the dev rows alone, with the weights as they are, into slot 0."""
        assert self.dev_kept is not None
        self._graph.forward()
        self.dev_kept.keep(0)

    def _step(self, row: int, slot: int, inputs: Tensor, targets: Tensor) -> None:
        """Take a step as it is written."""
        if not self._constant:
            # Turns the rows over on the way, from [members, rows, features] as the data lies.
            self._learned.copy_(inputs)
        # Kept at once: the next step writes its outputs over these.
        self._graph.forward()
        self.kept.keep(slot)
        if self.dev_kept is not None:
            self.dev_kept.keep(slot)
        # Straight into the row of the block: what is shown is what the update reads.
        self._graph.backward(row, targets)
        # The update, where steps are alike: it is then captured with them.
        self._then(row)


def is_captured(inputs: Tensor) -> bool:
    """Whether many steps are asked for as one: a launch costs the same whatever it does."""
    return inputs.is_cuda
