"""Which colour, letter and stroke tells a curve from all the others, and the signs on the axis.

One run alone has blue and orange for train and dev. Among several each has a hue for as long as
it is on screen, its dev curve is dotted, and where there are no colours a letter stands at the end
of each: a capital for train, a small one for dev.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rich.color import Color
from rich.style import Style

from .look import Look

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
FADED: Final = 0.6
"""The share that a colour keeps of itself in a band."""


@dataclass(frozen=True, kw_only=True)
class Pen:
    """How a curve is drawn, and how its sample looks in a legend."""

    style: Style
    band: Style
    """The raw values behind a smoothed curve: the same colour, a shade nearer the background."""
    marker: str
    """What it is made of, as plotext calls it."""
    dotted: bool
    """Whether every other dot is left out."""
    sample: str
    letter: str
    """What stands at its end; empty where the colour is enough."""


def pen(index: int, slot: int, several: bool, look: Look) -> Pen:
    """Return how a curve is drawn.

    Args:
        index: 0 for train, 1 for dev.
        slot: The run's place among the colours of runs.
        several: Whether there is more than one run.
        look: What to draw with.
    """
    glyphs, palette = look.glyphs, look.palette
    usual = palette.dev if index else palette.train
    colour = palette.runs[slot % len(palette.runs)] if several else usual
    letter = LETTERS[slot % len(LETTERS)]
    letter = letter if index == 0 else letter.lower()
    marker = (glyphs.markers if palette.colours else glyphs.plain_markers)[index]
    sample = (glyphs.keys if palette.colours else glyphs.plain_keys)[index]
    fine = glyphs.name != "ascii"
    if several:
        marker = glyphs.markers[0] if fine else letter
        sample = (glyphs.dotted_key if index else glyphs.keys[0]) if fine else 2 * letter
    return Pen(
        style=_style(colour, palette.colours),
        band=_style(faded(colour, palette.background), palette.colours),
        marker=marker,
        dotted=several and index > 0 and fine,
        sample=sample,
        letter=letter if several and not palette.colours else "",
    )


def _style(colour: int, colours: bool) -> Style:
    return Style(color=Color.from_ansi(colour)) if colours else Style.null()


@lru_cache(maxsize=64)
def faded(colour: int, background: int) -> int:
    """Return the colour of the grid nearest to a mixture of a colour and a background."""
    ours, theirs = (Color.from_ansi(each).get_truecolor() for each in (colour, background))
    middle = [FADED * a + (1 - FADED) * b for a, b in zip(ours, theirs, strict=True)]

    def distance(index: int) -> float:
        there = Color.from_ansi(index).get_truecolor()
        return sum((a - b) ** 2 for a, b in zip(there, middle, strict=True))

    return min(range(16, 256), key=distance)
