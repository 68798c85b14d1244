"""Files of one user among others': who may read them, and which are acted on.

The mode of a folder says with whom it is shared, and what is made in it is as readable, whatever
the umask: 700 and 600 are its owner's alone. What is written to, locked or obeyed is no link, and
belongs to whom its folder belongs. What is only read may be anybody's.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final, Literal

Share = Literal["nobody", "group", "all"]
"""With whom a folder can be shared: they may read what is in it, and no more."""

BITS: Final[Mapping[Share, int]] = {"nobody": 0, "group": 0o050, "all": 0o055}
"""What a shared folder's mode has beside its owner's part."""


def sharing(folder: Path) -> int:
    """Return what a folder's mode has beside its owner's part, as far as others may read.

    Raises:
        OSError: It is not there.
    """
    return folder.stat().st_mode & BITS["all"]


def make_folder(path: Path, shared: int = 0) -> None:
    """Make a folder that was not there, in a folder that is.

    Args:
        path: The folder.
        shared: What its mode has beside its owner's part.

    Raises:
        OSError: It cannot be made, or is there.
    """
    path.mkdir(mode=0o700)
    share_folder(path, shared)


def share_folder(path: Path, shared: int) -> None:
    """Let others read what is in a folder of one's own, if they may not yet.

    Args:
        path: The folder.
        shared: What its mode is to have beside its owner's part.

    Raises:
        OSError: It is not there, is a link, or belongs to another user.
    """
    if not shared & ~path.lstat().st_mode:
        return
    # What stands in the place of a folder a moment later is not shared.
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchmod(descriptor, stat.S_IMODE(os.fstat(descriptor).st_mode) | shared)
    finally:
        os.close(descriptor)


def ensure_folder(path: Path, shared: int = 0) -> None:
    """Make a folder where there is none.

    Args:
        path: The folder, in one whose owner's it is to be.
        shared: What the mode of a new one has beside its owner's part.

    Raises:
        OSError: It cannot be made, is a link, or belongs to another user.
    """
    try:
        make_folder(path, shared)
    except FileExistsError:
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode) and not stat.S_ISLNK(status.st_mode):
            raise
        if wrong := foreign(status, path.parent):
            raise _refused(wrong, path) from None


def create(path: Path, flags: int = os.O_WRONLY, shared: int | None = None) -> int:
    """Return a new open file.

    Args:
        path: The file.
        flags: How it is opened.
        shared: What its mode has beside its owner's part; as its folder is shared where left out.

    Raises:
        FileExistsError: There is one, or a link.
        OSError: It cannot be made.
    """
    mode = 0o600 | (sharing(path.parent) if shared is None else shared) & 0o066
    descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
        # The umask can only have taken from it.
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, mode)
    return descriptor


def by_umask() -> int:
    """Return what the umask leaves of the mode of a new file beside its owner's part."""
    # It can only be asked for by setting it.
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o066 & ~umask


def open_own(path: Path, flags: int, place: Path | None = None) -> int:
    """Return an open file that is there and may be acted on.

    Args:
        path: The file.
        flags: How it is opened.
        place: The folder whose owner's it must be; that in which it lies where left out.

    Raises:
        OSError: It cannot be opened, is a link or no file, or belongs to another user.
    """
    try:
        # Not waiting: what lies there may be a pipe.
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _refused("is a link, and none is followed here", path) from None
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _refused("is no file", path)
        if wrong := foreign(status, place or path.parent):
            raise _refused(wrong, path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def open_own_file(path: Path, place: Path) -> BinaryIO:
    """Return a file opened to be read by whoever does what it says; as ``open_own`` has it."""
    return os.fdopen(open_own(path, os.O_RDONLY, place), "rb", 0)


def open_to_append(path: Path, place: Path | None = None) -> int:
    """Return a file of one's own opened to be appended to; it is made where it is not there.

    Args:
        path: The file.
        place: The folder whose owner's it must be; that in which it lies where left out.

    Raises:
        OSError: It cannot be opened or made, is a link or no file, or belongs to another user.
    """
    try:
        return open_own(path, os.O_WRONLY | os.O_APPEND, place)
    except FileNotFoundError:
        return create(path, os.O_WRONLY | os.O_APPEND)


def foreign(status: os.stat_result, place: Path) -> str:
    """Return why a file or a folder is not acted on, in words; nothing where it is.

    Args:
        status: Its own, links not followed.
        place: The folder whose owner's it must be.
    """
    if stat.S_ISLNK(status.st_mode):
        return "is a link, and none is followed here"
    # Where a network disk knows no users, everything on it belongs to the same one.
    if status.st_uid not in (os.geteuid(), 0, place.stat().st_uid):
        return f"belongs to {user_name(status.st_uid)}, another user"
    return ""


def shut(path: Path) -> str:
    """Return why a file or a folder cannot be looked into, in words; nothing where it can.

    What is not there cannot, and nothing is said of it either.
    """
    try:
        status = path.stat()
    except PermissionError:
        return f"may not be read here: it lies where {_SHARED}"
    except (OSError, ValueError):
        return ""
    wanted = os.R_OK | (os.X_OK if stat.S_ISDIR(status.st_mode) else 0)
    if os.access(path, wanted, effective_ids=os.access in os.supports_effective_ids):
        return ""
    return f"may not be read here: it belongs to {user_name(status.st_uid)}, and {_SHARED}"


_SHARED: Final = "others read only what is made with --share group, or --share all"


def user_name(uid: int) -> str:
    """Return what a user is called."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _refused(words: str, path: Path) -> OSError:
    return OSError(errno.ELOOP, words, os.fspath(path))
