"""Text from files made harmless for a terminal: nothing in it may act as an escape sequence."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final, TextIO

_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Controls, invisible formatting (such as a change of writing direction), lone surrogates,
private characters and the line breaks that only Unicode knows."""

_JOINER: Final = "\u200d"
"""Joins emoji and some scripts' letters; it can do no harm."""


_COLOURS: Final = re.compile(r"(\x1b\[[0-9;]*m)")


def plain(text: str, *, lines: bool = False) -> str:
    r"""Return ``text`` with every unsafe character written out, such as ``\x1b``.

    Args:
        text: Anything.
        lines: Keep line breaks; otherwise they and tabs become spaces.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character, lines) for character in text)


def is_safe(character: str) -> bool:
    """Whether a character is one to be seen, and can do nothing else to a terminal."""
    return unicodedata.category(character) not in _UNSAFE or character == _JOINER


def _shown(character: str, lines: bool) -> str:
    if character in "\n\t":
        return character if lines and character == "\n" else " "
    if is_safe(character):
        return character
    return character.encode("unicode_escape").decode("ascii")


class HarmlessStream:
    """A stream of text to a terminal that lets nothing through which could act on it.

    Colours pass, and what moves on in a line or to the next. Everything else that is no character
    to be seen is written out as JSON and Python write it, so that JSON stays JSON.

    Args:
        stream: Where it goes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text, harmless; return how much of it that was."""
        self._stream.write(harmless(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def harmless(text: str) -> str:
    """Return a text with every character that could act on a terminal as ``\\u202e``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        part if number % 2 else "".join(map(_written_out, part))
        for number, part in enumerate(_COLOURS.split(text))
    )


def _written_out(character: str) -> str:
    if character in "\n\t\r" or _shown(character, lines=True) == character:
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
