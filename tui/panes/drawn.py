"""A pane that is a picture of the run that is shown: what its entry draws, and nothing else."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text
from textual.reactive import reactive

from ..places.pane import ByPicture
from ..style.look import Look
from ..style.text import Lines, wrap
from ..watching.view import View
from .picture import Picture


class DrawnPane(Picture, can_focus=True):
    """A picture; it is drawn again only where the run has more of it, or another step is read.

    Args:
        label: Its title.
        drawn: How it is drawn.
        id: The widget's.
    """

    DEFAULT_CSS = """
    DrawnPane {
        height: 1fr;
        overflow: hidden auto;
    }
    """

    scrolls = True

    view: reactive[View] = reactive(View(), init=False, repaint=False)
    """What is shown."""
    look: reactive[Look] = reactive(Look(), init=False, repaint=False)
    """What it is drawn with."""

    def __init__(self, label: str, drawn: ByPicture, *, id: str) -> None:
        super().__init__(id=id)
        self._picture = drawn
        self.border_title = label

    def watch_view(self) -> None:
        """Draw what has changed."""
        self.redraw()

    def watch_look(self) -> None:
        """Draw with other glyphs or colours."""
        self.redraw()

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
        words = self.view.reading or self._picture.load().missing(history)
        return [Text(line, self.look.style("muted"), end="") for line in wrap(words, width)]
