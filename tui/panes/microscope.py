"""The gradient microscope: one update of the run that is shown, taken apart.

Whatever is computed is computed by a child process, once for each update that somebody looks at;
what is shown meanwhile is the update before.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual import events, on
from textual.message import Message
from textual.timer import Timer
from textual.worker import Worker

from engine.errors import EpochalError
from engine.recording.lacking import lack_of
from engine.text.safe import plain

from ..commands.spots import Keyed
from ..drawing.lists.microscope import draw_dissection
from ..style.numbers import count, exponent, figure, short
from ..style.text import Lines
from .picture import BlockPicture

if TYPE_CHECKING:
    from engine.inspection.dissection import Dissection

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


@dataclass(frozen=True)
class Choice:
    """Which quantity is opened, and which number of it: it stays from update to update."""

    symbol: str = ""
    """The quantity's; that of the last layer's gradient where no update has it."""
    place: tuple[int, int] | None = None
    """The number's row and column; None for the largest."""

    def quantity(self, dissection: Dissection) -> int:
        """Return the index of the quantity."""
        symbols = [each.symbol for each in dissection.quantities]
        if self.symbol in symbols:
            return symbols.index(self.symbol)
        return next((index for index, each in enumerate(dissection.quantities) if each.name), 0)

    def number(self, dissection: Dissection) -> tuple[int, int]:
        """Return the place of the number, within the quantity."""
        values = dissection.quantities[self.quantity(dissection)].values
        places = [(r, c) for r, row in enumerate(values) for c in range(len(row))]
        if self.place is None or not places:
            return max(places, key=lambda at: abs(values[at[0]][at[1]]), default=(0, 0))
        return min(self.place[0], places[-1][0]), min(self.place[1], places[-1][1])

    def beside(self, dissection: Dissection, by: int) -> Choice:
        """Return the quantity so many further, as far as there are any."""
        last = len(dissection.quantities) - 1
        index = min(max(self.quantity(dissection) + by, 0), last)
        return Choice(dissection.quantities[index].symbol)

    def moved(self, dissection: Dissection, by: int) -> Choice:
        """Return the number so many further, row after row and round again."""
        values = dissection.quantities[self.quantity(dissection)].values
        columns = len(values[0]) if values else 0
        if not columns:
            return self
        row, column = self.number(dissection)
        at = (row * columns + column + by) % (len(values) * columns)
        return replace(self, place=divmod(at, columns))


