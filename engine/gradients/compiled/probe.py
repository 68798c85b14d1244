"""A look at networks beside their training, at some steps of a call that was played.

It is a call of its own, over the weights that the steps left: ``engine.training.probe`` says what
is measured, and does so by PyTorch's own modules where steps are not compiled.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from ctypes import POINTER, Structure, c_int64, c_void_p
from typing import Any, Final

import numpy as np
from torch import Tensor

from ...recording.values import Values
from .task import Task

Play = Callable[[Callable[..., None], int], None]
"""Calls a function with the first and last member of each thread's share, and its own room of some
bytes."""


class ProbeAsked(Structure):
    """What is looked at: see ``probe.h``."""

    _fields_ = [
        ("rows", c_int64),
        ("inputs", c_void_p),
        ("input_member", c_int64),
        ("layers", c_int64),
        *[(name, c_void_p) for name in ("most", "dead", "saturated")],
        ("count", c_int64),
        *[(name, c_void_p) for name in ("rows_of_block", "after", "before", "columns")],
    ]


class CompiledProbe:
    """Measures the networks of a task.

    Args:
        library: Where the functions are.
        real: ``float`` or ``double``.
        task: What is trained.
        play: Shares the members out among threads.
        inputs: The rows that go through the networks, [members, rows, features].
        most: What a unit's slopes add up to at most where it is saturated, for each hidden layer
            that they go through.
        shares: Which layers' shares of dead and of saturated units are told, in their order: True
            for dead ones, and the layer.
    """

    def __init__(
        self,
        library: ctypes.CDLL,
        real: str,
        task: Task,
        play: Play,
        inputs: Tensor,
        most: Sequence[float],
        shares: Sequence[tuple[bool, int]],
    ) -> None:
        self._look: Any = getattr(library, f"look_at_{real}")
        self._look.restype = None
        self._look.argtypes = [POINTER(Task), POINTER(ProbeAsked), c_int64, c_int64, c_void_p]
        self._room: Any = getattr(library, f"look_room_{real}")
        self._room.restype, self._room.argtypes = c_int64, [POINTER(Task), POINTER(ProbeAsked)]
        self._task, self._play = task, play
        self.columns: Final = 2 * task.parameters + len(shares)
        """How many it measures."""
        places = np.full((2, len(most)), -1, np.int64)
        for number, (dead, layer) in enumerate(shares):
            places[int(not dead), layer] = 2 * task.parameters + number
        self._held: Final = (inputs, np.array(most, np.float64), places)
        """What the call reads, and nobody else may keep."""
        self._asked = ProbeAsked(rows=inputs.shape[1], inputs=inputs.data_ptr(), layers=len(most))
        self._asked.input_member, self._asked.most = inputs.stride(0), self._held[1].ctypes.data
        self._asked.dead, self._asked.saturated = (row.ctypes.data for row in places)

    def measure(self, picked: Sequence[int], after: Tensor, before: Tensor | None) -> Values:
        """Measure the networks after some steps of a block.

        Args:
            picked: The rows of these steps, from 0.
            after: The weights after each step of the block, [rows, size].
            before: Those before it, [size], where its first step is among them.

        Returns:
            [columns, steps, members]: the norms of parameters, those of their updates as a share
            of these, and the shares of units that were asked for.
        """
        task, asked, rows = self._task, self._asked, np.array(picked, np.int64)
        columns = np.empty((self.columns, len(rows), task.members), np.float32)
        asked.count, asked.rows_of_block = len(rows), rows.ctypes.data
        asked.after, asked.before = after.data_ptr(), 0 if before is None else before.data_ptr()
        asked.columns = columns.ctypes.data
        # Asked each time: a layer takes more where there are masks, which come with the steps.
        needed = self._room(task, asked)
        self._play(lambda begin, end, room: self._look(task, asked, begin, end, room), needed)
        return columns
