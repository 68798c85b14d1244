"""The environment of a process of ours; nothing is imported for it, so that it starts at once."""

from __future__ import annotations

import os
from pathlib import Path


def worker_environment(capability: str = "") -> dict[str, str]:
    """Return this environment, with this ``engine`` the one that a process of ours imports.

    Args:
        capability: What PyTorch may compute with at most, where that is not the best there is.
    """
    source = str(Path(__file__).resolve().parents[2])
    others = os.environ.get("PYTHONPATH")
    paths = os.pathsep.join([source, others] if others else [source])
    limit = {"ATEN_CPU_CAPABILITY": capability.lower()} if capability else {}
    return os.environ | {"PYTHONPATH": paths} | limit
