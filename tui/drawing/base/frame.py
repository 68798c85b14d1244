"""The frame of a picture: its two axes with ticks and labels, and lines of an exact size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from rich.text import Text

from ...style.look import Look
from ...style.numbers import count
from ...style.palette import Role
from ...style.text import Lines, cut, joined, pad_left
from .axis import LABEL_WIDTH, Axis

FRAME_WIDTH = LABEL_WIDTH + 1
"""Columns that the upright axis takes."""

FRAME_HEIGHT = 2
"""Lines that the level axis takes."""


def framed(canvas: Lines, level: Axis, upright: Axis, look: Look) -> Lines:
    """Return a canvas with the upright axis at its left and the level one under it."""
    columns = canvas[0].cell_len if canvas else 0
    return [*with_axis(canvas, upright, look), *_level(level, columns, look)]


def with_axis(canvas: Lines, upright: Axis, look: Look) -> Lines:
    """Return a canvas with the upright axis at its left."""
    rows = len(canvas)
    labels: dict[int, str] = {}
    for value, label in upright.ticks:
        if 0 <= upright.share(value) <= 1:
            labels.setdefault(rows - 1 - int(0.5 + (rows - 1) * upright.share(value)), label)
    return with_upright(canvas, labels, look)


def with_upright(canvas: Lines, labels: Mapping[int, str], look: Look) -> Lines:
    """Return a canvas with an axis at its left, and at these rows a tick with what it says."""
    plain, tick, *_ = look.glyphs.axis
    lines = []
    for row, drawn in enumerate(canvas):
        line = Text(pad_left(labels.get(row, ""), LABEL_WIDTH), look.style("muted"), end="")
        line.append(tick if row in labels else plain, look.style("faint"))
        lines.append(line.append_text(drawn))
    return lines


def column_of(value: float, level: Axis, columns: int) -> int:
    """Return the cell of a value on the level axis, which is outside where the value is."""
    return math.floor((columns - 1) * level.share(value) + 0.5)


def _level(level: Axis, columns: int, look: Look) -> Lines:
    _, _, corner, plain, tick = look.glyphs.axis
    inside = (value for value, _ in level.ticks if 0 <= level.share(value) <= 1)
    ticks = {column_of(value, level, columns) for value in inside}
    rule = "".join(tick if column in ticks else plain for column in range(columns))
    axis = look.line(" " * LABEL_WIDTH).append(corner + rule, look.style("faint"))
    return [axis, level_labels(level, columns, look)]


def level_labels(
    level: Axis, columns: int, look: Look, *, cursor: int | None = None, first: int = 0
) -> Text:
    """Return the labels under the level axis, each with its middle under its value.

    Args:
        level: The axis.
        columns: Its cells.
        look: What to draw with.
        cursor: What is read on it: its own label stands in place of those it would run into.
        first: The cell of the line where the first label may begin.
    """
    wide = columns + FRAME_WIDTH
    labels, here = [" "] * wide, (wide + 1, wide + 1)

    def start_of(words: str, value: float) -> int:
        middle = FRAME_WIDTH + column_of(value, level, columns)
        return max(min(middle - len(words) // 2, wide - len(words)), 0)

    if cursor is not None and level.low <= cursor <= level.high:
        start = start_of(words := count(cursor), cursor)
        here = (start, start + len(words))
        labels[start : here[1]] = words
    for value, words in level.ticks:
        start = start_of(words, value)
        stop = start + len(words)
        seen = columns and 0 <= level.share(value) <= 1
        if seen and start >= first and (stop < here[0] or start > here[1]):
            labels[start:stop] = words
            first = stop + 1
    line = look.line("".join(labels), "muted")
    line.stylize(look.style("text", bold=True), *here)
    return line


def headline(title: str, facts: Iterable[str], width: int, look: Look) -> Text:
    """Return a picture's first line: what it is, then facts, as many as fit."""
    parts = [(look.fit(title, width), look.style("text", bold=True))]
    parts += [(fact, look.style("muted")) for fact in facts if fact]
    return cut(joined(parts, look.glyphs.dot, look.style("faint"), width)[0], width)


def words(text: str, width: int, look: Look, role: Role = "muted") -> Text:
    """Return a line of words, cut with an ellipsis where there is no room."""
    return cut(look.line(look.fit(text, width), role), width)


def beside(pictures: Sequence[Lines], widths: Sequence[int]) -> Lines:
    """Return pictures side by side, two blanks between; the shorter are filled up.

    Args:
        pictures: The lines of each.
        widths: The cells of each.
    """
    height = max(map(len, pictures), default=0)
    padded = [filled(each, size, height) for each, size in zip(pictures, widths, strict=True)]
    return [Text("  ", end="").join(row) for row in zip(*padded, strict=True)]


def widths_beside(width: int, count: int) -> list[int]:
    """Return the cells of each of several pictures side by side."""
    room = max(width - 2 * (count - 1), 0)
    return [room // count + (index < room % count) for index in range(count)]


def filled(lines: Lines, width: int, height: int) -> Lines:
    """Return exactly ``height`` lines of exactly ``width`` cells."""
    height, width = max(height, 0), max(width, 0)
    lines = lines[:height] + [Text(end="") for _ in range(height - len(lines))]
    return [cut(line, width) for line in lines]


def cropped(lines: Lines, width: int, height: int) -> Lines:
    """Return at most ``height`` lines of exactly ``width`` cells."""
    return [cut(line, max(width, 0)) for line in lines[: max(height, 0)]]
