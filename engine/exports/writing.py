"""Where exports come to lie: nothing is overwritten unasked, and no link is followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import RequestError
from ..text.files import replacing, why
from ..text.owned import by_umask, ensure_folder

if TYPE_CHECKING:
    from .export import ExportFile


def write_files(files: list[ExportFile], place: Path, *, force: bool) -> Iterator[Path]:
    """Write the files of an export, each whole or not at all; yield each as it lies there.

    Args:
        files: What is written.
        place: What was asked for: folders are made there and below alone.
        force: Whether a file that is there may be overwritten.

    Raises:
        RequestError: One is there, or cannot be written.
    """
    # Before the first is written: half an export beside an old half would be neither.
    for file in files:
        _check(file.path, force)
    for file in files:
        try:
            _make_folders(file.path.parent, place)
            with replacing(file.path, shared=by_umask(), over=force) as out:
                file.write(out)
        except FileExistsError:
            raise _there(file.path) from None
        except OSError as error:
            raise RequestError(f"{file.path}: cannot be written: {why(error)}") from None
        yield file.path


def _check(path: Path, force: bool) -> None:
    if not os.path.lexists(path):
        return
    if not force:
        raise _there(path)
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode):
        what = "a link, and none is followed here" if stat.S_ISLNK(mode) else "no file"
        raise RequestError(f"{path}: is {what}; remove it, or choose another place")


def _there(path: Path) -> RequestError:
    return RequestError(f"{path}: is there already; --force overwrites it")


def _make_folders(folder: Path, place: Path) -> None:
    """Make a folder, and those above it as far as they lie in the place that was asked for."""
    if folder == place or place in folder.parents:
        _make_folders(folder.parent, place)
        try:
            # Who may write there beside its owner, may look into it.
            ensure_folder(folder, by_umask() | (by_umask() & 0o044) >> 2)
        except FileExistsError:
            raise RequestError(f"{folder}: is no folder; choose another place") from None
