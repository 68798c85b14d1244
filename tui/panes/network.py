"""What the network does: one picture of the weights at the step that is read.

Which picture that is follows from the kind of data and from the user, what is in it from the
recording: the weights of the nearest step before that has any, and the data, drawn again. Drawing
the data may mean reading a large file, so it is done once for each run, off the event loop.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from textual import events, on
from textual.message import Message
from textual.timer import Timer

from engine.errors import EpochalError
from engine.text.safe import plain

from ..style.numbers import count
from ..style.text import Lines
from ..watching.view import View
from .picture import RunPicture

if TYPE_CHECKING:
    from engine.recording.events import Snapshot
    from engine.recording.history import History

    from ..drawing.network.material import Material, RecordedNetwork

PERIOD: Final = 1.0
"""Seconds between two pictures of a network that trains."""
SHARE: Final = 0.05
"""The share of the time that drawing them may take."""
MOST_ROWS: Final = 2000
"""Rows of each set that a live picture is made of at most."""
KEPT: Final = 2
"""Runs whose data is kept: the one that is shown, and the one to go back to."""

WAITING: Final = "What the network does appears here."
READING: Final = "reading the data"


@dataclass(eq=False)
class Stock:
    """What the pictures of one member of a run are made of."""

    material: Material
    ready: bool = False
    """Whether the data has been read, or why not is known."""
    trouble: str = ""
    """Why there is no data."""


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
        self._member = 0
        """Whose weights are shown: where all of a population are, the first living one's."""

    # --- when ------------------------------------------------------------------------------

    def watch_view(self, before: View, view: View) -> None:
        """Draw what has changed."""
        self._member = _shown_member(view)
        self.redraw()

    def on_show(self, event: events.Show) -> None:
        """Draw what was missed while hidden, and try again what failed."""
        self._stocks = {key: stock for key, stock in self._stocks.items() if not stock.trouble}
        self._drawn_at = -math.inf
        super().on_show(event)

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
        if view.standing.state != "running":
            return 0.0
        return self._drawn_at + max(self.period, self._cost / SHARE) - self._now()

    def _chosen(self) -> Hashable:
        """Return everything that the user, and not the training, changes."""
        view = self.view
        return view.run, self._member, view.cursor, view.exhibit, view.layer, self.look

    # --- the data --------------------------------------------------------------------------

    def _stock(self) -> Stock | None:
        view = self.view
        stock = self._stocks.get((view.run, self._member))
        if stock is None or view.history is None:
            return None
        material = stock.material
        if material.history is not view.history:
            if material.history.header is not view.history.header:
                return None
            # The same run at another step of a replay: its data is what it was.
            material.history = view.history
        return stock

    def _prepare(self) -> None:
        """Have the data of the run that is shown read, if that was not done yet."""
        history, view = self.view.history, self.view
        if history is None or history.header is None or self._stock() is not None:
            return
        if view.reading:
            return
        if not history.header.experiment or self._member >= history.header.members:
            return
        # numpy is not needed for the first frame.
        from ..drawing.network.material import Material

        stock = Stock(Material(history, self._member, MOST_ROWS))
        self._stocks[(view.run, self._member)] = stock
        for key in list(self._stocks)[:-KEPT]:
            del self._stocks[key]
        self.run_worker(
            partial(self._read, stock),
            group="data",
            description="read the data",
            thread=True,
            exit_on_error=False,
        )

    def _read(self, stock: Stock) -> None:
        """Draw the data again, in a thread of its own."""
        trouble = ""
        try:
            stock.material.prepare()
        except EpochalError as error:
            trouble = str(error)
        except Exception as error:
            # A broken library or a lack of memory costs the pictures, not the lab.
            trouble = f"{type(error).__name__}: {error}"
        self.post_message(self.DataRead(stock, trouble))

    # --- what ------------------------------------------------------------------------------

    def key(self) -> Hashable:
        """Return what the picture depends on."""
        view, stock, kept = self.view, self._stock(), self._kept()
        weights = None if kept is None else (kept.step, id(kept), view.weights)
        data = None if stock is None else (id(stock), stock.ready, stock.trouble)
        shown = (view.run, self._member, view.exhibit, view.layer, view.reading)
        if _is_of_rows(view):
            weights = (view.at, view.version, view.weights)
        return shown, weights, data, self.look, _has_header(view.history)

    def _kept(self) -> Snapshot | None:
        """Return the newest weights at or before the step that is read."""
        history = self.view.history
        return None if history is None else history.snapshot(self.view.at)

    def draw(self, width: int, height: int) -> Lines:
        """Return the picture, or in words why there is none."""
        start = time.perf_counter()
        try:
            return self._drawn_lines(width, height)
        except EpochalError as error:
            return self.look.centred(plain(str(error), lines=True), width, height)
        finally:
            self._drawn_at, self._cost = self._now(), time.perf_counter() - start

    def _drawn_lines(self, width: int, height: int) -> Lines:
        stock, view, look = self._stock(), self.view, self.look
        if view.reading or stock is None or not stock.ready:
            words = view.reading or (WAITING if stock is None else READING)
            return look.centred(words, width, height)
        from ..pictures.gallery import VIEWS, Surface, exhibit_of, layer_of

        name = exhibit_of(view)
        exhibit = VIEWS[name]
        network = self._network(stock.material)
        if stock.trouble and exhibit.needs_data:
            words = f"The data cannot be drawn again: {plain(stock.trouble, lines=True)}"
            words += "\n\nThe weights are there: v shows them."
            return look.centred(words, width, height)
        notes = self._notes(stock.material, name, width)
        surface = Surface(
            width=width,
            height=max(height - len(notes), 0),
            look=look,
            layer=layer_of(view) or None,
            framed=True,
        )
        return [*notes, *exhibit.draw(network, surface)]

    def _notes(self, material: Material, name: str, width: int) -> Lines:
        """Return what stands over a picture: why it is not another, what it leaves out."""
        from ..pictures.gallery import VIEWS, Subject

        subject, wanted = Subject.of(material.header), self.view.exhibit
        notes = []
        if wanted in VIEWS and wanted != name:
            notes.append(f"No {VIEWS[wanted].title.lower()}: {VIEWS[wanted].missing(subject)}.")
        elif subject.own and not wanted:
            notes.append("Only PyTorch can compute what this network says: epochal predict does.")
        if material.has_ends_only:
            notes.append(f"Of {count(material.numbers)} numbers the first and the last are kept.")
        if material.thinned and VIEWS[name].needs_data:
            notes.append(f"Made of {count(MOST_ROWS)} rows of each set, evenly chosen.")
        return [line for note in notes for line in self.look.muted(note, width)]

    def captions(self) -> tuple[str, str]:
        """Return which picture this is, and of which step's weights."""
        from ..pictures.gallery import VIEWS, exhibit_of, layer_of

        view, kept, stock = self.view, self._kept(), self._stock()
        if not _has_header(view.history):
            return "Network", ""
        exhibit = VIEWS[exhibit_of(view)]
        layer = layer_of(view) if exhibit.of_layers else ""
        title = f"{exhibit.title} of {plain(layer)}" if layer else exhibit.title
        if kept is None or stock is None:
            return title, ""
        try:
            return title, self._whose(self._network(stock.material))
        except EpochalError:
            return title, ""

    def _network(self, material: Material) -> RecordedNetwork:
        """Return the network that is shown: that of a step, or the one that the run came to.

        Raises:
            ViewError: There are no weights of it.
        """
        view = self.view
        if not view.weights:
            return material.network(view.at)
        return material.result_network(view.weights)

    def _whose(self, network: RecordedNetwork) -> str:
        """Return whose weights are shown, as much of it as the border has room for."""
        view, dot = self.view, self.look.glyphs.dot
        step = network.whose.removeprefix("weights of ")
        if network.step != network.asked and not view.weights:
            step = f"step {count(network.step)}, last kept before {count(view.at)}"
        if _is_of_rows(view):
            return f"step {count(view.at)}"
        parts = [(step,), network.material.member_wordings, (network.loss,)]
        return _as_fits(parts, self.outer_size.width - 6, dot)


def _as_fits(parts: Iterable[Sequence[str]], room: int, dot: str) -> str:
    """Return as many parts as fit, each in the longest of its wordings that does."""
    words = ""
    for wordings in parts:
        longer = [f"{words}{dot}{each}" if words else each for each in wordings if each]
        fitting = [each for each in longer if not words or len(each) <= room]
        if longer and not fitting:
            break
        words = fitting[0] if fitting else words
    return words


def _shown_member(view: View) -> int:
    """Return whose weights are shown."""
    if view.history is None or view.member is not None:
        return view.member or 0
    from ..drawing.members.crowd import picture_member

    return picture_member(view.history, view.member, view.at)


def _is_of_rows(view: View) -> bool:
    """Whether the picture changes with every step, and not only with the weights that are kept."""
    from ..pictures.gallery import VIEWS, exhibit_of

    exhibit = VIEWS.get(exhibit_of(view)) if _has_header(view.history) else None
    return exhibit is not None and exhibit.of_rows


def _has_header(history: History | None) -> bool:
    return history is not None and history.header is not None
