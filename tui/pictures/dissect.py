"""An update taken apart in a process of its own: the lab never imports PyTorch."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

import engine
from engine.errors import RequestError
from engine.inspection.dissection import Dissection

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
        env=_environment(),
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


def _environment() -> dict[str, str]:
    """Return this environment, with this ``engine`` the one that the process imports."""
    source = str(Path(engine.__file__).resolve().parent.parent)
    others = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": os.pathsep.join([source, others] if others else [source])}
