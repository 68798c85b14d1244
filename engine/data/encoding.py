"""A text file's encoding: whether it is in the one that is said, and which others would read it."""

from __future__ import annotations

import codecs
import io
import itertools
import re
from collections.abc import Iterator
from typing import Final

from ..errors import DataError
from ..text.spelling import show
from .source import TextSource

UTF_8: Final = "utf-8"
"""What a text file is in unless somebody says something else."""

MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""What a file in UTF-16 begins with."""

_NO_FILES: Final = frozenset(
    ("idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined")
)
"""Codecs of Python's that give texts, but not those of a file."""

_COMMON: Final = (UTF_8, "utf-16", "cp1252", "latin-1", "mac-roman", "shift_jis", "gb18030")
"""What files are in, the most common first."""

_OFFERED: Final = 3
"""Encodings that are offered at most, each with a word that tells whether it is the right one."""

_WORD: Final = re.compile(r"[^\s,;|\"]*")


def is_encoding(name: str) -> bool:
    """Whether Python has an encoding of this name, for the texts of files."""
    if not re.fullmatch(r"[\w.:-]+", name, re.ASCII):
        return False
    try:
        # Unlike ``lookup`` this refuses codecs that make bytes of bytes.
        io.TextIOWrapper(io.BytesIO(), encoding=name)
        return codecs.lookup(name).name.replace("_", "-") not in _NO_FILES
    except (LookupError, ValueError):
        return False


def check_encoding(source: TextSource) -> None:
    """Refuse what is not in the encoding that is said: in which line, and what would read it.

    Raises:
        DataError: It is not.
    """
    encoding = source.encoding
    said = "UTF-8" if encoding.lower() == UTF_8 else encoding
    decoder, line, first = codecs.getincrementaldecoder(encoding)(), 1, True
    for piece in itertools.chain(source.pieces(), [b""]):
        if first and _is_wide(piece) and not _is_wide("a".encode(encoding)):
            raise DataError(f"is not {said} text; save it as UTF-8{_remedy(piece, 0)}")
        first = False
        try:
            text = decoder.decode(piece, final=not piece)
            line += text.count("\n")
            _check_characters(text, encoding)
        except UnicodeError as error:
            # Some codecs of several bytes say no more than that it went wrong.
            wrong, at = piece, 0
            if isinstance(error, UnicodeDecodeError):
                wrong, at = error.object, error.start
            line += wrong.count(b"\n", 0, at)
            raise DataError(
                f"line {line}: is not {said} text; save the file as UTF-8{_remedy(wrong, at)}"
            ) from None


def _check_characters(text: str, encoding: str) -> None:
    """Refuse halves of characters, which a few encodings let through.

    Raises:
        UnicodeError: There is one.
    """
    if not encoding.lower().startswith("utf-8"):
        text.encode()


def _is_wide(data: bytes) -> bool:
    """Whether its characters seem to take two bytes or more."""
    return data.startswith(MARKS) or b"\0" in data[:4096]


def _remedy(data: bytes, at: int) -> str:
    """Say which encodings would read a file that has these bytes at a place."""
    words = dict[str, str]()
    for encoding, word in _readings(data, at):
        words.setdefault(word, encoding)
    offers = [f'"{encoding}" (reads {show(word)})' for word, encoding in words.items()]
    return f", or set data.encoding = {' or '.join(offers[:_OFFERED])}" if offers else ""


def _readings(data: bytes, at: int) -> Iterator[tuple[str, str]]:
    """Yield the encodings that read bytes, with the word that each has at a place."""
    start = data.rfind(b"\n", 0, at) + 1
    for encoding in _COMMON:
        if encoding == "utf-16" and not data.startswith(MARKS):
            continue
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            before, after = decoder.decode(data[start:at]), decoder.decode(data[at:])
        except UnicodeError:
            continue
        word = before[len(before) - len(_match(before[::-1])) :] + _match(after)
        if word and len(word) < 40 and word.isprintable():
            yield encoding, word


def _match(text: str) -> str:
    match = _WORD.match(text)
    return match[0] if match else ""
