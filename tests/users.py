"""A second user, where tests run as root, and the umask."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

NOBODY: Final = 65534
"""A user, and a group, that own nothing."""

as_root: Final = pytest.mark.skipif(
    os.geteuid() != 0, reason="a second user is there only where tests run as root"
)


@pytest.fixture
def common_place() -> Iterator[Path]:
    """A folder that every user can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield Path(place)


@contextlib.contextmanager
def another_user() -> Iterator[None]:
    """Do what follows as a user without rights, who is in none of root's groups."""
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


@contextlib.contextmanager
def umask(mask: int) -> Iterator[None]:
    """Take what a mask has from the mode of every file that is made meanwhile."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)
