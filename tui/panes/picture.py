"""The widget under every picture: it keeps lines, and sends again only those that changed.

Textual sends a refreshed region whole, so the rows are compared here. What a picture shows is up
to a pure function of ``tui.drawing``; when to draw is up to this class: after a change of what
it depends on, and never while hidden.
"""

from __future__ import annotations

import traceback
from collections.abc import Hashable, Iterator
from itertools import accumulate
from typing import Any, ClassVar, Self, TypeVar

from rich.console import Console
from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from engine.text.safe import plain

from ..style.look import Look
from ..style.text import Lines, fit
from ..watching.view import View

T = TypeVar("T")


class State(reactive[T]):
    """What a widget is told: Textual repaints nothing for it, and watches it from its change on."""

    def __init__(self, default: T) -> None:
        super().__init__(default, init=False, repaint=False)


class LabMessage(Message):
    """Something that a person has asked of the lab in a pane; it passes by whatever is around."""


class Picture(ScrollView, can_focus=False):
    """Lines of text, drawn by ``draw`` whenever ``key`` has changed.

    Where one of its states changes it looks whether that is so, unless it watches the state itself.
    """

    DEFAULT_CSS = """
    Picture {
        height: 1;
        width: 1fr;
        overflow: hidden hidden;
        scrollbar-size-vertical: 1;
        background: $background;
        color: $foreground;
    }
    Picture.-scrolls { height: 1fr; overflow: hidden auto; }
    """

    look: State[Look] = State(Look())
    """What it is drawn with."""

    scrolls: ClassVar[bool] = False
    """Whether there may be more lines than rows."""
    failures: ClassVar[list[str]] = []
    """Tracebacks of drawings that failed: shown in place, never the end of the lab."""

    def __init__(self, *, id: str | None = None) -> None:
        self._border_rows: tuple[Region, ...] | None = None
        super().__init__(id=id)
        # Styled once, where it is mounted.
        self.set_class(self.scrolls, "-scrolls", update=False)
        self._strips: list[Strip] = []
        self._drawn: tuple[Hashable, Size] | None = None
        self._captions: dict[str, str] = {}

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        for name, state in vars(cls).copy().items():
            if isinstance(state, State) and not hasattr(cls, f"watch_{name}"):
                setattr(cls, f"watch_{name}", cls.watch_look)

    def watch_look(self) -> None:
        """Draw with other glyphs or colours."""
        self.redraw()

    def key(self) -> Hashable:
        """Return everything that the picture depends on, beside its size."""
        raise NotImplementedError

    def draw(self, width: int, height: int) -> Lines:
        """Return the picture."""
        raise NotImplementedError

    @property
    def text(self) -> str:
        """The picture as it stands, without colours."""
        return "\n".join(strip.text.rstrip() for strip in self._strips)

    def redraw(self) -> None:
        """Draw again if anything has changed and somebody sees it."""
        if not self.is_mounted or not self._is_shown():
            return
        before, size = self._strips, self.scrollable_content_region.size
        if (self.key(), size) == self._drawn or not size.area:
            return
        self._draw(size)
        for region in self.changed(before, self._strips):
            self.refresh(region)

    def changed(self, before: list[Strip], after: list[Strip]) -> Iterator[Region]:
        """Yield what of it has to be sent again: the rows that are seen and differ."""
        top, size = self.scroll_offset.y, self.scrollable_content_region.size
        for y in range(top, top + size.height):
            if _row(before, y) != _row(after, y):
                yield Region(0, y - top, size.width, 1)

    def _is_shown(self) -> bool:
        return all(node.display for node in self.ancestors_with_self if isinstance(node, Widget))

    def _draw(self, size: Size) -> None:
        self._drawn = (self.key(), size)
        console = self.app.console
        self._strips = [_strip(line, console) for line in self._safely_drawn(size)]
        if self.scrolls:
            self.virtual_size = Size(size.width, len(self._strips))

    def _safely_drawn(self, size: Size) -> Lines:
        try:
            return self.draw(size.width, size.height)
        except Exception as error:
            # A picture is not worth the run that is watched: say what went wrong in its place.
            self.failures.append(traceback.format_exc())
            words = f"cannot be drawn: {type(error).__name__}: {plain(str(error))}"
            return [Text(fit(words, size.width), end="")]

    def caption(self, title: str | Text, subtitle: str | Text = "") -> None:
        """Write into the border: a name at its top, a figure at its bottom.

        Textual repaints the whole widget for a title; here only the border's own row is sent.
        """
        offset, size = self.content_offset, self.outer_size
        top = Region(-offset.x, -offset.y, size.width, 1)
        for name, words, row in (
            ("border_title", title, top),
            ("border_subtitle", subtitle, top.translate((0, size.height - 1))),
        ):
            content = words if isinstance(words, Text) else Text(words)
            if self._captions.get(name, "") == content.plain:
                continue
            self._captions[name] = content.plain
            self._border_rows = (row,)
            setattr(self, name, content)
            self._border_rows = None

    def refresh(self, *regions: Region, **how: bool) -> Self:
        """Repaint; while a caption is written, no more than its row."""
        return super().refresh(*(self._border_rows or regions), **how)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the rows of a region; at a new size they are drawn only now."""
        size = self.scrollable_content_region.size
        if size.area and (self._drawn is None or self._drawn[1] != size):
            self._draw(size)
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return one row of what is visible."""
        width = self.scrollable_content_region.width
        strip = _row(self._strips, y + self.scroll_offset.y) or Strip.blank(width)
        return strip.adjust_cell_length(width).apply_style(self.rich_style)

    def on_show(self, event: events.Show) -> None:
        """Draw what was missed while hidden."""
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        """Draw at the new size."""
        self.redraw()

    def notify_style_update(self) -> None:
        """Draw again where a theme has changed."""
        super().notify_style_update()
        self.redraw()


