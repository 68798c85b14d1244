"""Axes of a chart: from where to where, and which numbers stand beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

ROOM: Final = 0.04
"""The share of an axis that is left free beyond what is drawn, on either side."""

_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NARROW_SPACE: Final = "\u202f"


@dataclass(frozen=True)
class ChartAxis:
    """An axis, whose ticks are even in what it shows or in its logarithm."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    """Where a number stands, and how it is written."""
    logarithmic: bool = False

    @classmethod
    def of_values(cls, values: NDArray[Any], most: int, *, logarithmic: bool = False) -> Self:
        """Return an axis with room for values.

        Args:
            values: Finite ones; of a logarithmic axis those above 0 count.
            most: Ticks at most, about.
            logarithmic: Whether powers of ten are equally far apart.
        """
        if logarithmic:
            exponents = np.log10(values[values > 0].astype(np.float64))
            return cls._of_powers(*_roomy(exponents), most)
        low, high = _even_ends(values.astype(np.float64))
        return cls(low, high, tuple(_even_ticks(low, high, most)))

    @classmethod
    def _of_powers(cls, low: float, high: float, most: int) -> Self:
        stride = max(math.ceil((high - low) / most), 1)
        first = math.ceil(low / stride) * stride
        powers = range(first, math.floor(high) + 1, stride)
        ticks = tuple((10.0**power, f"10{str(power).translate(_RAISED)}") for power in powers)
        return cls(low, high, ticks, logarithmic=True)

    @classmethod
    def of_steps(cls, last: int, most: int) -> Self:
        """Return the axis of steps from 0 to the last."""
        return cls(0.0, float(last), tuple(_even_ticks(0.0, float(last), most, whole=True)))

    @classmethod
    def between(cls, low: float, high: float, most: int) -> Self:
        """Return an axis that ends where it is told to."""
        return cls(low, high, tuple(_even_ticks(low, high, most)))

    def share(self, values: NDArray[Any] | float) -> NDArray[np.float64]:
        """Return how far along the axis values stand: 0 to 1, beyond, or NaN."""
        with np.errstate(all="ignore"):
            placed = np.asarray(values, np.float64)
            placed = np.log10(np.maximum(placed, 0)) if self.logarithmic else placed
            shares = (placed - self.low) / (self.high - self.low)
        return np.where(np.isfinite(shares), shares, np.nan)


def _roomy(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    room = (high - low) * ROOM or abs(high) * ROOM or 0.5
    return low - room, high + room


def _even_ends(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return where an even axis ends: below 0 only where something is."""
    low, high = _roomy(values)
    return (max(low, 0.0) if len(values) and values.min() >= 0 else low), high


def _even_ticks(
    low: float, high: float, most: int, *, whole: bool = False
) -> Iterator[tuple[float, str]]:
    """Yield numbers that are 1, 2 or 5 times a power of ten apart."""
    if not (math.isfinite(low) and math.isfinite(high) and high > low):
        return
    unit = 10.0 ** math.floor(math.log10((high - low) / most))
    wanted = (high - low) / most
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= wanted * 0.999)
    step = max(step, 1.0) if whole else step
    decimals = max(-math.floor(math.log10(step) + 1e-9), 0)
    for at in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        value = at * step
        yield value, step_text(round(value)) if whole else _tick_text(value, decimals)


def _tick_text(value: float, decimals: int) -> str:
    if abs(value) >= 1e6 or decimals > 5:
        return f"{value:.3g}"
    return f"{value:.{decimals}f}"


def step_text(step: int) -> str:
    """Return a step as people read it: ``12 000``."""
    return f"{step:,}".replace(",", _NARROW_SPACE)
