"""Which steps a film shows, and for how long: most is learned early, so time goes as their root."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final, NamedTuple

FRAMES_A_SECOND: Final = 5
"""As often as a lab draws: more would be larger, and show no more."""

HELD: Final = 0.2
"""The share of the time in which the end is seen."""


class Scheduled(NamedTuple):
    """A step of a film."""

    step: int
    seconds: float
    """How long it is seen."""


def schedule(last_step: int, marks: Iterable[int], seconds: float) -> list[Scheduled]:
    """Return the steps of a film.

    Args:
        last_step: Of the run.
        marks: Steps of which each is shown in place of the nearest.
        seconds: How long the film takes.
    """
    frames = max(round(seconds * (1 - HELD) * FRAMES_A_SECOND), 2)
    steps = [round((at / (frames - 1)) ** 2 * last_step) for at in range(frames)]
    for mark in marks:
        # The ends stay, and so does the order: the nearest is between its neighbours.
        nearest = min(range(1, frames - 1), key=lambda at: abs(steps[at] - mark), default=None)
        if nearest is not None and 0 < mark < last_step:
            steps[nearest] = mark
    each = seconds * (1 - HELD) / frames
    shown = [Scheduled(step, each * len(list(same))) for step, same in groupby(steps)]
    last = shown[-1]
    return [*shown[:-1], Scheduled(last.step, last.seconds + seconds * HELD)]
