"""A sweep that goes on by itself, in a process that outlives whoever started it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

from ..errors import RunError
from ..worker.launch import worker_environment
from .folder import SweepFolder

BEGIN_SECONDS: Final = 30.0
"""How long it is waited for the other process to begin, on a machine that is busy."""

POLL_SECONDS: Final = 0.05
"""How often it is looked whether it has."""


def detach(folder: SweepFolder, arguments: Sequence[str]) -> None:
    """Have another process do the work, and return once it has begun.

    Args:
        folder: The sweep's; what the process has to say goes into its log.
        arguments: Those of ``epochal sweep`` that go on with it.

    Raises:
        RunError: It ended at once, and says why.
    """
    with folder.log.open("ab") as log:
        said = log.tell()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engine", "sweep", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=worker_environment(),
        )
    deadline = time.monotonic() + BEGIN_SECONDS
    while process.poll() is None and not folder.busy() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    if process.returncode:
        words = folder.log.read_bytes()[said:].decode("utf-8", "replace").strip()
        raise RunError(words.rpartition("\n")[2] or f"{folder.path}: it ended at once")
