"""Where compiled libraries are kept: a folder of the user's own from which they may be run.

$XDG_CACHE_HOME, ~/.cache ─► may be run from ─► epochal/compiled in it
                              │ mounted noexec
                              └► $XDG_RUNTIME_DIR, the folder of temporary files: the first
                                 in which nobody else can put another folder in its place
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_NOEXEC: Final[int] = getattr(os, "ST_NOEXEC", 0)
"""What a system says of a disk from which nothing may be run; 0 where it says nothing."""


def cache_folder() -> Path:
    """Return where compiled libraries are kept.

    Raises:
        RuntimeError: This user has no home.
    """
    said = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # One that hangs on where a command is called is none: a repository could bring what lies there.
    folder = (said if said.is_absolute() else Path.home() / ".cache") / "epochal" / "compiled"
    if _runs(folder):
        return folder
    # Compiling for every run would take longer than most runs. What is lost when the machine is
    # started anew is compiled once more.
    return next((each for each in _elsewhere() if _runs(each)), folder)


def _elsewhere() -> Iterator[Path]:
    """Yield other folders, in places where nobody else can change what is in them."""
    runtime, user = Path(os.environ.get("XDG_RUNTIME_DIR", "")), os.geteuid()
    for place, name in ((runtime, "epochal"), (Path(tempfile.gettempdir()), f"epochal-{user}")):
        if place.is_absolute() and _guarded(place):
            yield place / name / "compiled"


def _guarded(place: Path) -> bool:
    """Return whether nobody but this user and root can put one folder for another in a place."""
    user = os.geteuid()
    for each in (place, *place.resolve().parents):
        try:
            about = each.stat()
        except OSError:
            return False
        # Where others may write, the sticky bit leaves what is there to whom it belongs.
        shared = about.st_mode & 0o022 and not about.st_mode & stat.S_ISVTX
        if about.st_uid not in (0, user) or shared:
            return False
    return place.is_dir()


def _runs(folder: Path) -> bool:
    """Return whether what lies in a folder, or would lie in it, may be run as far as is said."""
    for each in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return not os.statvfs(each).f_flag & _NOEXEC
    return True


def own_folder(folder: Path) -> Path:
    """Make a folder that is its owner's alone, in another, and return it.

    Raises:
        OSError: It cannot be made.
        RuntimeError: One of them is a link, or somebody else's, or others may write into it.
    """
    folder.parent.parent.mkdir(parents=True, exist_ok=True)
    # Whoever could put another folder in its place could not make it this user's.
    for each in (folder.parent, folder):
        each.mkdir(mode=0o700, exist_ok=True)
        about = each.lstat()
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
            raise RuntimeError("is no folder of one's own: what is in it is not run")
        if about.st_mode & 0o022 and each is folder:
            raise RuntimeError("others may write into it: what is in it is not run")
        if about.st_mode & 0o022:
            each.chmod(0o700)
    return folder
