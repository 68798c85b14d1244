"""Strokes drawn by plotext: places of dots in, characters out.

plotext is handed whole numbers, the very dots that a stroke goes through, and no axis, label or
number that is not finite: what it does well is left to it, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FIRST_COLOUR: Final = 16
"""Colours of the grid from here on stand for strokes: they only tell them apart."""

_COLOURED: Final = re.compile(r"\x1b\[([0-9;]*)m|([^\x1b]+)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Stroke:
    """A polyline through dots."""

    xs: NDArray[Any]
    """Columns of dots, from the left."""
    ys: NDArray[Any]
    """Rows of dots, from the bottom."""
    marker: str
    """What plotext draws it with."""
    of: int
    """Which curve it is a piece of."""


def plotted(
    strokes: Sequence[Stroke], columns: int, rows: int, dots: tuple[int, int]
) -> dict[int, NDArray[np.uint32]]:
    """Return for each curve the characters of its cells, as code points; 0 where there are none.

    Args:
        strokes: What to draw; the last one lies on top.
        columns: Cells across.
        rows: Cells down.
        dots: How many dots there are across and down, on which the strokes are.
    """
    import plotext

    if not strokes:
        return {}
    # The whole process has one figure, so each picture begins with a new one.
    figure: Any = plotext
    figure.clear_figure()
    figure.limit_size(False, False)
    figure.plot_size(columns, rows)
    figure.theme("clear")
    figure.frame(False)
    figure.xticks([])
    figure.yticks([])
    figure.xlim(0, dots[0] - 1)
    figure.ylim(0, dots[1] - 1)
    for each in strokes:
        colour = FIRST_COLOUR + each.of
        figure.plot(each.xs.tolist(), each.ys.tolist(), marker=each.marker, color=colour)
    return _parted(figure.build(), columns, rows)


def _parted(built: str, columns: int, rows: int) -> dict[int, NDArray[np.uint32]]:
    """Return the characters of each colour."""
    found: dict[int, NDArray[np.uint32]] = {}
    for row, line in enumerate(built.split("\n")[:rows]):
        column, colour = 0, -1
        for codes, words in _COLOURED.findall(line):
            if not words:
                colour = int(codes.rpartition(";")[2]) if codes.startswith("38;5;") else -1
                continue
            if colour >= FIRST_COLOUR:
                curve = found.setdefault(
                    colour - FIRST_COLOUR, np.zeros((rows, columns), np.uint32)
                )
                points = np.frombuffer(words.encode("utf-32-le"), "<u4")[: columns - column]
                curve[row, column : column + len(points)] = points
            column += len(words)
    return found
