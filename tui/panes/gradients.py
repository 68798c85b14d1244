"""The gradient table: a row for each layer, however many there are."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from engine.recording.lacking import lack_of

from ..style.look import Look
from ..style.numbers import count
from ..style.text import Lines
from ..watching.view import View
from .part import Place, Room, Source, TablePane
from .picture import State

if TYPE_CHECKING:
    from ..drawing.gradients.layers import GradientTable


class _LayerSource(Source["GradientTable"]):
    """The table that the three parts of the pane draw."""

    depends_on_width = True

    def moment(self, view: View) -> Hashable:
        """Return what the table depends on, beside its width."""
        read = view.at, view.cursor, view.weights, view.member
        return id(view.history), view.run, view.version, read

    def gather(self, view: View, width: int) -> GradientTable | None:
        """Return the table at the step that is read."""
        if view.history is None:
            return None
        # numpy is not needed for the first frame.
        from ..drawing.gradients.table import gather

        cursor = view.cursor is not None or bool(view.weights)
        return gather(view.history, step=view.at, width=width, member=view.member, cursor=cursor)

    def draw(self, place: Place, gathered: GradientTable, room: Room, look: Look) -> Lines:
        """Return the line over the table, one for each layer, or the line under it."""
        from ..drawing.gradients.table import draw_footing, draw_heading, draw_rows

        if place == "rows":
            return draw_rows(gathered, room[0], look)
        return [(draw_heading if place == "heading" else draw_footing)(gathered, room[0], look)]

    def missing(self, view: View) -> str:
        """Return what the table is for."""
        if view.history is not None and (lack := lack_of(view.history.header)):
            return f"There is no layer's gradient norm in this recording: {lack}."
        if view.history is not None and view.cursor is not None:
            return "There is no gradient yet at this step: the first is that of step 1."
        return "The norm of each layer's gradient appears here."


class GradientsPane(TablePane["GradientTable"]):
    """The gradient table."""

    depth = State(0)
    """How many rows there are."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(_LayerSource(), ("layers-heading", "layers", "layers-footing"), id=id)

    def on_mount(self) -> None:
        """Name the pane."""
        self.border_title = "Gradient norms"

    def watch_view(self, before: View, view: View) -> None:
        """Count the layers."""
        self.depth = _depth(view)

    def watch_depth(self, depth: int) -> None:
        """Say how many layers there are, and take no more room than they need."""
        self.border_subtitle = f"{count(depth)} layers" if depth > 1 else ""
        self._fit()

    def watch_tabbed(self) -> None:
        """Take the room there is."""
        self._fit()

    def _fit(self) -> None:
        """Be as high as the rows and what is around them; CSS says how high at most."""
        self.styles.height = "1fr" if self.tabbed else max(self.depth, 2) + 4


def _depth(view: View) -> int:
    """Return how many rows the table has, or will have."""
    header = view.history.header if view.history is not None else None
    if header is None:
        return 0
    from ..drawing.gradients.layers import layers_of

    return len(layers_of(header))
