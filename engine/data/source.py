"""Where a text file's bytes and characters come from, from its beginning as often as wanted."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import itertools
import zlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from ..errors import DataError
from ..text.endings import PACKED
from ..text.files import open_file
from ..text.safe import plain
from . import columns as limits
from .columns import too_large

PIECE: Final = 1 << 20
"""Bytes that are read at once."""


@dataclass(frozen=True)
class TextSource:
    """A text file, unpacked and decoded while it is read; nothing of it is held."""

    path: Path
    encoding: str
    """What its characters are written in."""

    def pieces(self) -> Generator[bytes]:
        """Yield its bytes, unpacked.

        Raises:
            DataError: It is damaged, or has more than are read.
            OSError: It cannot be read.
        """
        size, most = 0, limits.MAX_TEXT_BYTES
        is_packed = self.path.suffix.lower() == PACKED
        with contextlib.ExitStack() as opened:
            file: Any = opened.enter_context(open_file(self.path))
            if is_packed:
                file = opened.enter_context(gzip.GzipFile(fileobj=file))
            while piece := _read(file):
                if (size := size + len(piece)) > most:
                    raise DataError(f"{'unpacked it ' * is_packed}{too_large(size, most)}")
                yield piece

    def utf_8(self) -> Generator[bytes]:
        """Yield its text in UTF-8, without a mark of the order of its bytes."""
        decoder = codecs.getincrementaldecoder(self.encoding)()
        is_utf_8 = codecs.lookup(self.encoding).name.startswith("utf-8")
        mark = codecs.BOM_UTF8
        for read in itertools.chain(self.pieces(), [b""]):
            if piece := read if is_utf_8 else decoder.decode(read, final=not read).encode():
                yield piece.removeprefix(mark)
                mark = b""

    def text(self) -> io.TextIOWrapper:
        """Return its text, each line with its own end; to be closed."""
        return io.TextIOWrapper(stream_of(self.utf_8()), "utf-8", newline="")


def _read(file: Any) -> bytes:
    """Return a file's next piece; empty at its end."""
    try:
        piece: bytes = file.read(PIECE)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        what = plain(str(error))
        raise DataError(
            f"is not packed by gzip, or damaged: {what}; get it again, or take '.gz' off its name "
            "where it is not packed"
        ) from None
    return piece


def stream_of(pieces: Generator[bytes]) -> io.BufferedReader:
    """Return a stream of pieces of bytes, none of which is empty; to be closed."""
    return io.BufferedReader(_Pieces(pieces), PIECE)


class _Pieces(io.RawIOBase):
    """A stream of pieces of bytes."""

    def __init__(self, pieces: Generator[bytes]) -> None:
        self._pieces, self._piece = pieces, memoryview(b"")

    @override
    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the next piece goes; 0 is the end."""
        piece = self._piece or memoryview(next(self._pieces, b""))
        size = min(len(buffer), len(piece))
        buffer[:size], self._piece = piece[:size], piece[size:]
        return size

    @override
    def close(self) -> None:
        self._pieces.close()
        super().close()
