"""An update taken apart in a process of its own: the lab never imports PyTorch."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from engine.errors import RequestError
from engine.inspection.dissection import Dissection
from engine.runs.environment import worker_environment

from ..terminal.leaned_on import close_pipes


async def take_apart(folder: Path, step: int, member: int) -> Dissection:
    """Return an update of a recorded run, taken apart; being cancelled ends the process.

    Args:
        folder: The run's.
        step: Which update.
        member: Which network of a population.

    Raises:
        RequestError: It cannot be; says why.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "engine.inspection.microscope"),
        *(str(folder), str(step), str(member)),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=worker_environment(),
    )
    try:
        out, said = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            close_pipes(process)
    try:
        return Dissection.from_line(out.decode("utf-8", "replace"))
    except ValueError:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        words = lines[-1] if lines else f"its process ended with {process.returncode}"
        raise RequestError(words) from None
