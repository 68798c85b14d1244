"""Which step a replay shows: a clock that is given, a tempo, and marks to pause at.

Nothing here knows a screen, a key or the time of day. The head is the step that is shown; the
panes are given ``history.until(head)``. The rules:

- ``tick`` moves the head by the time that has passed since it began to move there, so that it
  does not matter how often it is called.
- Arriving at a mark that pauses pauses, by itself or by a jump. Playing on from it does not stop
  at it again. Any other jump leaves it playing if it was.
- A step is taken by hand: it pauses. Where every key is an event, it goes to the next one.
- At the last step of a run that is over it pauses and stays; ``home`` is how it is seen again.
  At the newest step of one that has not ended it waits, still playing, and follows what comes.
- A run that was resumed from before the head takes the head back with it.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from .tempo import Stop, Tempo, Transport, mark_at

if TYPE_CHECKING:
    from engine.recording.history import History

    from .lockstep import Lockstep

if TYPE_CHECKING:
    import numpy as np

    from engine.recording.history import History

    from .lockstep import Lockstep

GRACE: Final = 1.0
"""Seconds of playing past a mark within which the mark before is the one before that: otherwise
nobody could ever go back past a mark while playing."""

_TOLERANCE: Final = 1e-6
"""Of a step: what adding up floats may lose."""


class Reel:
    """Steps by played seconds and played seconds by steps; it grows with its history.

        recorded   0 ──block──block────────── a pause ──────────block──block── 63 s
        played     0 ──block──block── limit ──block──block── 5 s

    Rows come in blocks, and a block comes when its last step is done: what lies between two of
    them is a wait. It is as long as the steps took, unless somebody paused the run.

    Args:
        history: What is known of the run.
        limit: Seconds that a wait is cut to.
    """

    def __init__(self, history: History | Lockstep, limit: float) -> None:
        self.limit: Final = limit
        self._history = history
        self._restart()

    def _restart(self) -> None:
        self._steps = [0]
        self._times = [0.0]
        self._newest = (0, 0.0)
        """The last block that was folded in: its step and its recorded time."""

    def update(self) -> None:
        """Take in the blocks that have come; costs what is new."""
        steps, times = self._history.blocks()
        read = len(self._steps) - 1
        if read > len(steps) or (read and (steps[read - 1], times[read - 1]) != self._newest):
            # Somebody resumed the run from an earlier step.
            self._restart()
            read = 0
        if read == len(steps):
            return
        waits = np.diff(np.array(times[read:]), prepend=self._newest[1])
        # Added up in the order in which they came, so that growing changes no bit.
        played = np.concatenate(([self._times[-1]], np.minimum(waits, self.limit)))
        self._times += np.cumsum(played)[1:].tolist()
        self._steps += steps[read:]
        self._newest = steps[-1], times[-1]

    @property
    def length(self) -> float:
        """Seconds of the whole."""
        return self._times[-1]

    def time_of(self, step: int) -> float:
        """Return when a step is shown."""
        return _between(step, self._steps, self._times)

    def step_at(self, time: float) -> float:
        """Return where a time lies between two steps."""
        return _between(time, self._times, self._steps)

    def recorded(self, step: int) -> float:
        """Return when a step was done, in seconds since the start: ``History.time_of``."""
        steps, times = self._history.blocks()
        if not steps or step <= 0:
            return 0.0
        if step <= steps[0]:
            return times[0] * step / steps[0]
        return _between(step, steps, times)


def _between(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return what belongs to ``x`` on the line through points with rising ``xs``."""
    right = bisect.bisect_right(xs, x)
    if right == 0:
        return float(ys[0])
    if right == len(xs):
        return float(ys[-1])
    low, high = xs[right - 1], xs[right]
    return ys[right - 1] + (ys[right] - ys[right - 1]) * (x - low) / (high - low)


