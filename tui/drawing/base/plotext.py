"""Curves drawn by plotext: places of dots in, characters out.

plotext is handed whole numbers, the very dots that a curve goes through, and no axis, label or
number that is not finite: what it does well is left to it, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .arrays import Characters

FIRST_COLOUR: Final = 16
"""Colours of the grid from here on stand for curves: they only tell them apart."""

BUDGET: Final = 25.0
"""Milliseconds that one picture may take: half of what a frame may, at four frames a second."""
EACH_PICTURE: Final = 1.0
EACH_CELL: Final = 0.0011
EACH_POINT: Final = 0.007
EACH_DOT: Final = 0.0047
"""What plotext takes, in milliseconds of a core at 2 GHz: for a picture, for each of its cells,
for each point it is given, and for each dot on the way to the next one. The least squares over 72
pictures of one to six curves, level to noisy, on 69 x 14 to 189 x 52 cells, rounded up until none
took longer. ``python -m benchmarks.drawing`` measures again.
"""

_COLOURED: Final = re.compile(r"\x1b\[([0-9;]*)m|([^\x1b]+)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Polyline:
    """Dots, or a line through them."""

    xs: NDArray[Any]
    """Columns of dots, from the left."""
    ys: NDArray[Any]
    """Rows of dots, from the bottom."""
    marker: str
    """What plotext draws it with."""
    of: int
    """Which curve it is a piece of."""
    joined: bool = True
    """Whether it goes from each dot to the next one."""


def cost(cells: int, points: int, dots: int) -> float:
    """Return the milliseconds that ``plotted`` takes at most.

    Args:
        cells: Cells of the picture.
        points: What it is given of all polylines.
        dots: What all of them go through.
    """
    return EACH_PICTURE + EACH_CELL * cells + EACH_POINT * points + EACH_DOT * dots


def plotted(
    polylines: Sequence[Polyline], columns: int, rows: int, dots: tuple[int, int]
) -> dict[int, Characters]:
    """Return for each curve the characters of its cells, as code points; 0 where there are none.

    Args:
        polylines: What to draw; the last one lies on top.
        columns: Cells across.
        rows: Cells down.
        dots: How many dots there are across and down, on which they are.
    """
    import plotext

    if not polylines:
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
    for each in polylines:
        draw = figure.plot if each.joined else figure.scatter
        draw(each.xs.tolist(), each.ys.tolist(), marker=each.marker, color=FIRST_COLOUR + each.of)
    return _parted(figure.build(), columns, rows)


def _parted(built: str, columns: int, rows: int) -> dict[int, Characters]:
    """Return the characters of each colour."""
    cells: dict[int, Characters] = {}
    for row, line in enumerate(built.split("\n")[:rows]):
        column, colour = 0, -1
        for codes, words in _COLOURED.findall(line):
            if not words:
                colour = int(codes.rpartition(";")[2]) if codes.startswith("38;5;") else -1
                continue
            if colour >= FIRST_COLOUR:
                blank = np.zeros((rows, columns), np.uint32)
                curve = cells.setdefault(colour - FIRST_COLOUR, blank)
                points = np.frombuffer(words.encode("utf-32-le"), "<u4")[: columns - column]
                curve[row, column : column + len(points)] = points
            column += len(words)
    return cells
