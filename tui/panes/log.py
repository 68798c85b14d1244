"""The log: what must not vanish with its toast."""

from __future__ import annotations

from collections.abc import Hashable

from ..drawing.lists.log import EMPTY, Entry, draw_entries
from ..style.numbers import count
from ..style.text import Lines
from .picture import RunPicture, State


class LogPane(RunPicture, can_focus=True):
    """Everything that happened, the newest at the bottom, which it follows unless scrolled up."""

    scrolls = True

    entries: State[tuple[Entry, ...]] = State(())
    """What happened, the newest last."""

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
            return self.look.muted(self.view.reading, width)
        if not self.shown:
            return self.look.muted(EMPTY, width)
        return draw_entries(self.shown, width, self.look)

    def redraw(self) -> None:
        """Draw again, and stay at the end where that is where one was."""
        following = self.scroll_offset.y >= self.max_scroll_y
        super().redraw()
        if following and self.is_mounted:
            # The scrollbar may not be there yet.
            self.scroll_end(animate=False, immediate=True, force=True)

    def captions(self) -> tuple[str, str]:
        """Return the pane's name and the number of entries."""
        number = len(self.shown)
        return "Log", f"{count(number)} entries" if number > 1 else ""
