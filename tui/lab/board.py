"""The board that the panes stand on: Textual's side of ``tui.places``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.geometry import Offset, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from ..places import Box

NOWHERE = Spacing()


class Board(Widget):
    """Holds the panes; where each stands is asked of whoever owns it.

    Args:
        boxes: From the board's size to the place of every pane that is seen.
    """

    def __init__(self, boxes: Callable[[Size], Mapping[str, Box]]) -> None:
        super().__init__(id="panes")
        self._places = _Places(boxes)

    @property
    def layout(self) -> Layout:
        """The places."""
        return self._places


class _Places(Layout):
    name = "places"

    def __init__(self, boxes: Callable[[Size], Mapping[str, Box]]) -> None:
        self._boxes = boxes

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """Return the place of every child."""
        parent.pre_layout(self)
        boxes = self._boxes(size)
        return [
            WidgetPlacement(Region(*boxes[name]), Offset(0, 0), NOWHERE, child)
            for child in children
            if (name := child.id) is not None and name in boxes
        ]
