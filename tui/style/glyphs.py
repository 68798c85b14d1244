"""The characters pictures are made of, from the finest a terminal shows down to plain ASCII.

Whether a font has braille cannot be asked of a terminal, so there is an option and a key.
"""

from __future__ import annotations

import locale
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

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
    dotted_key: str
    """The sample of a dotted curve; empty where letters are drawn instead."""
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
    request: str
    """A request there."""
    best: str
    """The best step."""
    seam: str
    """Where a run was gone on with."""
    branch: str
    """Where a run branched off from another."""
    broken: str
    """A value that is not finite."""
    dot: str
    """What stands between two facts in a line."""
    states: Mapping[str, str]
    """The symbol of each state of a run."""
    severities: str
    """The symbol of each severity, from the best to the worst."""
    choice: tuple[str, str]
    """What stands left and right of a value that the arrow keys change."""
    fold: tuple[str, str]
    """The sign of what is folded away, and of what is not."""
    changed: str
    """What marks a setting that differs from its preset."""
    ellipsis: str
    """What stands for text that had no room."""
    infinity: str
    times: str
    """What stands before how many there are of something."""
    plus_minus: str
    """What stands before how far numbers lie apart."""

    def bar(self, cells: float) -> str:
        """Return a bar of so many cells."""
        steps = len(self.eighths)
        whole, part = divmod(round(cells * steps), steps)
        return self.eighths[-1] * whole + (self.eighths[part - 1] if part else "")


def _states(signs: str) -> Mapping[str, str]:
    names = "none lecture starting running replay paused silent crashed ended finished"
    return dict(zip(names.split(), signs, strict=True))


# fmt: off
_SIGNS: Final[Mapping[str, tuple[Any, Any, Any]]] = {
    #                braille                blocks                 ascii
    "name":          ("braille",            "blocks",              "ascii"),
    "markers":       (("braille",) * 2,     ("hd",) * 2,           ("*", "+")),
    "plain_markers": (("braille", "+"),     ("hd", "+"),           ("*", "+")),
    "keys":          (("━━", "━━"),         ("━━", "━━"),          ("**", "++")),
    "plain_keys":    (("⠒⠒", "++"),         ("▀▀", "++"),          ("**", "++")),
    "dotted_key":    ("╍╍",                 "╍╍",                  ""),
    "levels":        ("▁▂▃▄▅▆▇█",           "▁▂▃▄▅▆▇█",            "_.-:=+*#"),
    "eighths":       ("▏▎▍▌▋▊▉█",           "▌█",                  "#"),
    "track":         ("·",                  "·",                   "."),
    "axis":          (tuple("│┤└─┬"),       tuple("│┤└─┬"),        tuple("|++-+")),
    "mark":          ("▲",                  "▲",                   "^"),
    "request":       ("◆",                  "◆",                   "!"),
    "best":          ("★",                  "♦",                   "*"),
    "seam":          ("║",                  "║",                   "="),
    "branch":        ("Y",                  "Y",                   "Y"),
    "broken":        ("✗",                  "x",                   "x"),
    "dot":           (" · ",                " · ",                 " | "),
    "states":        (_states("○○◌●▶Ⅱ?✗■✓"), _states("○○○●▶=?x■√"), _states("ooo>>=?x##")),
    "severities":    ("✓•!✗",               "√·!x",                "+-!x"),
    "choice":        (("‹", "›"),           ("‹", "›"),            ("<", ">")),
    "fold":          (("▸", "▾"),           ("►", "▼"),            ("+", "-")),
    "changed":       ("●",                  "*",                   "*"),
    "ellipsis":      ("…",                  "…",                   "~"),
    "infinity":      ("∞",                  "∞",                   "inf"),
    "times":         ("×",                  "×",                   "x"),
    "plus_minus":    ("±",                  "±",                   "+-"),
}
# fmt: on

BRAILLE, BLOCKS, ASCII = (
    Glyphs(**{what: row[column] for what, row in _SIGNS.items()}) for column in range(3)
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
