"""Steps on CUDA: captured once, launched many at a time.

    rows     0 … 31      32 … 63     64 … 95     …
    graph    0           1           2

On a GPU a small step costs its launches: each operation takes longer to ask for than to do. A CUDA
graph is a list of operations that is asked for as one. It reads and writes where it did when it was
captured, so that there is one for each stretch of a block's rows, what the steps see is copied
to where it looks for it, and whatever changes between steps must be a tensor that is changed in
place: the learning rate and the optimizer's count of steps are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import torch
from torch import Tensor

STEPS: Final = 32
"""Steps of a graph."""

MOST_GRAPHS: Final = 32
"""Graphs that are kept at most: each takes device memory."""

Step = Callable[[int, int, Tensor, Tensor], None]
"""Takes a step: its row, its slot, what it sees and what it is to learn."""

Player = Callable[[int, int, int, Tensor, Tensor], None]
"""Takes consecutive steps: the first one's row and slot, how many, and for all the slots what they
see and what they are to learn."""

Capture = Callable[[Callable[[], None]], Callable[[], None]]
"""Turns what asks for operations into what asks for them as one, without doing them."""


def one_by_one(step: Step) -> Player:
    """Return what takes steps as they are written."""

    def play(row: int, slot: int, steps: int, inputs: Tensor, targets: Tensor) -> None:
        for index in range(steps):
            step(row + index, slot + index, inputs[slot + index], targets[slot + index])

    return play


def capture(work: Callable[[], None]) -> Callable[[], None]:
    """Capture what asks for operations on CUDA as a graph, and return what launches it."""
    # Nothing is computed in here: the launches are only written down.
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


class CudaGraphs:
    """Takes consecutive steps from graphs, as far as they go.

    Args:
        step: Takes a step as it is written; nothing in it may change but its row and its slot.
        constant: Whether every step sees the same.
        capturing: What captures.
    """

    def __init__(self, step: Step, *, constant: bool, capturing: Capture = capture) -> None:
        self._step, self._constant, self._capture = step, constant, capturing
        self._one_by_one: Final[Player] = one_by_one(step)
        self._graphs: dict[tuple[int, int], Callable[[], None]] = {}
        self._seen: tuple[Tensor, Tensor] | None = None
        """What the steps of a graph see and are to learn, where that differs."""

    def play(self, row: int, slot: int, steps: int, inputs: Tensor, targets: Tensor) -> None:
        """Take consecutive steps: see ``Player``."""
        # By whole graphs; what is left over at the end of a block is asked for step by step.
        while steps >= STEPS and ((row, slot) in self._graphs or len(self._graphs) < MOST_GRAPHS):
            self._copy_seen(slot, inputs, targets)
            # Capturing costs as much as asking for each step, and pays from the next block on: its
            # rows are the same.
            if (row, slot) not in self._graphs:
                self._graphs[row, slot] = self._capture(partial(self._take, row, slot))
            self._graphs[row, slot]()
            row, slot, steps = row + STEPS, slot + STEPS, steps - STEPS
        self._one_by_one(row, slot, steps, inputs, targets)

    def _copy_seen(self, slot: int, inputs: Tensor, targets: Tensor) -> None:
        """Copy what the steps see to where the graphs look for it."""
        # Graphs read where they read when they were captured: what the next steps see comes there.
        if self._seen is None:
            kept = 1 if self._constant else STEPS
            self._seen = inputs[:kept].clone(), targets[:kept].clone()
        if not self._constant:
            for seen, given in zip(self._seen, (inputs, targets), strict=True):
                # One copy for all steps of the graph, asked for before its launch.
                seen.copy_(given[slot : slot + STEPS])

    def _take(self, row: int, slot: int) -> None:
        """Take the steps of a graph as they are written."""
        assert self._seen is not None
        # Called once, while the graph is captured: after that only its launches are repeated.
        inputs, targets = self._seen
        for index in range(STEPS):
            seen = 0 if self._constant else index
            self._step(row + index, slot + index, inputs[seen], targets[seen])
