"""The parts of the list of runs: the heads of its columns, the list, the run that is chosen.

Only the runs that are seen are drawn, so a thousand cost no more than ten. Which runs are listed,
and what is done with one, is up to the pane around them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from textual import events, on
from textual.message import Message

from ...style.text import Lines
from ..picture import Picture

if TYPE_CHECKING:
    from engine.runs.catalogue import RunFacts

    from ...drawing.lists.runs import RunRow

WHEEL: Final = 3
"""Runs that a turn of the wheel goes on."""


class ColumnHeads(Picture):
    """What each column is."""

    def key(self) -> Hashable:
        """Return what the heading depends on."""
        return self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return the line over the list."""
        from ...drawing.lists.runs import draw_heading

        return [draw_heading(width, self.look)]


class RunList(Picture, can_focus=True):
    """The runs, one of them chosen.

    Args:
        clock: Seconds since 1970.
    """

    DEFAULT_CSS = """
    RunList { height: 1fr; }
    """

    @dataclass
    class RunClicked(Message):
        """A run was clicked."""

        index: int
        twice: bool

    @dataclass
    class WheelTurned(Message):
        """The mouse's wheel was turned."""

        by: int

    def __init__(self, *, clock: Callable[[], float], id: str | None = None) -> None:
        super().__init__(id=id)
        self.clock = clock
        self.runs: tuple[RunFacts, ...] = ()
        """Those that are listed."""
        self.keys: tuple[str, ...] = ()
        """What differs between them."""
        self.drawn: Mapping[str, int] = {}
        """The place among the colours of each run whose curves are drawn."""
        self.cursor = 0
        """Which of them is chosen."""
        self.top = 0
        """The first that is seen."""
        self.words = "reading the runs"
        """What to say where there are none."""
        self.version = 0
        """Grows with every change of what is listed."""

    def key(self) -> Hashable:
        """Return what the list depends on; ages are told coarsely."""
        quarter = int(self.clock() // 15)
        drawn = tuple(sorted(self.drawn.items()))
        seen = self.version, self.cursor, self.top, self.has_focus, drawn, quarter
        return seen, self.words if not self.runs else "", self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return the runs that have room."""
        from ...drawing.base.frame import filled
        from ...drawing.lists.runs import draw_rows, lines_each

        if not self.runs:
            return filled(self.look.muted(self.words, width), width, height)
        seen = -(-height // lines_each(width))
        self.top = max(min(self.top, self.cursor), self.cursor - max(self._whole(), 1) + 1)
        rows, chosen = self.rows(self.top, self.top + seen), self.cursor - self.top
        return draw_rows(rows, width, height, self.look, chosen, self.has_focus)

    def show(self, runs: tuple[RunFacts, ...]) -> None:
        """List other runs."""
        if runs == self.runs:
            return
        before, self.runs = self.runs, runs
        self.version += 1
        same = len(before) == len(runs)
        # While a run goes on its facts change, but not what it was asked to train.
        if not same or any(a.config is not b.config for a, b in zip(before, runs, strict=True)):
            from engine.runs.catalogue import differing

            self.keys = differing(runs)

    def rows(self, start: int, stop: int) -> list[RunRow]:
        """Return some runs as the list shows them."""
        from ...drawing.lists.runs import gather

        return gather(self.runs[start:stop], self.keys, self.drawn, self.clock())

    def _whole(self) -> int:
        """Return how many runs are seen whole."""
        from ...drawing.lists.runs import lines_each

        size = self.scrollable_content_region.size
        return size.height // lines_each(size.width)

    @property
    def chosen(self) -> RunFacts | None:
        """The run that is chosen."""
        return self.runs[self.cursor] if self.runs else None

    @property
    def page(self) -> int:
        """How many runs a page has."""
        return max(self._whole() - 1, 1)

    def on_click(self, event: events.Click) -> None:
        """Choose the run under the mouse."""
        from ...drawing.lists.runs import lines_each

        index = self.top + event.y // lines_each(self.scrollable_content_region.width)
        if index < len(self.runs):
            self.post_message(self.RunClicked(index, event.chain == 2))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Go on."""
        event.stop()
        self.post_message(self.WheelTurned(WHEEL))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go back."""
        event.stop()
        self.post_message(self.WheelTurned(-WHEEL))

    @on(events.Focus)
    @on(events.Blur)
    def show_focus(self) -> None:
        """Show whether the list has the keys."""
        self.call_later(self.redraw)


class RunDetails(Picture):
    """What is known of the run that is chosen."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.run: RunFacts | None = None
        """The run that is chosen."""
        self.row: RunRow | None = None
        """As the list shows it."""

    def key(self) -> Hashable:
        """Return what is told."""
        run = self.run
        return run and (run.folder, run.notes, run.glance.problem), self.row, self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return what is told of the run."""
        from ...drawing.lists.runs import draw_details, gather_details

        if self.run is None or self.row is None:
            return []
        return draw_details(gather_details(self.run, self.row), width, height, self.look)


_MEASURES: Final = {"accuracy": 0, "loss": 1, "train": 2}


def _by_result(run: RunFacts) -> tuple[int, float]:
    """Return what runs are ordered by, the best first: accuracies, then losses, then none."""
    if run.figure is None or math.isnan(run.figure[1]):
        return len(_MEASURES), 0.0
    measure, value = run.figure
    return _MEASURES[measure], -value if measure == "accuracy" else value


ORDERS: Final[tuple[tuple[str, Callable[[RunFacts], Any] | None], ...]] = (
    ("newest first", None),
    ("best first", _by_result),
    ("by name", lambda run: (run.notes.name or run.folder.name).casefold()),
    ("longest first", lambda run: -run.glance.seconds),
)
"""The orders of the list; as the runs come, the newest is first."""
