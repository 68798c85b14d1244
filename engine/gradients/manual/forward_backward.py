"""Forward and back: all that a step computes before its update, for a number of rows.

    inputs ─► graph.forward ─► outputs ─► kept
                                  └► graph.backward ─► the row's gradients

Once a run has shown that it is worth it, the operations are played from a script on a CPU, and from
graphs on CUDA.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from torch import Tensor

from ...experiment.experiment import Experiment
from ...network.dropout_masks import Masks
from ...step.batches import Batch
from .cuda_graphs import CudaGraphs
from .inputs import targets_of
from .layers import FormulaGraph
from .outputs import KeptOutputs
from .torchscript import Player, one_by_one, record

SCRIPTED_AFTER: Final = 100
"""Steps that are taken as they are written at first: a script takes as long to make as some hundred
steps of a small network."""


class Propagation:
    """The formulas of so many rows, and what they leave.

    Args:
        experiment: What the network looks like, and its loss.
        weights: Parameters and buffers by name, as ``FormulaGraph`` wants them.
        gradients: Where the gradients go, [rows of the block, …] each.
        masks: What dropout leaves out.
        inputs: What a step sees, [members, features, rows].
        constant: Whether every step sees that.
        dev: Rows of which outputs are computed beside, where there are any.
        room: For how many steps outputs are kept.
        then: What follows in every step, given its row: nothing in it may change but the row.
        blocks: What the gradients and all that follows write into, [rows of the block, …].
    """

    def __init__(
        self,
        experiment: Experiment,
        weights: Mapping[str, Tensor],
        gradients: Mapping[str, Sequence[Tensor]],
        masks: Masks,
        *,
        inputs: Tensor,
        constant: bool,
        dev: Batch | None,
        room: int,
        then: Callable[[int], None],
        blocks: Sequence[Tensor],
    ) -> None:
        width = inputs.shape[2]
        beside = dev.inputs.shape[1] if dev is not None else 0
        wired = experiment, weights, gradients, masks
        graph = FormulaGraph(*wired, learned=width, rows=width + beside)
        self._graph, self._constant, self._then = graph, constant, then
        self._blocks = blocks
        # The first columns are learned from, the dev rows lie behind them.
        self._learned = graph.x[:, :, :width]
        self._learned.copy_(inputs)
        self.begin: Final = graph.begin
        """Takes what is drawn for a step."""
        self.kept: Final = KeptOutputs(experiment, graph.outputs[:, :, :width], room)
        """The outputs of the rows that are learned from."""
        self.dev_kept: KeptOutputs | None = None
        """The outputs of the dev rows."""
        if dev is not None:
            graph.x[:, :, width:].copy_(dev.inputs.mT)
            self.dev_kept = KeptOutputs(experiment, graph.outputs[:, :, width:], room)
            targets = targets_of(experiment, dev)
            self.dev_targets: Final = targets.expand(room, -1, -1, -1).contiguous()
            """What the dev rows are to say, [room, members, outputs, padded rows]."""
        # Written out at first: most runs of a lesson are short, and Python starts at once.
        self._play: Player = one_by_one(self._step)
        self._taken, self._scripted, self._on_cuda = 0, False, inputs.is_cuda

    def take(self, row: int, slot: int, steps: int, inputs: Tensor, targets: Tensor) -> None:
        """Compute the gradients of consecutive steps, each followed by what follows.

        Args:
            row: The row of the block that the first one's go into.
            slot: Where its outputs are kept.
            steps: How many steps.
            inputs: What the step of each slot sees, [slots, members, features, rows].
            targets: What it is to learn, [slots, members, outputs, rows].
        """
        # Only where a block begins: what is recorded counts from row 0 and slot 0.
        if self._taken > SCRIPTED_AFTER and not self._scripted and row == slot == 0:
            self._scripted = True
            if self._on_cuda:
                # A launch costs the same whatever it does: on CUDA many steps are asked for as one.
                self._play = CudaGraphs(self._step, constant=self._constant).play
            else:
                # On a CPU Python is what costs: the same calls, made from C++.
                kept = [each.slots for each in (self.kept, self.dev_kept) if each is not None]
                self._play = record(self._step, inputs[0], targets[0], self._blocks, kept)
                # Recording took the first step.
                row, slot, steps = 1, 1, steps - 1
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
        # The update, where steps are alike: it is then recorded with them.
        self._then(row)
