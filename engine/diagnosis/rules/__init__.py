"""The rules, one a file. To add one, add its file with a ``RULE``: it is found by being here."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from ..finding import Rule

_NAMES: Final = sorted(module.name for module in iter_modules(__path__))


def _entry(name: str) -> Rule:
    """Return the rule of a file.

    Raises:
        TypeError: It has none, or one that does not hold; it names the file.
    """
    rule = getattr(import_module(f"{__name__}.{name}"), "RULE", None)
    if not isinstance(rule, Rule) or rule.name != name:
        raise TypeError(f"engine/diagnosis/rules/{name}.py: has no RULE called {name!r}")
    if unknown := {*rule.explains.split()} - {*_NAMES}:
        raise TypeError(f"engine/diagnosis/rules/{name}.py: explains no rule: {', '.join(unknown)}")
    return rule


RULES: Final[tuple[Rule, ...]] = tuple(map(_entry, _NAMES))
"""Every rule, by its file's name."""
