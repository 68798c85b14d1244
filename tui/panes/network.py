"""What the network does: one picture of the weights at the step that is read.

Which picture that is follows from the kind of data and from the user, what is in it from the
recording: the weights of the nearest step before that has any, and the data, drawn again. Drawing
the data may mean reading a large file, so it is done once for each run, off the event loop.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

from rich.text import Text
from textual import events, on, work
from textual.message import Message
from textual.timer import Timer

from engine.text.safe import plain

from ..drawing.base.frame import beside, widths_beside
from ..pictures.shown import Stock, captions_of, draw_shown, is_judged, key_of, views_of
from ..style.numbers import count
from ..style.run_colours import pen
from ..style.text import Lines, cut
from ..watching.view import View
from .judging import Judging
from .picture import RunPicture

PERIOD: Final = 1.0
"""Seconds between two pictures of a network that trains."""
SHARE: Final = 0.05
"""The share of the time that drawing them may take."""
KEPT: Final = 2
"""Runs whose data is kept: the one that is shown, and the one to go back to."""
LEAST_WIDTH: Final = 36
"""Cells of a picture from which on those of several runs stand side by side."""
LEAST_HEIGHT: Final = 10
"""Lines of one that stands under another."""


class NetworkPane(RunPicture, can_focus=True):
    """A picture of the network at the step that is read.

    Args:
        id: The pane's name.
        now: Seconds on some clock.
    """

    scrolls = True

    @dataclass
    class DataRead(Message):
        """The data has been read, or cannot be."""

        stock: Stock
        trouble: str

    def __init__(self, *, id: str | None = None, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(id=id)
        self.period = PERIOD
        """Seconds between two pictures of a network that trains; more where the link is slow."""
        self._now = now
        self._stocks: dict[tuple[str, int], Stock] = {}
        self._choice: Hashable = None
        """What the user chose when the picture was last drawn."""
        self._step = 0
        """The step that it was drawn for."""
        self._drawn_at = -math.inf
        self._cost = 0.0
        """Seconds that it took."""
        self._timer: Timer | None = None
        self._views: tuple[View, ...] = (View(),)
        """What is shown of each run, that which is looked at first."""
        self._judging = Judging(self, self.redraw)

    # --- when ------------------------------------------------------------------------------

    def watch_view(self, before: View, view: View) -> None:
        """Draw what has changed."""
        self._views = views_of(view)
        self.redraw()

    def on_show(self, event: events.Show) -> None:
        """Draw what was missed while hidden, and try again what failed."""
        self._stocks = {key: stock for key, stock in self._stocks.items() if not stock.trouble}
        self._judging.forget_trouble()
        self._drawn_at = -math.inf
        super().on_show(event)

    def on_hide(self) -> None:
        """Let no network be judged that nobody sees."""
        self._judging.want(())

    @on(DataRead)
    def take_data(self, event: DataRead) -> None:
        """Draw with the data that has been read."""
        event.stop()
        event.stock.ready, event.stock.trouble = True, event.trouble
        self._drawn_at = -math.inf
        self.redraw()

    def redraw(self) -> None:
        """Draw again what somebody sees: at once what they asked for, else once a second."""
        if not self.is_mounted or not self._is_shown():
            return
        self._prepare()
        self._judging.want([view for view in self._views if is_judged(view)])
        wait = self._wait()
        if wait > 0:
            if self._timer is None:
                self._timer = self.set_timer(wait, self._due)
            return
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if (self._chosen(), self.view.at) != (self._choice, self._step):
            self._choice, self._step = self._chosen(), self.view.at
            self._drawn_at = self._now()
        super().redraw()

    def _due(self) -> None:
        self._timer = None
        self.redraw()

    def _wait(self) -> float:
        """Return how many seconds the next picture is away; none where the user asked for it."""
        view = self.view
        if self._chosen() != self._choice or view.at < self._step:
            return 0.0
        # In a replay, what is beside goes as far as what is shown.
        beside = any(each.whole is None and each.history.end is None for each in view.others)
        if view.standing.state != "running" and not beside:
            return 0.0
        return self._drawn_at + max(self.period, self._cost / SHARE) - self._now()

    def _chosen(self) -> Hashable:
        """Return everything that the user, and not the training, changes."""
        view = self.view
        runs = tuple((each.run, each.member) for each in self._views)
        return runs, view.cursor, view.exhibit, view.layer, self.look

    # --- the data --------------------------------------------------------------------------

    def _stock(self, view: View | None = None) -> Stock | None:
        """Return what the pictures of a run are made of; of that which is looked at by default."""
        view = view or self._views[0]
        stock = self._stocks.get((view.run, view.member or 0))
        return stock if stock is not None and stock.serves(view) else None

    def _prepare(self) -> None:
        """Have the data of the runs that are shown read, where that was not done yet."""
        for view in self._views:
            if self._stock(view) is None:
                key = view.run, view.member or 0
                if (stock := Stock.of(view, self._stocks.get(key))) is None:
                    continue
                self._stocks[key] = stock
                self._read(stock)
        for key in list(self._stocks)[: -max(KEPT, len(self._views))]:
            del self._stocks[key]

    @work(thread=True, group="data", description="read the data", exit_on_error=False)
    def _read(self, stock: Stock) -> None:
        """Draw the data again, in a thread of its own."""
        self.post_message(self.DataRead(stock, stock.read()))

    # --- what ------------------------------------------------------------------------------

    def key(self) -> Hashable:
        """Return what the picture depends on."""
        judged = self._judging.of
        return self.look, *(key_of(each, self._stock(each), judged(each)) for each in self._views)

    def draw(self, width: int, height: int) -> Lines:
        """Return the picture, or those of several runs beside or under one another."""
        start = self._now()
        try:
            if len(self._views) == 1:
                return self._drawn_of(self._views[0], width, height)
            return self._several(width, height)
        finally:
            self._drawn_at = self._now()
            self._cost = self._drawn_at - start

    def _drawn_of(self, view: View, width: int, height: int) -> Lines:
        stock, judged = self._stock(view), self._judging.of(view)
        return draw_shown(view, stock, width, height, self.look, judged)

    def _several(self, width: int, height: int) -> Lines:
        """Return a picture of each run, under a line that says which and how good it is."""
        views = self._views
        widths = widths_beside(width, len(views))
        if min(widths) >= LEAST_WIDTH:
            pairs = zip(views, widths, strict=True)
            return beside([self._named(view, size, height) for view, size in pairs], widths)
        rows = max((height + 1) // len(views) - 1, min(LEAST_HEIGHT, height))
        lines: Lines = []
        for view in views:
            lines += [*([self.look.line()] if lines else []), *self._named(view, width, rows)]
        return lines

    def _named(self, view: View, width: int, height: int) -> Lines:
        """Return a run's picture under its name in the run's colour."""
        look = self.look
        style = pen(0, view.slot, True, look).style
        name = Text(look.fit(plain(view.label or view.title or view.run), width), style, end="")
        room = width - name.cell_len - len(look.glyphs.dot)
        _, whose = captions_of(view, self._stock(view), room, look)
        if whose and len(whose) <= room:
            name.append(f"{look.glyphs.dot}{whose}", look.style("muted"))
        return [cut(name, width), *self._drawn_of(view, width, max(height - 1, 0))]

    def captions(self) -> tuple[str, str]:
        """Return which picture this is, and of which step's weights."""
        view = self._views[0]
        title, whose = captions_of(view, self._stock(), self.outer_size.width - 6, self.look)
        return title, whose if len(self._views) == 1 else f"step {count(self.view.at)}"
