"""The transport bar of a replay, above the keys."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from textual import events

from ..drawing.replay.transport import draw_transport, share_at
from ..replay.transport import Transport
from ..style.text import Lines
from .picture import LabMessage, Picture, State


class TransportBar(Picture):
    """Where a replay stands; not there while nothing is replayed."""

    DEFAULT_CSS = """
    TransportBar {
        height: 2;
    }
    """

    transport: State[Transport | None] = State(None)
    """Where the replay stands; None where there is none."""

    @dataclass
    class Sought(LabMessage):
        """Somebody pointed at a place of the bar."""

        share: float
        """The share of the whole that lies before it, from 0 to 1."""

    def on_mount(self) -> None:
        """Take no room before there is a replay."""
        self.display = self.transport is not None

    def watch_transport(self) -> None:
        """Show where it stands now."""
        self.display = self.transport is not None
        self.redraw()

    def key(self) -> Hashable:
        """Return what the bar depends on."""
        return self.transport, self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return the bar and the figures."""
        shown = self.transport
        return [] if shown is None else draw_transport(shown, width, self.look, height)

    def on_click(self, event: events.Click) -> None:
        """Go to what was clicked."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y or self.transport is None:
            return
        width, height = self.scrollable_content_region.size
        share = share_at(offset.x, self.transport, width, self.look.glyphs, height)
        if share is not None:
            event.stop()
            self.post_message(self.Sought(share))
