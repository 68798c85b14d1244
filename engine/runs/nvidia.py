"""What NVIDIA's driver tells of a GPU, without PyTorch: where the package nvidia-ml-py is there.

Nothing of it touches what the GPU computes, nor whoever waits for it.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any

from .meter import no_gpu


def gpu_reader(uuid: str = "") -> Callable[[], Mapping[str, float]]:
    """Return what reads the figures of a GPU: ``gpu_use``, ``gpu_used`` and ``gpu_total``.

    Args:
        uuid: Which, as in ``GPU-8a56…``; the first that CUDA may use where left out.
    """
    # What a driver says where it has no answer is of kinds of its own, and no figure is worth a
    # run.
    try:
        nvml: Any = importlib.import_module("pynvml")
        nvml.nvmlInit()
        gpu = _gpu(nvml, uuid)
    except Exception:
        return no_gpu

    def read() -> Mapping[str, float]:
        try:
            memory, rates = (
                nvml.nvmlDeviceGetMemoryInfo(gpu),
                nvml.nvmlDeviceGetUtilizationRates(gpu),
            )
        except Exception:
            return {}
        return {
            "gpu_used": memory.used,
            "gpu_total": memory.total,
            "gpu_use": rates.gpu / 100,
        }

    return no_gpu if gpu is None else read


def _gpu(nvml: Any, uuid: str) -> Any:
    """Return the driver's handle of a GPU; none where CUDA may use none."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    first = uuid or ("0" if visible is None else visible.split(",")[0].strip())
    if first.isdigit():
        return nvml.nvmlDeviceGetHandleByIndex(int(first))
    return nvml.nvmlDeviceGetHandleByUUID(first) if first.startswith(("GPU-", "MIG-")) else None
