"""A network judged in a process of its own: the lab goes on meanwhile, and can end it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.errors import RequestError
from engine.runs.environment import worker_environment
from engine.text.parsing import from_json

from ..terminal.leaned_on import close_pipes

if TYPE_CHECKING:
    from engine.results.evaluation.judgement import Judgement

MOST_BYTES: Final = 1 << 26
"""Bytes of an evaluation: of ten thousand columns it takes a few millions."""


async def judge(folder: Path, member: int, say: Callable[[str], None]) -> Judgement:
    """Return what a network is worth on its test set; being cancelled ends the process.

    Args:
        folder: The run's.
        member: Which network of a population.
        say: Is told what is being done.

    Raises:
        RequestError: It cannot be judged; says why.
    """
    from engine.results.evaluation.judgement import Judgement

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "engine.results.evaluation"),
        *(str(folder), str(member)),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=worker_environment(),
        limit=MOST_BYTES,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    made: Any = None
    try:
        async for line in process.stdout:
            told = from_json(line.decode("utf-8", "replace"))
            made = told.get("evaluation")
            say(str(told.get("doing", "")))
        said = await process.stderr.read()
        await process.wait()
        if made is not None:
            return Judgement.from_plain(made)
    except ValueError as error:
        raise RequestError(f"its evaluation cannot be read: {error}") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            close_pipes(process)
    lines = said.decode("utf-8", "replace").strip().splitlines()
    raise RequestError(lines[-1] if lines else f"its process ended with {process.returncode}")
