"""At which steps a network is measured beside its training: often at first, then ever less."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

PER_OCTAVE: Final = 16
"""Measurements each time the step doubles, at most, where the preset says ``"auto"``."""

LEAST: Final = 4
"""Measurements each time the step doubles, whatever they cost: with fewer no curve shows what
learning does to a network."""

SHORT: Final = 256
"""Steps of a run up to which a quarter of these do: it is over before anybody looks."""


@dataclass(frozen=True)
class ProbeSteps:
    """At which steps a run is measured."""

    every: str | int
    """As ``train.probe`` has it."""
    per_octave: int
    """How often each time the step doubles, where that is ``"auto"``."""
    end: int = 0
    """The step of its planned end, which is then measured too: what is told of a run is told of
    that. 0 in recordings of before it was."""

    def runs(self, first: int, last: int) -> Iterator[range]:
        """Yield those from ``first`` to ``last``, a range for each stride; none is empty."""
        if self.every != "auto" or not first <= self.end <= last:
            yield from measured_runs(first, last, self.every, self.per_octave)
            return
        yield from measured_runs(first, self.end - 1, "auto", self.per_octave)
        yield range(self.end, self.end + 1)
        yield from measured_runs(self.end + 1, last, "auto", self.per_octave)

    def __contains__(self, step: int) -> bool:
        return any(step in run for run in self.runs(step, step))


def fitting(steps: int, most: float) -> int:
    """Return how many measurements there are each time the step doubles.

    Args:
        steps: Of the whole run.
        most: How many may be taken of them, as far as ``LEAST`` allows.
    """
    each, least = PER_OCTAVE, LEAST if steps > SHORT else LEAST // 4
    # A power of two, so that they are evenly apart between a power of two and the next.
    while each > least and count_until(steps, each) > most:
        each //= 2
    return each


def count_until(last: int, per_octave: int) -> int:
    """Return at how many steps from 1 to ``last`` the network is measured by ``"auto"``."""
    return sum(map(len, measured_runs(1, last, "auto", per_octave)))


def stride_at(step: int, every: str | int, per_octave: int = PER_OCTAVE) -> int:
    """Return how far apart measurements are around a step; 0 where there are none.

    Args:
        step: At least 1.
        every: As ``train.probe`` has it.
        per_octave: How many there are each time the step doubles, where that is ``"auto"``.
    """
    if isinstance(every, int):
        return every
    # The greatest power of two up to the step: 16 measurements lie between it and the next.
    octave = 1 << (step.bit_length() - 1)
    return max(1, octave // per_octave) if every == "auto" else 0


def measured_steps(
    first: int, last: int, every: str | int, per_octave: int = PER_OCTAVE
) -> Iterator[int]:
    """Yield the steps from ``first`` to ``last`` at which the network is measured."""
    for run in measured_runs(first, last, every, per_octave):
        yield from run


def measured_runs(first: int, last: int, every: str | int, per_octave: int) -> Iterator[range]:
    """Yield the same steps, a range for each stride; none of them is empty."""
    while first <= last and (stride := stride_at(first, every, per_octave)):
        # Up to where the stride is another, and not step by step: a block may have thousands.
        same = 2 * per_octave if stride == 1 else 1 << first.bit_length()
        end = last if isinstance(every, int) else min(last, same - 1)
        if run := range(first + -first % stride, end + 1, stride):
            yield run
        first = end + 1