class RunPicture(Picture):
    """A picture of the run that is shown, with what its border says."""

    view: State[View] = State(View())
    """What is shown."""

    def on_mount(self) -> None:
        """Name the pane before there is anything in it."""
        self.caption(*self.captions())

    def redraw(self) -> None:
        """Draw again if anything has changed, and say in the border what it is now."""
        super().redraw()
        if self.is_mounted:
            self.caption(*self.captions())

    def captions(self) -> tuple[str, str]:
        """Return what stands at the top of the border and at its bottom."""
        return "", ""


class BlockPicture(RunPicture):
    """A picture of things of several lines each, of which one is chosen."""

    scrolls = True

    def blocks(self, width: int) -> list[Lines]:
        """Return the lines of each."""
        raise NotImplementedError

    def draw(self, width: int, height: int) -> Lines:
        """Return all of them, one under the other."""
        return [line for block in self.blocks(width) for line in block]

    def block_at(self, event: events.Click) -> int | None:
        """Return which one was clicked on."""
        offset = event.get_content_offset(self)
        if offset is None:
            return None
        ends = accumulate(map(len, self.blocks(self.scrollable_content_region.width)))
        row = offset.y + self.scroll_offset.y
        return next((index for index, end in enumerate(ends) if row < end), None)

    def scroll_to_block(self, index: int) -> None:
        """Have one of them seen."""
        width = self.scrollable_content_region.width
        lengths = list(map(len, self.blocks(width)))
        self.scroll_to_region(Region(0, sum(lengths[:index]), width, lengths[index]), animate=False)


def _row(strips: list[Strip], index: int) -> Strip | None:
    return strips[index] if index < len(strips) else None


def _strip(line: Text, console: Console) -> Strip:
    """Return a line as Textual sends it."""
    segments = line.render(console)
    # Rich leaves out a text's own style where it has no spans.
    if not line.spans and line.style:
        segments = Segment.apply_style(segments, console.get_style(line.style))
    return Strip(segments).simplify()
