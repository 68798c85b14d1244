"""Who holds a file's lock, as the kernel says: whoever may read a shared file can lock it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from .files import read_file
from .owned import user_name

LOCKS: Final = Path("/proc/locks")

HELD: Final = (
    "{} holds its lock and does not train it; have that process ended, share it no longer "
    "(chmod -R go-rwx), or copy its folder"
)
"""What to say of a lock that a stranger holds."""


def stranger_with(status: os.stat_result, locks: Path = LOCKS) -> str:
    """Return who holds a file's lock and is not its owner, in words.

    Args:
        status: The file's.
        locks: What the kernel says of locks.

    Returns:
        The process and its user; nothing where it is the owner's or root's, or nobody tells.
    """
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    try:
        lines = read_file(locks).decode("ascii", "replace").splitlines()
        # 1: FLOCK  ADVISORY  WRITE 4711 fd:01:1234 0 EOF; those that wait have an arrow.
        held = (line.split() for line in lines if "->" not in line)
        place = f"{device}:{status.st_ino}"
        pids = [int(each[4]) for each in held if each[1:2] == ["FLOCK"] and each[5:6] == [place]]
        users = {pid: Path(f"/proc/{pid}").stat().st_uid for pid in pids if pid > 0}
    except (OSError, ValueError):
        return ""
    if not users or {0, status.st_uid} & {*users.values()}:
        return ""
    pid, uid = next(iter(users.items()))
    return f"process {pid} of {user_name(uid)}"
