"""Files that hold the old text or the new one, never half of it; and why one cannot be had."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

UNFINISHED: Final = ".tmp"
"""How the name of a file ends that is to take another's place, and begins with a dot. One that is
left was being written by a process that was killed."""

_REMEDIES: Final[Mapping[int | None, str]] = {
    errno.ENOSPC: "free some space and try again",
    errno.EDQUOT: "free some space and try again",
    errno.EACCES: "see who may do so there (ls -l)",
    errno.EPERM: "see who may do so there (ls -l)",
    errno.EROFS: "choose a place that can be written to",
    errno.EIO: "see that the disk is well, and try again",
}


def why(error: OSError) -> str:
    """Return why something could not be done with a file, and what can be done about it."""
    remedy = _REMEDIES.get(error.errno)
    return (error.strerror or str(error)) + (f"; {remedy}" if remedy else "")


def replace_file(path: Path, body: bytes, *, durable: bool = True) -> None:
    """Put a file where another may be, in one go; what may be done with that one stays so.

    Args:
        path: Where it is to lie. A link there is replaced, not followed.
        body: What it holds.
        durable: Wait until it is on the disk, so that it outlives a power failure.

    Raises:
        OSError: It cannot be written; whatever was there is still there.
    """
    fresh = path.with_name(f".{secrets.token_hex(8)}{UNFINISHED}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            if durable:
                file.flush()
                os.fsync(descriptor)
        with contextlib.suppress(FileNotFoundError):
            fresh.chmod(path.stat().st_mode & 0o777)
        fresh.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
