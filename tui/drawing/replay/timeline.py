"""Which steps the curves show and which one is read: arithmetic, and nothing that is drawn.

    first ┌──────── columns ────────┐ last
          │        │cursor          │
    0 ────┴────────┴─────────── newest ┴──── end

While there is no window the curves follow: everything from step 0 on is shown, and the axis
reaches as far ahead as ``end``. A window stays where it is, whatever the run does. A cursor at
the newest step is none: then what is read moves on with the run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Self

Window = tuple[int, int]
"""The first and the last step of an axis."""

LEAST_SPAN: Final = 8
"""Steps that a window has at least, where there are as many."""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A window, a cursor, and how far there is anything to see."""

    newest: int
    """The newest step that is shown of the run."""
    end: int
    """The step at which the axis ends where there is no window."""
    columns: int
    """Cells of the canvas."""
    window: Window | None = None
    """The first and last step on the axis; None to follow."""
    cursor: int | None = None
    """The step that is read; None for the newest."""

    @property
    def shown(self) -> Window:
        """The first and the last step on the axis."""
        return self.window or (0, max(self.end, 1))

    @property
    def following(self) -> bool:
        """Whether all steps are shown as they come."""
        return self.window is None

    @property
    def at(self) -> int:
        """The step that is read."""
        return self.newest if self.cursor is None else min(self.cursor, self.newest)

    def column_of(self, step: int) -> int:
        """Return the column that a step is in, which is outside where the step is."""
        first, last = self.shown
        return math.floor((self.columns - 1) * (step - first) / max(last - first, 1) + 0.5)

    def step_at(self, column: int) -> int:
        """Return the step in the middle of a column, up to the newest one."""
        first, last = self.shown
        step = first + (last - first) * column / max(self.columns - 1, 1)
        return min(max(math.floor(step + 0.5), 0), self.newest)

    def around(self, step: int) -> Window:
        """Return the first and the last step in the column of a step."""
        first, last = self.shown
        wide = (last - first) / max(self.columns - 1, 1)
        middle = first + self.column_of(step) * wide
        begin, stop = math.ceil(middle - wide / 2), math.ceil(middle + wide / 2) - 1
        return min(begin, step), max(stop, step)

    # --- the window ------------------------------------------------------------------------

    def zoomed(self, by: int, around: int | None = None) -> Self:
        """Return a window of half the steps, or twice as many for every -1.

        Args:
            by: How often; less than 0 to see more.
            around: The step that stays in its column; the one that is read where it is left out.
        """
        first, last = self.shown
        around = min(max(self.at if around is None else around, first), last)
        span = max(round((last - first) * 2.0 ** -max(min(by, 60), -60)), LEAST_SPAN)
        if span >= self._most:
            return replace(self, window=None)
        share = (around - first) / max(last - first, 1)
        return self._placed(round(around - share * span), span)

    def panned(self, by: int) -> Self:
        """Return a window that lies half its width further on, or back for every -1."""
        if self.window is None:
            return self
        first, last = self.window
        return self._placed(first + by * max((last - first) // 2, 1), last - first)

    @property
    def _most(self) -> int:
        """From how many steps on a window would show everything."""
        return max(self.end, self.newest, 1)

    def _placed(self, first: int, span: int) -> Self:
        """Return a window of so many steps, moved to where there are any."""
        first = max(min(first, max(self.newest, span) - span), 0)
        return replace(self, window=(first, first + span))

    # --- the cursor ------------------------------------------------------------------------

    def moved(self, columns: int) -> Self:
        """Return the cursor so many columns further on, but at least as many steps."""
        first, last = self.shown
        here = self.at
        wide = (last - first) / max(self.columns - 1, 1)
        column = min(max(self.column_of(here), 0), self.columns - 1) + columns
        there = math.floor(first + column * wide + 0.5)
        # Within a column there may be less than a step, and rounding must not stand still.
        there = max(there, here + columns) if columns > 0 else min(there, here + columns)
        return self.pointed(there)

    def stepped(self, steps: int) -> Self:
        """Return the cursor so many steps further on."""
        return self.pointed(self.at + steps)

    def home(self) -> Self:
        """Return the cursor at the first step that is shown."""
        return self.pointed(self.shown[0])

    def followed(self) -> Self:
        """Return neither cursor nor window: the newest step is read, and all are shown."""
        return replace(self, window=None, cursor=None)

    def pointed(self, step: int) -> Self:
        """Return the cursor at a step, with the window moved as far as it takes to see it."""
        step = min(max(step, 0), self.newest)
        there = replace(self, cursor=None if step >= self.newest else step)
        if self.window is None or self.window[0] <= step <= self.window[1]:
            return there
        first, last = self.window
        return there._placed(step if step < first else step - (last - first), last - first)
