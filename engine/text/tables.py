"""Numbers and rows as aligned text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from .averages import deviation_of, mean_of
from .numbers import figure_text
from .safe import plain

SETS: Final = ("train", "dev", "test")
"""The sets that figures are of."""


def finite(values: Sequence[Any]) -> list[float]:
    """Return those members' figures that are finite numbers."""
    # A recording writes the others out, as "nan" and "inf".
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    return [number for number in numbers if math.isfinite(number)]


def mean_text(values: Sequence[float]) -> str:
    """Return the mean of several members' figures, and their standard deviation."""
    mean = figure_text(mean_of(values))
    return mean if len(values) == 1 else f"{mean} ± {figure_text(deviation_of(values))}"


def value_text(value: object) -> str:
    """Return a figure of a result: a number, a list of them, or what else there is."""
    if isinstance(value, list):
        shown = [value_text(item) for item in value[:5]]
        return " ".join([*shown, "…"] if len(value) > 5 else shown)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return plain(str(value))
    return figure_text(value)


def time_text(seconds: float) -> str:
    """Return a length of time in its two greatest units."""
    whole = round(min(max(seconds, 0), 1e9))
    for name, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60)):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // part} {smaller}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def aligned(rows: Sequence[Sequence[str]], *, numbers: bool = False) -> list[str]:
    """Return rows of cells as lines with columns, two spaces apart.

    Args:
        rows: As many cells in each.
        numbers: Align every column but the first to the right.
    """
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for index, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if numbers and index else cell + space)
        lines.append("  ".join(cells).rstrip())
    return lines
