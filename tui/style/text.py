"""Text made to fit.

Widths are counted in cells, of which a Chinese character has two, so that a title never pushes a
column aside. That it cannot move the cursor either is ``engine.text.safe``'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text

Lines = list[Text]
"""A picture: one ``Text`` a line."""

Styled = tuple[str, Style]
"""Words, and how they look."""


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """Return ``text`` in at most ``width`` cells, cut with an ellipsis where it is longer."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    room = width - cell_len(ellipsis)
    if room <= 0:
        return set_cell_size(text, width)
    kept = set_cell_size(text, room)
    if text.startswith(kept) and re.match(r"[\d.,]*\d", text[len(kept) :]):
        # The beginning of a number is another number: 0 of 0.0316.
        kept = re.sub(r"(?<=\s)[-+]?\d[\d.,]*$", "", kept)
    return kept.rstrip() + ellipsis


def pad(text: str, width: int, ellipsis: str = "…") -> str:
    """Return ``text`` in exactly ``width`` cells, to the left."""
    return set_cell_size(fit(text, width, ellipsis), max(width, 0))


def pad_left(text: str, width: int, ellipsis: str = "…") -> str:
    """Return ``text`` in exactly ``width`` cells, to the right."""
    fitted = fit(text, width, ellipsis)
    return " " * max(width - cell_len(fitted), 0) + fitted


def wrap(text: str, width: int) -> list[str]:
    """Return ``text`` broken between words into lines of at most ``width`` cells."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if cell_len(longer) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            line = word
            while width > 0 and cell_len(line) > width:
                lines.append(set_cell_size(line, width).rstrip())
                line = line[max(len(lines[-1]), 1) :]
        lines.append(line)
    return lines


def joined(parts: Sequence[Styled], separator: str, faint: Style, width: int) -> tuple[Text, int]:
    """Return as many parts as fit in ``width`` cells, and how many that were."""
    line = Text(no_wrap=True, end="")
    for index, (words, style) in enumerate(parts):
        between = separator if index else ""
        if line.cell_len + cell_len(between) + cell_len(words) > width:
            return line, index
        line.append(between, faint).append(words, style)
    return line, len(parts)


def fitting(widths: Sequence[int], order: Iterable[int], room: int, between: int) -> list[int]:
    """Return which of some words have room in a line, with so many cells between any two.

    They are taken in an order, until one has no room; returned from the left to the right.
    """
    chosen: list[int] = []
    for index in order:
        room -= widths[index] + between * bool(chosen)
        if room < 0:
            break
        chosen.append(index)
    return sorted(chosen)


def hanging(head: Text, words: str, width: int, style: Style) -> Lines:
    """Return words after a head, later lines under the first; without it where it is narrow."""
    indent = head.cell_len if width > 8 else 0
    starts = [head] if indent else []
    lines = []
    for row in wrap(words, max(width - indent, 1)):
        start = starts.pop() if starts else Text(" " * indent, end="")
        lines.append(cut(start.append(row, style), width))
    return lines


def cut(line: Text, width: int) -> Text:
    """Return ``line`` in exactly ``width`` cells."""
    line.truncate(max(width, 0), pad=True)
    return line


WAITS: Final = "only at the result"
"""What is said of the test set's errors where nobody counts them yet."""


OF_BEST: Final = "only of the best"
"""The same where a run stands at its end, but not with its best weights."""


def shortened(wordings: Sequence[str], width: int) -> str:
    """Return the first of several wordings that fits; the last one where none does."""
    return next((words for words in wordings if cell_len(words) <= width), wordings[-1])
