"""The colours of the lab, by what they mean, all of them on the xterm-256 grid.

Indices 16 to 255 look the same in a terminal of 256 colours and in one of 16 million, so nothing
shifts over SSH. What has to be told apart is blue and orange, which every kind of colour vision
keeps apart, and is said by a word or a shape as well. Textual is not known here:
``tui.style.themes`` turns a palette into a theme.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from rich.color import Color
from rich.style import Style

Role = Literal[
    "text",
    "muted",
    "faint",
    "train",
    "dev",
    "good",
    "warning",
    "bad",
    "vanishing",
    "small",
    "level",
    "large",
    "exploding",
]
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


DARK: Final = Palette(
    name="epochal-dark",
    dark=True,
    background=234,
    surface=236,
    border=240,
    focus=75,
    text=253,
    muted=247,
    faint=240,
    train=75,
    dev=214,
    good=79,
    warning=221,
    bad=209,
    vanishing=63,
    small=75,
    level=252,
    large=214,
    exploding=208,
    runs=(75, 79, 221, 176, 209, 250),
)
LIGHT: Final = Palette(
    name="epochal-light",
    dark=False,
    background=231,
    surface=255,
    border=248,
    focus=25,
    text=235,
    muted=241,
    faint=250,
    train=25,
    dev=166,
    good=29,
    warning=130,
    bad=160,
    vanishing=55,
    small=25,
    level=238,
    large=166,
    exploding=160,
    runs=(25, 29, 130, 90, 160, 241),
)
CONTRAST: Final = Palette(
    name="epochal-projector",
    dark=True,
    background=16,
    surface=233,
    border=250,
    focus=87,
    text=231,
    muted=253,
    faint=245,
    train=81,
    dev=220,
    good=86,
    warning=227,
    bad=209,
    vanishing=105,
    small=81,
    level=231,
    large=220,
    exploding=208,
    runs=(81, 86, 227, 213, 209, 253),
)

PALETTES: Final = (DARK, LIGHT, CONTRAST)
"""In the order in which the key goes through them."""

SIXTEEN_DARK: Final = Palette(
    name="epochal-16-dark",
    dark=True,
    background=0,
    surface=0,
    border=8,
    focus=14,
    text=15,
    muted=7,
    faint=8,
    train=14,
    dev=11,
    good=10,
    warning=11,
    bad=9,
    vanishing=13,
    small=14,
    level=7,
    large=11,
    exploding=9,
    runs=(14, 10, 13, 9, 7, 15),
    sixteen=True,
)
SIXTEEN_LIGHT: Final = Palette(
    name="epochal-16-light",
    dark=False,
    background=15,
    surface=15,
    border=8,
    focus=4,
    text=0,
    muted=8,
    faint=7,
    train=4,
    dev=1,
    good=2,
    warning=3,
    bad=1,
    vanishing=5,
    small=4,
    level=0,
    large=3,
    exploding=1,
    runs=(4, 2, 5, 1, 8, 0),
    sixteen=True,
)
SIXTEEN: Final = (SIXTEEN_DARK, SIXTEEN_LIGHT)
"""The same where the terminal shows no others."""


def palettes_like(palette: Palette) -> tuple[Palette, ...]:
    """Return the palettes that a terminal shows which shows this one."""
    return SIXTEEN if palette.sixteen else PALETTES
