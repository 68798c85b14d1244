"""Processes that train one network together: the first records, and what it decides all do.

Gradients are the same in all of them, so that one recording says everything. What viewers ask is
read by the first and told to the others at steps that all know beforehand, for a process that
stopped or waited alone would leave the rest waiting for it. While a loop is paused they meet twice
a second, so that nothing that watches over collectives takes them for dead: a pause has no limit.

Nothing of this may be done by some of them alone, so that at their first step they make out whether
all are watched, through the store by which they found each other. It makes nobody wait but where
one of them is not.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import torch
from torch import distributed

from ..gradients.leaned_on import group_store
from ..recording.events import End, Event
from ..runs.folder import RunFolder

MEETING_EVERY: Final = 0.1
"""Seconds from one meeting to the next, about."""

MOST_APART: Final = 256
"""Steps between two meetings at most."""

AWAITED: Final = timedelta(seconds=10)
"""How long the first waits at its first step for the others to say that they are watched too."""

DECIDED: Final = timedelta(seconds=60)
"""How long the others wait for what the first makes of that: it may take its first step later."""

GONE: Final = "another process of this training is gone, or ended at another step"

_watched = itertools.count()
"""Counts the loops that this process watches together with others."""


class Ranks:
    """The processes of the default group.

    Args:
        rank: Which of them this is.
        count: How many there are.
        device: Where what they tell each other has to lie.
        store: Where each says that it watches.
    """

    def __init__(self, rank: int, count: int, device: torch.device, store: Any) -> None:
        self.rank: Final = rank
        self.count: Final = count
        self.device: Final = device
        self.meet_at = self._met_at = 0
        """The step at which they meet again, and that at which they met last."""
        # Every process counts its own loops: those of one number are of one training.
        self._store = distributed.distributed_c10d.PrefixStore(f"epochal/{next(_watched)}", store)
        self._store.set(str(rank), "watched")

    @classmethod
    def here(cls) -> Ranks | None:
        """Return them; none where this process trains alone."""
        if not (distributed.is_available() and distributed.is_initialized()):
            return None
        if distributed.get_world_size() < 2:
            return None
        device = torch.device("cuda" if distributed.get_backend() == "nccl" else "cpu")
        return cls(distributed.get_rank(), distributed.get_world_size(), device, group_store())

    def all_watch(self) -> bool:
        """Whether every process watches its loop, said alike in all that do; asked once."""
        awaited = [str(each) for each in range(self.count if self.rank == 0 else 1)]
        together = self._comes(awaited, AWAITED)
        if self.rank and together:
            together = self._comes(["decided"], DECIDED)
        # Whoever is first decides for all, so that none of them meets the others where these do
        # not come.
        said = self._store.compare_set("decided", "", "together" if together else "alone")
        return bool(said == b"together")

    def apart(self, step: int, seconds: float) -> int:
        """Return how many steps they may take until they meet again.

        Args:
            step: The last one.
            seconds: How long ago they met last.
        """
        soon = (step - self._met_at) * MEETING_EVERY / max(seconds, 1e-6)
        return min(max(1, int(soon)), MOST_APART)

    def part(self, step: int, apart: int) -> None:
        """Have them meet again after so many steps."""
        self._met_at, self.meet_at = step, step + apart

    def told(self, numbers: Sequence[float]) -> list[float]:
        """Return the numbers of the first process; all of them must ask at the same step.

        Raises:
            RuntimeError: One of them is gone.
        """
        shared = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        try:
            distributed.broadcast(shared, 0)
            return shared.tolist()
        except RuntimeError as error:
            raise RuntimeError(f"{GONE}: {str(error).splitlines()[0]}") from error

    def _comes(self, names: list[str], patience: timedelta) -> bool:
        """Whether all of these are said, or are before patience ends."""
        try:
            if not self._store.check(names):
                self._store.wait(names, patience)
        except RuntimeError:
            return False
        return True


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
