"""Marks: which of a preset's have been reached, and which never can be.

    at a step or an epoch       known beforehand: a block of steps ends there
    at a loss, or an event      found in the rows of a block, at the first in which its sign holds

A mark that is found stands at exactly its step, wherever the block ends, and marks follow each
other in the order of their steps: so they do not depend on how steps are grouped into blocks. One
whose sign never holds is never reached.

    loss_below              train/loss         below the number
    all_right               train/accuracy     1
    zero_gradient           train/grad_norm    0
    not_finite              train/loss         NaN or infinite
    first_dead_unit         probe/dead/…       above 0 in a layer
    first_saturated_unit    probe/saturated/…  above 0 in a layer

What a note leaves open, such as ``{loss}``, is filled in when its mark is reached: a recording has
what is read, so that whoever opens it reads the same.

Where members are trained together, a loss below a number and all rows right are asked of all of
them, the rest of any. One that has ended is not asked any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..components.activations import ACTIVATIONS
from ..experiment.experiment import Experiment
from ..experiment.marks import At, Mark, MarkEvent
from ..figures.figures import filled
from ..figures.readings import NotedReadings
from ..recording.events import Group, MarkReached, Series
from ..recording.values import Values

Columns = dict[Group, list[str]]
"""The names of each group's columns."""

Steps = NDArray[np.int64]
"""A step of each member."""

Asked = NDArray[np.bool_]
"""Which members are asked in which rows, [rows, members]."""

Test = Callable[[Values, Asked], NDArray[np.bool_]]
"""Says in which rows something holds: [columns, rows, members] to [rows]."""

NONE: Final = np.iinfo(np.int64).max
"""Where a member ends that goes on."""


@dataclass(frozen=True)
class Sign:
    """What a mark is found by."""

    group: Group
    """Whose rows are looked at."""
    column: str
    """Which column, or what the names of several begin with."""
    holds: Test
    """In which rows it holds."""

    def first_step(self, series: Series, columns: Columns, ended_at: Steps) -> int | None:
        """Return the first step of a series at which it holds, if there is one.

        Args:
            series: The rows.
            columns: The names of their columns.
            ended_at: The last step that counts, for each member or for all.
        """
        names = columns.get(self.group, [])
        places = [at for at, name in enumerate(names) if name.startswith(self.column)]
        if series.group != self.group or not places:
            return None
        steps = series.first + series.stride * np.arange(series.count)
        # [rows, members]: what comes after a member's last step says nothing of it.
        asked = np.broadcast_to(steps[:, None] <= ended_at, series.values.shape[1:])
        # Where nobody is asked any more, "all of them" would be true of nobody.
        rows = np.flatnonzero(self.holds(series.values[places], asked) & asked.any(axis=1))
        return series.first + int(rows[0]) * series.stride if rows.size else None


def _any(holds: NDArray[np.bool_], asked: Asked) -> NDArray[np.bool_]:
    """Return the rows in which it holds in some column and member."""
    return np.asarray((holds & asked).any(axis=(0, 2)))


def _all(holds: NDArray[np.bool_], asked: Asked) -> NDArray[np.bool_]:
    """Return the rows in which it holds in every column and member."""
    # Who is not asked any more stands in nobody's way.
    return np.asarray((holds | ~asked).all(axis=(0, 2)))


def _any_above_zero(values: Values, asked: Asked) -> NDArray[np.bool_]:
    return _any(values > 0, asked)


def _any_all_zero(values: Values, asked: Asked) -> NDArray[np.bool_]:
    """Return the rows in which every column is 0 in some member."""
    return _any((values == 0).all(axis=0, keepdims=True), asked)


SIGNS: Final[dict[MarkEvent, Sign]] = {
    "first_dead_unit": Sign("probe", "dead/", _any_above_zero),
    "first_saturated_unit": Sign("probe", "saturated/", _any_above_zero),
    "all_right": Sign("train", "accuracy", lambda values, asked: _all(values >= 1, asked)),
    "zero_gradient": Sign("train", "grad_norm", _any_all_zero),
    "not_finite": Sign("train", "loss", lambda values, asked: _any(~np.isfinite(values), asked)),
}
"""What each event is found by."""


