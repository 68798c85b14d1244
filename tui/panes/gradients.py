"""The gradient table: a row for each layer, however many there are."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from ..style.look import Look
from ..style.numbers import count
from ..style.text import Lines, fit
from ..watching.view import View
from .part import Part, Source
from .picture import State

if TYPE_CHECKING:
    from ..drawing.gradients.layers import GradientTable


class _LayerSource(Source["GradientTable"]):
    """The table that the three parts of the pane draw."""

    depends_on_width = True

    def moment(self, view: View) -> Hashable:
        """Return what the table depends on, beside its width."""
        return (
            id(view.history),
            view.run,
            view.version,
            view.at,
            view.cursor,
            view.weights,
            view.member,
        )

    def gather(self, view: View, width: int) -> GradientTable | None:
        """Return the table at the step that is read."""
        if view.history is None:
            return None
        # numpy is not needed for the first frame.
        from ..drawing.gradients.table import gather

        cursor = view.cursor is not None or bool(view.weights)
        return gather(view.history, step=view.at, width=width, member=view.member, cursor=cursor)


class Heading(Part["GradientTable"]):
    """What each column is."""

    def draw_part(self, gathered: GradientTable, width: int) -> Lines:
        """Return the line over the table."""
        from ..drawing.gradients.table import draw_heading

        return [draw_heading(gathered, width, self.look)]


class Footing(Part["GradientTable"]):
    """What the rows come to."""

    def draw_part(self, gathered: GradientTable, width: int) -> Lines:
        """Return the line under the table."""
        from ..drawing.gradients.table import draw_footing

        return [draw_footing(gathered, width, self.look)]


class Table(Part["GradientTable"], can_focus=True):
    """The rows, which scroll where there are more than fit."""

    scrolls = True

    def draw_part(self, gathered: GradientTable, width: int) -> Lines:
        """Return a line for each layer."""
        from ..drawing.gradients.table import draw_rows

        return draw_rows(gathered, width, self.look)

    def draw_nothing(self, width: int) -> Lines:
        """Return what the table is for."""
        words = "The norm of each layer's gradient appears here."
        if self.view.history is not None and self.view.cursor is not None:
            words = "There is no gradient yet at this step: the first is that of step 1."
        return self.look.muted(fit(words, width, self.look.glyphs.ellipsis), width)


class GradientsPane(Vertical):
    """The gradient table."""

    view = State(View())
    """What is shown."""
    look = State(Look())
    """What it is drawn with."""
    tabbed = State(False)
    """Whether the pane has the room to itself."""
    depth = State(0)
    """How many rows there are."""

    def compose(self) -> ComposeResult:
        """A line over the table, the table, a line under it."""
        source = _LayerSource()
        for part in (Heading(source), Table(source, id="layers"), Footing(source)):
            yield part.data_bind(GradientsPane.view, GradientsPane.look)

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
