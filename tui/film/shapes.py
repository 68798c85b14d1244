"""Characters that are shapes and no letters: what of a cell they fill, in shares of it.

Fonts draw them with gaps between the cells, or have none of them; drawn as what they are, they
meet, in every font.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

Rectangle = tuple[float, float, float, float]
"""Left, top, right and bottom, from 0 to 1."""

_QUADRANTS: Final = dict(
    zip(
        "▘▝▀▖▌▞▛▗▚▐▜▄▙▟█",
        range(1, 16),
        strict=True,
    )
)
"""Bits: top left, top right, bottom left, bottom right."""

_DOTS: Final = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of the dot that each bit of a braille character stands for."""

_BRAILLE: Final = 0x2800
_LOWER: Final = "▁▂▃▄▅▆▇█"
_LEFT: Final = "▏▎▍▌▋▊▉█"
SHADES: Final = {"░": 0.25, "▒": 0.5, "▓": 0.75}
"""How much of the colour a shade has."""

_WHOLE: Final[Rectangle] = (0.0, 0.0, 1.0, 1.0)


@lru_cache(maxsize=1024)
def rectangles(character: str) -> tuple[Rectangle, ...] | None:
    """Return what a character fills; None where it is a letter."""
    code = ord(character)
    if _BRAILLE <= code < _BRAILLE + 256:
        dots = [place for bit, place in enumerate(_DOTS) if (code - _BRAILLE) >> bit & 1]
        return tuple(_dot(*place) for place in dots)
    if character in SHADES:
        return (_WHOLE,)
    if character in _LOWER:
        return ((0.0, 1 - (_LOWER.index(character) + 1) / 8, 1.0, 1.0),)
    if character in _LEFT:
        return ((0.0, 0.0, (_LEFT.index(character) + 1) / 8, 1.0),)
    if character in _QUADRANTS:
        bits = _QUADRANTS[character]
        return tuple(_quadrant(at) for at in range(4) if bits >> at & 1)
    return None


def _dot(column: int, row: int) -> Rectangle:
    left, top = column / 2 + 0.1, row / 4 + 0.05
    return left, top, left + 0.3, top + 0.15


def _quadrant(at: int) -> Rectangle:
    left, top = at % 2 / 2, at // 2 / 2
    return left, top, left + 0.5, top + 0.5