def sign_of(at: At) -> Sign | None:
    """Return what a mark is found by; None where it stands at a step known beforehand."""
    if at.event is not None:
        return SIGNS[at.event]
    if at.loss_below is None:
        return None
    # In float64, or 0.1 would be rounded to what a loss can be before it is compared with one.
    limit = np.float64(at.loss_below)
    return Sign("train", "loss", lambda values, asked: _all(np.less(values, limit), asked))


class Marks:
    """The preset's marks that are still to come.

    Args:
        experiment: What is trained.
        columns: The columns of its rows.
    """

    def __init__(self, experiment: Experiment, columns: Columns) -> None:
        self._columns = columns
        notes = [mark.note for mark in experiment.marks]
        self._kept = NotedReadings(notes, columns, experiment.steps)
        self._standing: list[tuple[int, Mark]] = []
        self._sought: list[tuple[Sign, Mark]] = []
        for mark in experiment.marks:
            step, sign = experiment.step_of(mark), sign_of(mark.at)
            if step is not None:
                self._standing.append((step, mark))
            elif sign is not None:
                self._sought.append((sign, mark))
        # Only the first need be looked at: what is not reached hides what comes after it.
        self._standing.sort(key=lambda standing: standing[0])

    def steps_until_next(self, step: int, most: int) -> int:
        """Return how many steps may be taken after ``step`` without passing a mark's."""
        return max(1, self._standing[0][0] - step) if self._standing else most

    def reached(
        self, step: int, series: Sequence[Series] = (), ended_at: Steps | None = None
    ) -> list[MarkReached]:
        """Return the marks that are reached now, in the order of their steps.

        Args:
            step: The last step taken.
            series: The rows of the steps since the last call.
            ended_at: The last step of each member, where some have ended; later rows say nothing.
        """
        # First the rows, then the marks: a note may speak of the very step it stands at.
        self._kept.add(series)
        reached = self._newly_reached(series, np.array([NONE]) if ended_at is None else ended_at)
        while self._standing and self._standing[0][0] <= step:
            reached.append(self._standing.pop(0))
        reached.sort(key=lambda place: place[0])
        return [self._as_event(step, mark) for step, mark in reached]

    def _as_event(self, step: int, mark: Mark) -> MarkReached:
        if mark.of:
            # What speaks of another network says and halts nothing, whoever reads on.
            return MarkReached(step=step, title=mark.title, of=mark.of)
        note = filled(mark.note, self._kept.at(step))
        return MarkReached(step=step, title=mark.title, note=note, pause=mark.pause)

    def _newly_reached(self, series: Sequence[Series], ended_at: Steps) -> list[tuple[int, Mark]]:
        """Return the marks whose sign holds for the first time, and seek them no more."""
        reached, still_sought = [], []
        for sign, mark in self._sought:
            steps = (sign.first_step(part, self._columns, ended_at) for part in series)
            step = min((at for at in steps if at is not None), default=None)
            if step is None:
                still_sought.append((sign, mark))
            else:
                reached.append((step, mark))
        self._sought = still_sought
        return reached


def why_never(experiment: Experiment, mark: Mark) -> str:
    """Return why a mark cannot be reached, as far as that is known without training; or nothing."""
    step = experiment.step_of(mark)
    if step is not None and step > experiment.steps:
        return f"stands at step {step}, and the run ends at step {experiment.steps}"
    if mark.at.event is None:
        return ""
    return _why_no_rows(experiment, mark.at.event)


def is_certain(experiment: Experiment, mark: Mark) -> bool:
    """Whether a mark that is not impossible is sure to be reached, as steps are."""
    step, train = experiment.step_of(mark), experiment.train
    may_end_early = train.patience is not None or train.loss_threshold is not None
    return step is not None and (step == 0 or not may_end_early)


def _why_no_rows(experiment: Experiment, event: MarkEvent) -> str:
    """Return why nothing is measured that would tell of an event."""
    if event == "all_right" and not experiment.has_accuracy:
        return "waits for all rows to be right, and there are no classes"
    if SIGNS[event].group != "probe":
        return ""
    if experiment.train.probe == "off":
        return f"waits for {event}, and train.probe is 'off'"
    names = experiment.model.activations[:-1] if experiment.model.kind == "mlp" else []
    trait, what = ("dies", "die") if event == "first_dead_unit" else ("steepest", "saturate")
    can = any(getattr(ACTIVATIONS[name].traits, trait) for name in names)
    return "" if can else f"waits for {event}, and no hidden unit can {what}"
