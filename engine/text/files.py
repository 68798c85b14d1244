"""Files that may be anybody's: read within limits, and replaced in one go.

Whoever reads a file reads it through here, so that nothing that lies where a file should be, a
pipe, a device, a file of gigabytes, can make a program wait or take its memory.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from .owned import create, user_name

SMALL_BYTES: Final = 1_000_000
"""Bytes of a file that people write, such as a preset or a lecture: a hundred times a long one."""

END_BYTES: Final = 64 << 10
"""Bytes of a log's end in which its last lines are looked for."""

_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

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


def why_not_asked(error: OSError, place: Path) -> str:
    """Return why nothing can be asked for in a folder, and who could."""
    with contextlib.suppress(OSError):
        owner = place.stat().st_uid
        if isinstance(error, PermissionError) and owner != os.geteuid():
            return f"it belongs to {user_name(owner)}, who alone may ask for anything"
    return why(error)


def open_file(path: Path, buffering: int = -1) -> BinaryIO:
    """Open a file to be read, if it is one.

    Args:
        path: The file.
        buffering: As ``open`` has it.

    Raises:
        OSError: It is not there, may not be read, or is something else than a file.
    """
    # Asked first: to open a device may already make it act.
    _check(path.stat().st_mode)
    # Not waited for: what was a file a moment ago may now be a pipe that nobody writes into.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _check(os.fstat(descriptor).st_mode)
        return os.fdopen(descriptor, "rb", buffering)
    except BaseException:
        os.close(descriptor)
        raise


def not_a_file(mode: int) -> str:
    """Return what something is that is no file, in words; nothing where it is one."""
    if stat.S_ISREG(mode):
        return ""
    what = next((name for is_one, name in _KINDS if is_one(mode)), "something else")
    return f"is {what}, where a file should be"


def _check(mode: int) -> None:
    if words := not_a_file(mode):
        raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL, words)


def read_file(path: Path, limit: int = SMALL_BYTES) -> bytes:
    """Return all that a file holds.

    Args:
        path: The file.
        limit: Bytes it may have at most.

    Raises:
        OSError: It cannot be read, is no file, or has more bytes (then of ``errno.EFBIG``).
    """
    with open_file(path) as file:
        body = file.read(limit + 1) or b""
        if len(body) > limit:
            size = max(os.fstat(file.fileno()).st_size, len(body))
            most = f"at most {_megabytes(limit)} are read"
            raise OSError(errno.EFBIG, f"has {_megabytes(size)}, {most}")
    return body


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.3g} MB"


def last_lines(path: Path, count: int, start: int = 0) -> list[str]:
    """Return the last lines of a log that say something; none where it cannot be read.

    Args:
        path: The log.
        count: How many at most.
        start: Where it begins, in bytes.
    """
    try:
        with open_file(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - END_BYTES, start))
            text = (file.read(END_BYTES) or b"").decode("utf-8", "replace")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip("\0 \t\r")][-count:]


def replace_file(
    path: Path, body: bytes, *, durable: bool = True, shared: int | None = None
) -> None:
    """Put a file where another may be, in one go: as ``replacing`` has it.

    Raises:
        OSError: It cannot be written; whatever was there is still there.
    """
    with replacing(path, durable=durable, shared=shared) as file:
        file.write(body)


@contextlib.contextmanager
def replacing(
    path: Path, *, durable: bool = True, shared: int | None = None, over: bool = True
) -> Iterator[BinaryIO]:
    """Give a new file to be written, and put it where another may be, in one go.

    What may be done with that one stays so.

    Args:
        path: Where it is to lie. A link or a pipe there is replaced, not followed or waited for.
        durable: Wait until it is on the disk, so that it outlives a power failure.
        shared: What the mode of a new one has beside its owner's part; as its folder is shared
            where left out.
        over: Whether it may take another's place.

    Raises:
        FileExistsError: There is another, whose place it may not take.
        OSError: It cannot be written; whatever was there is still there.
    """
    fresh = path.with_name(f".{secrets.token_hex(8)}{UNFINISHED}")
    descriptor = create(fresh, shared=shared)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(descriptor)
        if not over:
            _put_where_nothing_is(fresh, path)
            return
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISREG((there := path.lstat()).st_mode):
                fresh.chmod(there.st_mode & 0o777)
            elif stat.S_ISCHR(there.st_mode) or stat.S_ISBLK(there.st_mode):
                # Whoever may take a device's name away would take it from everybody.
                _check(there.st_mode)
        fresh.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def _put_where_nothing_is(fresh: Path, path: Path) -> None:
    """Give a file its name, unless anything has it.

    Raises:
        FileExistsError: Something has.
        OSError: It cannot be done.
    """
    try:
        # In one go: to look first and rename then would lose what comes in between.
        path.hardlink_to(fresh)
    except FileExistsError:
        raise
    except OSError:
        # A disk that knows no second name for a file: then there is no other way.
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        fresh.rename(path)
    else:
        fresh.unlink()
