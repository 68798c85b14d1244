"""Two alphabets of dots, for words that the back row reads.

``LARGE`` is seven dots high, ``SMALL`` five and without small letters. A glyph is as wide as its
drawing; letters with accents are drawn without them. How dots become cells is not known here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

QUADRANTS: Final = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""The cells of two by two dots: 1 and 2 are the upper ones, 4 and 8 the lower ones."""

Glyph = tuple[str, ...]
"""The rows of a character, ``#`` for a dot."""

_LARGE: Final = (
    """
    A     B     C     D     E     F     G     H     I   J     K     L     M
    .###. ####. .###. ####. ##### ##### .###. #...# ### ..### #...# #.... #...#
    #...# #...# #...# #...# #.... #.... #...# #...# .#. ...#. #..#. #.... ##.##
    #...# #...# #.... #...# #.... #.... #.... #...# .#. ...#. #.#.. #.... #.#.#
    ##### ####. #.... #...# ####. ####. #.### ##### .#. ...#. ##... #.... #.#.#
    #...# #...# #.... #...# #.... #.... #...# #...# .#. ...#. #.#.. #.... #...#
    #...# #...# #...# #...# #.... #.... #...# #...# .#. #..#. #..#. #.... #...#
    #...# ####. .###. ####. ##### #.... .#### #...# ### .##.. #...# ##### #...#
    """,
    """
    N     O     P     Q     R     S     T     U     V     W     X     Y     Z
    #...# .###. ####. .###. ####. .#### ##### #...# #...# #...# #...# #...# #####
    ##..# #...# #...# #...# #...# #.... ..#.. #...# #...# #...# #...# #...# ....#
    #.#.# #...# #...# #...# #...# #.... ..#.. #...# #...# #...# .#.#. .#.#. ...#.
    #.#.# #...# ####. #...# ####. .###. ..#.. #...# #...# #.#.# ..#.. ..#.. ..#..
    #.#.# #...# #.... #.#.# #.#.. ....# ..#.. #...# .#.#. #.#.# .#.#. ..#.. .#...
    #..## #...# #.... #..#. #..#. ....# ..#.. #...# .#.#. ##.## #...# ..#.. #....
    #...# .###. #.... .##.# #...# ####. ..#.. .###. ..#.. #...# #...# ..#.. #####
    """,
    """
    a     b     c     d     e     f    g     h     i j   k    l  m     n
    ..... #.... ..... ....# ..... ..## ..... #.... # ..# #... #. ..... .....
    ..... #.... ..... ....# ..... .#.. ..... #.... . ... #... #. ..... .....
    .###. ####. .###. .#### .###. #### .#### ####. # ..# #..# #. ##.#. ####.
    ....# #...# #.... #...# #...# .#.. #...# #...# # ..# #.#. #. #.#.# #...#
    .#### #...# #.... #...# ##### .#.. .#### #...# # ..# ##.. #. #.#.# #...#
    #...# #...# #...# #...# #.... .#.. ....# #...# # #.# #.#. #. #.#.# #...#
    .#### ####. .###. .#### .###. .#.. .###. #...# # .#. #..# .# #.#.# #...#
    """,
    """
    o     p     q     r    s     t    u     v     w     x     y     z
    ..... ..... ..... .... ..... .#.. ..... ..... ..... ..... ..... .....
    ..... ..... ..... .... ..... .#.. ..... ..... ..... ..... ..... .....
    .###. ####. .#### #.## .#### #### #...# #...# #...# #...# #...# #####
    #...# #...# #...# ##.. #.... .#.. #...# #...# #.#.# .#.#. #...# ...#.
    #...# ####. .#### #... .###. .#.. #...# #...# #.#.# ..#.. .#### ..#..
    #...# #.... ....# #... ....# .#.. #..## .#.#. #.#.# .#.#. ....# .#...
    .###. #.... ....# #... ####. ..## .##.# ..#.. .#.#. #...# .###. #####
    """,
    """
    0     1     2     3     4     5     6     7     8     9
    .###. ..#.. .###. ##### ...#. ##### ..##. ##### .###. .###.
    #...# .##.. #...# ...#. ..##. #.... .#... ....# #...# #...#
    #..## ..#.. ....# ..#.. .#.#. ####. #.... ...#. #...# #...#
    #.#.# ..#.. ...#. ...#. #..#. ....# ####. ..#.. .###. .####
    ##..# ..#.. ..#.. ....# ##### ....# #...# .#... #...# ....#
    #...# ..#.. .#... #...# ...#. #...# #...# .#... #...# ...#.
    .###. .###. ##### .###. ...#. .###. .###. .#... .###. .##..
    """,
    """
    . ,  : ;  ! ?     ' "   (  )  [  ]  {   }   /     \\    | _     -    +     =    *
    . .. . .. # .###. # #.# .# #. ## ## .## ##. ....# #.... # ..... .... ..... .... .....
    . .. . .. # #...# # #.# #. .# #. .# .#. .#. ...#. #.... # ..... .... ..#.. .... #.#.#
    . .. # .# # ....# . ... #. .# #. .# .#. .#. ...#. .#... # ..... .... ..#.. #### .###.
    . .. . .. # ...#. . ... #. .# #. .# #.. ..# ..#.. ..#.. # ..... #### ##### .... #####
    . .. . .. # ..#.. . ... #. .# #. .# .#. .#. .#... ...#. # ..... .... ..#.. #### .###.
    . .# # .# . ..... . ... #. .# #. .# .#. .#. .#... ....# # ..... .... ..#.. .... #.#.#
    # #. . #. # ..#.. . ... .# #. ## ## .## ##. #.... ....# # ##### .... ..... .... .....
    """,
    """
    <    >    ~     ^     &     #     %     @     $     `
    ...# #... ..... ..#.. .##.. .#.#. ##..# .###. ..#.. #.
    ..#. .#.. ..... .#.#. #..#. .#.#. ##..# #...# .#### .#
    .#.. ..#. .#..# #...# #.#.. ##### ...#. #.### #.#.. ..
    #... ...# #.#.# ..... .#... .#.#. ..#.. #.#.# .###. ..
    .#.. ..#. #..#. ..... #.#.# ##### .#... #.### ..#.# ..
    ..#. .#.. ..... ..... #..#. .#.#. #..## #.... ####. ..
    ...# #... ..... ..... .##.# .#.#. #..## .###. ..#.. ..
    """,
    """
    ∞       ·  ²   ³   ¹  ≤    ≥    →     °
    ....... .. ##. ##. .# ...# #... ..... .#.
    ....... .. ..# ..# ## ..#. .#.. ..#.. #.#
    .##.##. .. .#. .#. .# .#.. ..#. ...#. .#.
    #..#..# .# #.. ..# .# #... ...# ##### ...
    .##.##. .. ### ##. .. .#.. ..#. ...#. ...
    ....... .. ... ... .. ..#. .#.. ..#.. ...
    ....... .. ... ... .. #### #### ..... ...
    """,
)  # fmt: skip

