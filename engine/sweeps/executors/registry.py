"""The executors by their names: who trains the groups of a sweep.

    local     local:4            processes of this machine, one thread each
    dask      dask:tcp://HOST:8786    a scheduler of Dask and its workers
    slurm     slurm:partition=short,time=60    an array of jobs of Slurm

The unit of work is a call with the folder of a sweep and the number of a group in it. A call may
come to be made again, because whoever made it has died, even after the group was finished: so a
group that is finished is left alone, and one that is not is trained again whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from ...components.section import nearest
from .errors import ExecutorError
from .local import cores

Maker = Callable[[str, Path], Executor]
"""Makes an executor of what stands after its name, and of the folder of the sweep."""


def _local(argument: str, folder: Path) -> Executor:
    from .local import local_executor

    return local_executor(argument)


def _dask(argument: str, folder: Path) -> Executor:
    from .dask import dask_executor

    return dask_executor(argument)


def _slurm(argument: str, folder: Path) -> Executor:
    from .slurm import slurm_executor

    return slurm_executor(argument, folder)


MANY: Final = 32
"""How many jobs a cluster is taken to have room for."""

MAKERS: Final[Mapping[str, Maker]] = {"local": _local, "dask": _dask, "slurm": _slurm}
"""Every executor; another one is one entry more."""


def processes_of(said: str) -> int:
    """Return how many calls an executor makes at a time, as far as its name tells."""
    name, _, argument = said.partition(":")
    if name == "slurm":
        return MANY
    count = int(argument) if argument.isdecimal() and len(argument) < 6 else cores()
    return max(1, min(count, cores()))


def executor_of(said: str, folder: Path) -> Executor:
    """Return the executor that is meant.

    Args:
        said: Its name, and after a colon what else it needs to know: ``local:4``.
        folder: The folder of the sweep, where it may keep what it needs.

    Raises:
        ExecutorError: There is none of that name, or it cannot be had here.
    """
    name, _, argument = said.partition(":")
    if name not in MAKERS:
        names = ", ".join(MAKERS)
        raise ExecutorError(f"--executor {said}: is none{nearest(name, MAKERS)}; one of {names}")
    return MAKERS[name](argument, folder)
