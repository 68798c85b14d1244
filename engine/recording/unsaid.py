"""The number that stands where a row has none: a loss that a loop says at every tenth step, the
gradient of what a step does not use. It is a NaN by itself, so that nobody takes what was not said
for what is no number any more; whoever does not know it reads a NaN.
"""

from __future__ import annotations

import struct
from typing import Final

BITS: Final = 0x7FE50C4A
"""It in float32; no computation makes it."""

UNSAID: Final[float] = struct.unpack("<d", struct.pack("<Q", 0x7FFCA18940000000))[0]
"""It in float64, of which float32 keeps as much."""


def is_unsaid(value: float) -> bool:
    """Whether a number, read from float32, was not said."""
    return value != value and struct.pack("<f", value) == struct.pack("<I", BITS)