_SMALL: Final = (
    """
    A   B   C   D   E   F   G    H   I J   K   L   M     N    O
    .#. ##. .## ##. ### ### .### #.# # ..# #.# #.. #...# #..# .#.
    #.# #.# #.. #.# #.. #.. #... #.# # ..# #.# #.. ##.## ##.# #.#
    ### ##. #.. #.# ##. ##. #.## ### # ..# ##. #.. #.#.# #.## #.#
    #.# #.# #.. #.# #.. #.. #..# #.# # #.# #.# #.. #...# #..# #.#
    #.# ##. .## ##. ### #.. .### #.# # .#. #.# ### #...# #..# .#.
    """,
    """
    P   Q    R   S   T   U   V   W     X   Y   Z
    ### ###. ##. .## ### #.# #.# #...# #.# #.# ###
    #.# #.#. #.# #.. .#. #.# #.# #...# #.# #.# ..#
    ### #.#. ##. .#. .#. #.# #.# #.#.# .#. .#. .#.
    #.. ###. #.# ..# .#. #.# #.# ##.## #.# .#. #..
    #.. ..## #.# ##. .#. ### .#. #...# #.# .#. ###
    """,
    """
    0   1   2   3   4   5   6   7   8   9
    ### .#. ### ### #.# ### ### ### ### ###
    #.# ##. ..# ..# #.# #.. #.. ..# #.# #.#
    #.# .#. ### .## ### ### ### .#. ### ###
    #.# .#. #.. ..# ..# ..# #.# .#. #.# ..#
    ### ### ### ### ..# ### ### .#. ### ###
    """,
    """
    . ,  : ;  ! ?   ' "   (  )  [  ]  /   \\  | _   -   +   =   *   <   >   &    #     %
    . .. . .. # ##. # #.# .# #. ## ## ..# #.. # ... ... ... ... ... ..# #.. .#.. .#.#. #.#
    . .. # .# # ..# # #.# #. .# #. .# ..# #.. # ... ... .#. ### #.# .#. .#. #.#. ##### ..#
    . .. . .. # .#. . ... #. .# #. .# .#. .#. . ... ### ### ... .#. #.. ..# .#.. .#.#. .#.
    . .# # .# . ... . ... #. .# #. .# #.. ..# # ... ... .#. ### #.# .#. .#. #.## ##### #..
    # #. . #. # .#. . ... .# #. ## ## #.. ..# # ### ... ... ... ... ..# #.. .### .#.#. #.#
    """,
    """
    ∞     · →
    ..... . ....
    .#.#. . ..#.
    #.#.# # ####
    .#.#. . ..#.
    ..... . ....
    """,
)  # fmt: skip

