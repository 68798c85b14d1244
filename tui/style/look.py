"""How the lab looks: what its pictures are drawn with."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.style import Style
from rich.text import Text

from .glyphs import BRAILLE, GLYPHS, Glyphs
from .numbers import figure
from .palette import DARK, Palette, Role, palettes_like
from .text import Lines, cut, fit, pad, pad_left, wrap


@dataclass(frozen=True)
class Look:
    """Glyphs, palette and size, handed down to every pane."""

    glyphs: Glyphs = BRAILLE
    palette: Palette = DARK
    big: bool = False
    """Whether the back row has to see it: figures in large digits, thick strokes."""

    def style(self, role: Role, *, bold: bool = False) -> Style:
        """Return how something with this meaning is written."""
        return self.palette.style(role, bold=bold)

    def muted(self, words: str, width: int) -> Lines:
        """Return words in as many lines as they take."""
        rows = wrap(words, max(width, 1))
        return [cut(Text(row, self.style("muted"), end=""), width) for row in rows]

    def centred(self, words: str, width: int, height: int) -> Lines:
        """Return words in the middle of the room there is."""
        rows = wrap(words, max(width - 2, 1))[: max(height, 0)]
        blank = [""] * ((height - len(rows)) // 2)
        lines = [*blank, *(row.center(width) for row in rows)]
        return [cut(Text(line, self.style("muted"), end=""), width) for line in lines]

    def line(self, words: str = "", role: Role | None = None, *, bold: bool = False) -> Text:
        """Return a line of a picture, or its beginning."""
        style = Style.null() if role is None else self.style(role, bold=bold)
        return Text(words, style, end="", no_wrap=True)

    def figure(self, value: float, digits: int = 4) -> str:
        """Return a measured number in few characters."""
        return figure(value, digits, self.glyphs.infinity)

    def fit(self, words: str, width: int) -> str:
        """Return words in at most so many cells."""
        return fit(words, width, self.glyphs.ellipsis)

    def pad(self, words: str, width: int) -> str:
        """Return words in exactly so many cells, to the left."""
        return pad(words, width, self.glyphs.ellipsis)

    def pad_left(self, words: str, width: int) -> str:
        """Return words in exactly so many cells, to the right."""
        return pad_left(words, width, self.glyphs.ellipsis)

    def next_glyphs(self) -> Look:
        """Return this look with the next set of glyphs."""
        names = [glyphs.name for glyphs in GLYPHS]
        return replace(self, glyphs=GLYPHS[(names.index(self.glyphs.name) + 1) % len(GLYPHS)])

    def next_palette(self) -> Look:
        """Return this look with the next palette; whether there are colours stays."""
        among = palettes_like(self.palette)
        names = [palette.name for palette in among]
        following = among[(names.index(self.palette.name) + 1) % len(among)]
        shown = following if self.palette.colours else following.without_colours()
        return replace(self, palette=shown)
