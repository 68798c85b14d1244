"""A text of the engine as it is: the network's print-out, or a program with its comments muted."""

from __future__ import annotations

import re
from typing import Final

from rich.text import Text

from ...style.look import Look
from ...style.text import Lines, cut, fit, wrap

QUOTES: Final = '"""'
TABLE: Final = 3
"""Columns from which on a line is a row of a table."""


def draw_text(text: str, width: int, look: Look, *, program: bool) -> Lines:
    """Return a text line by line.

    What has no room is broken between words; rows of a table and lines of a program, which would
    not be the same then, are cut off, and seen to be.

    Args:
        text: What the engine wrote.
        width: Cells.
        look: What to draw with.
        program: Whether it is Python: then what only people read stands back.
    """
    rows = text.expandtabs().splitlines()
    if look.glyphs.name == "ascii":
        rows = [row.encode("ascii", "replace").decode() for row in rows]
    if not program:
        rows = [part for row in rows for part in _broken(row, width)]
    lines: Lines = []
    told = False
    for row in rows:
        quotes = row.count(QUOTES)
        for_people = program and (told or quotes > 0 or row.lstrip().startswith("#"))
        told ^= quotes % 2 == 1
        style = look.style("muted" if for_people else "text")
        lines.append(cut(Text(fit(row, width, look.glyphs.ellipsis), style, end=""), width))
    return lines


def _broken(row: str, width: int) -> list[str]:
    """Return a line in as many as it takes, those after the first under its last column."""
    columns = re.split(r"\s{2,}", row.strip())
    indent = row.rindex(columns[-1])
    if len(row) <= width or len(columns) >= TABLE or 2 * indent > width:
        return [row]
    first, *others = wrap(columns[-1], max(width - indent, 1))
    return [row[:indent] + first, *(" " * indent + each for each in others)]
