"""Removing a run: what belongs to a run folder, and nothing else.

A run that a worker may be writing is not removed: its recording is locked, or too young to be
sure. The recording goes last, so that a removal that was interrupted can be repeated.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..errors import RunError
from ..text.files import UNFINISHED, why
from ..text.owned import open_own
from .folder import RunFolder
from .state import MAY_TRAIN, WAIT_SECONDS


def size_of(folder: RunFolder) -> int:
    """Return how many bytes would be freed by removing a run."""
    total = 0
    for path in _belongings(folder):
        with contextlib.suppress(OSError):
            total += path.lstat().st_size
    return total


def remove(folder: RunFolder, *, now: float | None = None) -> list[str]:
    """Remove a run; return the names of what lay in its folder and is not its own, which stays.

    Args:
        folder: The run's.
        now: The time, in seconds since 1970; this moment where left out.

    Raises:
        RunError: A worker holds it, it is no run folder, or it cannot be removed.
    """
    if folder.path.is_symlink() or not folder.path.is_dir():
        raise RunError(f"{folder.path}: is no run folder; remove it by hand")
    try:
        with _held(folder):
            _check_still(folder, time.time() if now is None else now)
            for path in _belongings(folder):
                path.unlink(missing_ok=True)
            for place in (folder.control, folder.checkpoints):
                _remove_empty(place)
        _remove_empty(folder.path)
        with contextlib.suppress(FileNotFoundError):
            return sorted(os.listdir(folder.path))  # noqa: PTH208 — names are what is told
    except OSError as error:
        raise RunError(f"{folder.path}: cannot be removed: {why(error)}") from None
    return []


def _belongings(folder: RunFolder) -> Iterator[Path]:
    """Yield the files of a run; the recording is the last, for it makes the folder a run's."""
    for place in (folder.checkpoints, folder.control):
        if place.is_dir() and not place.is_symlink():
            yield from (path for path in place.iterdir() if path.is_file() or path.is_symlink())
    name = folder.notes.name
    names = {name, f".{folder.recording.stem}.reserve"}
    names |= {folder.log.name, folder.worker_file.name, folder.branch_file.name}
    if folder.path.is_dir():
        for path in folder.path.iterdir():
            unfinished = path.name.startswith(".") and path.suffix == UNFINISHED
            if path.name in names or unfinished or path.name.startswith(f"{name}.damaged"):
                yield path
    for path in (folder.experiment_file, folder.recording):
        if path.is_file() or path.is_symlink():
            yield path


@contextlib.contextmanager
def _held(folder: RunFolder) -> Iterator[None]:
    """Hold the lock of a recording, so that no worker goes on with it meanwhile.

    Raises:
        RunError: A worker holds it.
    """
    # Through a link nobody writes: it goes, and what it leads to stays.
    if folder.recording.is_symlink() or not folder.recording.exists():
        yield
        return
    descriptor = open_own(folder.recording, os.O_RDWR)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(folder) from None
        except OSError:
            pass  # Some network file systems know no locks; then its state must do.
        yield
    finally:
        os.close(descriptor)


def _check_still(folder: RunFolder, now: float) -> None:
    """Refuse a run that somebody may be training.

    Raises:
        RunError: Somebody may.
    """
    from .summary import glance

    # Where neither recording nor experiment is left, nobody can be at it.
    state = glance(folder).state if folder.made else "ended"
    if state in ("starting", "running", "paused"):
        raise _busy(folder)
    if state == "silent" and now - folder.written < WAIT_SECONDS:
        raise RunError(f"{folder.name}: {MAY_TRAIN}")


def _busy(folder: RunFolder) -> RunError:
    return RunError(f"{folder.name}: a worker is at it; stop the run first (x, or epochal stop)")


def _remove_empty(place: Path) -> None:
    """Remove a folder that holds nothing; one that holds something stays."""
    try:
        if not place.is_symlink():
            place.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR):
            raise
