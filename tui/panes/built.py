"""How a pane comes to stand on the screen: built from its entry, and told what it is to be told."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from operator import attrgetter
from typing import Any, cast

from textual.screen import Screen
from textual.widget import Widget

from ..places.pane import ByWidget, Pane
from .drawn import DrawnPane


def built(pane: Pane, screen: Screen[Any]) -> Iterator[Widget]:
    """Yield what shows a pane: a widget, and one for several runs where there is one.

    Args:
        pane: Its entry.
        screen: Has the state that the widgets are told.
    """
    for shown in (pane.shown, pane.several):
        if shown is None:
            continue
        if isinstance(shown, ByWidget):
            widget, given = _made(shown, screen), shown.given
        else:
            widget, given = DrawnPane(pane.label, shown, id=pane.name), ("view", "look")
        widget.add_class("pane")
        yield widget.data_bind(*(getattr(type(screen), each) for each in given))


def _made(shown: ByWidget, screen: Screen[Any]) -> Widget:
    module, _, name = shown.widget.rpartition(".")
    kind = getattr(import_module(f".{module}", __package__), name)
    arguments = (attrgetter(each)(screen) for each in shown.made_of)
    return cast(Widget, kind(*arguments, id=shown.id))
