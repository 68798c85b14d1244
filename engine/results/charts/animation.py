"""Motion without a program: curves that are drawn anew, over and over, by SVG's own animation.

Time goes as the square root of the steps, for most is learned early. Where nothing moves, as in a
program for slides or for whoever asked for less motion, everything stands as it ended.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MOVING: Final = 0.8
"""The share of the time in which the steps go by; then the end is held."""

_SQUARE: Final = ".3333 0 .6667 .3333;0 0 1 1"
"""Control points of a curve that is the square, and of one that stands still."""


@dataclass(frozen=True)
class Animation:
    """How long a run takes."""

    seconds: float

    @property
    def _timing(self) -> str:
        return f'dur="{self.seconds:g}s" repeatCount="indefinite"'

    def drawn_to(self, attribute: str, start: float, end: float) -> str:
        """Return what moves a number from where the first step is to where the last is."""
        return (
            f'<animate attributeName="{attribute}" {self._timing} calcMode="spline" '
            f'keyTimes="0;{MOVING};1" keySplines="{_SQUARE}" values="{start:g};{end:g};{end:g}"/>'
        )

    def shown_between(self, first: float, stop: float | None) -> str:
        """Return what shows something for a part of the run.

        Args:
            first: From which share of the steps on.
            stop: Until which; to the end where there is none.
        """
        times = [
            0.0,
            *([_moment(first)] if first else []),
            *([] if stop is None else [_moment(stop)]),
        ]
        values = [*(["hidden"] if first else []), "visible", *([] if stop is None else ["hidden"])]
        return (
            f'<animate attributeName="visibility" {self._timing} calcMode="discrete" '
            f'keyTimes="{";".join(f"{time:.4g}" for time in times)}" values="{";".join(values)}"/>'
        )


def _moment(share: float) -> float:
    return MOVING * math.sqrt(share)


def parts_of(steps: Iterable[int], last_step: int) -> list[tuple[float, float | None]]:
    """Return for each of some rising steps, of which the first is shown at first, when it shows."""
    shares = [step / last_step for step in steps]
    ends = [*shares[1:], None]
    return [
        (0.0 if number == 0 else share, end)
        for number, (share, end) in enumerate(zip(shares, ends, strict=True))
    ]
