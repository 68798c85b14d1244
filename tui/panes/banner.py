"""The banner over the panes: loss, step and accuracy for the back row."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import chain

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from ..drawing.lecture.banner import Banner, banner_height, banner_room, draw_banner, gather
from ..style.text import Lines
from .picture import RunPicture

NEAR = 6
"""Cells that cost no more to send again than to jump over."""

Cell = tuple[str, Style | None]


class BannerPane(RunPicture):
    """The figures of the step that is read; not there where nobody asked for large letters."""

    def on_mount(self) -> None:
        """Take no room before there is anything to say, and as much as there is from then on."""
        # A screen that only grows higher is no event for a banner of the same width, or for one
        # that is not there.
        self.screen.screen_layout_refresh_signal.subscribe(self, lambda _: self.settle())
        self.settle()

    def settle(self) -> None:
        """Take as many lines as the screen has to spare: none, or as many as the figures need."""
        size = self.screen.size
        room = banner_room(size.height) if self.look.big else 0
        # Gathered only where there is room: this is asked at every step that comes.
        banner = self._banner() if room else None
        height = 0 if banner is None else banner_height(banner, size.width, room, self.look.glyphs)
        self.display = height > 0
        if height:
            self.styles.height = height

    def _banner(self) -> Banner | None:
        view = self.view
        if view.history is None:
            return None
        return gather(view.history, view.at, view.standing.steps, view.member)

    # --- the picture -----------------------------------------------------------------------

    def key(self) -> Hashable:
        """Return what the figures depend on."""
        return self._banner(), self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return the figures."""
        banner = self._banner()
        return [] if banner is None else draw_banner(banner, width, height, self.look)

    def redraw(self) -> None:
        """Take what room there is, and draw again."""
        if self.is_mounted:
            self.settle()
        super().redraw()

    def changed(self, before: list[Strip], after: list[Strip]) -> Iterator[Region]:
        """Yield the digits of each row that differ."""
        if len(before) != len(after):
            yield from super().changed([], after)
            return
        for row, (old, new) in enumerate(zip(before, after, strict=True)):
            for start, stop in differing(old, new):
                yield Region(start, row, stop - start, 1)


def differing(before: Strip, after: Strip) -> list[tuple[int, int]]:
    """Return where two rows of narrow characters differ, as first and last cells, exclusive."""
    if before.cell_length != after.cell_length:
        return [(0, max(before.cell_length, after.cell_length))]
    spans: list[tuple[int, int]] = []
    for place, (old, new) in enumerate(zip(_cells(before), _cells(after), strict=True)):
        if old == new:
            continue
        if spans and place - spans[-1][1] <= NEAR:
            spans[-1] = (spans[-1][0], place + 1)
        else:
            spans.append((place, place + 1))
    return spans


def _cells(strip: Strip) -> Iterator[Cell]:
    """Yield the cells of a row; a blank has no colour."""
    return chain.from_iterable(
        ((character, None if character == " " else segment.style) for character in segment.text)
        for segment in strip
    )
