"""The whole lines of a file that somebody else appends to.

Recordings and requests are followed this way: by an offset, opening the file anew each time and
trusting no notification, on network file systems too. What the lines say is others' business.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO, Final

from ..text.files import open_file

LINE_BYTES: Final = 32 << 20
"""Bytes that a line may have: three times what the settings of ten thousand networks take. What
is longer is no line, such as the zeros that a crash of the machine can leave, and passed over."""

CHUNK: Final = 4 << 20
"""Bytes that are held at once of a file that is read whole."""

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
        """Bytes consumed: whole lines, and as much as there is of one that is passed over."""
        self.start = 0
        """Where the lines of the last look began."""
        self.behind = False
        """Whether the last look stopped at its limit, and another may find more."""
        self.torn = b""
        """How what follows the last whole line begins, so far."""
        self.passed_over = 0
        """Bytes of lines that were too long to be read."""
        self._inside = False
        """Whether what comes next is the rest of a line that is passed over."""

    @property
    def size(self) -> int:
        """Bytes of the file; below 0 where it is not there."""
        try:
            return self.path.stat().st_size
        except OSError:
            return -1

    def lines(self, limit: int) -> list[bytes]:
        """Return the whole lines that came since the last look, without their newlines.

        Args:
            limit: As for ``whole``.

        Raises:
            OSError: The file cannot be read; one that is not there has no lines.
        """
        body, end = self.whole(limit)
        return body[:end].split(b"\n")[:-1]

    def whole(self, limit: int) -> tuple[bytes, int]:
        """Return what came since the last look, and how many bytes of that are whole lines.

        Args:
            limit: Read about so many bytes at most; at least a line, where there is one.

        Raises:
            OSError: The file cannot be read; one that is not there has no lines.
        """
        before = self.offset
        try:
            with self._opened() as file:
                self._pass_over(file)
                self.start = file.seek(self.offset)
                body, end = _whole_lines(file, limit)
        except FileNotFoundError:
            return b"", 0
        self.offset += end
        if (torn := len(body) - end) >= LINE_BYTES:
            self.offset, self._inside = self.offset + torn, True
            self.passed_over += torn
        self.torn = body[end : end + _TORN]
        self.behind = self.offset > before and len(body) >= limit
        return body, end

    def _opened(self) -> BinaryIO:
        return open_file(self.path, buffering=0)

    def skip_to_last(self, limit: int) -> None:
        """Pass over everything but the lines that begin within so many bytes of the end."""
        start = self.path.stat().st_size - limit
        if start > self.offset:
            self.offset, self._inside = start, True

    def _pass_over(self, file: BinaryIO) -> None:
        """Pass over the rest of the line, as far as it is there."""
        start = self.offset
        while self._inside:
            # A hole of terabytes is passed over as fast as one of bytes.
            self.offset = file.seek(_next_data(file, self.offset))
            piece = file.read(CHUNK)
            if not piece:
                break
            end = piece.find(b"\n") + 1
            self._inside = not end
            self.offset += end or len(piece)
        self.passed_over += self.offset - start


def _next_data(file: BinaryIO, offset: int) -> int:
    """Return where a file goes on with something else than a hole."""
    try:
        return os.lseek(file.fileno(), offset, os.SEEK_DATA)
    except OSError as error:
        # Nothing but a hole is left; or its file system knows no holes.
        end = os.fstat(file.fileno()).st_size
        return max(offset, end) if error.errno == errno.ENXIO else offset


def _whole_lines(file: BinaryIO, limit: int) -> tuple[bytes, int]:
    """Return the lines that are to be consumed with what follows them, and where they end."""
    # In one piece: a writer whose disk is full takes a torn line back, and what it has room for
    # comes in its place.
    body = file.read(limit)
    if len(body) >= limit and b"\n" not in body:
        body += _line(file)
    # A network file system can show a file's new length before its new bytes: NULs then stand
    # where the newest line will be. So such a line is tried again, until another follows it: then
    # it will not change any more.
    if b"\0" in body[_last_line(body)]:
        body += _line(file)
    last = _last_line(body)
    return body, last.start if b"\0" in body[last] else last.stop


def _line(file: BinaryIO) -> bytes:
    """Return a line, or as much of it as one may have, and leave the file behind it."""
    start, pieces = file.tell(), list[bytes]()
    while (piece := file.read(1 << 20)) and sum(map(len, pieces)) < LINE_BYTES:
        end = piece.find(b"\n") + 1
        pieces.append(piece[:end] if end else piece)
        if end:
            break
    line = b"".join(pieces)
    file.seek(start + len(line))
    return line


def _last_line(body: bytes) -> slice:
    """Return where the last line that is whole begins and ends, with its newline."""
    end = body.rfind(b"\n") + 1
    return slice(body.rfind(b"\n", 0, max(end - 1, 0)) + 1, end)
