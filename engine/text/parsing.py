"""JSON and TOML that may be anybody's: measured before they are parsed.

A few bytes of text can become much more: a bracket of JSON is a list of 56 bytes, and every part
of a key of TOML a table, looked up from the top again for each part. So what is parsed is counted
first, which takes no memory and hardly any time.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

MOST_VALUES: Final = 1_000_000
"""Lists, tables and values of a text of JSON: some 80 MB of objects. Ten thousand networks with
twenty settings each, the most that one line has to say, are half as many."""

MOST_PARTS: Final = 8
"""Parts of a key of TOML, as in ``a.b.c``: the schemas need six, and the time that a key takes
grows with their square."""

MOST_DEEP_PARTS: Final = 50_000
"""Parts of all keys that have more than two: each is a table of a kilobyte while it is parsed."""

EDITED_CHARACTERS: Final = 300_000
"""Characters of a text of TOML that is changed with its comments kept: that takes ten times as
long as to read it, and ten times the memory."""

_PART: Final = re.compile(r"""[\w-]++|"(?:[^"\\\n]|\\.)*+"?|'[^'\n]*+'?""")

_TOKEN: Final = re.compile(
    r'"{3}(?:[^"\\]|\\.|"(?!""))*+(?:"{3,5})?'
    r"|'{3}(?:[^']|'(?!''))*+(?:'{3,5})?"
    r"|#[^\n]*+"
    rf"|(?:{_PART.pattern})(?P<dotted>(?:[ \t]*+\.[ \t]*+(?:{_PART.pattern}))*+)",
    re.DOTALL,
)
"""What TOML is made of, as far as dotted keys are to be told from texts and comments; a number
such as 1.5 is taken for a key of two parts. Nothing is looked at twice, whatever the text."""


def from_json(text: str | bytes, most: int = MOST_VALUES) -> Any:
    """Return what a text of JSON says.

    Args:
        text: JSON.
        most: How many values it may say.

    Raises:
        ValueError: It is none, nests too deeply, or says too much.
    """
    body = text.encode(errors="replace") if isinstance(text, str) else text
    if len(body) > most and sum(map(body.count, (b",", b"[", b"{"))) > most:
        raise ValueError(f"says more than {most} values")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("lists and tables nest too deeply") from None


def from_toml(text: str) -> dict[str, Any]:
    """Return the tables of a text of TOML.

    Raises:
        ValueError: It is none, nests too deeply, or has keys of too many parts.
    """
    _measure(text)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("tables and lists nest too deeply") from None


def toml_document(text: str) -> TOMLDocument:
    """Return a text of TOML that can be changed, with its comments.

    Raises:
        ValueError: It is none, nests too deeply, or is too long for that.
    """
    import tomlkit

    if len(text) > EDITED_CHARACTERS:
        raise ValueError(f"has more than {EDITED_CHARACTERS} characters")
    _measure(text)
    try:
        return tomlkit.parse(text)
    except RecursionError:
        raise ValueError("tables and lists nest too deeply") from None


def _measure(text: str) -> None:
    """Hold the keys of a text of TOML against what may be parsed.

    Raises:
        ValueError: One has too many parts, or all of them together have.
    """
    deep = 0
    for token in _TOKEN.finditer(text):
        if not token["dotted"]:
            continue
        parts = len(_PART.findall(token[0]))
        deep += parts if parts > 2 else 0
        if parts > MOST_PARTS or deep > MOST_DEEP_PARTS:
            line = text.count("\n", 0, token.start()) + 1
            most = f"more than {MOST_PARTS} parts" if parts > MOST_PARTS else "too many parts"
            raise ValueError(f"a key has {most}: such tables nest too deeply (at line {line})")
