"""The colours of the lab, by what they mean, all of them on the xterm-256 grid.

Indices 16 to 255 look the same in a terminal of 256 colours and in one of 16 million, so nothing
shifts over SSH. What has to be told apart is blue and orange, which every kind of colour vision
keeps apart, and is said by a word or a shape as well. Textual is not known here:
``tui.style.themes`` turns a palette into a theme.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Literal

from rich.color import Color
from rich.style import Style

Role = Literal[
    "text", "muted", "faint", "train", "dev", "good", "warning", "bad",
    "vanishing", "small", "level", "large", "exploding",
]  # fmt: skip
"""What a colour says."""


@dataclass(frozen=True, kw_only=True)
class Palette:
    """What each meaning looks like, as an index of the xterm-256 grid."""

    name: str
    dark: bool
    background: int
    surface: int
    """Fields and lists, a shade off the background."""
    border: int
    focus: int
    """The border of the pane that has the keys, and whatever is chosen."""
    text: int
    muted: int
    """Labels and units: there when looked for."""
    faint: int
    """Axes and empty gauges."""
    train: int
    dev: int
    good: int
    warning: int
    bad: int
    vanishing: int
    """A gradient under a thousandth of the last layer's."""
    small: int
    """Under a tenth."""
    level: int
    large: int
    """Over ten times."""
    exploding: int
    """Over a thousand times."""
    runs: tuple[int, ...]
    """The colours of runs that are drawn over one another, the first one's ``train``'s own."""
    colours: bool = True
    """False where there are none: then shapes alone must tell things apart."""
    sixteen: bool = False
    """Whether the terminal shows 16 colours only."""

    def style(self, role: Role, *, bold: bool = False) -> Style:
        """Return how something with this meaning is written."""
        return _style(getattr(self, role) if self.colours else None, bold)

    def without_colours(self) -> Palette:
        """Return this palette for a place that shows none, such as a pipe or ``NO_COLOR``."""
        return replace(self, colours=False)


@lru_cache(maxsize=256)
def _style(index: int | None, bold: bool) -> Style:
    return Style(color=None if index is None else Color.from_ansi(index), bold=bold or None)


STANDARD: Final = (
    "#000000", "#aa0000", "#00aa00", "#aa5500", "#0000aa", "#aa00aa", "#00aaaa", "#aaaaaa",
    "#555555", "#ff5555", "#55ff55", "#ffff55", "#5555ff", "#ff55ff", "#55ffff", "#ffffff",
)  # fmt: skip
"""What Rich takes the first 16 colours for when it looks for the nearest one."""


def rgb(index: int) -> str:
    """Return an index of the xterm-256 grid as ``#rrggbb``."""
    return STANDARD[index] if index < 16 else Color.from_ansi(index).get_truecolor().hex


# fmt: off
_COLOURS: Final[Mapping[str, tuple[Any, ...]]] = {
    #              dark light projector 16-dark 16-light
    "background": (234, 231,  16,   0,  15),
    "surface":    (236, 255, 233,   0,  15),
    "border":     (240, 248, 250,   8,   8),
    "focus":      ( 75,  25,  87,  14,   4),
    "text":       (253, 235, 231,  15,   0),
    "muted":      (247, 241, 253,   7,   8),
    "faint":      (240, 250, 245,   8,   7),
    "train":      ( 75,  25,  81,  14,   4),
    "dev":        (214, 166, 220,  11,   1),
    "good":       ( 79,  29,  86,  10,   2),
    "warning":    (221, 130, 227,  11,   3),
    "bad":        (209, 160, 209,   9,   1),
    "vanishing":  ( 63,  55, 105,  13,   5),
    "small":      ( 75,  25,  81,  14,   4),
    "level":      (252, 238, 231,   7,   0),
    "large":      (214, 166, 220,  11,   3),
    "exploding":  (208, 160, 208,   9,   1),
    "runs":       (
        (75, 79, 221, 176, 209, 250),
        (25, 29, 130, 90, 160, 241),
        (81, 86, 227, 213, 209, 253),
        (14, 10, 13, 9, 7, 15),
        (4, 2, 5, 1, 8, 0),
    ),
}
# fmt: on


def _palette(column: int, name: str, *, dark: bool) -> Palette:
    colours = {role: row[column] for role, row in _COLOURS.items()}
    return Palette(name=name, dark=dark, sixteen="-16-" in name, **colours)


DARK: Final = _palette(0, "epochal-dark", dark=True)
LIGHT: Final = _palette(1, "epochal-light", dark=False)
CONTRAST: Final = _palette(2, "epochal-projector", dark=True)

PALETTES: Final = (DARK, LIGHT, CONTRAST)
"""In the order in which the key goes through them."""

SIXTEEN_DARK: Final = _palette(3, "epochal-16-dark", dark=True)
SIXTEEN_LIGHT: Final = _palette(4, "epochal-16-light", dark=False)
SIXTEEN: Final = (SIXTEEN_DARK, SIXTEEN_LIGHT)
"""The same where the terminal shows no others."""


def palettes_like(palette: Palette) -> tuple[Palette, ...]:
    """Return the palettes that a terminal shows which shows this one."""
    return SIXTEEN if palette.sixteen else PALETTES
