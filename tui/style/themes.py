"""Textual's themes, made of our palettes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from textual.theme import Theme

from .palette import PALETTES, SIXTEEN, Palette, rgb

VARIABLES: Final[Mapping[str, str]] = {
    "border": "border border-blurred input-selection-background scrollbar "
    "screen-selection-background",
    "muted": "text-muted foreground-muted",
    "faint": "foreground-disabled",
    "focus": "block-cursor-background scrollbar-hover scrollbar-active",
    "text": "block-cursor-blurred-foreground input-cursor-background",
    "surface": "block-cursor-blurred-background block-hover-background",
    "background": "block-cursor-foreground input-cursor-foreground scrollbar-background "
    "scrollbar-background-hover scrollbar-background-active scrollbar-corner-color "
    "footer-background",
}
"""What Textual would compute by blending, and so leave the grid of 256 colours, by what it gets."""


def theme_of(palette: Palette) -> Theme:
    """Return the theme in which Textual's own widgets look like our pictures."""
    named = {role: rgb(getattr(palette, role)) for role in VARIABLES}
    variables = {name: named[role] for role, names in VARIABLES.items() for name in names.split()}
    return Theme(
        name=palette.name,
        dark=palette.dark,
        primary=named["focus"],
        secondary=rgb(palette.dev),
        accent=named["focus"],
        foreground=named["text"],
        background=named["background"],
        surface=named["surface"],
        panel=named["surface"],
        text_alpha=1.0,
        success=rgb(palette.good),
        warning=rgb(palette.warning),
        error=rgb(palette.bad),
        variables=variables | {"block-cursor-text-style": "bold"},
    )


THEMES: Final = tuple(theme_of(palette) for palette in (*PALETTES, *SIXTEEN))
"""One for each palette, in the same order."""
