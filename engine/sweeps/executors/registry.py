"""The executors by their names: who trains the groups of a sweep.

    local     local:4            processes of this machine, one thread each
    dask      dask:tcp://HOST:8786    a scheduler of Dask and its workers
    slurm     slurm:partition=short,time=60    an array of jobs of Slurm

The unit of work is a call with the folder of a sweep and the number of a group in it. A call may
come to be made again, because whoever made it has died, even after the group was finished: so a
group that is finished is left alone, and one that is not is trained again whole.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ...text.spelling import nearest
from . import dask, local, slurm
from .errors import ExecutorError


@dataclass(frozen=True)
class ExecutorKind:
    """A kind of executors; each is told what stands after its name."""

    make: Callable[[str, Path], Executor]
    """Makes one, for the sweep in a folder."""
    processes: Callable[[str], int]
    """How many calls one makes at a time, as far as that can be told beforehand."""
    package: str = ""
    """What must be installed beside epochal, by the extra that has the executor's name."""


KINDS: Final[Mapping[str, ExecutorKind]] = {
    "local": ExecutorKind(lambda said, _: local.local_executor(said), local.processes),
    "dask": ExecutorKind(lambda said, _: dask.dask_executor(said), dask.processes, "distributed"),
    "slurm": ExecutorKind(slurm.slurm_executor, slurm.processes, "submitit"),
}
"""Every kind; another one is one entry more."""


def processes_of(text: str) -> int:
    """Return how many calls an executor makes at a time, as far as its name tells.

    Raises:
        ExecutorError: There is none of that name, or it cannot be had here.
    """
    kind, argument = _kind(text)
    return kind.processes(argument)


def executor_of(text: str, folder: Path) -> Executor:
    """Return the executor that is meant.

    Args:
        text: Its name, and after a colon what else it needs to know: ``local:4``.
        folder: The folder of the sweep, where it may keep what it needs.

    Raises:
        ExecutorError: There is none of that name, or it cannot be had here.
    """
    kind, argument = _kind(text)
    return kind.make(argument, folder)


def _kind(text: str) -> tuple[ExecutorKind, str]:
    name, _, argument = text.partition(":")
    if name not in KINDS:
        names = ", ".join(KINDS)
        raise ExecutorError(f"--executor {text}: is none{nearest(name, KINDS)}; one of {names}")
    kind = KINDS[name]
    if kind.package and importlib.util.find_spec(kind.package) is None:
        raise ExecutorError(
            f"--executor {name}: needs {kind.package}: pip install 'epochal[{name}]', or train on "
            "this machine: --executor local"
        )
    return kind, argument
