"""Small pictures of few colours, see-through where they are to be, as PNG has them.

Written here in a few lines, so that a page with a picture needs no more than a page without.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int, int]
"""Red, green, blue and how opaque: 0 to 255 each."""

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_BY_PALETTE: Final = 3


def png(pixels: NDArray[np.uint8], palette: Sequence[Colour]) -> bytes:
    """Return a picture as the bytes of a file.

    Args:
        pixels: [rows, columns]: the number of each one's colour.
        palette: Up to 256 colours.
    """
    rows, columns = pixels.shape
    colours = np.array(palette, np.uint8)
    # Each row begins with how it was filtered: not at all.
    lines = np.concatenate([np.zeros((rows, 1), np.uint8), pixels], axis=1)
    return b"".join(
        [
            _SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, _BY_PALETTE, 0, 0, 0)),
            _chunk(b"PLTE", colours[:, :3].tobytes()),
            _chunk(b"tRNS", colours[:, 3].tobytes()),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
