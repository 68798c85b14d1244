"""How the lab looks: what its pictures are drawn with."""

from __future__ import annotations

from dataclasses import dataclass

from tui.glyphs import BRAILLE, GLYPHS, Glyphs
from tui.palette import DARK, PALETTES, Palette


@dataclass(frozen=True)
class Look:
    """Glyphs and palette, handed down to every pane."""

    glyphs: Glyphs = BRAILLE
    palette: Palette = DARK

    def next_glyphs(self) -> Look:
        """Return this look with the next set of glyphs."""
        names = [glyphs.name for glyphs in GLYPHS]
        following = GLYPHS[(names.index(self.glyphs.name) + 1) % len(GLYPHS)]
        return Look(following, self.palette)

    def next_palette(self) -> Look:
        """Return this look with the next palette; whether there are colours stays."""
        names = [palette.name for palette in PALETTES]
        following = PALETTES[(names.index(self.palette.name) + 1) % len(PALETTES)]
        return Look(self.glyphs, following if self.palette.colours else following.without_colours())
