"""The last look at what is drawn: no text in it may act on the terminal.

Panes write out what is unsafe in the words that they show. Whatever a pane has forgotten, and
whatever a widget draws by itself, such as a title or a list, comes through here as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter
from typing_extensions import override

from engine.text.safe import is_safe


class HarmlessLines(LineFilter):
    """Takes out of each line what could act on a terminal; what is left keeps its place."""

    @override
    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(text.isprintable() or control for text, _, control in segments):
            return segments
        return [
            segment if segment.control else Segment(_harmless(segment.text), segment.style)
            for segment in segments
        ]


def _harmless(text: str) -> str:
    """Return a text of the same width; a question mark stands where something took room."""
    return "".join(each if is_safe(each) else "?" * get_character_cell_size(each) for each in text)


_HARMLESS: Final = HarmlessLines()

Result = TypeVar("Result")


class HarmlessApp(App[Result]):
    """An application whose every line is looked at on its way to the terminal."""

    drawn_by: Sequence[LineFilter] = ()
    """What each line goes through besides, as for a terminal that has not all characters."""

    @override
    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), _HARMLESS, *self.drawn_by]
