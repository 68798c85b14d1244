"""How fast a replay goes, and where it stops: words and numbers, nothing that moves.

time     the recording's own pace, with every wait longer than ``value`` seconds cut to that
steps    ``value`` steps a second
whole    the whole run in ``value`` seconds
keys     never by itself: every key goes on to the next event
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from engine.errors import EpochalError

from ..style.numbers import duration, short

if TYPE_CHECKING:
    from engine.recording.history import History
    from engine.runs.notes import NotedMark

Kind = Literal["time", "steps", "whole", "keys"]

SLOWEST: Final = 1 / 16
FASTEST: Final = 64.0
"""Between these speeds the keys move."""
IDLE_LIMIT: Final = 2.0
"""Seconds that a wait is cut to where nobody says otherwise."""


class TempoError(EpochalError):
    """A tempo that cannot be understood."""


@dataclass(frozen=True)
class Stop:
    """A mark, as a replay knows it."""

    step: int
    title: str
    note: str = ""
    pause: bool = False
    """Whether a replay pauses there."""
    of: str = ""
    """The preset whose mark it is, where the run trains something else: one can go there, and
    nothing is announced."""


def mark_at(step: int, marks: Iterable[Stop]) -> Stop | None:
    """Return the run's own mark at a step; one that pauses before one that does not."""
    here = [mark for mark in marks if mark.step == step and not mark.of]
    return max(here, key=lambda mark: mark.pause, default=None)


def stops_of(history: History, noted: Iterable[NotedMark] = ()) -> tuple[Stop, ...]:
    """Return the marks of a run by their steps: the recorded ones, and those added later."""
    marks = history.marks
    recorded = [Stop(each.step, each.called, each.note, each.pause, each.of) for each in marks]
    added = [Stop(each.step, each.title, each.note) for each in noted]
    return tuple(sorted([*recorded, *added], key=lambda stop: stop.step))


@dataclass(frozen=True)
class Tempo:
    """How fast a replay goes."""

    kind: Kind
    """What the tempo is counted in."""
    value: float
    """The idle limit in seconds, the steps a second, or the seconds of the whole; unused where a
    key goes on.
    """
    speed: float = 1.0
    """How many times as fast as that."""

    def __post_init__(self) -> None:
        """Refuse what could never move.

        Raises:
            ValueError: The value or the speed is not above 0.
        """
        # An idle limit may be infinite: then no wait is cut.
        endless = self.kind == "time" and self.value == math.inf
        fits = endless or (math.isfinite(self.value) and self.value > 0)
        if not (fits or self.kind == "keys"):
            raise ValueError(f"a tempo's value is above 0, not {self.value}")
        if not (math.isfinite(self.speed) and self.speed > 0):
            raise ValueError(f"a speed is above 0, not {self.speed}")

    def faster(self, by: int) -> Tempo:
        """Return this tempo at twice the speed, or half of it for every -1, within the bounds."""
        return replace(self, speed=min(max(self.speed * 2.0**by, SLOWEST), FASTEST))

    @property
    def words(self) -> str:
        """What it is, without the speed."""
        match self.kind:
            case "time":
                limit = "" if self.value == math.inf else f", waits up to {short(self.value)} s"
                return f"as recorded{limit}"
            case "steps":
                return f"{short(self.value)} steps/s"
            case "whole":
                return f"all in {_span(self.value)}"
        return "one event a key"

    @property
    def speed_words(self) -> str:
        """The speed as ``2x`` or ``1/4x``."""
        if self.speed < 1 and (1 / self.speed).is_integer():
            return f"1/{1 / self.speed:.0f}x"
        return f"{short(self.speed)}x"


TEMPI: Final = (
    Tempo("time", IDLE_LIMIT),
    Tempo("steps", 20.0),
    Tempo("whole", 90.0),
    Tempo("keys", 0.0),
)
"""In the order in which a key goes through them."""


def next_tempo(tempo: Tempo) -> Tempo:
    """Return the first tempo of the next kind, at the same speed."""
    kinds = [each.kind for each in TEMPI]
    return replace(TEMPI[(kinds.index(tempo.kind) + 1) % len(TEMPI)], speed=tempo.speed)


_FORMS: Final = (
    (re.compile(r"time"), "time"),
    (re.compile(r"time:(?P<value>[0-9.]+)s?"), "time"),
    (re.compile(r"(?P<value>[0-9.]+)/s"), "steps"),
    (re.compile(r"(?P<value>[0-9.]+)s"), "whole"),
    (re.compile(r"keys"), "keys"),
)
"""How a tempo is written: a value that is not there is the usual one."""


def parse(text: str) -> Tempo:
    """Return the tempo that is written as ``time``, ``time:5``, ``20/s``, ``90s`` or ``keys``.

    Raises:
        TempoError: It is none of these.
    """
    for form, kind in _FORMS:
        if written := form.fullmatch(text.strip()):
            usual = next(tempo for tempo in TEMPI if tempo.kind == kind)
            try:
                return replace(usual, value=float(written.groupdict().get("value", usual.value)))
            except ValueError:
                break
    raise TempoError(
        f"{text!r} is no tempo: write time, or time:5 to cut waits to 5 seconds, 20/s for 20 steps "
        "a second, 90s for the whole in 90 seconds, or keys for one event a key"
    )


def _span(seconds: float) -> str:
    return f"{short(seconds)} s" if seconds < 120 else duration(seconds)


@dataclass(frozen=True, kw_only=True)
class Transport:
    """One moment of a replay. Two are equal where they look the same."""

    playing: bool = False
    step: int = 0
    """The step that is shown."""
    last_step: int = 0
    """The newest step of the recording."""
    steps: int = 0
    """The steps that there will be at the end; no fewer than there are."""
    over: bool = True
    """Whether the run has ended, so that nothing more will come."""
    time: float = 0.0
    """When the step was done, in seconds since the start."""
    whole_time: float = 0.0
    """The same of the newest step."""
    tempo: Tempo = TEMPI[0]
    marks: tuple[Stop, ...] = ()

    @property
    def mark(self) -> Stop | None:
        """The mark that one stands on."""
        return mark_at(self.step, self.marks)

    @property
    def length(self) -> int:
        """The steps from one end of the bar to the other."""
        return max(self.steps, self.last_step, 1)
