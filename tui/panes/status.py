"""The lines around the panes: title and tabs above, the run's standing, the bar of a
replay and the keys below.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events

from engine.text.safe import plain

from ..commands.command import CLICK, NOW, PANED, Need, Situation, Spot
from ..commands.table import footer
from ..drawing.lists.keys import draw_footer
from ..drawing.lists.message import Bulletin, draw_message
from ..drawing.lists.status import draw_status
from ..drawing.replay.transport import draw_transport, share_at
from ..places.pane import Pane
from ..places.registry import PANES
from ..replay.tempo import Transport
from ..style.text import Lines, cut, fit
from .picture import LabMessage, Picture, RunPicture, State

NUMBERED: Final = NOW | frozenset[Situation](("form",))
"""Where a number goes to a pane, or would if it were not typed into a field."""
LEAST_RUN: Final = 12
"""Cells below which a run's name says nothing."""
LOG_KEY: Final = "L"
"""What shows the log wherever there are panes."""


class TitleLine(RunPicture):
    """The panes there are and the run that is shown; in a lecture, the scene."""

    pane = State("setup")
    """The pane that has the keys."""
    situation: State[Situation] = State("setup")
    """The panes' keys are theirs only in some."""
    headline = State("")
    """Which scene of a lecture is shown."""

    def key(self) -> Hashable:
        """Return what the line depends on."""
        named = self.view.run, self.view.title, self.pane, self.headline
        return *named, self.situation in NUMBERED, self.situation == "slide", self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return the panes, or the scene of a lecture, at the left, the run at the right."""
        palette, glyphs = self.look.palette, self.look.glyphs
        line = Text(end="").append(" epochal ", palette.style("train", bold=True))
        if self.headline:
            scene = fit(plain(self.headline), max(width - line.cell_len - 4, 0), glyphs.ellipsis)
            line.append(f"  {scene}", palette.style("text", bold=True))
        elif self.situation != "slide":
            line = self._tabs(line, width)
        room = width - line.cell_len - 3
        parts = [part for part in (plain(self.view.title), plain(self.view.run)) if part]
        words = glyphs.dot.join(parts)
        if parts and cell_len(words) > room:
            # What it is says more than the name of its folder, which the list of runs has too.
            words = fit(parts[0], max(room, 0), glyphs.ellipsis)
        if room < LEAST_RUN:
            words = ""
        line.append(" " * (width - line.cell_len - cell_len(words) - 1))
        line.append(words, palette.style("muted"))
        return [cut(line, width)]

    def _tabs(self, name: Text, width: int) -> Text:
        """Return the line with every pane's key and name, in the room there is.

        Wide gaps go first, then the panes without a key, long names for short ones, the run's
        name, the blanks between a key and its name, the program's name where the chosen pane has
        no key, and last the names of those that are not chosen.
        """
        keyed = [pane for pane in PANES if pane.key or pane.name == self.pane]
        beside = LEAST_RUN + 3 if self.view.run else 0
        for head, parted in ((name, True), (name, False), (name[:1], False)):
            for room in (width - beside, width):
                for panes in (PANES, keyed):
                    if (line := self._named(panes, head, room, parted)) is not None:
                        return line
        words = [
            f"{pane.key} {pane.label}".strip() if pane.name == self.pane else pane.key
            for pane in keyed
        ]
        return self._append_tabs(keyed, name, words, "  ")

    def _named(self, panes: Sequence[Pane], name: Text, width: int, parted: bool) -> Text | None:
        """Return the line with these panes' names, in the longest words that fit; None for none.

        Args:
            panes: Which.
            name: The program's, or a blank in its place.
            width: The cells there are.
            parted: Whether a blank parts a key from its name.
        """
        blank = " " if parted else ""
        keys = [
            f"{pane.key}{blank}" if pane.key and self.situation in NUMBERED else ""
            for pane in panes
        ]
        names = [f"{key}{place.label}" for key, place in zip(keys, panes, strict=True)]
        shortened = [f"{key}{pane.short}" for key, pane in zip(keys, panes, strict=True)]
        tries = [(name, names, " "), (name[1:] or name, shortened, " ")]
        if parted:
            tries = [(name, names, "  "), *tries]
        for head, tabs, between in tries:
            cells = head.cell_len + sum(map(cell_len, tabs)) + len(between) * (len(tabs) - 1)
            if cells <= width:
                return self._append_tabs(panes, head, tabs, between)
        return None

    def _append_tabs(
        self, panes: Sequence[Pane], line: Text, names: Sequence[str], between: str
    ) -> Text:
        palette = self.look.palette
        line = line.copy()
        for index, (place, words) in enumerate(zip(panes, names, strict=True)):
            chosen = place.name == self.pane
            style = palette.style("text" if chosen else "muted", bold=chosen)
            click = CLICK.format(f"show_pane('{place.name}')")
            style += Style(underline=chosen, meta={"@click": click})
            label = words.lstrip("0123456789")
            key = words[: len(words) - len(label)]
            # Where no blank parts them, its colour tells the key from the name.
            as_key = style if label[:1] == " " else style + palette.style("train")
            line.append(between if index else "").append(key, as_key).append(label, style)
        return line


class StatusLines(RunPicture):
    """How the run stands."""

    DEFAULT_CSS = """
    StatusLines { height: 2; }
    StatusLines.-low { height: 1; }
    """

    def watch_view(self) -> None:
        """Say how the run stands now; without one there is a line less to say."""
        self.set_class(self.view.standing.state in ("none", "lecture"), "-low")
        self.redraw()

    def key(self) -> Hashable:
        """Return what the lines depend on."""
        return self.view.standing, self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return the figures, and the outcome or what to do."""
        return draw_status(self.view.standing, width, height, self.look)


class MessageLine(RunPicture):
    """What has just happened, or what the place that has the keys is for."""

    bulletin: State[Bulletin | None] = State(None)
    """What has just happened."""
    situation: State[Situation] = State("setup")
    """How it stands with the run."""

    def key(self) -> Hashable:
        """Return what the line depends on."""
        return self.bulletin, self.view.standing.note, self.situation in PANED, self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return the line."""
        look, note = self.look, self.view.standing.note
        log = LOG_KEY if self.situation in PANED else ""
        return [draw_message(self.bulletin, note, width, look, log=log)]


class KeysLine(Picture):
    """The keys that do something now."""

    situation: State[Situation] = State("setup")
    """How it stands with the run."""
    spots: State[tuple[Spot, ...]] = State(())
    """The place that has the keys, and those around it."""
    lacking: State[frozenset[Need]] = State(frozenset())
    """What is not there that some commands need."""

    def key(self) -> Hashable:
        """Return what the line depends on."""
        return self.situation, self.spots, self.lacking, self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return as many keys as fit."""
        commands = footer(self.situation, self.spots, self.lacking)
        return [draw_footer(commands, width, self.look.palette)]


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