_LIKE: Final = {
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{MINUS SIGN}": "-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{LATIN SMALL LETTER SHARP S}": "ss",
}
"""What stands for characters that have no drawing of their own."""


@dataclass(frozen=True)
class Font:
    """An alphabet of dots, all of one height."""

    height: int
    glyphs: Mapping[str, Glyph]
    space: int
    """Dots of a blank, beside the one between any two characters."""

    def spelled(self, words: str) -> str | None:
        """Return words in characters that are drawn; None where one of them is not."""
        drawable = [self._known(each) for each in unicodedata.normalize("NFC", words)]
        return None if None in drawable else "".join(filter(None, drawable))

    def _known(self, character: str) -> str | None:
        if character == " " or character in self.glyphs:
            return character
        if character.upper() in self.glyphs:
            return character.upper()
        if character in _LIKE:
            return self.spelled(_LIKE[character])
        base = unicodedata.normalize("NFD", character)[0]
        return None if base == character else self._known(base)

    def width(self, spelled: str) -> int:
        """Return how many dots wide words are."""
        return max(sum(self._wide(each) + 1 for each in spelled) - 1, 0)

    def _wide(self, character: str) -> int:
        return self.space if character == " " else len(self.glyphs[character][0])

    def rows(self, spelled: str) -> list[str]:
        """Return the rows of dots of words: ``#`` for a dot, a blank for none."""
        blank = (" " * self.space,) * self.height
        drawn = [blank if each == " " else self.glyphs[each] for each in spelled]
        return [" ".join(glyph[row] for glyph in drawn) for row in range(self.height)]


def _font(strips: Sequence[str], space: int) -> Font:
    glyphs: dict[str, Glyph] = {}
    for strip in strips:
        names, *rows = (line.split() for line in strip.strip().splitlines())
        columns = zip(*(line for line in rows), strict=True)
        for name, column in zip(names, columns, strict=True):
            glyphs[name] = tuple(row.replace(".", " ") for row in column)
    height = len(next(iter(glyphs.values())))
    return Font(height, glyphs, space)


LARGE: Final = _font(_LARGE, 2)
SMALL: Final = _font(_SMALL, 1)
