"""The presenter's second screen: notes, the next mark and the time, read from the shared folder.

It asks nothing of anybody and writes nothing. What it says is ``tui.lecture.prompter``, how that
is drawn ``tui.drawing.lecture.speaker``.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Hashable
from operator import attrgetter
from pathlib import Path
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.reactive import reactive

from ..commands.spots import Keyed
from ..drawing.lecture.speaker import (
    CLOCK_WIDTH,
    Span,
    Speaker,
    draw_clock,
    draw_foot,
    draw_heading,
    draw_notes,
)
from ..panes.picture import Picture, State
from ..style.ascii_lines import filters_for
from ..style.look import Look
from ..style.text import Lines, cut
from ..style.themes import THEMES
from ..terminal.bandwidth import Link
from ..terminal.driver import LinkDriver
from ..terminal.frame_clock import Clock
from ..terminal.harmless import HarmlessApp
from .prompter import Prompter

HINT = "up and down scroll the notes, q quits"
LOW, TINY = 24, 12
"""Rows below which less stands around the notes."""
NARROW = 60
"""Columns below which the clock has half the width."""


class SpeakerPart(Picture):
    """A part of the screen, drawn from the speaker.

    Args:
        look: What it is drawn with.
        of: Returns what of the speaker is drawn.
        drawn: Draws that in so many cells across and down.
        id: The widget's.
    """

    speaker = State(Speaker())
    """What there is to say."""

    def __init__(
        self, look: Look, of: Callable[[Speaker], Any], drawn: Callable[..., Lines], *, id: str
    ) -> None:
        super().__init__(id=id)
        self.look, self._of, self._drawn_by = look, of, drawn

    def key(self) -> Hashable:
        """Return what the lines depend on."""
        told: Hashable = self._of(self.speaker)
        return told

    def draw(self, width: int, height: int) -> Lines:
        """Return the lines, of notes more than there are rows perhaps."""
        return self._drawn_by(self._of(self.speaker), width, height, self.look)


class NotesPart(SpeakerPart):
    """What the presenter says; it scrolls."""

    scrolls = True

    def watch_speaker(self, before: Speaker, speaker: Speaker) -> None:
        """Begin at the top of another scene's notes."""
        self.redraw()
        if before.notes != speaker.notes:
            self.scroll_home(animate=False)


def _clock(times: tuple[Span, Span], width: int, height: int, look: Look) -> Lines:
    return draw_clock(*times, width, height, look)


def _notes(words: str, width: int, height: int, look: Look) -> Lines:
    return draw_notes(words, width, look.palette)


def _hint(words: str, width: int, height: int, look: Look) -> Lines:
    return [cut(look.line(words, "muted"), width)]


class NotesApp(Keyed, HarmlessApp[None], spot="notes"):
    """The notes of a lecture, in a terminal of their own.

    Args:
        folder: Where runs are kept.
        name: The lecture's name.
        look: What it is drawn with.
        clock: How often to look.
        now: Seconds since 1970.
    """

    TITLE = "epochal notes"
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None
    CSS = f"""
    Screen {{ layout: vertical; background: $background; padding: 0 1; }}
    #top {{ height: 3; }}
    #clock {{ width: {CLOCK_WIDTH}; height: 3; }}
    #heading {{ height: 3; }}
    #foot {{ height: 8; }}
    .-low #foot {{ height: 5; }}
    .-tiny #top, .-tiny #heading, .-tiny #clock {{ height: 1; }}
    .-tiny #foot {{ height: 2; }}
    .-tiny #hint {{ display: none; }}
    .-narrow #clock {{ width: 50%; }}
    """

    speaker: reactive[Speaker] = reactive(Speaker(), repaint=False)
    """What there is to say."""

    def __init__(
        self,
        folder: Path,
        name: str,
        look: Look | None = None,
        clock: Clock | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(driver_class=LinkDriver)
        self.link = Link()
        """What is known of the way to the terminal."""
        self.look = look or Look()
        self._clock = clock or Clock()
        self._prompter = Prompter(folder, name, now=now)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.look.palette.name
        self.drawn_by = filters_for(self.look.glyphs)

    def compose(self) -> ComposeResult:
        """Scene and time, notes, what is shown and what comes."""
        look = self.look
        heading = SpeakerPart(look, attrgetter("heading"), draw_heading, id="heading")
        clock = SpeakerPart(look, attrgetter("lecture", "scene"), _clock, id="clock")
        notes = NotesPart(look, attrgetter("notes"), _notes, id="notes")
        foot = SpeakerPart(look, attrgetter("foot"), draw_foot, id="foot")
        for part in (heading, clock, notes, foot):
            part.data_bind(NotesApp.speaker)
        yield Horizontal(heading, clock, id="top")
        yield from (notes, foot, SpeakerPart(look, lambda _: HINT, _hint, id="hint"))

    def on_mount(self) -> None:
        """Look, and go on looking; leave the terminal clean when asked to end from outside."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)
        self._tick()

    def on_resize(self, event: events.Resize) -> None:
        """Use the room there is."""
        self.screen.set_class(event.size.height < LOW, "-low")
        self.screen.set_class(event.size.height < TINY, "-tiny")
        self.screen.set_class(event.size.width < NARROW, "-narrow")

    def _tick(self) -> None:
        # A frame that is still on its way is worth more than one behind it.
        if self.link.clear:
            self._clock.carried(self.link.lap())
            started = time.perf_counter()
            self.speaker = self._prompter.poll()
            self._clock.took(time.perf_counter() - started)
        self.set_timer(self._clock.wait, self._tick)

    def action_scroll_notes(self, lines: int) -> None:
        """Read on, or back."""
        self.query_one(NotesPart).scroll_relative(y=lines, animate=False)

    def action_page_notes(self, pages: int) -> None:
        """Read a screenful on, or back, with a line in common."""
        notes = self.query_one(NotesPart)
        notes.scroll_relative(y=pages * max(notes.size.height - 1, 1), animate=False)
