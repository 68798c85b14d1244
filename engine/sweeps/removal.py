"""Removing a sweep: its groups' runs and its own files, and nothing else."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import RunError
from ..runs.folder import RunFolder
from ..runs.removal import remove, size_of
from ..text.files import why
from .folder import SweepFolder


def size_of_sweep(folder: SweepFolder) -> int:
    """Return how many bytes would be freed by removing a sweep."""
    files = sum(path.lstat().st_size for path in _files(folder) if path.exists())
    return files + sum(map(size_of, _groups(folder)))


def remove_sweep(folder: SweepFolder) -> list[str]:
    """Remove a sweep; return the names of what lay in its folder and is not its own, which stays.

    The plan goes last, so that a removal that was interrupted can be repeated.

    Raises:
        RunError: It is being trained, or cannot be removed.
    """
    try:
        with folder.held():
            for group in _groups(folder):
                remove(group)
            for path in _files(folder):
                path.unlink(missing_ok=True)
        for place in (folder.path / "jobs", folder.path):
            with contextlib.suppress(OSError):
                place.rmdir()
        with contextlib.suppress(FileNotFoundError):
            return sorted(os.listdir(folder.path))  # noqa: PTH208 — names are what is told
    except OSError as error:
        raise RunError(f"{folder.path}: cannot be removed: {why(error)}") from None
    return []


def _groups(folder: SweepFolder) -> list[RunFolder]:
    """Return the runs of a sweep: its groups, and the trials that were trained again."""
    paths = (path for kind in ("group-*", "trial-*") for path in sorted(folder.path.glob(kind)))
    return [RunFolder(path) for path in paths if path.is_dir()]


def _files(folder: SweepFolder) -> Iterator[Path]:
    """Yield a sweep's own files, its plan last."""
    yield from (path for path in (folder.path / "jobs").glob("*") if path.is_file())
    notes = RunFolder(folder.path).notes
    yield from (folder.log, folder.stop_file, folder.failure_file, notes, folder.study)
    yield folder.plan_file