class MicroscopePane(Keyed, BlockPicture, can_focus=True, spot="microscope"):
    """The update at the step that is read; up and down choose a quantity, left and right a number.

    Args:
        place: Returns the folder of a network of the run that is shown, and which it is there.
        id: The pane's name.
        apart: Takes an update apart.
        now: Seconds on some clock.
    """

    @dataclass
    class Dissected(Message):
        """An update has been taken apart, or cannot be."""

        wanted: Wanted
        dissection: Dissection | None
        trouble: str = ""

    def __init__(
        self,
        place: Callable[[int], tuple[Path, int] | None],
        *,
        id: str | None = None,
        apart: Callable[[Path, int, int], Awaitable[Dissection]] = _take_apart,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(id=id)
        self._place, self._apart, self._now = place, apart, now
        self._results: dict[Wanted, Dissection | str] = {}
        """What came of each; in words where it cannot be taken apart."""
        self._asked: Wanted | None = None
        """What the child process is at."""
        self._worker: Worker[None] | None = None
        self._started = -math.inf
        self._timer: Timer | None = None
        self._shown: Wanted | None = None
        """The last one that was there to be drawn."""
        self._choice = Choice()

    # --- when ------------------------------------------------------------------------------

    def on_show(self, event: events.Show) -> None:
        """Draw what was missed while hidden, and try again what failed."""
        results = self._results.items()
        self._results = {each: result for each, result in results if not isinstance(result, str)}
        super().on_show(event)

    def on_hide(self) -> None:
        """Let nothing be computed that nobody sees."""
        self._cancel()

    def redraw(self) -> None:
        """Draw again what somebody sees, and have computed what is missing."""
        if not self.is_mounted or not self._is_shown():
            return
        wanted = self._wanted()
        if wanted is not None and wanted in self._results:
            self._shown = wanted
        self._ask(wanted)
        super().redraw()

    def _wanted(self) -> Wanted | None:
        """Return the update of the step that is read, or the last before it whose weights are."""
        history, view = self.view.history, self.view
        if history is None or history.header is None or lack_of(history.header):
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
        if wanted is None or wanted in self._results or self._asked is not None:
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
        wanted = self._wanted()
        place = None if wanted is None else self._place(wanted[1])
        if wanted is None or wanted in self._results or place is None or not self._is_shown():
            return
        self._asked, self._started = wanted, self._now()
        computing = self._compute(*place, wanted)
        self._worker = self.run_worker(computing, exclusive=True, exit_on_error=False)
        super().redraw()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        if self._worker is not None:
            self._worker.cancel()
        self._timer = self._worker = self._asked = None

    async def _compute(self, folder: Path, member: int, wanted: Wanted) -> None:
        _, _, step = wanted
        try:
            self.post_message(self.Dissected(wanted, await self._apart(folder, step, member)))
        except (EpochalError, OSError) as error:
            self.post_message(self.Dissected(wanted, None, str(error)))

    @on(Dissected)
    def take(self, event: Dissected) -> None:
        """Draw what has been found."""
        event.stop()
        if self._asked == event.wanted:
            self._asked = self._worker = None
        came = event.dissection or event.trouble or "it cannot be taken apart"
        self._results[event.wanted] = came
        for key in list(self._results)[:-KEPT]:
            del self._results[key]
        first = self._shown is None
        if event.dissection is not None:
            self._shown = event.wanted
        self.redraw()
        if first and event.dissection is not None:
            self.call_after_refresh(self._choose, event.dissection, self._choice)

    # --- what ------------------------------------------------------------------------------

    def key(self) -> Hashable:
        """Return what the picture depends on."""
        dissection, wanted = self.dissection, self._wanted()
        step = 0 if dissection is None else dissection.step
        return wanted, step, self._words(wanted), self._choice, self.look

    def _result(self, wanted: Wanted | None) -> Dissection | str | None:
        return None if wanted is None else self._results.get(wanted)

    def _words(self, wanted: Wanted | None) -> str:
        """Return what stands where there is no update to show."""
        if wanted is None:
            history = self.view.history
            lack = lack_of(history.header if history is not None else None)
            return f"There is no update to take apart: {lack}." if lack else WAITING
        result = self._result(wanted)
        if isinstance(result, str):
            return result
        return f"Taking update {count(wanted[2])} apart {self.look.glyphs.ellipsis}"

    @property
    def dissection(self) -> Dissection | None:
        """What is shown: the update of the step, or until it is there the last one of its run."""
        wanted, shown = self._wanted(), self._shown
        result = self._result(wanted)
        if result is None and wanted is not None and shown is not None and shown[:2] == wanted[:2]:
            result = self._result(shown)
        return None if isinstance(result, str) else result

    def blocks(self, width: int) -> list[Lines]:
        """Return the quantities of the update, or in words why there are none."""
        dissection = self.dissection
        if dissection is None:
            return [self.look.muted(plain(self._words(self._wanted()), lines=True), width)]
        chosen, place = self._choice.quantity(dissection), self._choice.number(dissection)
        return draw_dissection(dissection, chosen, place, width, self.look)

    def captions(self) -> tuple[str, str]:
        """Return which update it is, and how far autograd is."""
        dissection, wanted = self.dissection, self._wanted()
        if dissection is None or wanted is None:
            return "Microscope", ""
        title = f"Update {count(dissection.step)} taken apart"
        if self._result(wanted) is None:
            title += f"; taking {count(wanted[2])} apart {self.look.glyphs.ellipsis}"
        elif wanted[2] < self.view.at:
            title += f", the last kept before {count(self.view.at)}"
        away = dissection.difference
        agreement = f"autograd within {exponent(away, 0)}" if away else "exactly as autograd"
        parts = [f"loss {figure(dissection.loss)}", f"lr {short(dissection.lr)}", agreement]
        return title, self.look.glyphs.dot.join(parts)

    # --- choosing --------------------------------------------------------------------------

    def action_choose(self, by: int) -> None:
        """Open the quantity before or the next."""
        if (dissection := self.dissection) is not None:
            self._choose(dissection, self._choice.beside(dissection, by))

    def action_move(self, by: int) -> None:
        """Choose the number before or the next, row after row."""
        if (dissection := self.dissection) is not None:
            self._choose(dissection, self._choice.moved(dissection, by))

    def on_click(self, event: events.Click) -> None:
        """Open the quantity that was clicked on."""
        index, dissection = self.block_at(event), self.dissection
        if index is not None and dissection is not None:
            self._choose(dissection, Choice(dissection.quantities[index].symbol))

    def _choose(self, dissection: Dissection, choice: Choice) -> None:
        """Open what is chosen, and scroll to it."""
        self._choice = choice
        super().redraw()
        self.scroll_to_block(choice.quantity(dissection))
