"""Files that hold the old text or the new one, never half of it."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def replace_file(path: Path, body: bytes, *, durable: bool = True) -> None:
    """Put a file where another may be, in one go; what may be done with that one stays so.

    Args:
        path: Where it is to lie. A link there is replaced, not followed.
        body: What it holds.
        durable: Wait until it is on the disk, so that it outlives a power failure.

    Raises:
        OSError: It cannot be written; whatever was there is still there.
    """
    fresh = path.with_name(f".{secrets.token_hex(8)}.tmp")
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
