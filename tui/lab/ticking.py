"""The lab's tick: recordings are read and shown as often as the way to the terminal allows."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Final

from ..terminal.bandwidth import Link
from ..terminal.frame_clock import Clock
from .part import LabScreen
from .runs import Runs

LOADING_WAIT: Final = 0.02
"""Seconds between two looks at a recording that somebody waits for: room for a key."""

READING_WAIT: Final = 0.005
"""The same where nothing is drawn between them."""

READING_FRAME: Final = 0.5
"""Seconds after which a recording that takes long to be read is shown again meanwhile."""


@dataclass(eq=False)
class Ticking:
    """Ticks for as long as a run is shown."""

    screen: LabScreen
    runs: Runs
    link: Link
    clock: Clock
    _on: bool = False
    _shown: float = -math.inf
    """When the last frame began."""

    def wake(self) -> None:
        """Tick now, and from now on."""
        if self._on:
            self.screen.read_on()
        else:
            self._on = True
            self._tick()

    def _tick(self) -> None:
        """Read what is new, show it, and find out what that cost."""
        cast = self.runs.cast
        if not self.screen.is_attached or cast.lead is None:
            self._on = False
            return
        if not self.link.clear:
            # A frame that is still on its way is worth more than one behind it.
            self.screen.set_timer(LOADING_WAIT, self._tick)
            return
        started = time.perf_counter()
        if cast.reading and started < self._shown + READING_FRAME:
            # A frame costs as much as half a million rows, and shows little more than how many.
            cast.poll()
            self.screen.set_timer(READING_WAIT, self._tick)
            return
        self._shown = started
        self.clock.carried(self.link.lap())
        self.runs.workshop.look_after()
        self.screen.read_on()
        self.screen.call_after_refresh(self._rest, started)

    def _rest(self, started: float) -> None:
        """Wait for the next frame: longer where this one was slow to draw or to send."""
        cost = time.perf_counter() - started
        self.clock.took(cost)
        if not self.runs.cast.going:
            # Behind the frame: the first one of a run that is opened waits for no process.
            self.runs.warm_up()
        lead = self.runs.cast.lead
        hurry = self.runs.cast.behind or (lead is not None and lead.state == "starting")
        wait = LOADING_WAIT if hurry else max(self.clock.wait - cost, LOADING_WAIT)
        self.screen.set_timer(wait, self._tick)
