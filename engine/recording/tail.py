"""The whole lines of a file that somebody else appends to.

Recordings and requests are followed this way: by an offset, opening the file anew each time and
trusting no notification, on network file systems too. What the lines say is others' business.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_TORN: Final = 100
"""Bytes of a torn line that are kept to be looked at."""


class Tail:
    """Follows a file from its first line on.

    Args:
        path: The file, which need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        """Bytes consumed, whole lines only."""
        self.behind = False
        """Whether the last look stopped at its limit, and another may find more."""
        self.torn = b""
        """How what follows the last whole line begins, so far."""

    @property
    def size(self) -> int:
        """Bytes of the file; below 0 where it is not there."""
        try:
            return self.path.stat().st_size
        except OSError:
            return -1

    def lines(self, limit: int | None = None) -> list[bytes]:
        """Return the whole lines that came since the last look, without their newlines.

        Args:
            limit: Read about so many bytes at most; at least a line, where there is one.

        Raises:
            OSError: The file cannot be read; one that is not there has no lines.
        """
        try:
            whole, torn = self._read(limit)
        except FileNotFoundError:
            return []
        self.torn = torn[:_TORN]
        self.offset += len(whole)
        self.behind = limit is not None and len(whole) >= limit
        return whole.split(b"\n")[:-1]

    def _read(self, limit: int | None) -> tuple[bytes, bytes]:
        """Return what is to be consumed, and what follows it so far."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            body = file.read(-1 if limit is None else limit)
            if limit is not None and not body.endswith(b"\n"):
                body += file.readline()
            # A network file system can show a file's new length before its new bytes: NULs then
            # stand where the newest line will be. So such a line is tried again, until another
            # follows it: then it will not change any more.
            while b"\0" in _last_line(body) and (line := file.readline()):
                body += line
        whole, torn = _parted(body)
        return (whole, torn) if b"\0" not in _last_line(whole) else _parted(whole[:-1])


def _parted(body: bytes) -> tuple[bytes, bytes]:
    """Return the whole lines of a body, and what follows them."""
    end = body.rfind(b"\n") + 1
    return body[:end], body[end:]


def _last_line(body: bytes) -> bytes:
    """Return the last line that is whole."""
    whole = body[:-1] if body.endswith(b"\n") else _parted(body)[0][:-1]
    return whole[whole.rfind(b"\n") + 1 :]
