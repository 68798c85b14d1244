"""The rules, one a file. To add one, add its file with a ``RULE``: it is found by being here."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from ..finding import Rule

_NAMES: Final = sorted(module.name for module in iter_modules(__path__))

RULES: Final[tuple[Rule, ...]] = tuple(import_module(f"{__name__}.{name}").RULE for name in _NAMES)
"""Every rule, by its file's name."""
