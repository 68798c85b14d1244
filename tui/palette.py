"""The colours of the lab, by what they mean, all of them on the xterm-256 grid.

Indices 16 to 255 look the same in a terminal of 256 colours and in one of 16 million, so nothing
shifts over SSH. What has to be told apart is blue and orange, which every kind of colour vision
keeps apart, and is said by a word or a shape as well. Textual is not known here:
``tui.themes`` turns a palette into a theme.
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
    colours: bool = True
    """False where there are none: then shapes alone must tell things apart."""

    def style(self, role: Role, *, bold: bool = False) -> Style:
        """Return how something with this meaning is written."""
        return _style(getattr(self, role) if self.colours else None, bold)

    def without_colours(self) -> Palette:
        """Return this palette for a place that shows none, such as a pipe or ``NO_COLOR``."""
        return replace(self, colours=False)


@lru_cache(maxsize=256)
def _style(index: int | None, bold: bool) -> Style:
    return Style(color=None if index is None else Color.from_ansi(index), bold=bold or None)


def rgb(index: int) -> str:
    """Return an index of the xterm-256 grid as ``#rrggbb``."""
    return Color.from_ansi(index).get_truecolor().hex


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
)

PALETTES: Final = (DARK, LIGHT, CONTRAST)
"""In the order in which the key goes through them."""
