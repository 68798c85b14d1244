"""An experiment as tables and values of TOML."""

from __future__ import annotations

import json
import re
from datetime import date, time
from typing import Any, Final

from ..components.initialisers import Constant, InitialiserBase
from ..components.section import Section
from .experiment import Experiment
from .layers import Init, Layer
from .model import Model

Tables = dict[str, Any]
"""A preset's tables and values, as TOML has them."""

_KINDS: Final = ("kind", "name")
"""The keys that say what sort of table this is; always written."""


_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
"""A key that needs no quotes."""


_WIDTH: Final = 96
"""Columns of a line before a list is broken into several."""


def tables_of(experiment: Experiment, *, full: bool = False, short: bool = True) -> Tables:
    """Return an experiment as a preset's tables.

    Args:
        experiment: What to write.
        full: Every key; otherwise those that differ from their defaults. What is left open (as
            ``patience`` is) has no value to write.
        short: Use short forms where there is one: ``hidden = [5]``, ``bias = 0.0``.
    """
    return _table(experiment, full, short)


def _table(section: Section, full: bool, short: bool) -> Tables:
    # A table of a family is known by its kind; the model is none of several classes.
    named = () if isinstance(section, Model) else _KINDS
    table = {}
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        is_default = value == field.get_default(call_default_factory=True)
        if value is not None and (full or name in named or not is_default):
            table[name] = _value(value, full, short)
    return {key: table[key] for key in sorted(table, key=lambda key: key not in _KINDS)}


def _value(value: Any, full: bool, short: bool) -> Any:
    match value:
        case list():
            return [_value(item, full, short) for item in value]
        case dict():
            return {key: _value(item, full, short) for key, item in value.items()}
        case Layer() if short and set(_table(value, full=False, short=True)) == {"units"}:
            return value.units
        case Constant(val=val) if short:
            return val
        case InitialiserBase() if short and len(table := _table(value, full, short)) == 1:
            return table["name"]
        case Init(weight=weight, bias=bias) if (
            short and weight == bias and isinstance(one := _value(weight, full, short), str)
        ):
            return one
        case Section():
            return _table(value, full, short)
        case _:
            return value


def toml_line(key: str, value: Any) -> str:
    """Return a key and its value as TOML: a long list in lines of its own."""
    line = f"{key} = {inline(value)}"
    if len(line) > _WIDTH and isinstance(value, list):
        items = "".join(f"    {inline(item)},\n" for item in value)
        line = f"{key} = [\n{items}]"
    return f"{line}\n"


def inline(value: Any) -> str:
    """Return a value as TOML on one line."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str():
            # TOML's escapes are JSON's; only DEL must be escaped here and not there.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
        case list():
            return f"[{', '.join(map(inline, value))}]"
        case dict():
            inside = ", ".join(f"{key_text(key)} = {inline(item)}" for key, item in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case date() | time():
            # No experiment holds one, but a message may show it.
            return value.isoformat()
    raise AssertionError(f"no experiment holds a {type(value).__name__}")


def key_text(key: str) -> str:
    """Return a key as TOML has it: quoted where it is more than letters and digits."""
    return key if _BARE.fullmatch(key) else inline(key)
