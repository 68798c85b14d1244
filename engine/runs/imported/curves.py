"""The curves of a log, whichever program wrote it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...recording.events import COLUMNS, NAME_LENGTH
from ...text.numbers import counted
from ...text.safe import plain

MOST_NUMBERS: Final = 20_000_000
"""Numbers that are read of one log: a day of a thousand a second takes four times as many."""

MOST_COMPLAINTS: Final = 20
"""Complaints about a log that are kept; of more it is said how many there were."""


@dataclass(frozen=True)
class LoggedCurve:
    """A number over the steps."""

    name: str
    """What the log calls it."""
    steps: NDArray[np.int64]
    """Rising, from 0 on."""
    values: NDArray[np.float32]
    """What is not finite is data like any other."""
    times: NDArray[np.float64]
    """When each was logged, in seconds since 1970; empty where the log does not say."""


class _ReadCurve(NamedTuple):
    """What was read of a curve, in the order of its file."""

    steps: array[int]
    values: array[float]
    times: array[float]


@dataclass
class Log:
    """What was read of a log, number by number."""

    complaints: list[str] = field(default_factory=list)
    """What was left out, and where it stands, in sentences."""
    count: int = 0
    """How many numbers there are."""
    # Not lists: a number then takes a quarter of the memory.
    _numbers: dict[str, _ReadCurve] = field(default_factory=dict)
    _complained: int = 0

    def add(self, name: str, step: int, value: float, time: float | None = None) -> bool:
        """Add a number; return whether there is room for more."""
        if not 0 <= step <= 2**53:
            self.complain(f"{plain(name[:NAME_LENGTH])}: step {step} is none, and is left out")
            return True
        curve = self._numbers.get(name)
        if curve is None:
            if len(self._numbers) >= COLUMNS or not 0 < len(name) <= NAME_LENGTH:
                self.complain(
                    f"{plain(name[:40])}: is left out, for a recording has at most {COLUMNS} "
                    f"columns, and 1 to {NAME_LENGTH} characters in a name"
                )
                return True
            curve = self._numbers[name] = _ReadCurve(array("q"), array("d"), array("d"))
        curve.steps.append(step)
        curve.values.append(value)
        if time is not None:
            curve.times.append(time)
        self.count += 1
        return self.count < MOST_NUMBERS

    def add_all(self, numbers: Iterable[tuple[str, int, float, float]]) -> bool:
        """Add numbers; return whether there is room for more."""
        return [self.add(*each) for each in numbers][-1:] != [False]

    def complain_of_too_many(self, name: str, place: str) -> None:
        """Say up to where a file was read, where there was no room for more of it."""
        self.complain(f"{name}: is read up to {place}: at most {MOST_NUMBERS} numbers are")

    def complain(self, message: str) -> None:
        """Say what was left out, once."""
        if message not in self.complaints:
            self._complained += 1
            if len(self.complaints) < MOST_COMPLAINTS:
                self.complaints.append(message)

    def said(self) -> list[str]:
        """Return what was left out, and how much of that is not told."""
        more = self._complained - len(self.complaints)
        return [
            *self.complaints,
            *([f"and {counted(more, 'such complaint')} more"] if more else []),
        ]

    def curves(self) -> list[LoggedCurve]:
        """Return the curves in the order in which their names came."""
        return [_curve(name, each) for name, each in self._numbers.items()]


def _curve(name: str, read: _ReadCurve) -> LoggedCurve:
    steps = np.array(read.steps)
    kept = last_of(steps)
    with np.errstate(over="ignore"):
        values = np.array(read.values)[kept].astype(np.float32)
    times = np.array(read.times) if len(read.times) == len(steps) else np.empty(0)
    return LoggedCurve(name, steps[kept], values, times[kept] if len(times) else times)


def last_of(steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows count, where some steps came again: those after which none came back.

    A training that went on from an earlier step logs its steps from there anew.
    """
    later = np.minimum.accumulate(steps[::-1])[::-1]
    return steps < np.append(later[1:], np.iinfo(np.int64).max)


def grouped_by_steps(curves: Mapping[str, LoggedCurve]) -> list[list[str]]:
    """Return the names of curves in groups of which each has the same steps.

    The loss stands in the first of them, or else whatever has the most steps.
    """
    groups: dict[bytes, list[str]] = {}
    for name in sorted(curves, key=lambda name: name != "loss"):
        groups.setdefault(curves[name].steps.tobytes(), []).append(name)
    return sorted(
        groups.values(), key=lambda names: (names[0] != "loss", -len(curves[names[0]].steps))
    )
