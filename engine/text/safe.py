"""Text from files made harmless for a terminal: nothing in it may act as an escape sequence."""

from __future__ import annotations

import unicodedata
from typing import Final

_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Controls, invisible formatting (such as a change of writing direction), lone surrogates,
private characters and the line breaks that only Unicode knows."""

_JOINER: Final = "\u200d"
"""Joins emoji and some scripts' letters; it can do no harm."""


def plain(text: str, *, lines: bool = False) -> str:
    r"""Return ``text`` with every unsafe character written out, such as ``\x1b``.

    Args:
        text: Anything.
        lines: Keep line breaks; otherwise they and tabs become spaces.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character, lines) for character in text)


def _shown(character: str, lines: bool) -> str:
    if character in "\n\t":
        return character if lines and character == "\n" else " "
    if unicodedata.category(character) not in _UNSAFE or character == _JOINER:
        return character
    return character.encode("unicode_escape").decode("ascii")
