"""A part of a pane that is drawn in several: its heading, its rows and what stands under them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import ClassVar, Generic, TypeVar

from ..style.text import Lines
from ..watching.view import View
from .picture import RunPicture

T = TypeVar("T")


class Source(ABC, Generic[T]):
    """What the parts of a pane draw: it is gathered once for all of them."""

    depends_on_width: ClassVar[bool] = False
    """Whether what is gathered depends on the width of the pane."""

    def __init__(self) -> None:
        self._key: Hashable = None
        self._gathered: T | None = None

    def at(self, view: View, width: int = 0) -> T | None:
        """Return what there is to draw at the step that is read; None while there is nothing."""
        if view.reading:
            return None
        key = self.moment(view), width if self.depends_on_width else 0
        if key != self._key:
            self._gathered, self._key = self.gather(view, width), key
        return self._gathered

    @abstractmethod
    def moment(self, view: View) -> Hashable:
        """Return what it depends on in the view."""

    @abstractmethod
    def gather(self, view: View, width: int) -> T | None:
        """Gather it; None while there is nothing."""


class Part(RunPicture, Generic[T]):
    """One of the parts; all of them draw from the same source.

    Args:
        source: What they draw.
        id: The widget's.
    """

    def __init__(self, source: Source[T], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._source = source

    def key(self) -> Hashable:
        """Return what the picture depends on."""
        return self._source.moment(self.view), self.view.reading, self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return this part, or what stands here while there is nothing."""
        # The last column is left to the scrollbar, so that the parts stay in line.
        width = max(self.outer_size.width - 1, 1)
        if self.view.reading:
            return self.look.muted(self.view.reading if self.scrolls else "", width)
        gathered = self._source.at(self.view, width)
        return self.draw_nothing(width) if gathered is None else self.draw_part(gathered, width)

    @abstractmethod
    def draw_part(self, gathered: T, width: int) -> Lines:
        """Return the lines of this part."""

    def draw_nothing(self, width: int) -> Lines:
        """Return what stands here while there is nothing."""
        return []
