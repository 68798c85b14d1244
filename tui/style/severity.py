"""How bad something is, as a symbol and a colour: what is said never hangs on the colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from rich.style import Style

from .glyphs import GlyphName, Glyphs
from .palette import Palette, Role

Severity = Literal["good", "note", "warning", "bad"]
"""From nothing to worry about to what ruins the run."""

_SYMBOLS: Final[Mapping[GlyphName, Mapping[Severity, str]]] = {
    "braille": {"good": "✓", "note": "•", "warning": "!", "bad": "✗"},
    "blocks": {"good": "√", "note": "·", "warning": "!", "bad": "x"},
    "ascii": {"good": "+", "note": "-", "warning": "!", "bad": "x"},
}

_ROLES: Final[Mapping[Severity, Role]] = {
    "good": "good",
    "note": "train",
    "warning": "warning",
    "bad": "bad",
}


def symbol(severity: Severity, glyphs: Glyphs) -> str:
    """Return the one cell that stands for it."""
    return _SYMBOLS[glyphs.name][severity]


def style(severity: Severity, palette: Palette, *, bold: bool = False) -> Style:
    """Return how it is written."""
    return palette.style(_ROLES[severity], bold=bold)
