"""The threads of the compiled steps: each takes members of its own, or all take each one together.

    a population ─► shares of its members ─► whoever is free takes the next
    a large network ─► a team ─► each thread has its part of every layer
                   └─► one thread, where others are at work on the machine and a team would wait

Neither changes a bit, so that whichever is faster now is taken. They are threads of our own, which
sleep while there is nothing to do: those of a library that spin would take the cores from whoever
else is on the machine. One of them is who calls.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor

from .task import Team

SHARES: Final = 8
"""Parts of a population for each thread: one that is held up leaves the rest to the others."""

AGAIN: Final = 64
"""Calls after which it is seen anew whether the slower way still is."""


class TeamPace:
    """Which of two ways to do the same is the faster one here and now, a team's or alone."""

    def __init__(self) -> None:
        self._seconds: dict[bool, list[float]] = {True: [], False: []}
        """What a step took by either way, the last times."""
        self._calls = 0

    def is_together(self) -> bool:
        """Whether the next call is a team's."""
        self._calls += 1
        together, alone = self._seconds[True], self._seconds[False]
        # The first of each is not what the following take: its memory is new.
        if min(len(together), len(alone)) < 2:
            return len(together) <= len(alone)
        faster = sum(together) / len(together) <= sum(alone) / len(alone)
        return faster == (self._calls % AGAIN != 0)

    def took(self, seconds: float, *, together: bool) -> None:
        """Know what a step took in the last call."""
        kept = self._seconds[together]
        self._seconds[together] = [*kept[-1:], seconds]


class Threads:
    """Calls compiled functions with all threads.

    Args:
        count: How many threads there may be.
        members: How many networks there are.
        large: Whether a step of one is worth being shared.
        clock: Seconds.
    """

    def __init__(
        self,
        count: int,
        members: int,
        *,
        large: bool,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._members: Final = members
        together = large and count > members
        wanted = count if together else min(count, members)
        self._pool: Final = _begun(wanted - 1) if wanted > 1 else None
        # One takes all of it where the machine has no room for another thread.
        self._count: Final = wanted if self._pool else 1
        self._team: Final = Team(size=count) if together and self._pool else None
        shares = self._count * (SHARES if self._count > 1 else 1)
        share = -(-members // shares)
        self._shares: Final = list(pairwise([*range(0, members, share), members]))
        """The members that are taken through a portion together."""
        self._spaces: list[Tensor] = []
        self._clock, self._pace = clock, TeamPace()

    def share_out(self, call: Callable[..., None], room: int) -> None:
        """Call a function for all members: ``call(begin, end, room)`` for each share of them.

        Args:
            call: Takes the first member, the one behind the last, and an address.
            room: Bytes that it needs there.
        """
        # Whoever is done takes the next share: a core that others work on too holds nobody up.
        shares = iter(self._shares)
        self._each(lambda _, space: _play_shares(call, shares, space), room, self._count)

    def take(self, call: Callable[..., None], room: int, steps: int) -> None:
        """Call a function that a team can play: ``call(team, rank, begin, end, room)``.

        Args:
            call: Takes the team, or none, which of its threads is calling, the first member, the
                one behind the last, and an address.
            room: Bytes that it needs there.
            steps: How many steps it takes.
        """
        if self._team is None:
            self.share_out(lambda *rest: call(None, 0, *rest), room)
            return
        team, members, began = self._team, self._members, self._clock()
        if together := self._pace.is_together():
            self._each(lambda rank, space: call(team, rank, 0, members, space), room, 1)
        else:
            call(None, 0, 0, members, self._space(0, room))
        self._pace.took((self._clock() - began) / steps, together=together)

    def _each(self, play: Callable[[int, int], None], room: int, spaces: int) -> None:
        """Have every thread play, with its number and one of so many rooms."""
        at = [self._space(rank % spaces, room) for rank in range(self._count)]
        if self._pool is None:
            play(0, at[0])
            return
        pending = [self._pool.submit(play, rank, at[rank]) for rank in range(1, self._count)]
        play(0, at[0])
        for each in pending:
            each.result()

    def _space(self, number: int, room: int) -> int:
        """Return the address of one of the rooms, which grow and are kept."""
        if number == len(self._spaces):
            self._spaces.append(_aligned(room))
        elif len(self._spaces[number]) < room:
            self._spaces[number] = _aligned(room)
        return self._spaces[number].data_ptr()


def _begun(count: int) -> ThreadPoolExecutor | None:
    """Return so many threads that have begun; none where they cannot all.

    Those of a team wait for each other, so that none may be missing later.
    """
    pool, everyone = ThreadPoolExecutor(count), threading.Barrier(count + 1)
    try:
        for _ in range(count):
            pool.submit(everyone.wait)
        everyone.wait()
    except BaseException as error:
        everyone.abort()
        pool.shutdown(wait=False)
        if isinstance(error, RuntimeError):
            return None
        raise
    return pool


def _play_shares(call: Callable[..., None], shares: Iterator[tuple[int, int]], space: int) -> None:
    for begin, end in shares:
        call(begin, end, space)


def _aligned(size: int) -> Tensor:
    """Return room that begins on 64 bytes."""
    room = torch.empty(size + 64, dtype=torch.uint8)
    return room[-room.data_ptr() % 64 :]
