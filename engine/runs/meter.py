"""What training takes of its machine: processor, memory, threads, the GPU.

    cpu            processors that are busy for it, as in 1.5
    memory         bytes that it holds in memory
    threads        threads of the process
    speed          steps a second since the figures before
    gpu_memory     bytes that PyTorch's tensors take of the GPU
    gpu_reserved   bytes that PyTorch keeps there for tensors to come
    gpu_used       bytes that everyone together takes of the GPU
    gpu_total      bytes that the GPU has
    gpu_use        share of the time in which the GPU computes, where its driver tells Python

A worker measures where a block of steps has just been recorded, a loop that is watched once a
second beside its own work: neither says anything while it is paused, and no viewer has more to draw
than the steps themselves give it.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import psutil

from ..recording.events import MachineFigures

SECONDS: Final = 1.0
"""How long there are no figures after the last ones."""

FIRST_SECONDS: Final = 0.1
"""The same at the beginning, so that a run of less than a second has some."""


def no_gpu() -> Mapping[str, float]:
    """Return the figures of no GPU."""
    return {}


class Meter:
    """Reads the figures of a training, at most once a second.

    Args:
        gpu: Reads those of its GPU.
        clock: Seconds.
        processes: The processes that train, as far as they are there; this one where left out.
    """

    def __init__(
        self,
        gpu: Callable[[], Mapping[str, float]] = no_gpu,
        clock: Callable[[], float] = time.monotonic,
        processes: Callable[[], Iterable[psutil.Process]] | None = None,
    ) -> None:
        this = [psutil.Process()]
        self._gpu, self._clock, self._processes = gpu, clock, processes or (lambda: this)
        self._busy = self._measured()[0]
        self._at, self._step = clock(), 0
        self._pause = FIRST_SECONDS

    def read(self, step: int) -> list[MachineFigures]:
        """Return the figures after a step; none where the last ones are too young."""
        now = self._clock()
        seconds = now - self._at
        if seconds < self._pause:
            return []
        busy, memory, threads = self._measured()
        figures: dict[str, float] = {}
        if busy:
            # Of one that has ended nobody knows any more what it took after the last look.
            worked = sum(max(0.0, each - self._busy.get(pid, 0.0)) for pid, each in busy.items())
            figures |= {"cpu": worked / seconds, "memory": memory, "threads": threads}
        figures |= {"speed": (step - self._step) / seconds, **self._gpu()}
        self._busy, self._at, self._step, self._pause = busy, now, step, SECONDS
        rounded = {name: round(float(value), 4) for name, value in figures.items()}
        return [MachineFigures(step=step, figures=rounded)]

    def skip(self, step: int) -> None:
        """Begin anew: what lies behind was waiting, and waiting is no training."""
        self._busy, self._at, self._step = self._measured()[0], self._clock(), step

    def _measured(self) -> tuple[dict[int, float], int, int]:
        """Return the seconds that each process was busy, and all their memory and threads."""
        busy, memory, threads = dict[int, float](), 0, 0
        for process in self._processes():
            # One look at a process for several figures: each alone would read /proc again.
            with contextlib.suppress(psutil.Error, OSError), process.oneshot():
                times = process.cpu_times()
                memory += process.memory_info().rss
                threads += process.num_threads()
                busy[process.pid] = float(times.user + times.system)
        return busy, memory, threads


class Pipeline:
    """The other processes of this one's process group.

    A shell makes one group of the programs that it joins by pipes: whose output is read here is
    among them.
    """

    def __init__(self) -> None:
        self._known: dict[int, psutil.Process] = {}

    def __call__(self) -> Sequence[psutil.Process]:
        """Return those that are there."""
        there: dict[int, psutil.Process] = {}
        for pid in psutil.pids() if hasattr(os, "getpgid") else ():
            with contextlib.suppress(psutil.Error, OSError):
                if pid != os.getpid() and os.getpgid(pid) == os.getpgrp():
                    there[pid] = self._known.get(pid) or psutil.Process(pid)
        self._known = there
        return [*there.values()]
