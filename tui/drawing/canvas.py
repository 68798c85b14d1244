"""A canvas of dots: 2x4 to a cell in braille, 2x2 in quadrants, one in ASCII.

For what is a function of its column and for single marks over it. Places are shares from 0 to 1,
so that nothing here knows what is drawn or how large it is.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from rich.text import Text

from tui.drawing.text import Lines
from tui.glyphs import GlyphName, Glyphs

DOTS: Final[dict[GlyphName, tuple[int, int]]] = {
    "braille": (2, 4),
    "blocks": (2, 2),
    "ascii": (1, 1),
}
"""Dots of a cell, across and down."""

BRAILLE_BITS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
QUADRANT_BITS: Final = np.array([[1, 2], [4, 8]])
QUADRANTS: Final = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"


class Canvas:
    """Cells that curves and marks are put on; of each kind what comes later lies on top.

    Args:
        columns: Cells across.
        rows: Cells down.
        glyphs: What to draw with.
    """

    def __init__(self, columns: int, rows: int, glyphs: Glyphs) -> None:
        self.columns, self.rows = columns, rows
        self._name = glyphs.name
        self._across, self._down = DOTS[glyphs.name]
        self._dots = np.zeros((rows * self._down, columns * self._across), bool)
        self._styles: dict[tuple[int, int], tuple[str, Style]] = {}
        self._marks: dict[tuple[int, int], tuple[str, Style]] = {}
        self._behind: dict[tuple[int, int], tuple[str, Style]] = {}

    @property
    def dot_columns(self) -> int:
        """How many values a curve has: one for each column of dots."""
        return self.columns * self._across

    def curve(self, heights: NDArray[np.float64], style: Style, character: str = "*") -> None:
        """Draw a curve as one stroke.

        Args:
            heights: For each column of dots the share of the height; NaN leaves a gap, and what
                is outside 0 … 1 is cut off.
            style: What it looks like.
            character: What it is drawn with in ASCII.
        """
        tall = len(self._dots) - 1
        before = math.nan
        for column, height in enumerate(heights.tolist()):
            if math.isfinite(height):
                # Far outside is as good as just outside, and fits an integer.
                here = min(max((1 - height) * tall, -2.0), tall + 2.0)
                self._stroke(column, here if before != before else before, here, style, character)
                before = here
            else:
                before = math.nan

    def _stroke(self, column: int, before: float, here: float, style: Style, char: str) -> None:
        """Fill a column of dots from the middle between it and the one before."""
        middle = (before + here) / 2
        top, bottom = round(min(middle, here)), round(max(middle, here))
        for dot in range(max(top, 0), min(bottom, len(self._dots) - 1) + 1):
            self._dots[dot, column] = True
            self._styles[dot // self._down, column // self._across] = (char, style)

    def cell(self, across: float, up: float) -> tuple[int, int] | None:
        """Return the cell [row, column] at these shares, if it is on the canvas."""
        if not (0 <= across <= 1 and 0 <= up <= 1) or not self.rows or not self.columns:
            return None
        return round((1 - up) * (self.rows - 1)), round(across * (self.columns - 1))

    def mark(
        self, across: float, up: float, character: str, style: Style, *, behind: bool = False
    ) -> None:
        """Put a character at these shares of width and height, unless they are outside.

        Args:
            across: From the left.
            up: From the bottom.
            character: What.
            style: What it looks like.
            behind: Whether curves hide it.
        """
        if cell := self.cell(across, up):
            (self._behind if behind else self._marks)[cell] = (character, style)

    def lines(self) -> Lines:
        """Return what has been drawn, the top line first."""
        codes = self._codes()
        lines = []
        for row in range(self.rows):
            line = Text(end="", no_wrap=True)
            for column in range(self.columns):
                here = (row, column)
                character, style = self._marks.get(here) or self._drawn(codes, here)
                line.append(character, style)
            lines.append(line)
        return lines

    def _codes(self) -> NDArray[np.int64]:
        """Return which dots of each cell are set, as a number."""
        cells = self._dots.reshape(self.rows, self._down, self.columns, self._across)
        bits = {"braille": BRAILLE_BITS, "blocks": QUADRANT_BITS}.get(self._name, np.ones((1, 1)))
        codes: NDArray[np.int64] = np.einsum("rdca,da->rc", cells, bits).astype(np.int64)
        return codes

    def _drawn(self, codes: NDArray[np.int64], cell: tuple[int, int]) -> tuple[str, Style]:
        code = int(codes[cell])
        if not code:
            return self._behind.get(cell, (" ", Style.null()))
        character, style = self._styles[cell]
        if self._name == "braille":
            return chr(0x2800 + code), style
        return (QUADRANTS[code] if self._name == "blocks" else character), style
