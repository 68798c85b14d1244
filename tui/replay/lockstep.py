"""Several runs in lockstep: the step that all of them show, what there is to stop at, who waits.

    run A   ──────────────────────────● trains
    run B   ────────────● trains                   the race shows this step of both
    run C   ─────● diverged                        held there, and said so

A run that is over holds nobody up: it stays at its last step while the others go on. One that
still trains does, or the race would show a step that it has not taken. Nothing here knows a
screen or a file.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from ..style.numbers import count
from .tempo import Stop, stops_of

if TYPE_CHECKING:
    from engine.recording.events import End, Request, RunWarning
    from engine.recording.history import History
    from engine.recording.rows import Rows
    from engine.runs.notes import NotedMark

LEAST: Final = 2
MOST: Final = 4
"""Runs of a race."""


Test = Callable[["History"], bool]


def is_over(history: History) -> bool:
    """Return whether a run has ended, as far as its recording tells."""
    return history.end is not None


def common_step(histories: Sequence[History], over: Test = is_over) -> int:
    """Return the newest step that a race shows.

    Args:
        histories: The runs'.
        over: Whether a run will take no more steps. That a worker died is in no recording, so
            whoever knows of it says so here.

    Returns:
        The newest step that all have which go on; once all are over, the last of the longest.
    """
    going = [each.last_step for each in histories if not over(each)]
    return min(going) if going else max((each.last_step for each in histories), default=0)


@dataclass(frozen=True)
class Lane:
    """What of a run stands beside the others."""

    step: int
    """The step of it that is shown."""
    held: str = ""
    """Why that is an earlier step than the others': what the run did; empty where it keeps up."""


_ENDS: Final = {"diverged": "diverged", "failed": "failed", "stopped": "was stopped"}
"""How a run ended that did not finish."""


def lane(history: History, step: int) -> Lane:
    """Return what is shown of a run in a race that shows this step."""
    last = history.last_step
    if step <= last:
        return Lane(step)
    if history.end is None:
        return Lane(last, f"has no step after {count(last)}")
    how = _ENDS.get(history.end.status, "ended")
    return Lane(last, f"{how} at step {count(last)}")


def stops(
    histories: Sequence[History],
    labels: Sequence[str] = (),
    noted: Sequence[Iterable[NotedMark]] = (),
) -> tuple[Stop, ...]:
    """Return the marks of all runs by their steps: at each step there is one.

    Args:
        histories: The runs'.
        labels: What they are called: a note says whose it is where several have one.
        noted: Marks added later, of each run.
    """
    stops: dict[int, list[tuple[str, Stop]]] = {}
    for history, label, marks in zip_longest(histories, labels, noted):
        for stop in stops_of(history, marks or ()):
            stops.setdefault(stop.step, []).append((label or "", stop))
    return tuple(_merged(step, stops[step]) for step in sorted(stops))


def _merged(step: int, marks: Sequence[tuple[str, Stop]]) -> Stop:
    """Return the marks of one step as one: what is of another network only where no other is."""
    marks = [(label, stop) for label, stop in marks if not stop.of] or marks
    titles = dict.fromkeys(stop.title for _, stop in marks if stop.title)
    notes: dict[str, list[str]] = {}
    for label, stop in marks:
        if stop.note.strip():
            notes.setdefault(stop.note.strip(), []).append(label)
    told = [
        f"{', '.join(filter(None, whose))}: {note}" if len(notes) > 1 and any(whose) else note
        for note, whose in notes.items()
    ]
    return Stop(
        step=step,
        title=" / ".join(titles),
        note="\n\n".join(told),
        pause=any(stop.pause for _, stop in marks),
        of=marks[0][1].of,
    )


class Lockstep:
    """Several runs as one, for a ``Player``: a step is there once all that go on have taken it.

    Recorded time is that of the slowest: a step is done when the last of them has done it.

    Args:
        histories: The runs'; they may grow.
        over: As for ``common_step``.
    """

    def __init__(self, histories: Sequence[History], over: Test = is_over) -> None:
        self.histories: Final = tuple(histories)
        self._over = over
        self._restart()

    def _restart(self) -> None:
        self._steps: list[int] = []
        self._times: list[float] = []
        self._read = [0] * len(self.histories)
        """How many blocks of each run were looked at."""
        self._newest = [(0, 0.0)] * len(self.histories)
        """The last of them: its step and its time."""

    @property
    def last_step(self) -> int:
        """The newest step that the race shows."""
        return common_step(self.histories, self._over)

    @property
    def end(self) -> End | None:
        """How the longest run ended, once all are over."""
        if not all(map(self._over, self.histories)):
            return None
        ended = [each for each in self.histories if each.end is not None]
        return max(ended, key=lambda each: each.last_step).end if ended else None

    @property
    def requests(self) -> list[Request]:
        """What was asked of any of them."""
        return [request for each in self.histories for request in each.requests]

    @property
    def warnings(self) -> list[RunWarning]:
        """What any of them was warned of."""
        return [warning for each in self.histories for warning in each.warnings]

    @property
    def series(self) -> Mapping[str, Rows]:
        """The rows of the longest run."""
        return max(self.histories, key=lambda each: each.last_step).series

    def blocks(self) -> tuple[list[int], list[float]]:
        """Return where any run's block ends, and when all had done that step; not to be changed."""
        if self._is_rewritten():
            self._restart()
        last = self.last_step
        new: set[int] = set()
        for index, history in enumerate(self.histories):
            steps, times = history.blocks()
            stop = bisect.bisect_right(steps, last)
            new.update(steps[self._read[index] : stop])
            self._read[index] = stop
            if stop:
                self._newest[index] = steps[stop - 1], times[stop - 1]
        for step in sorted(new):
            time = max(each.time_of(step) for each in self.histories)
            self._steps.append(step)
            self._times.append(max(time, self._times[-1] if self._times else 0.0))
        return self._steps, self._times

    def _is_rewritten(self) -> bool:
        """Return whether somebody resumed a run from an earlier step than was looked at."""
        for history, read, newest in zip(self.histories, self._read, self._newest, strict=True):
            steps, times = history.blocks()
            if len(steps) < read or (read and (steps[read - 1], times[read - 1]) != newest):
                return True
        return bool(self._steps) and self._steps[-1] > self.last_step
