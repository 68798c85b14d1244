"""A canvas of dots: 2x4 to a cell in braille, 2x2 in quadrants, one in ASCII.

For curves, bands behind them and single marks over them. Places are shares from 0 to 1 or dots
counted from the left and from the bottom, so that nothing here knows what is drawn.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from rich.text import Text

from ...style.glyphs import GlyphName, Glyphs
from ...style.text import Lines, Styled
from .arrays import Characters, Floats
from .letters import QUADRANTS

DOTS: Final = {"braille": (2, 4), "blocks": (2, 2), "ascii": (1, 1)}
"""Dots of a cell, across and down."""

BRAILLE_BITS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
QUADRANT_BITS: Final = np.array([[1, 2], [4, 8]])

SPACE: Final = ord(" ")

BRUSHES: Final[dict[GlyphName, tuple[tuple[int, int], ...]]] = {
    "braille": ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)),
    "blocks": ((0, 0), (1, 0), (0, -1), (1, -1)),
    "ascii": ((0, 0),),
}
"""The dots of a thick stroke around each of its own, as columns and rows: three times as thick in
braille, where dots are smallest, twice in blocks. A dot of a whole cell is thick as it is, and
two of them would hide the curve beside.
"""

Dots = NDArray[np.int64]
"""Places of dots: columns from the left, or rows from the bottom."""


def stroke(xs: Dots, ys: Dots) -> tuple[Dots, Dots]:
    """Return the dots of a polyline, those that plotext 5 sets: in the order they are drawn.

    From one point to the next there are as many dots as the longer side has, equally spaced and
    rounded down.
    """
    if len(xs) < 2:
        return xs, ys
    long = np.maximum(np.abs(np.diff(xs)), np.abs(np.diff(ys)))
    long_or_one = np.maximum(long, 1)
    ends = np.cumsum(long)
    segment = np.repeat(np.arange(len(long)), long)
    along = np.arange(int(ends[-1])) - np.repeat(ends - long, long)
    columns = xs[segment] + along * (np.diff(xs) / long_or_one)[segment]
    rows = ys[segment] + along * (np.diff(ys) / long_or_one)[segment]
    return (np.append(columns.astype(np.int64), xs[-1]), np.append(rows.astype(np.int64), ys[-1]))


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
        bits = {"braille": BRAILLE_BITS, "blocks": QUADRANT_BITS}
        self._bits = bits.get(glyphs.name, np.ones((1, 1), np.int64))
        self._codes = np.zeros((rows, columns), np.int64)
        """Which dots of each cell are set, as a number."""
        self._characters = np.zeros((rows, columns), np.uint32)
        """What a cell has in place of dots; 0 where it has none."""
        self._inks = np.zeros((rows, columns), np.int64)
        """The style of each cell, as a place in ``_styles``."""
        self._styles: list[Style] = [Style.null()]
        self._strokes: list[int] = [SPACE]
        """What each style's dots are in ASCII."""
        self._marks: dict[tuple[int, int], Styled] = {}
        self._behind: dict[tuple[int, int], Styled] = {}

    @property
    def dot_columns(self) -> int:
        """How many values a curve has: one for each column of dots."""
        return self.columns * self._across

    @property
    def dot_rows(self) -> int:
        """How many dots there are from the bottom to the top."""
        return self.rows * self._down

    def curve(
        self, heights: Floats, style: Style, character: str = "*", *, thick: bool = False
    ) -> None:
        """Draw a curve as one stroke.

        Args:
            heights: For each column of dots the share of the height; NaN leaves a gap, and what
                is outside 0 … 1 is cut off.
            style: What it looks like.
            character: What it is drawn with in ASCII.
            thick: Whether it is two or three times as thick.
        """
        tall = self.dot_rows - 1
        finite = np.isfinite(heights)
        # Far outside is as good as just outside, and fits an integer.
        here = np.clip((1 - np.where(finite, heights, 0.0)) * tall, -2.0, tall + 2.0)
        before = np.concatenate([here[:1], np.where(finite[:-1], here[:-1], here[1:])])
        # Each column is filled from the middle between it and the one before.
        middle = (before + here) / 2
        top = np.rint(np.minimum(middle, here))[:, None]
        bottom = np.rint(np.maximum(middle, here))[:, None]
        down = np.arange(self.dot_rows)[None, :]
        columns, rows = np.nonzero((down >= top) & (down <= bottom) & finite[:, None])
        self.dots(columns, tall - rows, style, character, over=False, thick=thick)

    def dots(
        self,
        xs: Dots,
        ys: Dots,
        style: Style,
        character: str = "*",
        *,
        over: bool = True,
        thick: bool = False,
    ) -> None:
        """Set dots.

        Args:
            xs: Their columns, from the left.
            ys: Their rows, from the bottom; what is outside is left out.
            style: What they look like.
            character: What a cell that has any is in ASCII.
            over: Whether a cell loses the dots that it had before.
            thick: Whether the dots around each of them are set as well.
        """
        inside = (xs >= 0) & (xs < self.dot_columns) & (ys >= 0) & (ys < self.dot_rows)
        xs, ys = xs[inside], ys[inside]
        if thick:
            xs, ys = self._thickened(xs, ys)
        ys = self.dot_rows - 1 - ys
        codes = np.zeros((self.rows, self.columns), np.int64)
        bits = self._bits[ys % self._down, xs % self._across]
        np.bitwise_or.at(codes, (ys // self._down, xs // self._across), bits)
        set_here = codes > 0
        self._codes[set_here] = codes[set_here] | (0 if over else self._codes[set_here])
        self._characters[set_here] = 0
        self._inks[set_here] = self._ink(style, character)

    def _thickened(self, xs: Dots, ys: Dots) -> tuple[Dots, Dots]:
        """Return dots and those around each; along the edges they stay on the canvas."""
        across, up = np.array(BRUSHES[self._name]).T[:, :, None]
        return (
            np.clip(xs + across, 0, self.dot_columns - 1).ravel(),
            np.clip(ys + up, 0, self.dot_rows - 1).ravel(),
        )

    def cells(self, characters: Characters, style: Style) -> None:
        """Put characters into cells, given as code points [rows, columns]; 0 for none."""
        here = characters > 0
        self._characters[here] = characters[here]
        self._codes[here] = 0
        self._inks[here] = self._ink(style, " ")

    def upright(self, column: int, character: str, style: Style) -> None:
        """Draw a line from the bottom to the top, behind whatever is drawn later."""
        if 0 <= column < self.columns:
            characters = np.zeros((self.rows, self.columns), np.uint32)
            characters[:, column] = ord(character)
            self.cells(characters, style)

    def _ink(self, style: Style, character: str) -> int:
        self._styles.append(style)
        self._strokes.append(ord(character[:1] or " "))
        return len(self._styles) - 1

    def cell(self, across: float, up: float) -> tuple[int, int] | None:
        """Return the cell [row, column] at these shares, if it is on the canvas."""
        if not (0 <= across <= 1 and 0 <= up <= 1) or not self.rows or not self.columns:
            return None
        return round((1 - up) * (self.rows - 1)), round(across * (self.columns - 1))

    def mark(self, x: float, y: float, sign: str, style: Style, *, behind: bool = False) -> None:
        """Put a character at these shares of width and height, unless they are outside.

        Args:
            x: From the left.
            y: From the bottom.
            sign: What.
            style: What it looks like.
            behind: Whether curves hide it.
        """
        if cell := self.cell(x, y):
            (self._behind if behind else self._marks)[cell] = (sign, style)

    def letter(self, row: int, column: int, character: str, style: Style) -> None:
        """Put a character into a cell, counted from the top left."""
        if 0 <= row < self.rows and 0 <= column < self.columns:
            self._marks[row, column] = (character, style)

    def lines(self) -> Lines:
        """Return what has been drawn, the top line first."""
        drawn, inks = self._drawn()
        blank = drawn == SPACE
        # A blank has no colour: in the ink of what stands before it, it costs no bytes.
        filled = np.where(blank, 0, np.arange(self.columns))
        inks = np.take_along_axis(inks, np.maximum.accumulate(filled, axis=1), axis=1)
        return [self._line(drawn[row], inks[row]) for row in range(self.rows)]

    def _line(self, characters: Characters, inks: Dots) -> Text:
        line = Text(end="", no_wrap=True)
        words = characters.astype("<u4").tobytes().decode("utf-32-le")
        starts = np.flatnonzero(np.diff(inks, prepend=-1)).tolist()
        for start, stop in zip(starts, [*starts[1:], self.columns], strict=True):
            line.append(words[start:stop], self._styles[int(inks[start])])
        return line

    def _drawn(self) -> tuple[Characters, Dots]:
        """Return the character of each cell and its style."""
        drawn = np.where(self._characters > 0, self._characters, self._dotted())
        inks = self._inks.copy()
        for cells, only_blank in ((self._behind, True), (self._marks, False)):
            for (row, column), (character, style) in cells.items():
                if not only_blank or drawn[row, column] == SPACE:
                    drawn[row, column], inks[row, column] = ord(character), self._ink(style, " ")
        return drawn, inks

    def _dotted(self) -> Characters:
        if self._name == "braille":
            return np.where(self._codes > 0, 0x2800 + self._codes, SPACE).astype(np.uint32)
        if self._name == "blocks":
            return np.array([ord(each) for each in QUADRANTS], np.uint32)[self._codes]
        strokes = np.array(self._strokes, np.uint32)
        return np.where(self._codes > 0, strokes[self._inks], SPACE).astype(np.uint32)
