"""What a viewer knows of a run: its events, folded into columns.

A history is fed events in the order of the recording and asked for rows, buckets of rows and
weights at any step. It knows no file and no screen.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Final, TypeVar

from .events import (
    COLUMNS,
    Checkpoint,
    End,
    Event,
    Fork,
    GroupBegins,
    Header,
    Heartbeat,
    MachineFigures,
    MarkReached,
    Request,
    Resume,
    RunWarning,
    Series,
    Snapshot,
)
from .fitting import fitting_result
from .pages import Again
from .rows import Rows
from .step_times import StepTimes

_Placed = TypeVar("_Placed", MarkReached, Request, RunWarning, Checkpoint, Snapshot, Fork)


_LISTS: Final = {
    MarkReached: "marks",
    RunWarning: "warnings",
    MachineFigures: "machine",
    Checkpoint: "checkpoints",
    Fork: "forks",
}
"""Where a history keeps the events of which it keeps all."""


class History:
    """What a viewer knows of a run.

    Args:
        events: What is known of it from the beginning.
        again: Reads a line of the recording again, so that not all rows need be held.
        resident_bytes: How much of each group's rows is held then, at least.
    """

    def __init__(
        self,
        events: Iterable[Event] = (),
        again: Again | None = None,
        resident_bytes: int | None = None,
    ) -> None:
        self._storage = again, resident_bytes
        self.header: Header | None = None
        self.writer: Header | Resume | None = None
        """Who writes the recording: the last to start or resume it."""
        self.version = 0
        """Grows with every change."""
        self.last_step = 0
        """The newest step."""
        self.last_t = 0.0
        """When the newest event happened, in seconds since the start."""
        self.marks: list[MarkReached] = []
        self.requests: list[Request] = []
        self.warnings: list[RunWarning] = []
        self.checkpoints: list[Checkpoint] = []
        self.seams: list[Resume] = []
        """Where it was gone on with."""
        self.forks: list[Fork] = []
        """Where it branched off from another run, and that one from yet another before."""
        self.machine: list[MachineFigures] = []
        """What training took of its machine; empty in recordings of before it was recorded."""
        self.end: End | None = None
        """How the run ended, once it has."""
        self.paused = False
        """Whether the run waits for a request."""
        self.series: Mapping[str, Rows] = {}
        """The rows of each group that has begun."""
        self.best: Snapshot | None = None
        """The weights with which each member did best, once they are written."""
        self._snapshots: list[Snapshot] = []
        self._weights = (0, 0)
        """The shape of a snapshot: [members, parameters and buffers]."""
        self._owed: int | None = None
        self._clock = StepTimes()
        self.extend(events)

    @property
    def snapshot_steps(self) -> list[int]:
        """The steps whose weights are there."""
        return [snapshot.step for snapshot in self._snapshots]

    def snapshot(self, step: int) -> Snapshot | None:
        """Return the newest weights at or before a step."""
        index = bisect.bisect_right(self._snapshots, step, key=lambda each: each.step)
        return self._snapshots[index - 1] if index else None

    def steps_per_second(self) -> float:
        """Return how fast it trained over the last two seconds in which it did."""
        return self._clock.steps_per_second(self.last_step)

    def time_of(self, step: int) -> float:
        """Return when a step was done, in seconds since the start, as near as blocks tell."""
        return self._clock.time_of(step)

    def step_at(self, t: float) -> int:
        """Return the last step that was done so many seconds after the start."""
        return self._clock.step_at(t)

    def blocks(self) -> tuple[Sequence[int], Sequence[float]]:
        """Return the last step of every block of rows, and when it was done; not to be changed."""
        return self._clock.blocks

    def until(self, step: int) -> History:
        """Return what was known right after a step: what came later is as if it were not yet.

        It costs what there are marks, requests and snapshots, not what there are rows, and is
        good until this history grows.
        """
        if step >= self.last_step:
            return self
        then = copy(self)
        then.last_step, then.last_t = step, self.time_of(step)
        then.end, then.best, then.paused, then._owed = None, None, False, None
        then._forget(step)
        then.requests = _until(step, self.requests)
        then.warnings = _until(step, self.warnings)
        then.series = {group: rows.until(step) for group, rows in self.series.items()}
        then.forks = _until(step, self.forks)
        return then

    def extend(self, events: Iterable[Event]) -> None:
        """Add events in their order."""
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Add the next event."""
        self.version += 1
        self.last_t = max(self.last_t, event.t)
        match event:
            case Header():
                self._begin(event)
            case Series():
                self._add_rows(event)
            case GroupBegins():
                self._begin_group(event)
            case Snapshot() if event.values.shape == self._weights:
                self._keep(event)
            case Request():
                self._add_request(event)
            case MarkReached() | RunWarning() | MachineFigures() | Checkpoint() | Fork():
                getattr(self, _LISTS[type(event)]).append(event)
            case Heartbeat():
                self.last_step = max(self.last_step, event.step)
            case End():
                # How many figures there must be is told by the header.
                members = None if self.header is None else self.header.members
                result = fitting_result(event.result, members)
                self.end, self.last_step = replace(event, result=result), event.step
            case Resume():
                self._resume(event)

    def _begin(self, header: Header) -> None:
        self.header = self.writer = header
        shapes = [*header.parameters.values(), *header.buffers.values()]
        self._weights = (header.members, sum(map(math.prod, shapes)))
        columns = header.columns.items()
        self.series = {
            group: Rows(names, header.members, *self._storage) for group, names in columns
        }

    def _begin_group(self, begun: GroupBegins) -> None:
        """Make room for the rows of a group, once; of too many columns nothing more is kept."""
        there = sum(len(rows.columns) for rows in self.series.values())
        if self.header is None or begun.group in self.series:
            return
        if there + len(begun.columns) <= COLUMNS:
            rows = Rows(begun.columns, self.header.members, *self._storage)
            self.series = {**self.series, begun.group: rows}
            # Whoever asks the header for its columns is told of these as well.
            columns = {**self.header.columns, begun.group: begun.columns}
            self.header = replace(self.header, columns=columns)

    def _keep(self, snapshot: Snapshot) -> None:
        """Keep weights at their place: those of the best step come after later ones."""
        if len(snapshot.best) == len(snapshot.values):
            self.best = snapshot
            if set(snapshot.best) != {snapshot.step}:
                # Each member's are of a step of its own: no picture of any one step.
                return
        place = bisect.bisect_left(self._snapshots, snapshot.step, key=lambda each: each.step)
        there = [each.step for each in self._snapshots[place : place + 1]] == [snapshot.step]
        self._snapshots[place : place + there] = [snapshot]

    def takes(self, series: Series) -> bool:
        """Whether rows are of a group that has begun, and have its columns and members."""
        rows = self.series.get(series.group)
        return rows is not None and rows.fits(series)

    def _add_rows(self, series: Series) -> None:
        if not self.takes(series):
            return
        rows = self.series[series.group]
        rows.add(series)
        if series.group == "train":
            taken = series.last_step - self.last_step
            self.last_step = series.last_step
            if self._owed is not None:
                self._owed = max(0, self._owed - max(0, taken))
                self.paused = self._owed == 0
            self._clock.add(series.t, series.last_step)
        self.last_step = max(self.last_step, series.last_step)

    def _add_request(self, request: Request) -> None:
        """Keep a request's outcome, and what it means for whether the run waits."""
        self.requests.append(request)
        if request.refused:
            return
        match request.action:
            case "pause":
                self._owed = 0
            case "continue":
                self._owed = None
                self._clock.interrupt()
            case "step":
                number = request.arguments.get("n", 1)
                self._owed = (self._owed or 0) + (number if isinstance(number, int) else 1)
        self.paused = self._owed == 0

    def _resume(self, resume: Resume) -> None:
        """Forget what happened after the step that was resumed from."""
        self.writer = resume
        self.seams.append(resume)
        if self.header is not None and resume.steps:
            self.header = replace(self.header, steps=resume.steps)
        self.end, self.paused, self._owed = None, False, None
        self.last_step, self.best = max(0, resume.from_step), None
        self._clock.cut(resume.from_step)
        for rows in self.series.values():
            rows.cut(resume.from_step)
        self._forget(resume.from_step)

    def _forget(self, step: int) -> None:
        """Keep nothing that stands after a step, but for requests and warnings."""
        self.marks = _until(step, self.marks)
        self.checkpoints = _until(step, self.checkpoints)
        self._snapshots = _until(step, self._snapshots)
        # One comes every second for as long as a run takes: they are not all looked at.
        count = bisect.bisect_right(self.machine, step, key=lambda each: each.step)
        self.machine = self.machine[:count]


def _until(step: int, events: Sequence[_Placed]) -> list[_Placed]:
    """Return the events that stand at a step or before it."""
    return [event for event in events if event.step <= step]
