"""The log: what must not vanish with its toast."""

from __future__ import annotations

from collections.abc import Hashable

from rich.text import Text
from textual import events
from textual.reactive import reactive

from ..drawing.lists.log import Entry, draw_empty, draw_entries
from ..style.look import Look
from ..style.numbers import count
from ..style.text import Lines
from ..watching.view import View
from .picture import Picture


class LogPane(Picture, can_focus=True):
    """Everything that happened, the newest at the bottom, which it follows unless scrolled up."""

    DEFAULT_CSS = """
    LogPane {
        height: 1fr;
        overflow: hidden auto;
    }
    """

    scrolls = True

    entries: reactive[tuple[Entry, ...]] = reactive((), init=False, repaint=False)
    """What happened, the newest last."""
    view: reactive[View] = reactive(View(), init=False, repaint=False)
    """What is shown: what comes after its step has not happened yet."""
    look: reactive[Look] = reactive(Look(), init=False, repaint=False)
    """What it is drawn with."""

    def on_mount(self) -> None:
        """Name the pane."""
        self._write_caption()

    def watch_entries(self) -> None:
        """Show what is new."""
        self._update()

    def watch_view(self) -> None:
        """Leave out what has not happened yet."""
        self._update()

    def watch_look(self) -> None:
        """Draw with other glyphs or colours."""
        self._update()

    def on_show(self, event: events.Show) -> None:
        """Draw what was missed while hidden."""
        self._update()

    def on_resize(self, event: events.Resize) -> None:
        """Draw at the new size."""
        self._update()

    def key(self) -> Hashable:
        """Return what the log depends on."""
        return self.shown, self.view.reading, self.look

    @property
    def shown(self) -> tuple[Entry, ...]:
        """The entries that have happened at the step that is shown."""
        run, step = self.view.run, self.view.step
        return tuple(
            entry
            for entry in self.entries
            if entry.run != run or entry.step is None or entry.step <= step
        )

    def draw(self, width: int, height: int) -> Lines:
        """Return the log."""
        if not self.shown and self.view.reading:
            return [Text(self.view.reading, self.look.style("muted"), end="")]
        if not self.shown:
            return draw_empty(width, self.look.palette)
        return draw_entries(self.shown, width, self.look)

    def _update(self) -> None:
        """Draw, and stay at the end where that is where one was."""
        self._write_caption()
        following = self.scroll_offset.y >= self.max_scroll_y
        self.redraw()
        if following and self.is_mounted:
            # The scrollbar may not be there yet.
            self.scroll_end(animate=False, immediate=True, force=True)

    def _write_caption(self) -> None:
        """Write the number of entries into the border."""
        number = len(self.shown)
        self.caption("Log", f"{count(number)} entries" if number > 1 else "")