class Player:
    """Which step a replay shows.

    Args:
        history: What is known of the run; it may grow.
        marks: What there is to stop at, in any order.
        tempo: How fast it goes.
        clock: Seconds, from anywhere, rising.
    """

    def __init__(
        self,
        history: History | Lockstep,
        marks: Callable[[], Sequence[Stop]],
        tempo: Tempo,
        clock: Callable[[], float],
    ) -> None:
        self.playing = False
        """Whether ``tick`` moves the head."""
        self.expected = 0
        """The steps that a run which still trains will have, where somebody knows: it paces the
        whole of it, and shares of it are shares of that.
        """
        self._history = history
        self._marks = marks
        self._tempo = tempo
        self._clock = clock
        self._reel = Reel(history, tempo.value)
        self._head = 0
        self._from = self._since = self._rate = 0.0
        """Where the head began to move, in the tempo's measure, when, and by how much a second."""
        self._begun = 0
        """The step that somebody went on from: a mark there does not stop it again."""
        self._place(0)

    # --- where it is -----------------------------------------------------------------------

    @property
    def head(self) -> int:
        """The step that is shown."""
        return self._head

    @property
    def last_step(self) -> int:
        """The newest step there is."""
        return self._history.last_step

    @property
    def length(self) -> int:
        """The steps of the whole, those that are still to come included."""
        return max(self.last_step, self.expected)

    @property
    def at_end(self) -> bool:
        """Whether the newest step is shown."""
        return self._head >= self.last_step

    @property
    def mark(self) -> Stop | None:
        """The mark that the head stands on."""
        return mark_at(self._head, self._marks())

    @property
    def transport(self) -> Transport:
        """What the transport bar shows."""
        return Transport(
            playing=self.playing,
            step=self._head,
            last_step=self.last_step,
            steps=self.length,
            over=self._history.end is not None,
            time=self._reel.recorded(self._head),
            whole_time=self._reel.recorded(self.last_step),
            tempo=self._tempo,
            marks=tuple(self._marks()),
        )

    # --- by itself -------------------------------------------------------------------------

    def tick(self) -> int:
        """Move the head on by what has passed, and return it."""
        if self._head > self.last_step:
            self._place(self.last_step)
            self._begun = self._head
        if self.playing:
            self._advance()
        return self._head

    def _advance(self) -> None:
        """Move on as far as there is neither a mark that pauses nor an end."""
        last = self.last_step
        reached = min(max(self._reached(), self._head), last)
        # A live run's mark may come after its step is shown, so the head's own step counts too.
        first = max(self._head, self._begun + 1)
        marks = [mark.step for mark in self._marks() if mark.pause]
        stops = [step for step in marks if first <= step <= reached]
        if stops:
            self.playing = False
            self._place(min(stops))
        elif reached == last:
            # The time spent waiting here does not count: what comes is played, not skipped.
            self._place(last)
            self.playing = self._history.end is None
        else:
            self._head = reached

    def _reached(self) -> int:
        """Return the last step that the time that has passed reaches."""
        if self._rate != self._measures_a_second():
            # The whole became longer: what was played keeps its pace.
            self._settle()
        position = self._position()
        if self._tempo.kind == "time":
            self._reel.update()
            if position >= self._reel.length:
                return self.last_step
            position = self._reel.step_at(position)
        return math.floor(position + _TOLERANCE)

    def _position(self) -> float:
        """Return where the head is in the tempo's measure, fractions of a step included."""
        passed = max(self._clock() - self._since, 0.0) if self.playing else 0.0
        return self._from + passed * self._rate

    def _settle(self) -> None:
        """Keep the position, and count the time from now at the rate that holds now."""
        self._from, self._since = self._position(), self._clock()
        self._rate = self._measures_a_second()

    def _measures_a_second(self) -> float:
        """Return how many played seconds or steps pass in a second."""
        match self._tempo.kind:
            case "time":
                return self._tempo.speed
            case "steps":
                return self._tempo.value * self._tempo.speed
            case "whole":
                return self.length / self._tempo.value * self._tempo.speed
        return 0.0

    def _measure(self, step: int) -> float:
        """Return where a step lies in the tempo's measure."""
        if self._tempo.kind != "time":
            return float(step)
        self._reel.update()
        return self._reel.time_of(step)

    def _place(self, step: int) -> None:
        """Put the head at a step, and count the time from now."""
        self._head = step
        self._from, self._since = self._measure(step), self._clock()
        self._rate = self._measures_a_second()

    # --- by hand ---------------------------------------------------------------------------

    def toggle(self) -> None:
        """Play, or pause."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Go on from here, unless every key is an event or the run is over and this its end."""
        if self.playing or self._tempo.kind == "keys" or self._is_finished():
            return
        self.playing = True
        self._place(self._head)
        self._begun = self._head

    def pause(self) -> None:
        """Stay at the step that is shown."""
        self.playing = False

    def step(self, by: int) -> None:
        """Pause, and go so many steps on, or so many events where every key is one."""
        self.pause()
        if self._tempo.kind != "keys":
            self.seek(self._head + by)
            return
        step = self._head
        for _ in range(abs(by)):
            step = self._event_from(step, forward=by > 0)
        self.seek(step)

    def seek(self, step: int) -> None:
        """Go to a step, or the nearest there is."""
        step = min(max(step, 0), self.last_step)
        moved = step != self._head
        self._place(step)
        self._begun = step
        mark = self.mark
        if (moved and mark is not None and mark.pause) or self._is_finished():
            self.playing = False

    def percent(self, share: float) -> None:
        """Go to a share of the whole, from 0 to 1."""
        self.seek(round(min(max(share, 0.0), 1.0) * self.length))

    def home(self) -> None:
        """Go to the untrained network."""
        self.seek(0)

    def end(self) -> None:
        """Go to the newest step."""
        self.seek(self.last_step)

    def next_mark(self, by: int = 1) -> None:
        """Go to the next mark, or the one before for every -1; past the last one is the end."""
        steps = sorted({stop.step for stop in self._marks() if 0 <= stop.step <= self.last_step})
        step = self._head
        if by < 0 and self.playing and steps and step >= steps[0]:
            passed = steps[bisect.bisect_right(steps, step) - 1]
            if self._measure(step) - self._measure(passed) < GRACE * self._rate:
                step = passed
        for _ in range(abs(by)):
            if by > 0:
                step = next((each for each in steps if each > step), self.last_step)
            else:
                step = next((each for each in reversed(steps) if each < step), 0)
        self.seek(step)

    def faster(self, by: int = 1) -> None:
        """Double the speed, or halve it for every -1."""
        self.tick()
        self._tempo = self._tempo.faster(by)
        self._settle()

    @property
    def tempo(self) -> Tempo:
        """How fast it goes; it can be changed at any time, and the head stays where it is."""
        return self._tempo

    @tempo.setter
    def tempo(self, tempo: Tempo) -> None:
        self.tick()
        if tempo.kind == "time" and tempo.value != self._reel.limit:
            self._reel = Reel(self._history, tempo.value)
        self._tempo = tempo
        self.playing = self.playing and tempo.kind != "keys"
        self._place(self._head)

    def _is_finished(self) -> bool:
        return self.at_end and self._history.end is not None

    # --- events ----------------------------------------------------------------------------

    def _event_from(self, step: int, *, forward: bool) -> int:
        """Return the step of the nearest event after a step, or before it; else the end of all."""
        if forward:
            return min((at for at in self._events_around(step) if at > step), default=step)
        return max((at for at in self._events_around(step) if at < step), default=step)

    def _events_around(self, step: int) -> Iterator[int]:
        """Yield the steps of events, the nearest ones of each kind among them.

        An event is a mark, a request that was carried out, a warning, an evaluation (a row of the
        dev set), the last step of a block of rows, and both ends of the run.
        """
        last = self.last_step
        yield from (0, last)
        yield from (stop.step for stop in self._marks() if 0 <= stop.step <= last)
        history = self._history
        yield from (each.step for each in history.requests if not each.refused)
        yield from (each.step for each in history.warnings)
        yield from _beside(history.blocks()[0], step)
        if dev := history.series.get("dev"):
            beside = dev.count_until(step - 1) - 1, dev.count_until(step)
            yield from (dev.step_of(row) for row in beside if 0 <= row < dev.count)


def _beside(steps: Sequence[int], step: int) -> Iterator[int]:
    """Yield the last of rising steps before a step, and the first after it."""
    if before := bisect.bisect_left(steps, step):
        yield int(steps[before - 1])
    after = bisect.bisect_right(steps, step)
    if after < len(steps):
        yield int(steps[after])
