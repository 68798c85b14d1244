"""The gradient norms: a row for each layer, however many there are."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import reactive

from tui.drawing.numbers import count
from tui.drawing.text import Lines, fit
from tui.look import Look
from tui.panes.picture import Picture
from tui.view import View

if TYPE_CHECKING:
    from tui.drawing.norms import Norms


class _Part(Picture):
    """One of the three parts of the pane; all of them draw the same norms."""

    view: reactive[View] = reactive(View(), init=False, repaint=False)
    """What is shown."""
    look: reactive[Look] = reactive(Look(), init=False, repaint=False)
    """What it is drawn with."""

    def watch_view(self) -> None:
        """Draw what has changed."""
        self.redraw()

    def watch_look(self) -> None:
        """Draw with other glyphs or colours."""
        self.redraw()

    def key(self) -> Hashable:
        """Return what the norms depend on."""
        view = self.view
        return view.run, view.version, view.step, view.member, self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return this part of the table, or nothing while there are no norms."""
        history = self.view.history
        if history is None:
            return self.draw_nothing(width)
        # numpy is not needed for the first frame.
        from tui.drawing.norms import gather

        norms = gather(history, step=self.view.step, width=width, member=self.view.member)
        return self.draw_nothing(width) if norms is None else self.draw_norms(norms, width)

    def draw_norms(self, norms: Norms, width: int) -> Lines:
        """Return the lines of this part."""
        raise NotImplementedError

    def draw_nothing(self, width: int) -> Lines:
        """Return what stands here while there are no norms."""
        return []


class Heading(_Part):
    """What each column is."""

    def draw_norms(self, norms: Norms, width: int) -> Lines:
        """Return the line over the table."""
        from tui.drawing.norms import draw_heading

        return [draw_heading(norms, width, self.look.glyphs, self.look.palette)]


class Footing(_Part):
    """What the rows come to."""

    def draw_norms(self, norms: Norms, width: int) -> Lines:
        """Return the line under the table."""
        from tui.drawing.norms import draw_footing

        return [draw_footing(norms, width, self.look.glyphs, self.look.palette)]


class Table(_Part, can_focus=True):
    """The rows, which scroll where there are more than fit."""

    DEFAULT_CSS = """
    Table {
        height: 1fr;
        overflow: hidden auto;
    }
    """

    scrolls = True

    def draw_norms(self, norms: Norms, width: int) -> Lines:
        """Return a line for each layer."""
        from tui.drawing.norms import draw_rows

        return draw_rows(norms, width, self.look.glyphs, self.look.palette)

    def draw_nothing(self, width: int) -> Lines:
        """Return what the table is for."""
        words = "The norm of each layer's gradient appears here."
        return [Text(fit(words, width), self.look.palette.style("muted"), end="")]


class GradientsPane(Vertical):
    """The table of gradient norms."""

    view: reactive[View] = reactive(View(), init=False, repaint=False)
    """What is shown."""
    look: reactive[Look] = reactive(Look(), init=False, repaint=False)
    """What it is drawn with."""
    tabbed: reactive[bool] = reactive(False, init=False, repaint=False)
    """Whether the pane has the room to itself."""
    depth: reactive[int] = reactive(0, init=False, repaint=False)
    """How many rows there are."""

    def compose(self) -> ComposeResult:
        """A line over the table, the table, a line under it."""
        for part in (Heading(), Table(id="layers"), Footing()):
            yield part.data_bind(GradientsPane.view, GradientsPane.look)

    def on_mount(self) -> None:
        """Name the pane."""
        self.border_title = "Gradient norms"

    def watch_view(self, before: View, view: View) -> None:
        """Count the layers."""
        header = view.history.header if view.history is not None else None
        names = header.parameters if header is not None else ()
        self.depth = sum(name.endswith(".weight") for name in names)

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
