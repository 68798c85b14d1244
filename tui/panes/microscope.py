"""The gradient microscope: one update of the run that is shown, taken apart.

Whatever is computed is computed by a child process, once for each update that somebody looks at;
what is shown meanwhile is the update before.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import events, on
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.worker import Worker

from engine.errors import EpochalError
from engine.text.safe import plain

from ..commands.command import Spot
from ..commands.spots import bindings_at
from ..drawing.lists.microscope import draw_dissection
from ..style.look import Look
from ..style.numbers import count, exponent, figure, short
from ..style.text import Lines, cut, wrap
from ..watching.view import View
from .picture import Picture

if TYPE_CHECKING:
    from engine.inspection.dissection import Dissection, Quantity

PERIOD: Final = 5.0
"""Seconds between two updates of a network that trains: each takes a process a second or two."""
PATIENCE: Final = 0.25
"""Seconds that a step must be read before it is taken apart: nobody waits for those passed by."""
KEPT: Final = 32
"""Updates that are kept, to go back to."""

WAITING: Final = (
    "One update is taken apart here: what goes forward, what comes back, each layer's formula "
    "with its numbers, and autograd's number beside it."
)

Wanted = tuple[str, int, int]
"""The run, the member and the update."""


async def _take_apart(folder: Path, step: int, member: int) -> Dissection:
    # The first frame needs none of it.
    from ..pictures.dissect import take_apart

    return await take_apart(folder, step, member)


class MicroscopePane(Picture, can_focus=True):
    """The update at the step that is read; up and down choose a quantity, left and right a number.

    Args:
        folder: Returns the folder of the run that is shown.
        id: The pane's name.
        apart: Takes an update apart.
        now: Seconds on some clock.
    """

    DEFAULT_CSS = """
    MicroscopePane {
        height: 1fr;
        overflow: hidden auto;
    }
    """
    SPOT: ClassVar[Spot] = "microscope"
    BINDINGS: ClassVar[list[BindingType]] = bindings_at("microscope")

    scrolls = True

    view: reactive[View] = reactive(View(), init=False, repaint=False)
    """What is shown."""
    look: reactive[Look] = reactive(Look(), init=False, repaint=False)
    """What it is drawn with."""

    @dataclass
    class Found(Message):
        """An update has been taken apart, or cannot be."""

        wanted: Wanted
        dissection: Dissection | None
        trouble: str = ""

    def __init__(
        self,
        folder: Callable[[], Path | None],
        *,
        id: str | None = None,
        apart: Callable[[Path, int, int], Awaitable[Dissection]] = _take_apart,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(id=id)
        self._folder, self._apart, self._now = folder, apart, now
        self._found: dict[Wanted, Dissection | str] = {}
        """What is known; a word where it is why there is nothing."""
        self._asked: Wanted | None = None
        """What the child process is at."""
        self._worker: Worker[None] | None = None
        self._started = -math.inf
        self._timer: Timer | None = None
        self._shown: Wanted | None = None
        """The last one that was there to be drawn."""
        self._symbol = ""
        """The quantity that somebody chose; it stays chosen from update to update."""
        self._place: tuple[int, int] | None = None
        """The number of it that was chosen; None for its largest."""

    # --- when ------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Name the pane."""
        self._say()

    def watch_view(self) -> None:
        """Turn to the update of the step that is read."""
        self.redraw()

    def watch_look(self) -> None:
        """Draw with other glyphs or colours."""
        self.redraw()

    def on_show(self, event: events.Show) -> None:
        """Draw what was missed while hidden, and try again what failed."""
        self._found = {key: got for key, got in self._found.items() if not isinstance(got, str)}
        super().on_show(event)

    def on_hide(self) -> None:
        """Let nothing be computed that nobody sees."""
        self._cancel()

    def redraw(self) -> None:
        """Draw again what somebody sees, and have computed what is missing."""
        if not self.is_mounted or not self._is_shown():
            return
        wanted = self._wanted()
        if wanted is not None and wanted in self._found:
            self._shown = wanted
        self._ask(wanted)
        super().redraw()
        self._say()

    def _wanted(self) -> Wanted | None:
        """Return the update of the step that is read, or the last before it whose weights are."""
        history, view = self.view.history, self.view
        if history is None or history.header is None:
            return None
        from ..drawing.members.crowd import picture_member

        # Of a population the first living member is taken apart, where none was chosen.
        member = picture_member(history, view.member, view.at)
        if member >= history.header.members:
            return None
        kept = history.snapshot(max(view.at, 1) - 1)
        return view.run, max(member, 0), 1 if kept is None else kept.step + 1

    def _ask(self, wanted: Wanted | None) -> None:
        """Have an update taken apart once it is read for long enough."""
        if self._asked is not None and self._asked != wanted and not self._trains:
            self._cancel()
        if wanted is None or wanted in self._found or self._asked is not None:
            return
        if self._timer is not None:
            if self._trains:
                return
            self._timer.stop()
        wait = self._started + PERIOD - self._now() if self._trains else PATIENCE
        self._timer = self.set_timer(max(wait, PATIENCE), self._start)

    @property
    def _trains(self) -> bool:
        """Whether the newest step of a run that goes on is shown."""
        return self.view.standing.state == "running" and self.view.cursor is None

    def _start(self) -> None:
        """Take apart what is read now."""
        self._timer = None
        wanted, folder = self._wanted(), self._folder()
        if wanted is None or wanted in self._found or folder is None or not self._is_shown():
            return
        self._asked, self._started = wanted, self._now()
        self._worker = self.run_worker(
            self._compute(folder, wanted),
            group="microscope",
            description="take an update apart",
            exclusive=True,
            exit_on_error=False,
        )
        super().redraw()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        if self._worker is not None:
            self._worker.cancel()
        self._timer = self._worker = self._asked = None

    async def _compute(self, folder: Path, wanted: Wanted) -> None:
        _, member, step = wanted
        try:
            self.post_message(self.Found(wanted, await self._apart(folder, step, member)))
        except (EpochalError, OSError) as error:
            self.post_message(self.Found(wanted, None, str(error)))

    @on(Found)
    def take(self, event: Found) -> None:
        """Draw what has been found."""
        event.stop()
        if self._asked == event.wanted:
            self._asked = self._worker = None
        self._found[event.wanted] = event.dissection or event.trouble or "it cannot be taken apart"
        for key in list(self._found)[:-KEPT]:
            del self._found[key]
        first = self._shown is None
        if event.dissection is not None:
            self._shown = event.wanted
        self.redraw()
        if first and event.dissection is not None:
            self.call_after_refresh(self._follow, event.dissection)

    # --- what ------------------------------------------------------------------------------

    def key(self) -> Hashable:
        """Return what the picture depends on."""
        wanted = self._wanted()
        trouble = self._trouble(wanted)
        return self._shown_now(), trouble, self._waits(wanted), self._symbol, self._place, self.look

    def _trouble(self, wanted: Wanted | None) -> str:
        got = self._found.get(wanted) if wanted is not None else None
        return got if isinstance(got, str) else ""

    def _waits(self, wanted: Wanted | None) -> int:
        """Return which update is missing; 0 where none is."""
        return wanted[2] if wanted is not None and wanted not in self._found else 0

    def _shown_now(self) -> Wanted | None:
        """Return the update that there is to show: that of the step, or the last one of its run."""
        wanted, shown = self._wanted(), self._shown
        if wanted is None:
            return None
        if isinstance(self._found.get(wanted), str):
            return None
        if wanted in self._found:
            return wanted
        return shown if shown is not None and shown[:2] == wanted[:2] else None

    @property
    def dissection(self) -> Dissection | None:
        """What is shown."""
        shown = self._shown_now()
        got = self._found.get(shown) if shown is not None else None
        return None if isinstance(got, str) else got

    def draw(self, width: int, height: int) -> Lines:
        """Return the update, or in words why there is none."""
        dissection = self.dissection
        if dissection is not None:
            return [line for block in self._blocks(dissection, width) for line in block]
        wanted = self._wanted()
        words = WAITING
        if wanted is not None:
            trouble = self._trouble(wanted)
            words = trouble or f"Taking update {count(wanted[2])} apart {self.look.glyphs.ellipsis}"
        muted = self.look.style("muted")
        rows = wrap(plain(words, lines=True), max(width, 1))
        return [cut(Text(row, muted, end=""), width) for row in rows]

    def _blocks(self, dissection: Dissection, width: int) -> list[Lines]:
        chosen = self._chosen(dissection)
        place = self._held(dissection.quantities[chosen])
        return draw_dissection(dissection, chosen, place, width, self.look)

    def _chosen(self, dissection: Dissection) -> int:
        """Return the quantity that was chosen; the last layer's gradient where nobody has."""
        symbols = [each.symbol for each in dissection.quantities]
        if self._symbol in symbols:
            return symbols.index(self._symbol)
        named = (index for index, each in enumerate(dissection.quantities) if each.name)
        return next(named, 0)

    def _held(self, quantity: Quantity) -> tuple[int, int]:
        """Return the place that was chosen, within a quantity; its largest where none was."""
        places = [(r, c) for r, row in enumerate(quantity.values) for c in range(len(row))]
        if not places:
            return 0, 0
        if self._place is None:
            return max(places, key=lambda at: abs(quantity.values[at[0]][at[1]]))
        row, column = self._place
        return min(row, places[-1][0]), min(column, places[-1][1])

    def _say(self) -> None:
        """Write into the border which update it is, and how far autograd is."""
        dissection, wanted = self.dissection, self._wanted()
        waits = self._waits(wanted)
        if dissection is None:
            self.caption("Microscope")
            return
        title = f"Update {count(dissection.step)} taken apart"
        if waits:
            title += f"; taking {count(waits)} apart {self.look.glyphs.ellipsis}"
        elif wanted is not None and wanted[2] < self.view.at:
            title += f", the last kept before {count(self.view.at)}"
        dot = self.look.glyphs.dot
        away = dissection.difference
        said = f"autograd within {exponent(away, 0)}" if away else "exactly as autograd"
        parts = [f"loss {figure(dissection.loss)}", f"lr {short(dissection.lr)}", said]
        self.caption(title, dot.join(parts))

    # --- choosing --------------------------------------------------------------------------

    def action_choose(self, by: int) -> None:
        """Open the quantity before or the next."""
        dissection = self.dissection
        if dissection is None:
            return
        last = len(dissection.quantities) - 1
        index = min(max(self._chosen(dissection) + by, 0), last)
        self._symbol = dissection.quantities[index].symbol
        self._place = None
        self._follow(dissection)

    def action_move(self, by: int) -> None:
        """Choose the number before or the next, row after row."""
        dissection = self.dissection
        if dissection is None:
            return
        quantity = dissection.quantities[self._chosen(dissection)]
        columns = len(quantity.values[0]) if quantity.values else 0
        numbers = len(quantity.values) * columns
        if numbers:
            row, column = self._held(quantity)
            self._place = divmod((row * columns + column + by) % numbers, columns)
        self._follow(dissection)

    def on_click(self, event: events.Click) -> None:
        """Open the quantity that was clicked on."""
        offset, dissection = event.get_content_offset(self), self.dissection
        if offset is None or dissection is None:
            return
        row = offset.y + self.scroll_offset.y
        blocks = self._blocks(dissection, self.scrollable_content_region.width)
        for quantity, block in zip(dissection.quantities, blocks, strict=True):
            if row < len(block):
                self._symbol, self._place = quantity.symbol, None
                self._follow(dissection)
                return
            row -= len(block)

    def _follow(self, dissection: Dissection) -> None:
        """Draw, and scroll to what is chosen."""
        super().redraw()
        width = self.scrollable_content_region.width
        lengths = [len(block) for block in self._blocks(dissection, width)]
        chosen = self._chosen(dissection)
        top = sum(lengths[:chosen])
        self.scroll_to_region(Region(0, top, width, lengths[chosen]), animate=False)
