"""The bytes of a log, unpacked where it is packed by gzip, and held against a limit."""

from __future__ import annotations

import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from typing_extensions import override

from ...errors import RunError
from ...text.endings import PACKED
from ...text.files import open_file
from ...text.safe import plain

UNPACKED_BYTES: Final = 2 << 30
"""Bytes of a log that are unpacked."""

PIECE: Final = 1 << 16
"""Bytes that are passed over at once."""


@contextlib.contextmanager
def log_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a log; what comes of it is unpacked.

    Raises:
        OSError: It cannot be read.
        RunError: It is packed otherwise than its name says, or has more than is read.
    """
    with contextlib.ExitStack() as opened:
        file: Any = opened.enter_context(open_file(path))
        if path.suffix.lower() == PACKED:
            packed = opened.enter_context(gzip.GzipFile(fileobj=file))
            file = io.BufferedReader(_Bounded(packed, path), PIECE)
        try:
            yield cast(BinaryIO, file)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise RunError(
                f"{path}: is not packed by gzip, or damaged: {plain(str(error))}; get it again, or "
                f"take {PACKED} off its name where it is not packed"
            ) from None


class _Bounded(io.RawIOBase):
    """A packed file from its beginning on, as far as so much is read."""

    def __init__(self, packed: gzip.GzipFile, path: Path) -> None:
        self._packed, self._path, self._at = packed, path, 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the file goes; 0 is the end."""
        piece = self._packed.read(len(buffer))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        if self._at > UNPACKED_BYTES:
            raise RunError(
                f"{self._path}: has more than {UNPACKED_BYTES / 1e9:.3g} GB unpacked; at most so "
                "much is read"
            )
        return len(piece)

    @override
    def seek(self, offset: int, whence: int = 0) -> int:
        """Pass over bytes; there is no way back."""
        target = offset + (self._at if whence == io.SEEK_CUR else 0)
        if whence == io.SEEK_END or target < self._at:
            raise io.UnsupportedOperation("a packed log is read from its beginning on")
        skipped = bytearray(PIECE)
        while self._at < target:
            if not self.readinto(memoryview(skipped)[: target - self._at]):
                break
        return self._at
