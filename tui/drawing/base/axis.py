"""Axes: where they begin and end, and which round numbers stand at them.

plotext writes ``1000000000000000019884624838656.0`` beside a tick and takes no logarithm of 0,
so limits, ticks and labels are found here, and the logarithm is taken before anything is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from ...style.numbers import count, exponent

if TYPE_CHECKING:
    from .arrays import Floats

_Values = TypeVar("_Values", float, "Floats")

LABEL_WIDTH: Final = 7
"""Cells of the widest label of an upright axis, such as ``-1.5e30``."""

LEAST_SPAN: Final = 1e-4
"""The smallest span of a linear axis, as a share of its values: below it a curve is level."""

MARGIN: Final = 0.05
"""The share of their span by which a picture goes beyond its values, on either side."""

LEAST_SHARE: Final = 1e-6
"""Values that lie no further apart, as a share of their size, are taken for one."""

SMALLEST: Final = 1e-300
"""What is no larger is drawn as 0."""


@dataclass(frozen=True)
class Axis:
    """One axis, in the coordinates that are drawn."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    """Where a tick stands, and what is written there."""

    @classmethod
    def between(cls, low: float, high: float, most: int) -> Axis:
        """Return an axis that ends just where it is told, with round numbers between."""
        ticks = linear_axis(low, high, most).ticks
        return cls(low, high, tuple(tick for tick in ticks if low <= tick[0] <= high))

    def share(self, value: _Values) -> _Values:
        """Return where ``value`` lies between the two ends, from 0 to 1."""
        return (value - self.low) / (self.high - self.low)


Axes = tuple[Axis, Axis]
"""The level one and the upright one."""


def roomy(low: float, high: float, margin: float = MARGIN) -> tuple[float, float]:
    """Return the ends of a picture of values: with a margin, and some room around a constant.

    Args:
        low: The least of the values.
        high: The greatest.
        margin: The share of their span that is left free on either side.
    """
    if high - low > LEAST_SHARE * max(abs(low), abs(high)):
        return low - margin * (high - low), high + margin * (high - low)
    room = 0.5 * abs(low) or 0.5
    return low - room, high + room


def round_step(span: float, most: int) -> float:
    """Return the least of 1, 2 and 5 times a power of ten that parts ``span`` ``most`` times."""
    rough = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    steps = (power, 2 * power, 5 * power)
    return next((step for step in steps if step >= rough * (1 - 1e-9)), 10 * power)


def linear_axis(low: float, high: float, most: int, *, top: float | None = None) -> Axis:
    """Return an axis from ``low`` to ``high``, widened to round numbers.

    Args:
        low: The least finite value.
        high: The greatest.
        most: How many steps between ticks there is room for.
        top: A value the axis never goes beyond, such as 1 for an accuracy.
    """
    low, high = _widened(low, high, top)
    step = round_step(high - low, most)
    half = step / 2
    start, end = math.floor(low / half + 1e-9) * half, math.ceil(high / half - 1e-9) * half
    end = end if top is None else min(end, max(top, high))
    first, last = math.ceil(start / step - 1e-9), math.floor(end / step + 1e-9)
    ticks = [(index * step, _label(index * step, step)) for index in range(first, last + 1)]
    # Where there is no room for what tells two ticks apart, the second would lie.
    told = dict.fromkeys(label for _, label in ticks)
    firsts = {label: value for value, label in reversed(ticks)}
    return Axis(start, end, tuple((firsts[label], label) for label in told))


def _widened(low: float, high: float, top: float | None) -> tuple[float, float]:
    size = max(abs(low), abs(high))
    # So near the least number there is, a step between ticks would be none.
    size = size if size > SMALLEST else 0.0
    least = size * LEAST_SPAN if size else 1.0
    if high - low >= least:
        return low, high
    if top is not None and high >= top:
        return top - max(least, 0.1 * abs(top)), top
    middle = (low + high) / 2
    half = 0.25 * size if size else 0.5
    return middle - half, middle + half


def _label(value: float, step: float) -> str:
    """Return a tick's label with as many places as tell it from its neighbours."""
    if abs(value) < step / 2:
        return "0"
    places = max(-math.floor(math.log10(step) + 1e-9), 0)
    if len(exact := f"{value:.{places}f}") <= LABEL_WIDTH and abs(value) < 1e6:
        return exact
    if abs(value) >= 1e6 or abs(step) < 1e-5:
        places = math.floor(math.log10(abs(value))) - math.floor(math.log10(step))
        return exponent(value, min(max(places, 0), 2))[:LABEL_WIDTH]
    return exact[:LABEL_WIDTH]


def log_axis(low: float, high: float, most: int) -> Axis:
    """Return an axis over the decimal logarithm, with ticks at decades.

    Args:
        low: The least value above 0; the values themselves, not their logarithms.
        high: The greatest.
        most: How many steps between ticks there is room for.
    """
    bottom, top = math.log10(low), math.log10(high)
    if top - bottom > 1.5:
        first, last = math.floor(bottom + 1e-9), math.ceil(top - 1e-9)
        every = max(math.ceil((last - first) / max(most, 1)), 1)
        powers = range(first, last + 1, every)
        return Axis(first, last, tuple((float(power), _times(1, power)) for power in powers))
    return _fine_log_axis(bottom, top, most)


def _fine_log_axis(bottom: float, top: float, most: int) -> Axis:
    """Return a log axis of less than two decades: ticks at 1, 2 and 5, or at round numbers."""
    coarse = [
        (power + math.log10(factor), factor, power)
        for power in range(math.floor(bottom) - 1, math.ceil(top) + 2)
        for factor in (1, 2, 5)
    ]
    last = next(place for place, *_ in coarse if place >= top - 1e-9)
    first = max(place for place, *_ in coarse if place <= bottom + 1e-9 and place < last)
    inside = (each for each in coarse if first - 1e-9 <= each[0] <= last + 1e-9)
    ticks = tuple((place, _times(factor, power)) for place, factor, power in inside)
    return Axis(first, last, ticks if len(ticks) <= most + 1 else (ticks[0], ticks[-1]))


def _times(factor: int, power: int) -> str:
    return f"{factor * 10.0**power:g}" if -3 <= power <= 4 else f"{factor}e{power}"


def step_axis(last: int, width: int, first: int = 0) -> Axis:
    """Return an axis of steps from ``first`` to ``last`` for ``width`` columns."""
    last = max(last, first + 1)
    room = max(width // (len(count(last)) + 4), 1)
    step = max(int(round_step(last - first, room)), 1)
    values = range(-(-first // step) * step, last + 1, step)
    return Axis(float(first), float(last), tuple((float(each), count(each)) for each in values))


def horizon(last_step: int, total: int) -> int:
    """Return the step at which a curve's axis ends while its run goes on.

    The whole run, halved as long as what there is fits: the axis stays still while the curve
    grows, at least half of it is used, and a still picture costs no bytes.
    """
    end = max(total, last_step, 1)
    while end > 16 and (end + 1) // 2 >= last_step:
        end = (end + 1) // 2
    return end
