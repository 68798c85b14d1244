"""What a viewer knows of a run: its events, folded into columns.

A history is fed events in the order of the recording and asked for rows, buckets of rows and
weights at any step. It knows no file and no screen.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..text.numbers import shortest
from .downsampling import FACTOR, Downsampler
from .events import (
    Checkpoint,
    End,
    Event,
    Fork,
    Header,
    Heartbeat,
    MachineFigures,
    MarkReached,
    Request,
    Resume,
    RunWarning,
    Series,
    Snapshot,
    Values,
)
from .fitting import fitting_result
from .member_spread import Spread, Spreads
from .step_times import StepTimes

Side = Literal["low", "high"]
"""An end of the range over the members of a population, as in
``engine.recording.member_spread``."""


_Placed = TypeVar("_Placed", MarkReached, Request, RunWarning, Checkpoint, Snapshot, Fork)


@dataclass(frozen=True)
class Buckets:
    """A column over a range of steps, in a bounded number of entries."""

    steps: NDArray[np.int64]
    """The last step of each."""
    low: NDArray[np.float32]
    """The least finite value; NaN where there is none."""
    mean: NDArray[np.float32]
    """The mean of the finite values; NaN where there is none."""
    high: NDArray[np.float32]
    """The greatest finite value; NaN where there is none."""
    nonfinite: NDArray[np.bool_]
    """Whether a value is NaN or infinite."""

    def __len__(self) -> int:
        return len(self.steps)


class Rows:
    """The rows of one group, in arrays that grow.

    Args:
        columns: The names of the columns.
        members: How many networks there are.
    """

    def __init__(self, columns: Iterable[str], members: int) -> None:
        self.columns: Final = tuple(columns)
        self.count = 0
        """How many rows there are."""
        self._index = {name: index for index, name in enumerate(self.columns)}
        self._values: Values = np.empty((len(self.columns), members, 0), np.float32)
        self._steps = np.empty(0, np.int64)
        self._downsamplers: dict[tuple[str, int | Side | None], Downsampler] = {}
        self._spreads = Spreads(members)

    @property
    def members(self) -> int:
        """How many networks there are."""
        return int(self._values.shape[1])

    @property
    def steps(self) -> NDArray[np.int64]:
        """The step of each row, rising."""
        return self._steps[: self.count]

    def fits(self, series: Series) -> bool:
        """Return whether rows have these columns and members."""
        columns, members, _ = self._values.shape
        return series.values.shape == (columns, series.count, members)

    def add(self, series: Series) -> None:
        """Add consecutive rows, in place of any from the first one's step on."""
        if self.count and series.first <= self.steps[-1]:
            self.cut(series.first - 1)
        needed = self.count + series.count
        # Room for twice as much: a row is then copied once on average, however many there come.
        if needed > len(self._steps):
            columns, members, room = self._values.shape
            spare = np.empty((columns, members, 2 * needed - room), np.float32)
            self._values = np.concatenate([self._values, spare], axis=2)
            self._steps = np.concatenate([self._steps, np.empty(2 * needed - room, np.int64)])
        place = slice(self.count, needed)
        # [columns, members, rows]: what is drawn is a column over its rows, which lie together.
        self._values[:, :, place] = series.values.transpose(0, 2, 1)
        self._steps[place] = series.first + series.stride * np.arange(series.count)
        self.count = needed

    def cut(self, step: int) -> None:
        """Forget the rows after ``step``."""
        self.count = int(np.searchsorted(self.steps, step, side="right"))
        for downsampler in self._downsamplers.values():
            downsampler.cut(self.count)
        self._spreads.cut(self.count)

    def until(self, step: int) -> Rows:
        """Return the rows up to a step, which share the memory of these: as they stood then."""
        # Rows are only ever added behind: as long as this one is used, its part stays what it was.
        then = copy(self)
        then.count = int(np.searchsorted(self.steps, step, side="right"))
        return then

    def as_series(self, group: str) -> Iterator[Series]:
        """Return all rows as they were recorded, a series for each run of equal stride."""
        rows = self._values[:, :, : self.count].transpose(0, 2, 1)
        return series_of(group, self.steps, rows)

    def between(self, first: int, last: int) -> Values:
        """Return the rows from one step to another, [columns, count, members]."""
        start = int(np.searchsorted(self.steps, first, side="left"))
        stop = int(np.searchsorted(self.steps, last, side="right"))
        return self._values[:, :, start:stop].transpose(0, 2, 1)

    def column(self, name: str, member: int | Side | None = 0) -> NDArray[np.float32]:
        """Return a column, [rows]; it is a view and grows no further.

        Args:
            name: Which.
            member: Of which network; None for the mean over those that count, or an end of
                their range.
        """
        if self.members == 1:
            member = 0
        if member is None or isinstance(member, str):
            spread = self.spread(name)
            return spread.mean if member is None else getattr(spread, member)
        return self._values[self._index[name], member, : self.count]

    def spread(self, name: str) -> Spread:
        """Return how a column lies over the members that count: [rows] each."""
        return self._spreads.of(name, self._values[self._index[name], :, : self.count])

    def leave_out(self, members: NDArray[np.bool_]) -> None:
        """Leave these members out of what is said of all of them, in every row."""
        if self._spreads.leave_out(members):
            for key in [key for key in self._downsamplers if not isinstance(key[1], int)]:
                del self._downsamplers[key]

    def across(self, name: str, rows: NDArray[np.int64] | int) -> NDArray[np.float32]:
        """Return every member's numbers of a column: [members], of some rows [members, rows]."""
        numbers: NDArray[np.float32] = self._values[self._index[name]][:, rows]
        return numbers

    def each(self, name: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return a column's number for every member in a row of its own: [members]."""
        members = np.arange(self.members)
        numbers: NDArray[np.float32] = self._values[self._index[name]][members, rows]
        return numbers

    def row_at(self, step: int) -> int | None:
        """Return the newest row at or before a step, if there is one."""
        row = int(np.searchsorted(self.steps, step, side="right")) - 1
        return row if row >= 0 else None

    def value(self, name: str, step: int, member: int | None = 0) -> float:
        """Return a column's newest value at or before a step; NaN where there is none.

        Args:
            name: Which column.
            step: At or before which step.
            member: Of which network; None for the mean over those that count.
        """
        row = self.row_at(step)
        if row is None:
            return float("nan")
        return shortest(self.column(name, member)[row])

    def buckets(
        self, name: str, first_step: int, last_step: int, width: int, member: int | Side | None = 0
    ) -> Buckets:
        """Return a column over a range of steps in at most ``width`` buckets.

        The cost is that of the buckets, not of the rows. Buckets end at multiples of their size,
        so that they stay the same while rows are added.

        Args:
            name: Which column.
            first_step: The first step that counts.
            last_step: The last step that counts.
            width: How many buckets at most.
            member: Of which network; None for the mean over those that count, or an end of
                their range.
        """
        start = int(np.searchsorted(self.steps, first_step, side="left"))
        stop = int(np.searchsorted(self.steps, last_step, side="right"))
        if start >= stop or width < 1:
            nothing = np.empty(0, np.float32)
            return Buckets(np.empty(0, np.int64), nothing, nothing, nothing, np.empty(0, np.bool_))
        size = _bucket_size(start, stop, width)
        of = 0 if self.members == 1 else member
        downsampler = self._downsamplers.setdefault((name, of), Downsampler())
        fold = downsampler.fold(self.column(name, member), start, stop, size)
        ends = np.minimum((np.arange(start // size, -(-stop // size)) + 1) * size, stop)
        counts = np.diff(ends, prepend=start)
        some = fold.finite > 0
        return Buckets(
            steps=self.steps[ends - 1],
            low=np.where(some, fold.low, np.float32(np.nan)),
            mean=fold.mean,
            high=np.where(some, fold.high, np.float32(np.nan)),
            nonfinite=fold.finite < counts,
        )


def series_of(group: str, steps: NDArray[np.int64], values: Values) -> Iterator[Series]:
    """Yield rows as events, a series for each run of equal stride.

    Args:
        group: Which columns.
        steps: The step of each row, rising.
        values: [columns, rows, members].
    """
    start = 0
    while start < len(steps):
        strides = np.diff(steps[start:])
        stride = int(strides[0]) if len(strides) else 1
        changes = np.flatnonzero(strides != stride)
        stop = start + int(changes[0]) + 1 if len(changes) else len(steps)
        first = int(steps[start])
        yield Series(group=group, first=first, stride=stride, values=values[:, start:stop])
        start = stop


def _bucket_size(start: int, stop: int, width: int) -> int:
    """Return the least size of few digits in base 8 that needs at most ``width`` buckets."""
    size = -(-(stop - start) // width)
    unit = 1
    while unit * FACTOR <= size:
        unit *= FACTOR
    size = -(-size // unit) * unit
    while -(-stop // size) - start // size > width:
        # One bucket holds everything only if no multiple of its size lies inside.
        size = size + unit if width > 1 else size * FACTOR
    return size


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
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
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
        """The rows of each group the header names."""
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

    def blocks(self) -> tuple[list[int], list[float]]:
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
        self.series = {group: Rows(names, header.members) for group, names in columns}

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

    def _add_rows(self, series: Series) -> None:
        rows = self.series.get(series.group)
        if rows is None or not rows.fits(series):
            return
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
