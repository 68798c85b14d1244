"""What PyTorch tells of the GPU that it computes on, for the figures of the machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch

from ..runs.meter import no_gpu
from ..runs.nvidia import gpu_reader


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


def gpu_of(device: torch.device) -> Callable[[], Mapping[str, float]]:
    """Return what reads the figures of the GPU that a device is, if it is one."""
    return partial(gpu_figures, device) if torch.device(device).type == "cuda" else no_gpu


def gpu_beside(device: torch.device) -> Callable[[], Mapping[str, float]]:
    """Return what reads a GPU's figures from another thread than the one that computes.

    It asks PyTorch for its own counts and the driver for the rest: whatever goes to CUDA itself may
    be in the way of a graph that is being captured.
    """
    if device.type != "cuda":
        return no_gpu
    about = torch.cuda.get_device_properties(device)
    total, driver = about.total_memory, gpu_reader(f"GPU-{about.uuid}")

    def read() -> Mapping[str, float]:
        return {
            "gpu_memory": torch.cuda.memory_allocated(device),
            "gpu_reserved": torch.cuda.memory_reserved(device),
            "gpu_total": total,
            **driver(),
        }

    return read
