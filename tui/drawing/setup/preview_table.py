"""Data that is neither points of the plane nor functions: its first rows, and how it is spread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.text import Text

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.numbers import figure
from ...style.text import Lines, pad
from ..base.matrix import chosen, table_lines
from ..base.shapes import hue
from .preview_data import TABLE_ROWS

if TYPE_CHECKING:
    from .preview_data import Preview


WIDEST: Final = 8
"""Cells of a column's heading."""


def draw_table(preview: Preview, width: int, height: int, look: Look) -> Lines:
    """Return the first rows, and under them how often each class or number comes."""
    names = len(preview.target_names)
    bars = min(names, (height - 1) // 2) if height >= 6 else 0
    room = max(height - 1 - bars - bool(bars), 0)
    targets = preview.target_names if not preview.classes else ("class",)
    cells = [["", *preview.input_names, *targets]]
    for row in range(min(room, len(preview.inputs), TABLE_ROWS)):
        cells.append([str(row + 1), *_row(preview, row, look.glyphs)])
    fixed = 1 + min(len(targets), 2)
    lines = table_lines(cells, fixed, width, look, widest=WIDEST)[: room + 1]
    if bars:
        draw = _class_bars if preview.classes else _spreads
        lines += [Text(end=""), *draw(preview, width, bars, look)]
    return lines


def _row(preview: Preview, row: int, glyphs: Glyphs) -> list[str]:
    numbers = [*preview.inputs[row].tolist()]
    if preview.classes:
        return [*(_number(each, glyphs) for each in numbers), _class_name(preview, row)]
    return [_number(float(each), glyphs) for each in (*numbers, *preview.targets[row].tolist())]


def _class_name(preview: Preview, row: int) -> str:
    return preview.target_names[int(preview.targets[row])]


def _number(value: float, glyphs: Glyphs) -> str:
    """Return a number of the data as one would write it down."""
    usual = math.isfinite(value) and 1e-3 <= abs(value) < 1e5
    return f"{value:.4g}" if usual else figure(value, infinity=glyphs.infinity)


def _class_bars(preview: Preview, width: int, height: int, look: Look) -> Lines:
    """Return how often each class comes among the rows that were looked at."""
    counts = np.bincount(preview.targets.astype(int), minlength=len(preview.target_names))
    shares = counts / max(int(counts.sum()), 1)
    label = min(max(map(cell_len, preview.target_names)), max(width // 3, 1), 12)
    room = max(width - label - 7, 0)
    lines = []
    for index in chosen(len(counts), height):
        line = Text(end="", no_wrap=True)
        if index is not None:
            style = hue(index, look.palette)
            line.append(pad(preview.target_names[index], label, look.glyphs.ellipsis) + " ", style)
            bar = _bar(float(shares[index] / shares.max()), room, look.glyphs)
            line.append(pad(bar, room), style)
            line.append(f"{shares[index]:6.1%}", look.style("muted"))
        else:
            line.append(look.glyphs.ellipsis, look.style("muted"))
        lines.append(line)
    return lines


def _bar(share: float, room: int, glyphs: Glyphs) -> str:
    """Return a bar that is this share of the room long."""
    steps = len(glyphs.eighths)
    whole, rest = divmod(round(share * room * steps), steps)
    return glyphs.eighths[-1] * whole + (glyphs.eighths[rest - 1] if rest else "")


def _spreads(preview: Preview, width: int, height: int, look: Look) -> Lines:
    """Return how each target's numbers are spread: from the least to the greatest."""
    label = min(max(map(cell_len, preview.target_names)), max(width // 4, 1), 12)
    lines = []
    for index in chosen(len(preview.target_names), height):
        if index is None:
            lines.append(Text(look.glyphs.ellipsis, look.style("muted"), end=""))
            continue
        values = preview.targets[:, index]
        values = values[np.isfinite(values)]
        low, high = ends_of(values)
        ends = (
            _number(float(values.min(initial=high)), look.glyphs),
            _number(float(values.max(initial=low)), look.glyphs),
        )
        room = max(width - label - len(ends[0]) - len(ends[1]) - 3, 0)
        name = pad(preview.target_names[index], label, look.glyphs.ellipsis)
        line = Text(f"{name} ", hue(index, look.palette), end="", no_wrap=True)
        line.append(f"{ends[0]} ", look.style("muted"))
        if room:
            line.append(_spread(values, (low, high), room, look.glyphs), hue(index, look.palette))
        line.append(f" {ends[1]}", look.style("muted"))
        lines.append(line)
    return lines


def _spread(values: NDArray[Any], ends: tuple[float, float], columns: int, glyphs: Glyphs) -> str:
    counts, _ = np.histogram(values, bins=columns, range=ends)
    top = max(int(counts.max(initial=0)), 1)
    steps = len(glyphs.levels)
    return "".join(
        glyphs.levels[math.ceil(many / top * steps) - 1] if many else " "
        for many in counts.tolist()
    )


def ends_of(values: NDArray[Any]) -> tuple[float, float]:
    """Return the least and the greatest finite value, with a little room where they are one."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    half = 0.5 * max(abs(low), 1e-30) if low == high else 0.0
    return low - half, high + half
