"""The shapes and colours that tell classes, sets and targets apart.

A class is a shape, a set is how the shape is filled: colours only say it again.
"""

from __future__ import annotations

from typing import Final

from rich.color import Color
from rich.style import Style

from ...style.glyphs import Glyphs
from ...style.palette import Palette

SETS: Final = ("train", "dev", "test")

POINTS: Final = (
    ("○", "◉", "●"),
    ("△", "◬", "▲"),
    ("□", "▣", "■"),
    ("◇", "◈", "◆"),
    ("☆", "✪", "★"),
    ("▽", "⛛", "▼"),
)
"""For each class its shape in train, dev and test."""

ASCII_POINTS: Final = (
    ("o", "O", "@"),
    ("x", "X", "%"),
    ("v", "V", "W"),
    ("s", "S", "$"),
    ("n", "N", "M"),
    ("z", "Z", "2"),
)

_HUES: Final = {True: (75, 214, 79, 176, 209, 221), False: (25, 166, 29, 90, 160, 100)}
"""For dark and light."""
_SIXTEEN: Final = {True: (12, 11, 10, 13, 9, 14), False: (4, 1, 2, 5, 3, 8)}
"""The same where there are sixteen colours: the terminal's own."""


def point(label: int, part: int, glyphs: Glyphs) -> str:
    """Return the shape of a class's points in a set; the seventh class has the first's again."""
    shapes = ASCII_POINTS if glyphs.name == "ascii" else POINTS
    return shapes[label % len(shapes)][part]


def is_sixteen(palette: Palette) -> bool:
    """Return whether there are no more than sixteen colours."""
    return palette.colours and palette.sixteen


def hue(index: int, palette: Palette, *, bold: bool = False) -> Style:
    """Return the colour of the class or target with this index."""
    if not palette.colours:
        return Style(bold=bold or None)
    hues = _SIXTEEN[palette.dark] if is_sixteen(palette) else _HUES[palette.dark]
    return Style(color=Color.from_ansi(hues[index % len(hues)]), bold=bold or None)
