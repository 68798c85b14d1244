"""Every pane there is: whatever file lies in ``tui.places.panes``."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator
from typing import Final

from . import panes
from .pane import ByPicture, Pane


def _entries() -> Iterator[Pane]:
    """Yield the entry of every file.

    Raises:
        TypeError: A file has none, or one that does not hold; it names the file.
    """
    for module in pkgutil.iter_modules(panes.__path__):
        file = f"tui/places/panes/{module.name}.py"
        entry = getattr(importlib.import_module(f"{panes.__name__}.{module.name}"), "PANE", None)
        if not isinstance(entry, Pane):
            raise TypeError(f"{file}: has no entry called PANE")
        if entry.name != module.name:
            raise TypeError(f"{file}: its pane is called {entry.name}")
        if isinstance(entry.shown, ByPicture) and entry.commands:
            raise TypeError(f"{file}: keys need a widget that takes them")
        if bool(entry.where) != bool(entry.commands):
            raise TypeError(f"{file}: where and commands go together")
        yield entry


DIGITS: Final = "1234567890"
"""The keys that go to panes, in their order."""

PANES: Final = tuple(sorted(_entries(), key=lambda pane: (not pane.key, DIGITS.find(pane.key))))
"""Every pane, in the order of its key."""

NAMES: Final = tuple(pane.name for pane in PANES)

for _key, _times in Counter(pane.key for pane in PANES if pane.key).items():
    if _times > 1 or _key not in tuple(DIGITS):
        _named = ", ".join(pane.name for pane in PANES if pane.key == _key)
        raise TypeError(f"a pane needs a digit of its own, or none (got {_key!r} for {_named})")


def pane_named(name: str) -> Pane:
    """Return a pane by its name."""
    return PANES[NAMES.index(name)]
