"""What a recording says of where it was made: the processor, and versions of what computed."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import torch

from .. import __version__


def device_name(device: torch.device) -> str:
    """Return the processor's name for people."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def versions() -> dict[str, str]:
    """Return the versions that a run's numbers may depend on."""
    return {
        "epochal": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }
