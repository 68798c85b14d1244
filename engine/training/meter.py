"""What a worker's training takes of its machine: processor, memory, threads, the GPU.

    cpu            processors that are busy for it, as in 1.5
    memory         bytes that it holds in memory
    threads        threads of the process
    speed          steps a second since the figures before
    gpu_memory     bytes that PyTorch's tensors take of the GPU
    gpu_reserved   bytes that PyTorch keeps there for tensors to come
    gpu_used       bytes that everyone together takes of the GPU
    gpu_total      bytes that the GPU has
    gpu_use        share of the time in which the GPU computes, where its driver tells Python

Nothing is measured but where a block of steps has just been recorded: a worker that is paused
says nothing, and no viewer has more to draw than the steps themselves give it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

import psutil
import torch

from ..recording.events import MachineFigures

SECONDS: Final = 1.0
"""How long there are no figures after the last ones."""

FIRST_SECONDS: Final = 0.1
"""The same at the beginning, so that a run of less than a second has some."""


class Meter:
    """Reads the figures of this process, at most once a second.

    Args:
        device: Where it trains.
        clock: Seconds.
    """

    def __init__(self, device: torch.device, clock: Callable[[], float] = time.monotonic) -> None:
        self._device, self._clock = device, clock
        self._process = psutil.Process()
        self._busy = self._busy_seconds()
        self._at, self._step = clock(), 0
        self._pause = FIRST_SECONDS

    def read(self, step: int) -> list[MachineFigures]:
        """Return the figures after a step; none where the last ones are too young."""
        now = self._clock()
        seconds = now - self._at
        if seconds < self._pause:
            return []
        busy = self._busy_seconds()
        # One look at the process for several figures: each alone would read /proc again.
        with self._process.oneshot():
            figures = {
                "cpu": (busy - self._busy) / seconds,
                "memory": self._process.memory_info().rss,
                "threads": self._process.num_threads(),
                "speed": (step - self._step) / seconds,
            }
        if self._device.type == "cuda":
            figures |= gpu_figures(self._device)
        self._busy, self._at, self._step, self._pause = busy, now, step, SECONDS
        rounded = {name: round(float(value), 4) for name, value in figures.items()}
        return [MachineFigures(step=step, figures=rounded)]

    def skip(self, step: int) -> None:
        """Begin anew: what lies behind was waiting, and waiting is no training."""
        self._busy, self._at, self._step = self._busy_seconds(), self._clock(), step

    def _busy_seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


def gpu_figures(device: torch.device) -> Mapping[str, float]:
    """Return what PyTorch tells of a GPU; none of it waits for what the GPU has still to do."""
    free, total = torch.cuda.mem_get_info(device)
    figures = {
        "gpu_memory": torch.cuda.memory_allocated(device),
        "gpu_reserved": torch.cuda.memory_reserved(device),
        "gpu_used": total - free,
        "gpu_total": total,
    }
    try:
        return figures | {"gpu_use": torch.cuda.utilization(device) / 100}
    # It needs a package of the driver's that PyTorch does without, and a driver that answers: what
    # either says instead is of a kind of its own, and no figure is worth a run.
    except Exception:
        return figures
