"""A run in outline: what its events say of it, but for its rows and weights.

It is all that a list of runs or a request needs, which start without the arrays that a picture is
drawn of. It knows no file and no screen.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
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

Placed = TypeVar("Placed", MarkReached, Request, RunWarning, Checkpoint, Snapshot, Fork)
"""What stands at a step."""

_LISTS: Final = {
    MarkReached: "marks",
    RunWarning: "warnings",
    MachineFigures: "machine",
    Checkpoint: "checkpoints",
    Fork: "forks",
}
"""Where the events are kept of which all are."""


class Outline:
    """What is known of a run without its rows."""

    def __init__(self) -> None:
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
        self._owed: int | None = None

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
            case Series() if self.takes(event):
                self._add_rows(event)
            case GroupBegins():
                self._begin_group(event)
            case Snapshot():
                self._add_weights(event)
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

    def takes(self, series: Series) -> bool:
        """Whether rows are of a group that has begun, and have its columns and members."""
        header = self.header
        if header is None or (columns := header.columns.get(series.group)) is None:
            return False
        return series.values.shape == (len(columns), series.count, header.members)

    def _begin(self, header: Header) -> None:
        self.header = self.writer = header

    def _begin_group(self, begun: GroupBegins) -> None:
        """Make room for the rows of a group, once; of too many columns nothing more is kept."""
        header = self.header
        if header is None or begun.group in header.columns:
            return
        if sum(map(len, header.columns.values())) + len(begun.columns) <= COLUMNS:
            # Whoever asks the header for its columns is told of these as well.
            columns = {**header.columns, begun.group: begun.columns}
            self.header = replace(header, columns=columns)

    def _add_rows(self, series: Series) -> None:
        if series.group == "train":
            taken = series.last_step - self.last_step
            self.last_step = series.last_step
            if self._owed is not None:
                self._owed = max(0, self._owed - max(0, taken))
                self.paused = self._owed == 0
        self.last_step = max(self.last_step, series.last_step)

    def _add_weights(self, snapshot: Snapshot) -> None:
        """Whoever draws the network keeps them."""

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
        self.last_step = max(0, resume.from_step)
        self._forget(resume.from_step)

    def _forget(self, step: int) -> None:
        """Keep nothing that stands after a step, but for requests and warnings."""
        self.marks = up_to(step, self.marks)
        self.checkpoints = up_to(step, self.checkpoints)
        # One comes every second for as long as a run takes: they are not all looked at.
        count = bisect.bisect_right(self.machine, step, key=lambda each: each.step)
        self.machine = self.machine[:count]


def up_to(step: int, events: Sequence[Placed]) -> list[Placed]:
    """Return the events that stand at a step or before it."""
    return [event for event in events if event.step <= step]
