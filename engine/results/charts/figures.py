"""What a run came to, as the rows of a small table and as one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...text.numbers import figure_text
from ...text.tables import SETS, finite, mean_text, value_text

MEASURES = ("loss", "accuracy", "rmse")


def result_table(result: Mapping[str, Any]) -> list[list[str]]:
    """Return the figures of the sets: a row of their names, then one for each measure.

    Of a population a figure is the mean over its networks and their standard deviation.
    """
    measures = [m for m in MEASURES if any(f"{s}_{m}" in result for s in SETS)]
    sets = [s for s in SETS if any(f"{s}_{m}" in result for m in measures)]
    rows = [[m, *(_cell(result.get(f"{s}_{m}")) for s in sets)] for m in measures]
    return [["", *sets], *rows] if rows else []


def result_line(result: Mapping[str, Any], most: int) -> str:
    """Return figures of the sets in a line, those of the least seen set first.

    Args:
        result: What a run ended with.
        most: Letters; figures that do not fit are left out.
    """
    head, *rows = result_table(result) or [[]]
    line = ""
    for at in range(len(head) - 1, 0, -1):
        for row in reversed(rows):
            told = f"{' · ' * bool(line)}{head[at]} {row[0]} {row[at]}"
            line += told if row[at] and len(line + told) <= most else ""
    return line


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        numbers = finite(value)
        return mean_text(numbers) if numbers else ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return figure_text(float(value)) if is_number else value_text(value)
