"""A sweep that goes on by itself, in a process that outlives whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..errors import RunError
from ..runs.environment import worker_environment
from ..text.files import last_lines
from ..text.owned import Share, open_to_append
from .executors.registry import processes_of
from .folder import SweepFolder
from .planning import Asked, Terms, folder_for, plan_of, work_in
from .search import Search

BEGIN_SECONDS: Final = 30.0
"""How long it is waited for the other process to begin, on a machine that is busy."""

POLL_SECONDS: Final = 0.05
"""How often it is looked whether it has."""


def start(
    asked: Asked, runs_dir: Path, *, device: str, allow_code: bool, share: Share = "nobody"
) -> SweepFolder:
    """Have another process train a preset's sweep, unless that is done or going on.

    Args:
        asked: The preset, with what is swept of it.
        runs_dir: Where runs are kept.
        device: ``cpu``, ``cuda`` or ``cuda:1``.
        allow_code: Whether a network of one's own may be run.
        share: Who else may read a new one.

    Returns:
        The folder of the sweep, new or the one that is there.

    Raises:
        RunError: There is nothing to sweep, or it cannot be done here.
    """
    folder = folder_for(plan_of([asked]), runs_dir, called=asked.name, share=share)
    if folder.busy():
        return folder
    if asked.experiment.sweep.search:
        with folder.held():
            Search(folder, asked).write(folder.plan())
        detach(folder, [str(folder.path.resolve()), "--quiet"])
        return folder
    terms = Terms(processes=processes_of("local"), device=device, allow_code=allow_code)
    with folder.held():
        work = work_in(folder.plan(), [asked], folder, terms)
        work.write(folder)
    if work.groups:
        detach(folder, [str(folder.path.resolve()), "--quiet"])
    return folder


def detach(folder: SweepFolder, arguments: Sequence[str]) -> None:
    """Have another process do the work, and return once it has begun.

    Args:
        folder: The sweep's; what the process has to say goes into its log.
        arguments: Those of ``epochal sweep`` that go on with it.

    Raises:
        RunError: It ended at once, and says why.
    """
    with os.fdopen(open_to_append(folder.log), "ab") as log:
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
        words = last_lines(folder.log, 1, start=said)
        raise RunError("".join(words) or f"{folder.path}: it ended at once")
