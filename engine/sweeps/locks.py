"""A file's lock, which goes with the process that holds it, however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..text.owned import open_own

POLL_SECONDS: Final = 0.05
"""How often a lock that another has is tried again."""

_AT_ONCE: Final = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""What lies there may be a pipe, which would wait for its other end."""


@contextlib.contextmanager
def locked(path: Path, *, seconds: float = 0.0, shared: bool = False) -> Iterator[bool]:
    """Hold the lock of a file or a folder while this is entered; say whether nobody else has it.

    Args:
        path: The file.
        shared: Whether others that want it shared may have it at the same time: those who only
            ask whether anybody has it.
        seconds: How long another may go on having it.

    Raises:
        OSError: It cannot be opened, or is not this user's to hold.
    """
    try:
        # A network file system wants a file that is locked to be open for writing.
        descriptor = os.open(path, os.O_RDWR | _AT_ONCE) if shared else open_own(path, os.O_RDWR)
    except (IsADirectoryError, PermissionError):
        descriptor = os.open(path, os.O_RDONLY | _AT_ONCE)
    try:
        deadline = time.monotonic() + seconds
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        while not (mine := _taken(descriptor, kind)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        yield mine
    finally:
        os.close(descriptor)


def _taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # Some network file systems know no locks.
    return True
