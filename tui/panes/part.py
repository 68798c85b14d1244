"""A pane that is a table, drawn in parts: its heading, its rows and what stands under them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import ClassVar, Generic, Literal, TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical

from ..style.look import Look
from ..style.text import Lines
from ..watching.view import View
from .picture import RunPicture, State

T = TypeVar("T")
Room = tuple[int, int]
"""Cells and lines."""

Place = Literal["heading", "rows", "footing"]


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

    @abstractmethod
    def draw(self, place: Place, gathered: T, room: Room, look: Look) -> Lines:
        """Return the lines of a part, in so many cells across and down."""

    @abstractmethod
    def missing(self, view: View) -> str:
        """Return what stands in place of the rows while there is nothing."""


class Part(RunPicture, Generic[T]):
    """One of the parts; all of them draw from the same source.

    Args:
        source: What they draw.
        place: Which of them it is.
        id: The widget's.
    """

    def __init__(self, source: Source[T], place: Place, *, id: str) -> None:
        super().__init__(id=id)
        self._source, self._place = source, place

    def key(self) -> Hashable:
        """Return what the picture depends on."""
        return self._source.moment(self.view), self.view.reading, self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return this part, or what stands here while there is nothing."""
        # The last column is left to the scrollbar, so that the parts stay in line.
        width = max(self.outer_size.width - 1, 1)
        gathered = self._source.at(self.view, width)
        if gathered is not None:
            return self._source.draw(self._place, gathered, (width, height), self.look)
        words = self.view.reading or self._source.missing(self.view)
        return self.look.muted(words, width) if self.scrolls else []


class TableRows(Part[T], can_focus=True):
    """The rows, which scroll where there are more than fit."""

    DEFAULT_CSS = "TableRows { min-height: 1; }"

    scrolls = True


class TablePane(Vertical, Generic[T]):
    """A line or more over the table, the table, a line or more under it.

    Args:
        source: What they draw.
        ids: Those of the three.
        id: The pane's.
    """

    view = State(View())
    """What is shown."""
    look = State(Look())
    """What it is drawn with."""
    tabbed = State(False)
    """Whether the pane has the room to itself."""

    def __init__(self, source: Source[T], ids: tuple[str, str, str], *, id: str | None) -> None:
        super().__init__(id=id)
        self.source, self._ids = source, ids

    def compose(self) -> ComposeResult:
        """The three parts."""
        heading, rows, footing = self._ids
        for part in (
            Part(self.source, "heading", id=heading),
            TableRows(self.source, "rows", id=rows),
            Part(self.source, "footing", id=footing),
        ):
            yield part.data_bind(TablePane.view, TablePane.look)
