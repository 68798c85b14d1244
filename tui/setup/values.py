"""Values of a preset as the text of a field, and back.

What is read may not hold: a text that is no value is handed on as it is, and the schema says what
is wrong with it. Which settings there are is not known here.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from engine.experiment.overrides import value_of
from engine.experiment.tables import inline
from engine.text import numerals
from engine.text.lists import parts
from engine.text.parsing import from_json

UNSET: Final = "not set"
"""What a choice shows where a key is left out."""

NOTHING: Final = object()
"""What a text says that leaves its key out."""

_QUOTED: Final = re.compile(r'("(?:[^"\\]|\\.)*")\s*=(.*)', re.DOTALL)
"""A key in quotes, and what is said of it."""

Shape = Literal["choice", "number", "text", "numbers", "words", "word or words", "table", "toml"]


@dataclass(frozen=True)
class Leaf:
    """What may be written at a key."""

    shape: Shape
    optional: bool = False
    """Whether it can be left out."""
    choices: Mapping[str, Any] = field(default_factory=dict)
    """Every value by its text, where there are only so many."""

    @property
    def is_fixed(self) -> bool:
        """Whether there is only one thing it can say."""
        return self.shape == "choice" and len(self.choices) + self.optional <= 1

    def show(self, value: Any) -> str:
        """Return a value as text; ``NOTHING`` where the key is left out."""
        if value is NOTHING or value is None:
            return UNSET if self.shape == "choice" else ""
        if self.shape == "choice":
            return next((text for text, each in self.choices.items() if each == value), str(value))
        return inline(value) if self.shape == "toml" else show(value)

    def read(self, text: str) -> Any:
        """Return what a text says."""
        if self.shape == "choice":
            return self.choices.get(text, NOTHING if text == UNSET else text)
        if self.optional and not text.strip():
            return NOTHING
        match self.shape:
            case "number":
                return number(text)
            case "numbers":
                return _numbers(text)
            case "words":
                return _words(text)
            case "word or words":
                words = _words(text)
                return words[0] if len(words) == 1 else words
            case "table":
                return _table(text)
            case "toml":
                return value_of(text.strip())
            case _:
                return "\\".join(part.replace("\\n", "\n") for part in text.split("\\\\"))


def members(annotation: Any) -> list[Any]:
    """Return what an annotation allows, one by one, without what is said about it."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        return [inner for part in get_args(annotation) for inner in members(part)]
    return [annotation]


def leaf_of(annotation: Any) -> Leaf:
    """Return what may be written at a key with this annotation."""
    allowed = members(annotation)
    optional = types.NoneType in allowed
    allowed = [member for member in allowed if member is not types.NoneType]
    if all(member is bool or get_origin(member) is Literal for member in allowed):
        values = [(True, False) if member is bool else get_args(member) for member in allowed]
        return Leaf("choice", optional, {_choice(value): value for value in chain(*values)})
    return Leaf(_shape(allowed), optional)


def _choice(value: Any) -> str:
    """Return a choice as text: a tab as the two signs that stand for it."""
    return json.dumps(value)[1:-1] if isinstance(value, str) else show(value)


def _shape(allowed: list[Any]) -> Shape:
    lists = [member for member in allowed if get_origin(member) is list]
    items = [item for member in lists for item in members(get_args(member)[0])]
    if lists and all(item is str for item in items):
        return "words" if lists == allowed else "word or words"
    if lists == allowed and all(item in (int, float) or get_origin(item) is list for item in items):
        return "numbers"
    if all(get_origin(member) is dict for member in allowed):
        return "table"
    if all(member is str for member in allowed):
        return "text"
    if all(member in (int, float) or get_origin(member) is Literal for member in allowed):
        return "number"
    return "toml"


def number(text: str) -> int | float | str:
    """Return what a text says as a number, or the text itself where it says none."""
    read = numerals.number(text)
    return text.strip() if read is None else read


def show(value: Any) -> str:
    """Return a value so that reading it back gives the same one."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return repr(value).removesuffix(".0")
        case str():
            return value.replace("\\", "\\\\").replace("\n", "\\n")
        case list():
            return ", ".join(map(_item, value))
        case dict():
            return ", ".join(f"{_key(key)} = {inline(item)}" for key, item in value.items())
        case _:
            return str(value)


def _item(value: Any) -> str:
    match value:
        case list():
            return f"[{show(value)}]"
        case str():
            return value if _is_bare(value) else json.dumps(value, ensure_ascii=False)
        case _:
            # The point stays: a share of 1.0 is not one row.
            return repr(value)


def _key(key: str) -> str:
    """Return a key as it is, dots and blanks too; quoted where it would not read back."""
    return json.dumps(key, ensure_ascii=False) if set(key) & set("=,\"'()[]{}\\") else key


def _is_bare(word: str) -> bool:
    """Whether a word in a list reads back as itself without quotes."""
    return word.isprintable() and word[:1] != '"' and list(parts(word)) == [word]


def _words(text: str) -> list[str]:
    return [_unquoted(part) for part in parts(text)]


def _unquoted(part: str) -> str:
    if part[:1] != '"':
        return part
    try:
        read = from_json(part)
    except ValueError:
        return part
    return read if isinstance(read, str) else part


def _numbers(text: str) -> list[Any]:
    return [
        _numbers(part[1:-1]) if part[:1] == "[" and part[-1:] == "]" else number(part)
        for part in parts(text)
    ]


def _table(text: str) -> dict[str, Any] | str:
    table: dict[str, Any] = {}
    for part in parts(text):
        key, value = _pair(part)
        if not key:
            return text
        table[key] = value_of(value)
    return table


def _pair(part: str) -> tuple[str, str]:
    """Return a key and the text of its value; nothing where a text has no such pair."""
    quoted = _QUOTED.match(part)
    if quoted:
        return _unquoted(quoted[1]), quoted[2].strip()
    # A key with dots is quoted in TOML; here it need not be, and may be.
    key, _, value = part.partition("=")
    return (key.strip().strip("\"'"), value.strip()) if "=" in part else ("", "")
