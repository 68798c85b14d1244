"""Room that is kept beside a recording, so that a full disk leaves some for how the run ended."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Final

from ..text.owned import create

RESERVE_BYTES: Final = 64 * 1024
"""How much that is: a header, a warning and an end have room in it many times."""


def reserve_of(recording: Path) -> Path:
    """Return the file that takes the room, until it is needed."""
    return recording.with_name(f".{recording.stem}.reserve")


def keep_reserve(recording: Path) -> None:
    """Take the room, where it is not taken yet.

    Raises:
        OSError: There is none: nobody would learn how a run ended that begins all the same.
    """
    path = reserve_of(recording)
    with contextlib.suppress(FileNotFoundError):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and status.st_size == RESERVE_BYTES:
            return
        path.unlink()
    # Written, not only sized: a file with a hole reserves nothing. Random bytes, because a file
    # system that compresses would keep nothing of zeros.
    try:
        with os.fdopen(create(path), "wb") as file:
            file.write(os.urandom(RESERVE_BYTES))
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
