"""Processes that train one network together: the first records, and what it decides all do.

Gradients are the same in all of them, so that one recording says everything. What viewers ask is
read by the first and told to the others at steps that all know beforehand, for a process that
stopped or waited alone would leave the rest waiting for it. While a loop is paused they meet twice
a second, so that nothing that watches over collectives takes them for dead.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from torch import distributed

from ..recording.events import End, Event
from ..runs.folder import RunFolder


class Ranks:
    """The processes of the default group.

    Args:
        rank: Which of them this is.
        device: Where what they tell each other has to lie.
    """

    def __init__(self, rank: int, device: torch.device) -> None:
        self.rank: Final = rank
        self._device = device

    @classmethod
    def here(cls) -> Ranks | None:
        """Return them; none where this process trains alone."""
        if not (distributed.is_available() and distributed.is_initialized()):
            return None
        if distributed.get_world_size() < 2:
            return None
        cuda = distributed.get_backend() == "nccl"
        return cls(distributed.get_rank(), torch.device("cuda" if cuda else "cpu"))

    def told(self, numbers: Sequence[float]) -> list[float]:
        """Return the numbers of the first process; all of them must ask at the same step."""
        shared = torch.tensor(numbers, dtype=torch.float64, device=self._device)
        distributed.broadcast(shared, 0)
        return shared.tolist()


class NoWriter:
    """What a process that is not the first writes: nothing."""

    def __init__(self) -> None:
        self.folder: Final = RunFolder(Path(os.devnull))
        """None that could hold a request."""
        self.step = 0
        self.is_paused = False
        self.seconds_since_write = 0.0

    def record(self, *events: Event, flush: bool = False) -> None:
        """Write no events."""

    def end(self, end: End) -> None:
        """Write no end."""
