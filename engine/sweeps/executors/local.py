"""Processes of this machine: the executor that needs nothing."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import threading
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Final

from .errors import ExecutorError

THREADS: Final = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""What says how many threads a process may have before it loads what uses them."""


MALLOC: Final = {-1: 1 << 20, -3: 1 << 18, -8: 1}
"""Parameters of glibc's ``mallopt``: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD and M_ARENA_MAX."""


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processes(argument: str) -> int:
    """Return how many processes are meant.

    Raises:
        ExecutorError: It is no number.
    """
    if argument and not (argument.isdecimal() and int(argument)):
        raise ExecutorError(
            f"--executor local:{argument}: {argument!r} is no number of processes; such as local:2"
        )
    return min(int(argument or cores()), cores())


def local_executor(argument: str = "") -> Executor:
    """Return processes of one thread each, as many as asked for, but never more than cores.

    Args:
        argument: How many; one a core where it is empty.

    Raises:
        ExecutorError: It is no number.
    """
    return ProcessPoolExecutor(
        processes(argument),
        # What forks after torch has threads may hang.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=begin,
    )


def begin() -> None:
    """Make a new process one that trains: one thread, and what asks all that a terminal or a
    scheduler has started to end, as Ctrl-C does, is for who asked it to train.

    It ends with whoever started it, however that ends.
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    os.environ |= dict.fromkeys(THREADS, "1")
    _give_memory_back()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _give_memory_back() -> None:
    """Have what a group needed go back to the machine with the group, where the C library can."""
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        for parameter, value in MALLOC.items():
            library.mallopt(parameter, value)


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)
