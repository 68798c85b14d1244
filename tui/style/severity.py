"""How bad something is, as a symbol and a colour: what is said never hangs on the colour alone."""

from __future__ import annotations

from typing import Final, Literal, get_args

from rich.style import Style

from .glyphs import Glyphs
from .palette import Palette

Severity = Literal["good", "note", "warning", "bad"]
"""From nothing to worry about to what ruins the run."""

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)


def symbol(severity: Severity, glyphs: Glyphs) -> str:
    """Return the one cell that stands for it."""
    return glyphs.severities[SEVERITIES.index(severity)]


def style(severity: Severity, palette: Palette, *, bold: bool = False) -> Style:
    """Return how it is written."""
    return palette.style("train" if severity == "note" else severity, bold=bold)
