"""What is drawn in characters that every terminal has, whoever draws it.

Pictures are drawn in the set of glyphs that was asked for. Scrollbars, borders of dialogs and lists
that are cut off are Textual's, and arrows and the like stand in words: where plain ASCII is asked
for, each is shown here by the nearest that it has, in as many cells. Letters stay: a name that
somebody has given is theirs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from typing_extensions import override

from .glyphs import ASCII, BLOCKS, BRAILLE, Glyphs

_ALIKE: Final = (
    ("→⇒⟶›»↦", ">"),
    ("←⇐‹«", "<"),
    ("↑⇑", "^"),
    ("↓⇓", "v"),
    ("–—−‐‑‒", "-"),
    ("‘’′", "'"),
    ("“”″", '"'),
    ("⋅∙•", "."),
    ("∗★", "*"),
    ("≤", "<"),
    ("≥", ">"),
    ("≈≃≅", "~"),
    ("≠≡", "="),
    ("±", "~"),
    ("⁰", "0"),
    ("¹", "1"),
    ("²", "2"),
    ("³", "3"),
    ("°", "o"),
    ("\xa0\u2009\u202f\u2002\u2003", " "),
)
"""Signs, and what is shown for each of them."""


def _signs() -> dict[int, str]:
    """Return what is shown for each sign: what the set of ASCII has in its place, else what is
    alike.
    """
    pairs = [(each, sign) for signs, sign in _ALIKE for each in signs]
    for glyphs in (BRAILLE, BLOCKS):
        pairs += zip(glyphs.levels, ASCII.levels, strict=True)
        for name in ("mark", "request", "best", "seam", "broken", "ellipsis", "times", "changed"):
            pairs.append((getattr(glyphs, name), getattr(ASCII, name)))
        pairs += zip(glyphs.states.values(), ASCII.states.values(), strict=True)
        pairs += zip("".join(glyphs.fold), "".join(ASCII.fold), strict=True)
        pairs.append((glyphs.dot.strip(), ASCII.dot.strip()))
    return {ord(each): sign for each, sign in reversed(pairs)}


_SIGNS: Final = _signs()


class AsciiLines(LineFilter):
    """Shows each line in ASCII, but for letters."""

    @override
    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(text.isascii() for text, _, _ in segments):
            return segments
        return [
            segment if segment.control else Segment(in_ascii(segment.text), segment.style)
            for segment in segments
        ]


_FILTERS: Final = (AsciiLines(),)


def filters_for(glyphs: Glyphs) -> Sequence[LineFilter]:
    """Return what each line goes through on its way to a terminal that has these glyphs."""
    return _FILTERS if glyphs is ASCII else ()


def in_ascii(text: str) -> str:
    """Return a text of the same width in which nothing but letters is beyond ASCII."""
    return text if text.isascii() else "".join(map(_shown, text))


@lru_cache(4_096)
def _shown(character: str) -> str:
    # What joins a letter, as an accent, has no cell of its own.
    if character.isascii() or unicodedata.category(character)[0] in "LM":
        return character
    code, width = ord(character), get_character_cell_size(character)
    if (sign := _SIGNS.get(code)) is not None and width == 1:
        return sign
    if 0x2500 <= code < 0x2580:
        return _line(unicodedata.name(character))
    if 0x2800 <= code < 0x2900:
        return ":"
    return ("#" if 0x2580 <= code < 0x25A0 else "?") * width


def _line(name: str) -> str:
    """Return what is shown for a part of a border."""
    words = set(name.split())
    if words.isdisjoint(("VERTICAL", "UP", "DOWN", "ARC", "DIAGONAL", "CROSS")):
        return "-"
    return "|" if words.isdisjoint(("HORIZONTAL", "LEFT", "RIGHT", "ARC", "DIAGONAL")) else "+"
