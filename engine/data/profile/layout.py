"""How a text file is laid out, by its bytes alone: its encoding, what parts its cells, its names.

What is found here goes into a preset, where it can be read and changed: the training itself
finds nothing out.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..cells import MISSING
from ..encoding import MARKS, UTF_8
from ..rows import SEPARATORS
from ..source import TextSource
from ..text_file import declaration
from .tally import NOTATIONS

SAMPLE: Final = 200
"""Rows that are looked at."""

CELLS: Final = 2_000
"""Cells that are tried as numbers."""

HEAD: Final = 1_000_000
"""Characters that they are looked for in."""

_ENCODINGS: Final = (UTF_8, "cp1252", "latin-1")
"""In the order they are tried; what is UTF-8 is hardly ever anything else, and the last one holds
for every file.
"""

_MARKS: Final = {**dict.fromkeys(MARKS, "utf-16"), codecs.BOM_UTF8: UTF_8}
"""What a file begins with that says how it is encoded."""


@dataclass(frozen=True, kw_only=True)
class TextLayout:
    """How a text file is laid out."""

    encoding: str
    """As Python calls it."""
    example: str
    """A word of the file that would read wrong in another encoding; empty where there is none."""
    separator: str
    """What parts its cells."""
    declared: bool
    """Whether a first line such as ``sep=;`` says so."""
    header: bool
    """Whether its first row holds the columns' names."""


def layout_of(path: Path, usual: str) -> TextLayout:
    """Return how a text file is laid out.

    Args:
        path: The file.
        usual: What its ending says that parts its cells.

    Raises:
        DataError: It declares a separator that is not known, or is damaged.
        OSError: It cannot be read.
    """
    source = TextSource(path, _encoding(path))
    declared = declaration(source)
    with source.text() as file:
        text = file.read(HEAD)
    lines = list(io.StringIO(text, newline=""))[bool(declared) :]
    if len(text) == HEAD:
        lines.pop()
    separator = declared or _separator(lines, usual)
    rows = _rows(lines, separator)
    return TextLayout(
        encoding=source.encoding,
        example=_example(text),
        separator=separator,
        declared=bool(declared),
        header=not rows or _has_names(rows[0], rows[1:]),
    )


def _encoding(path: Path) -> str:
    first = next(TextSource(path, UTF_8).pieces(), b"")
    for mark, encoding in _MARKS.items():
        if first.startswith(mark):
            return encoding
    return next(encoding for encoding in _ENCODINGS if _decodes(path, encoding))


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in TextSource(path, encoding).pieces():
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _example(text: str) -> str:
    """Return the first word that is not of plain letters alone."""
    if text.isascii():
        return ""
    at = next(index for index, letter in enumerate(text) if not letter.isascii())
    start, end = at, at
    while start and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return text[start : max(end, at + 1)][:40]


def _separator(lines: Sequence[str], usual: str) -> str:
    """Return what parts the cells of lines: what gives every row as many, and most of them numbers.

    Blanks are believed where nothing else parts them at all: words have them too.
    """
    scores = {each: _score(_rows(lines, each)) for each in SEPARATORS if each != " "}
    best = max(scores, key=lambda each: (scores[each], each == usual))
    if any(scores[best]):
        return best
    return " " if any(_score(_rows(lines, " "))) else usual


def _score(rows: Sequence[Sequence[str]]) -> tuple[float, float, int]:
    """Return how well a separator does: the share of rows of one width, the share of numbers in
    them, and that width; nothing where it parts nothing.
    """
    widths = Counter(map(len, rows))
    if not widths:
        return 0.0, 0.0, 0
    width, times = widths.most_common(1)[0]
    if width == 1:
        return 0.0, 0.0, 0
    cells = [cell for row in rows if len(row) == width for cell in row][:CELLS]
    return times / len(rows), sum(map(_is_value, cells)) / len(cells), width


def _rows(lines: Sequence[str], separator: str) -> list[list[str]]:
    """Return the cells of the first rows; as far as they can be told apart at all."""
    blanks = separator == " "
    if blanks:
        lines = [line.strip().replace("\t", " ") for line in lines]
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=blanks)
    rows: list[list[str]] = []
    try:
        rows += itertools.islice(filter(any, reader), SAMPLE)
    except csv.Error:
        # What is wrong with it is said, with its line, by whoever reads the file.
        return []
    return [[cell.strip() for cell in row] for row in rows]


def _is_value(cell: str) -> bool:
    """Whether a cell is a number, or stands for a missing one."""
    return not cell or cell.lower() in MISSING or _is_number(cell)


def _is_number(cell: str) -> bool:
    """Whether a cell is a number, in whichever way it is written."""
    return any(written.number(cell) is not None for written in NOTATIONS)


def _has_names(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether the first row holds names, and not cells like those below.

    Numbers beside words are names where they count on by one, as the columns of a matrix do.
    Words are names but where most of those above a column of words come again in it.
    """
    numbers = [cell for cell in first if _is_number(cell)]
    columns = [[row[at] for row in below if at < len(row)] for at in range(len(first))]
    again = [
        name in cells
        for name, cells in zip(first, columns, strict=True)
        if name and not _is_number(name) and not all(map(_is_value, cells))
    ]
    if numbers:
        return len(numbers) < len(first) and _counts_on(numbers) and not any(again)
    return len(again) < len(first) or sum(again) * 2 <= len(again)


def _counts_on(numbers: Sequence[str]) -> bool:
    """Whether whole numbers follow each other."""
    if not all(map(str.isdecimal, numbers)):
        return False
    first = int(numbers[0])
    return len(numbers) > 1 and [*map(int, numbers)] == [*range(first, first + len(numbers))]
