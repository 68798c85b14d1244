"""Where a run trains: the device, and the CPU threads of one operation."""

from __future__ import annotations

import os
import threading
from typing import Final

import torch

from ..errors import DeviceError
from ..experiment.experiment import Experiment

WORTH_A_GPU: Final = 50e6
"""Floating-point operations of a step from which ``auto`` takes CUDA. Below it a step is some
hundred kernel launches of about 5 µs each, which a CPU core has computed by then."""

WORTH_THREADS: Final = 20e6
"""Floating-point operations of a step from which more than one CPU thread is used. Below it
handing the work around costs more than it saves."""


def pick_device(name: str, experiment: Experiment, members: int = 1) -> torch.device:
    """Return the device for a run.

    Args:
        name: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
        experiment: What is to be trained: ``auto`` takes CUDA only where a step is worth it.
        members: How many networks at once.

    Raises:
        DeviceError: There is no such device; says what there is.
    """
    if name == "auto":
        # All members count: a hundred small networks are one large product.
        worth_it = experiment.step_operations * members >= WORTH_A_GPU
        name = "cuda" if worth_it and torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise DeviceError(f"--device {name}: is no device; use auto, cpu, cuda or cuda:1") from None
    if device.type == "cpu":
        return torch.device("cpu")
    if device.type != "cuda":
        raise DeviceError(f"--device {name}: epochal trains on cpu and cuda")
    return _cuda(device)


def nearest_device(name: str) -> str:
    """Return the device that a run was trained on; the CPU where that is not here."""
    try:
        return str(_cuda(torch.device(name))) if name.startswith("cuda") else "cpu"
    except (DeviceError, RuntimeError):
        return "cpu"


def _cuda(device: torch.device) -> torch.device:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count == 0:
        why = "this PyTorch has no CUDA" if torch.version.cuda is None else "no CUDA GPU was found"
        raise DeviceError(f"--device {device}: {why}; use --device cpu")
    index = device.index or 0
    if index >= count:
        there = ", ".join(f"cuda:{i}" for i in range(count))
        raise DeviceError(f"--device {device}: is not there; there is {there}")
    return torch.device("cuda", index)


def pick_threads(experiment: Experiment, members: int = 1) -> int:
    """Return how many CPU threads one operation should use."""
    # One thread also sums in one order, however many cores a machine has.
    if experiment.step_operations * members < WORTH_THREADS:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def can_begin(threads: int) -> bool:
    """Whether so many threads can be begun: where one of its own cannot, OpenMP ends the process.

    As many as there are CPUs always can.
    """
    begun, over = list[threading.Thread](), threading.Event()
    try:
        for _ in range(threads if threads > (os.cpu_count() or 1) else 0):
            begun.append(threading.Thread(target=over.wait, daemon=True))
            begun[-1].start()
    except RuntimeError:
        return False
    finally:
        over.set()
        for each in begun:
            if each.ident is not None:
                each.join()
    return True
