"""A pane that is a picture of the run that is shown: what its entry draws, and nothing else."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from importlib import import_module
from operator import attrgetter
from typing import Any, cast

from textual.screen import Screen
from textual.widget import Widget

from ..places.pane import ByPicture, ByWidget, Pane
from ..style.text import Lines
from .picture import RunPicture


class DrawnPane(RunPicture, can_focus=True):
    """A picture; it is drawn again only where the run has more of it, or another step is read.

    Args:
        label: Its title.
        drawn: How it is drawn.
        id: The widget's.
    """

    scrolls = True

    def __init__(self, label: str, drawn: ByPicture, *, id: str) -> None:
        super().__init__(id=id)
        self._picture, self._label = drawn, label

    def captions(self) -> tuple[str, str]:
        """Return the pane's name."""
        return self._label, ""

    @property
    def _there(self) -> int:
        history = self.view.history
        return 0 if history is None else self._picture.load().there(history, self.view.at)

    def key(self) -> Hashable:
        """Return what the picture depends on."""
        view = self.view
        said = "" if self._there else self._picture.load().missing(view.history)
        return id(view.history), self._there, said, view.reading, self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return the picture, or why there is none."""
        history = self.view.history
        if history is not None and self._there and not self.view.reading:
            return self._picture.load().draw(history, self.view.at, (width, height), self.look)
        return self.look.muted(self.view.reading or self._picture.load().missing(history), width)


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
        # Styled once, where it is mounted.
        widget.add_class("pane", update=False)
        yield widget.data_bind(*(getattr(type(screen), each) for each in given))


def _made(shown: ByWidget, screen: Screen[Any]) -> Widget:
    module, _, name = shown.widget.rpartition(".")
    kind = getattr(import_module(f".{module}", __package__), name)
    arguments = (attrgetter(each)(screen) for each in shown.made_of)
    return cast(Widget, kind(*arguments, id=shown.id))
