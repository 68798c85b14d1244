"""At which steps a network is measured beside its training: often at first, then ever less."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

PER_OCTAVE: Final = 16
"""Measurements each time the step doubles, where the preset says ``"auto"``."""


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
    # From one measured step to the next, not over all of them: a block may have thousands.
    step = first
    while step <= last and (stride := stride_at(step, every, per_octave)):
        if step % stride == 0:
            yield step
        step += stride - step % stride
