"""Textual's themes, made of our palettes."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

from .palette import PALETTES, SIXTEEN, Palette, rgb


def theme_of(palette: Palette) -> Theme:
    """Return the theme in which Textual's own widgets look like our pictures."""
    text, muted, focus = rgb(palette.text), rgb(palette.muted), rgb(palette.focus)
    background, surface = rgb(palette.background), rgb(palette.surface)
    return Theme(
        name=palette.name,
        dark=palette.dark,
        primary=focus,
        secondary=rgb(palette.dev),
        accent=focus,
        foreground=text,
        background=background,
        surface=surface,
        panel=surface,
        text_alpha=1.0,
        success=rgb(palette.good),
        warning=rgb(palette.warning),
        error=rgb(palette.bad),
        # Every variable that is computed by blending would leave the grid of 256 colours.
        variables={
            "border": rgb(palette.border),
            "border-blurred": rgb(palette.border),
            "text-muted": muted,
            "foreground-muted": muted,
            "foreground-disabled": rgb(palette.faint),
            "block-cursor-background": focus,
            "block-cursor-foreground": background,
            "block-cursor-text-style": "bold",
            "block-cursor-blurred-background": surface,
            "block-cursor-blurred-foreground": text,
            "block-hover-background": surface,
            "input-cursor-background": text,
            "input-cursor-foreground": background,
            "input-selection-background": rgb(palette.border),
            "scrollbar": rgb(palette.border),
            "scrollbar-hover": focus,
            "scrollbar-active": focus,
            "scrollbar-background": background,
            "scrollbar-background-hover": background,
            "scrollbar-background-active": background,
            "scrollbar-corner-color": background,
            "footer-background": background,
            "screen-selection-background": rgb(palette.border),
        },
    )


THEMES: Final = tuple(theme_of(palette) for palette in (*PALETTES, *SIXTEEN))
"""One for each palette, in the same order."""
