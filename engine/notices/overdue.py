"""Runs whose worker and watch have both died: their owner's next command has them told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from .. import configuration
from .watched import all_watched


def tell_overdue() -> None:
    """Have told what was not, by a process of its own: the command does not wait for it."""
    if not configuration.is_there():
        return
    for watched in all_watched():
        gone = _is_gone(watched.order.get("worker")) and _is_gone(watched.order.get("watch"))
        if gone and watched.claim():
            _have_told(watched.order)


def _is_gone(process: Any) -> bool:
    """Whether a process of this machine is no more, for certain."""
    from ..recording.events import Writer
    from ..runs.processes import Processes

    try:
        return Processes().has(Writer(**process)) is False
    except TypeError:
        return False


def _have_told(order: Mapping[str, Any]) -> None:
    from ..runs.environment import worker_environment

    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "engine.notices", "overdue"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=worker_environment(),
    )
    assert process.stdin is not None
    with process.stdin:
        process.stdin.write(json.dumps(order).encode() + b"\n")
    # It belongs to itself from here on: nobody asks how it ended.
    process.returncode = 0
