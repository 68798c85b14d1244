"""The characters pictures are made of, from the finest a terminal shows down to plain ASCII.

Whether a font has braille cannot be asked of a terminal, so there is an option and a key.
"""

from __future__ import annotations

import locale
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

GlyphName = Literal["braille", "blocks", "ascii"]


@dataclass(frozen=True, kw_only=True)
class Glyphs:
    """One set of characters."""

    name: GlyphName
    markers: tuple[str, str]
    """What plotext draws the first and the second curve with."""
    plain_markers: tuple[str, str]
    """The same where there are no colours to tell them apart."""
    keys: tuple[str, str]
    """The two curves' samples in a legend."""
    plain_keys: tuple[str, str]
    """The same without colours."""
    levels: str
    """A sparkline's steps, lowest first."""
    eighths: str
    """What fills a cell of a gauge from the left, least first, the full cell last."""
    track: str
    """An empty cell of a gauge."""
    axis: tuple[str, str, str, str, str]
    """Upright, upright with a tick, corner, level, level with a tick."""
    mark: str
    """A mark on the axis."""
    dot: str
    """What stands between two facts in a line."""
    states: Mapping[str, str]
    """The symbol of each state of a run."""
    choice: tuple[str, str]
    """What stands left and right of a value that the arrow keys change."""
    changed: str
    """What marks a setting that differs from its preset."""
    ellipsis: str
    """What stands for text that had no room."""
    infinity: str

    @property
    def times(self) -> str:
        """What stands before how many there are of something."""
        return "x" if self.name == "ascii" else "×"

    @property
    def plus_minus(self) -> str:
        """What stands before how far numbers lie apart."""
        return "+-" if self.name == "ascii" else "±"


_LINES = ("│", "┤", "└", "─", "┬")
_STATES = {
    "none": "○",
    "lecture": "○",
    "starting": "◌",
    "running": "●",
    "replay": "▶",
    "paused": "Ⅱ",
    "silent": "?",
    "crashed": "✗",
    "ended": "■",
    "finished": "✓",
}

BRAILLE: Final = Glyphs(
    name="braille",
    markers=("braille", "braille"),
    plain_markers=("braille", "+"),
    keys=("━━", "━━"),
    plain_keys=("⠒⠒", "++"),
    levels="▁▂▃▄▅▆▇█",
    eighths="▏▎▍▌▋▊▉█",
    track="·",
    axis=_LINES,
    mark="▲",
    dot=" · ",
    states=_STATES,
    choice=("‹", "›"),
    changed="●",
    ellipsis="…",
    infinity="∞",
)
BLOCKS: Final = Glyphs(
    name="blocks",
    markers=("hd", "hd"),
    plain_markers=("hd", "+"),
    keys=("━━", "━━"),
    plain_keys=("▀▀", "++"),
    levels="▁▂▃▄▅▆▇█",
    eighths="▌█",
    track="·",
    axis=_LINES,
    mark="▲",
    dot=" · ",
    states=_STATES | {"starting": "○", "crashed": "x", "finished": "√", "paused": "="},
    choice=("‹", "›"),
    changed="*",
    ellipsis="…",
    infinity="∞",
)
ASCII: Final = Glyphs(
    name="ascii",
    markers=("*", "+"),
    plain_markers=("*", "+"),
    keys=("**", "++"),
    plain_keys=("**", "++"),
    levels="_.-:=+*#",
    eighths="#",
    track=".",
    axis=("|", "+", "+", "-", "+"),
    mark="^",
    dot=" | ",
    states={
        "none": "o",
        "lecture": "o",
        "starting": "o",
        "running": ">",
        "replay": ">",
        "paused": "=",
        "silent": "?",
        "crashed": "x",
        "ended": "#",
        "finished": "#",
    },
    choice=("<", ">"),
    changed="*",
    ellipsis="~",
    infinity="inf",
)

GLYPHS: Final = (BRAILLE, BLOCKS, ASCII)
"""In the order in which the key goes through them."""


def choose(name: str, environment: Mapping[str, str], encoding: str | None = None) -> Glyphs:
    """Return the set of this name, or for ``auto`` the finest that is likely to be shown.

    Args:
        name: ``auto``, ``braille``, ``blocks`` or ``ascii``.
        environment: Where ``TERM`` is looked up.
        encoding: How text is written; the locale's where it is left out.
    """
    for glyphs in GLYPHS:
        if glyphs.name == name:
            return glyphs
    unicode = "utf" in (encoding or locale.getencoding()).lower()
    # The Linux console has 512 glyphs at most, and no braille among them.
    return BRAILLE if unicode and environment.get("TERM") != "linux" else ASCII
