"""What a viewer knows of a run: its events, folded into columns.

A history is fed events in the order of the recording and asked for rows, buckets of rows and
weights at any step. It knows no file and no screen.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Mapping, Sequence
from copy import copy

from .events import Event, GroupBegins, Header, Request, Resume, Series, Snapshot
from .outline import Outline, up_to
from .pages import Again
from .rows import Rows
from .step_times import StepTimes


class History(Outline):
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
        super().__init__()
        self._storage = again, resident_bytes
        self.series: Mapping[str, Rows] = {}
        """The rows of each group that has begun."""
        self.best: Snapshot | None = None
        """The weights with which each member did best, once they are written."""
        self._snapshots: list[Snapshot] = []
        self._weights = (0, 0)
        """The shape of a snapshot: [members, parameters and buffers]."""
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
        then.requests = up_to(step, self.requests)
        then.warnings = up_to(step, self.warnings)
        then.series = {group: rows.until(step) for group, rows in self.series.items()}
        then.forks = up_to(step, self.forks)
        return then

    def _begin(self, header: Header) -> None:
        super()._begin(header)
        shapes = [*header.parameters.values(), *header.buffers.values()]
        self._weights = (header.members, sum(map(math.prod, shapes)))
        columns = header.columns.items()
        self.series = {
            group: Rows(names, header.members, *self._storage) for group, names in columns
        }

    def _begin_group(self, begun: GroupBegins) -> None:
        super()._begin_group(begun)
        header = self.header
        if header is not None and begun.group in header.columns.keys() - self.series.keys():
            rows = Rows(begun.columns, header.members, *self._storage)
            self.series = {**self.series, begun.group: rows}

    def _add_weights(self, snapshot: Snapshot) -> None:
        """Keep weights at their place: those of the best step come after later ones."""
        if snapshot.values.shape != self._weights:
            return
        if len(snapshot.best) == len(snapshot.values):
            self.best = snapshot
            if set(snapshot.best) != {snapshot.step}:
                # Each member's are of a step of its own: no picture of any one step.
                return
        place = bisect.bisect_left(self._snapshots, snapshot.step, key=lambda each: each.step)
        there = [each.step for each in self._snapshots[place : place + 1]] == [snapshot.step]
        self._snapshots[place : place + there] = [snapshot]

    def _add_rows(self, series: Series) -> None:
        self.series[series.group].add(series)
        super()._add_rows(series)
        if series.group == "train":
            self._clock.add(series.t, series.last_step)

    def _add_request(self, request: Request) -> None:
        super()._add_request(request)
        if request.action == "continue" and not request.refused:
            self._clock.interrupt()

    def _resume(self, resume: Resume) -> None:
        super()._resume(resume)
        self.best = None
        self._clock.cut(resume.from_step)
        for rows in self.series.values():
            rows.cut(resume.from_step)

    def _forget(self, step: int) -> None:
        super()._forget(step)
        self._snapshots = up_to(step, self._snapshots)
