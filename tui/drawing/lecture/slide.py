"""A slide: a title in large letters, and under it a text as it was set.

Every line of the text stays one: tables and formulas depend on it. A line of words that is too
long is broken between them, what follows a bullet under its first word. The lines keep to a column
of at most ``COLUMN`` cells in the middle, except for tables and formulas that are wider.

A slide without a text is a card: its title in the middle of the screen.
"""

from __future__ import annotations

import re
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from engine.text.safe import plain

from ...style.glyphs import Glyphs
from ...style.look import Look
from ...style.text import Lines, cut, wrap
from ..base.letters import LARGE
from .big import Lettering, big_rows, letterings

COLUMN: Final = 80
"""Cells of the longest line that is read with ease."""
MARGIN: Final = 2
"""Cells left and right, on a screen that has some to spare."""
LEAST_MARGIN_WIDTH: Final = 40

_BULLET: Final = re.compile(r"( *)((?:[-*+•·–—]|\d{1,3}[.)]?|[a-z][.)]) +)?")
_SET: Final = re.compile(r"\S {2,}\S")
"""What has several blanks in a row is a table."""
_SEGMENT: Final = re.compile(r"\S+(?: \S+)*")


def draw_slide(
    title: str, text: str, width: int, height: int, look: Look, *, note: str = ""
) -> Lines:
    """Return a slide; it has more than ``height`` lines where its text has no room.

    For the back row the text is in large letters too, where it has room.

    Args:
        title: What stands over it, as large as there is room for.
        text: Its lines; none for a card.
        width: Cells, at least 0.
        height: Lines, at least 0.
        look: What to draw with.
        note: A few words at its foot, such as which scene it is.
    """
    if width <= 0 or height <= 0:
        return []
    style = look.style("text", bold=look.big)
    foot = _foot(note, width, height, look)
    room = height - len(foot)
    body = _body(text, width, room, look)
    head = _head(title, width, room, room - len(body), look.glyphs)
    between = min(max(room - len(head) - len(body), 1), 2) if head and body else 0
    spare = max(room - len(head) - between - len(body), 0)
    # A little above the middle is where the eye expects it.
    above = spare // 3 if body else spare // 2
    lines = _written([""] * above, style) + _written(head, look.style("train", bold=True))
    lines += _written([""] * between + body, style)
    lines += _written([""] * (room - len(lines)), style)
    return [cut(line, width) for line in [*lines, *foot]]


def _written(rows: list[str], style: Style) -> Lines:
    return [Text(row, style, end="", no_wrap=True) for row in rows]


def _margin(width: int) -> int:
    return MARGIN if width >= LEAST_MARGIN_WIDTH else 0


def _head(title: str, width: int, height: int, free: int, glyphs: Glyphs) -> list[str]:
    """Return the title as large as it can be; over a text it has a third of the slide at most."""
    margin = _margin(width)
    most = height if free == height else max(min(free - 2, height // 3), 2)
    rows = big_rows(title, width - 2 * margin, most, glyphs) if title.strip() else []
    return [" " * margin + row for row in rows]


def _foot(note: str, width: int, height: int, look: Look) -> Lines:
    """Return the note at the right, where there is room for more than the title."""
    if not note or height < 4:
        return []
    margin = _margin(width)
    words = look.fit(plain(note), max(width - 2 * margin, 1))
    return [look.line(" " * (width - margin - cell_len(words)) + words, "muted")]


# --- the text ------------------------------------------------------------------------------------


def _body(text: str, width: int, height: int, look: Look) -> list[str]:
    """Return the rows of the text, in the middle."""
    given = [line.rstrip() for line in plain(text.expandtabs(), lines=True).split("\n")]
    given = "\n".join(given).strip("\n").split("\n") if any(given) else []
    room = width - 2 * _margin(width)
    if look.big and (rows := _large(given, room, height, look.glyphs)):
        return [" " * _margin(width) + row for row in rows]
    rows = [row for line in given for row in set_line(line, room)]
    left = max(width - max(map(cell_len, rows), default=0), 0) // 2
    return [" " * left + row if row else "" for row in rows]


def set_line(line: str, width: int) -> list[str]:
    """Return one line of a text in rows of a slide that has so many cells."""
    column = max(min(width, COLUMN), 1)
    wide = cell_len(line)
    if wide <= column or (_SET.search(line) and wide <= width):
        return [line]
    match = _BULLET.match(line)
    assert match is not None
    indent = match.end() if match.end() <= column // 2 else 0
    first, *rest = wrap(line[indent:], column - indent)
    return [line[:indent] + first, *(" " * indent + row for row in rest)]


def _large(lines: list[str], width: int, height: int, glyphs: Glyphs) -> list[str]:
    """Return a text in the largest letters that leave the title some room; none where none do."""
    most = height - 5
    for lettering in letterings(glyphs):
        # Formulas need small letters.
        if lettering.font is not LARGE:
            continue
        rows = sum(lettering.height + 1 if line else 1 for line in lines) - 1
        if rows > most or not lines:
            continue
        drawn = [_set_large(line, lettering) for line in lines]
        wide = max(max(map(len, each), default=0) for each in drawn)
        if wide <= width and all(each for each, line in zip(drawn, lines, strict=True) if line):
            left = " " * ((width - wide) // 2)
            return [left + row for each in drawn for row in (*each, "")][:-1]
    return []


def _set_large(line: str, lettering: Lettering) -> list[str]:
    """Return a line in large letters, columns of a table under one another; none where one of its
    characters is not drawn.
    """
    rows = [""] * lettering.height if line else []
    for segment in _SEGMENT.finditer(line):
        spelled = lettering.spelled(segment.group())
        if spelled is None:
            return []
        start = lettering.advance * segment.start()
        drawn = lettering.lines(spelled)
        rows = [row.ljust(start) + more for row, more in zip(rows, drawn, strict=True)]
    return rows
