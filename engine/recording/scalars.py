"""Numbers that somebody says by name at a step, written as rows of a recording.

    log(1, {"loss": 0.7, "lr": 0.1})    group train begins: loss, lr
    log(1, {"val_loss": 0.8})           group dev begins: loss
    log(2, {"loss": 0.6})               a row of train; its lr is there as not said
    log(9, {"lr": 0.05})                no row of train, whose loss it lacks: group train 2 begins

A group begins with whatever its first call says, the loss in front. It has a row where its first
column is said, so that a loss which was not said is never taken for one that is no number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ..text.numbers import counted
from .events import COLUMNS, NAME_LENGTH, Event, GroupBegins, Heartbeat, RunWarning, Series
from .file import FLUSH_SECONDS, Recorder
from .naming import Meanings, numbered
from .unsaid import UNSAID

MOST_ROWS: Final = 4096
"""Rows of a group that wait to be written, at most."""

HEARTBEAT_SECONDS: Final = 2.0
"""How long nothing may be written before a sign of life is."""


@dataclass
class _Group:
    """A group that has begun, and its rows that are not written yet."""

    name: str
    columns: list[str]
    last: int = -1
    """The step of its newest row."""
    steps: list[int] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)

    def take_rows(self) -> Event | None:
        """Return the rows that wait as an event, if there are any."""
        if not self.steps:
            return None
        with np.errstate(over="ignore"):
            values = np.array(self.rows, np.float64).T[:, :, None].astype(np.float32)
        steps, self.steps, self.rows = self.steps, [], []
        return series_at(self.name, steps, values)


def series_at(group: str, steps: list[int], values: np.ndarray) -> Series:
    """Return rows at any rising steps.

    Args:
        group: Their group.
        steps: The step of each.
        values: [columns, rows, 1] float32.
    """
    stride = steps[1] - steps[0] if len(steps) > 1 else 1
    if steps == [*range(steps[0], steps[0] + stride * len(steps), stride)]:
        return Series(group=group, first=steps[0], stride=stride, values=values)
    return Series(group=group, first=steps[0], steps=steps, values=values)


class Scalars:
    """Writes numbers by name; whoever calls it does so from one thread at a time.

    Args:
        recorder: Where to.
    """

    def __init__(self, recorder: Recorder, clock: Callable[[], float]) -> None:
        self._recorder, self._clock = recorder, clock
        self._meanings, self._groups = Meanings(), dict[str, list[_Group]]()
        self._flushed_at = clock()
        self._warned = set[str]()
        self.step = 0
        """The newest step."""
        self.taken = 0
        """How many columns of the recording others write."""
        self.newest: dict[str, dict[str, float]] = {}
        """The newest number of each column of a role."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Say numbers at a step. What was said of a group from that step on is forgotten.

        Args:
            step: From 0 on.
            values: Any names, and their numbers.

        Raises:
            ValueError: The step is none.
            RecordingError: The disk is full or gone.
        """
        if not 0 <= step <= 2**53:
            raise ValueError(f"a step is a whole number from 0 on (got {step})")
        said: dict[str, dict[str, float]] = {}
        for name, value in values.items():
            role, column = self._meanings.of(name)
            said.setdefault(role, {})[column] = value
        for role, row in said.items():
            self.newest.setdefault(role, {}).update(row)
            self._add(role, step, row)
        self.step = max(self.step, step)
        if self._clock() - self._flushed_at >= FLUSH_SECONDS:
            self.flush()

    def beat(self) -> None:
        """Write what waits, or a sign of life where there has been none for a while.

        Raises:
            RecordingError: The disk is full or gone.
        """
        self.flush()
        if self._recorder.seconds_since_write >= HEARTBEAT_SECONDS:
            self._recorder.record(Heartbeat(step=self.step))

    def flush(self) -> None:
        """Write all rows that wait.

        Raises:
            RecordingError: The disk is full or gone.
        """
        self._flushed_at = self._clock()
        groups = [each for of_role in self._groups.values() for each in of_role]
        self._recorder.record(*filter(None, (group.take_rows() for group in groups)))

    def _add(self, role: str, step: int, row: dict[str, float]) -> None:
        groups = self._groups.setdefault(role, [])
        while row:
            group = next((each for each in groups if each.columns[0] in row), None)
            group = group or self._begin(role, row)
            if group is None:
                return
            if step <= group.last:
                self._go_back(group, step)
            group.steps.append(step)
            group.rows.append([row.pop(name, UNSAID) for name in group.columns])
            group.last = step
            if len(group.steps) >= MOST_ROWS:
                self.flush()

    def _begin(self, role: str, row: dict[str, float]) -> _Group | None:
        """Begin a group of these columns, as far as a recording may have them."""
        begun = sum(len(each.columns) for of in self._groups.values() for each in of)
        room = COLUMNS - self.taken - begun
        names = [name for name in row if 0 < len(name) <= NAME_LENGTH][: max(room, 0)]
        if len(names) < len(row):
            self.warn(
                f"{counted(len(row) - len(names), 'column')} are left out: a recording has at most "
                f"{COLUMNS}, and {NAME_LENGTH} characters in a name"
            )
        if not names:
            return None
        for name in row.keys() - set(names):
            del row[name]
        groups = self._groups[role]
        # The loss says most, and rows without it are of no use to a diagnosis.
        columns = sorted(names, key=lambda name: name != "loss")
        group = _Group(numbered(role, len(groups) + 1), columns)
        self._recorder.record(GroupBegins(group=group.name, columns=columns))
        groups.append(group)
        return group

    def _go_back(self, group: _Group, step: int) -> None:
        """Write what waits, so that what comes takes the place of what came from the step on."""
        self.flush()
        if step < group.last:
            self.warn(
                f"step {step} of {group.name} came after step {group.last}: its rows from there on "
                "are replaced"
            )

    def warn(self, message: str) -> None:
        """Say a warning, the first of its kind."""
        kind = message.partition(":")[2]
        if kind not in self._warned:
            self._warned.add(kind)
            self._recorder.record(RunWarning(step=self.step, message=message))
