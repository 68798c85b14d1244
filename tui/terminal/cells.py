"""A piece of a row, as Textual writes it, and the cells it is made of.

    ESC[3;40H text ESC[1;38;5;33m more text ESC[0m

Only what every terminal shows alike is taken apart into cells. A piece with anything else in it (a
character of no width, an emoji, a link, a sequence that says more than a style) has no cells. A
style is the text of its numbers, ``"1;38;5;33"``, and ``""`` where nothing is set.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final

from rich.cells import cell_len, get_character_cell_size

PLAIN: Final = ""
"""The style of a terminal that was told none."""


_LOOKS: Final = frozenset(["1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53"])
"""What is on or off, and goes only with everything else."""


_OWN_COLOURS: Final = frozenset(str(n) for base in (30, 90) for n in range(base, base + 8))


_GROUNDS: Final = frozenset(str(n) for base in (40, 100) for n in range(base, base + 8))


_PARTS: Final = {"5": 3, "2": 5}
"""How many numbers a colour of each kind has."""


@dataclass(frozen=True)
class Attributes:
    """A style taken apart."""

    looks: frozenset[str] = frozenset()
    """Bold, underlined and the like."""
    colour: str = ""
    """That of the characters."""
    ground: str = ""
    """That behind them."""


@lru_cache(4_096)
def joined(style: str, numbers: str) -> str:
    """Return the style after a terminal of another one was told numbers."""
    if not numbers.strip("0;"):
        return PLAIN
    return f"{style};{numbers}" if style else numbers


@lru_cache(4_096)
def change(old: str, new: str) -> str:
    """Return the shortest that makes one style of another."""
    if old == new:
        return ""
    if new == PLAIN:
        return "\x1b[m"
    afresh = f"\x1b[0;{new}m" if old else f"\x1b[{new}m"
    before, after = look(old), look(new)
    if before is None or after is None or not before.looks <= after.looks:
        return afresh
    numbers = sorted(after.looks - before.looks)
    if before.colour != after.colour:
        numbers.append(after.colour or "39")
    if before.ground != after.ground:
        numbers.append(after.ground or "49")
    if not numbers:
        return ""
    return min(f"\x1b[{';'.join(numbers)}m", afresh, key=len)


@lru_cache(4_096)
def look(style: str) -> Attributes | None:
    """Take a style apart; None where it says what is not known here."""
    numbers = style.split(";") if style else []
    looks, colour, ground = set(), "", ""
    while numbers:
        size = _size(numbers)
        number, part = numbers[0], ";".join(numbers[:size])
        del numbers[:size]
        if number in _LOOKS:
            looks.add(number)
        elif number in _OWN_COLOURS or (number == "38" and size > 1):
            colour = part
        elif number in _GROUNDS or (number == "48" and size > 1):
            ground = part
        elif number == "39":
            colour = ""
        elif number == "49":
            ground = ""
        else:
            return None
    return Attributes(frozenset(looks), colour, ground)


def _size(numbers: list[str]) -> int:
    """Return how many of the numbers belong together, from the first on."""
    if numbers[0] not in ("38", "48") or len(numbers) == 1:
        return 1
    size = _PARTS.get(numbers[1], 1)
    return size if len(numbers) >= size else 1


REST: Final = ""
"""What stands in the second cell of a wide character."""

_STYLE: Final = re.compile(r"\x1b\[([\d;]*)m")
_LINK: Final = re.compile(r"\x1b\]8;[^\x07\x1b]*(?:\x07|\x1b\\)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd]")
_ALIKE: Final = ((0x20, 0x58F), (0x1E00, 0x2BFF), (0x1FB00, 0x1FBFF))
"""Characters that take one cell everywhere, if they take one here: letters, lines, dots."""
_WIDE: Final = (
    *((0x1100, 0x115F), (0x2E80, 0xA4CF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE30, 0xFE6F)),
    *((0xFF01, 0xFF60), (0xFFE0, 0xFFE6), (0x20000, 0x3FFFD)),
)
"""Characters that take two cells everywhere, if they take two here."""


@dataclass(frozen=True)
class Cells:
    """Some cells of a row; nobody changes these lists."""

    characters: list[str]
    styles: list[str]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some cells of one row."""

    row: int
    first: int
    """The column of the first."""
    last: int
    """The column after the last."""
    data: bytes
    """What was written, its place included."""
    cells: Cells | None
    """None where terminals may differ in what they show."""
    wild: bool = False
    """Whether it may do anything, anywhere on the screen."""

    @classmethod
    def read(cls, row: int, first: int, body: bytes) -> Piece:
        """Read what was written at a place."""
        data = b"\x1b[%d;%dH%b" % (row, first, body)
        cells = cells_of(body)
        if cells is not None:
            last = first + len(cells.characters)
            return cls(row=row, first=first, last=last, data=data, cells=cells)
        text = _LINK.sub("", _STYLE.sub("", body.decode("utf-8", "replace")))
        wild = _CONTROL.search(text) is not None
        last = first + cell_len(text)
        return cls(row=row, first=first, last=last, data=data, cells=None, wild=wild)

    def covers(self, other: Piece) -> bool:
        """Whether nothing would be left of another piece that is sent before this one."""
        return self.first <= other.first and other.last <= self.last


@lru_cache(1_024)
def cells_of(body: bytes) -> Cells | None:
    """Take apart what was written; None where terminals may differ in what they show."""
    parts = _STYLE.split(body.decode("utf-8", "replace"))
    texts = parts[::2]
    widths = {width(character) for character in set("".join(texts))}
    if 0 in widths:
        return None
    rows = [_spread(text) for text in texts] if 2 in widths else texts
    styles, style = [PLAIN] * len(rows[0]), PLAIN
    for numbers, row in zip(parts[1::2], rows[1:], strict=True):
        style = joined(style, numbers)
        styles += [style] * len(row)
    return Cells([*chain.from_iterable(rows)], styles) if style == PLAIN else None


def _spread(text: str) -> list[str]:
    """Return what stands in each cell of a text."""
    return [part for character in text for part in (character, REST)[: width(character)]]


@lru_cache(4_096)
def width(character: str) -> int:
    """Return how many cells a character takes on every terminal; 0 where they may differ."""
    code, size = ord(character), get_character_cell_size(character)
    if unicodedata.category(character)[0] not in "LNPS" and character not in " \u3000\xa0":
        return 0
    alike = {1: _ALIKE, 2: _WIDE}.get(size, ())
    return size if any(least <= code <= most for least, most in alike) else 0
