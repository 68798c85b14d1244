"""What the terminal shows, cell by cell, and the least that makes it show something else.

Textual writes a region whole when anything in it changes. Of a piece of a row, only the cells that
differ from what was last sent there are sent again:

    ESC[3;40H … 40 cells …   ──►   ESC[3;52H two cells ESC[71G one more

A piece that terminals may show differently is sent as it came, and its row is not known then until
it is painted anew. Nothing here knows what waits or how fast the link is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import compress, count, pairwise
from operator import ne, or_
from typing import Final

from .cells import PLAIN, REST, Cells, Piece, change

UNKNOWN: Final = "\0"
"""Stands in a cell of which nothing is known, and in no other."""
JOINED: Final = 5
"""Bytes of unchanged cells that are sent again rather than leapt over: a leap takes six."""


@dataclass(frozen=True)
class CursorState:
    """Where the terminal would write next, and how."""

    row: int = 0
    """0 where it is not known."""
    column: int = 0
    style: str = PLAIN


@dataclass(frozen=True)
class Stroke:
    """What is sent to draw something."""

    data: bytes
    pen: CursorState
    """The pen after it."""


@dataclass
class ScreenRow:
    """What a row shows, as far as it is known."""

    characters: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)

    def reach(self, end: int) -> None:
        """Have so many cells at least."""
        missing = end - len(self.characters)
        if missing > 0:
            self.characters += [UNKNOWN] * missing
            self.styles += [PLAIN] * missing

    def differing(self, first: int, cells: Cells) -> list[int]:
        """Return which of the cells that begin at a place differ from what it shows."""
        last = first + len(cells.characters)
        characters, styles = self.characters[first:last], self.styles[first:last]
        if characters == cells.characters and styles == cells.styles:
            return []
        differ = map(or_, map(ne, characters, cells.characters), map(ne, styles, cells.styles))
        return list(compress(count(), differ))

    def paint(self, first: int, cells: Cells) -> None:
        """Show cells from a place on.

        A wide character that they cut in two needs no care: the half that is left differs from
        whatever is painted there next, as a whole one differs in its other half.
        """
        last = first + len(cells.characters)
        self.characters[first:last] = cells.characters
        self.styles[first:last] = cells.styles


class ShownScreen:
    """The terminal's screen, as far as it is known.

    Args:
        columns: How wide it is; 0 where that is not known.
        lines: How high it is.
    """

    def __init__(self, columns: int = 0, lines: int = 0) -> None:
        self._columns, self._lines = columns, lines
        self._rows: dict[int, ScreenRow] = {}
        self.pen = CursorState()

    def forget(self) -> None:
        """Know nothing more of what is shown."""
        self._rows.clear()
        self.pen = CursorState()

    def shows(self, piece: Piece) -> bool:
        """Whether a piece is on the screen already."""
        if piece.cells is None or self._leaves(piece):
            return False
        return not self._row(piece).differing(piece.first - 1, piece.cells)

    def stroke(self, piece: Piece) -> Stroke:
        """Return what draws a piece."""
        if piece.cells is None or self._leaves(piece):
            return self._whole(piece)
        changed = self._row(piece).differing(piece.first - 1, piece.cells)
        drawn: list[str] = []
        pen = self.pen
        for start, end in runs(piece.cells, changed):
            pen = draw(drawn, pen, piece, start, end)
        return Stroke("".join(drawn).encode(), pen)

    def sent(self, piece: Piece, stroke: Stroke) -> None:
        """Notice that a piece was drawn."""
        self.pen = stroke.pen
        if piece.wild:
            self._rows.clear()
        elif piece.cells is None or self._leaves(piece):
            # What lies below the last row is drawn on that.
            self._rows.pop(min(piece.row, self._lines or piece.row), None)
        else:
            self._row(piece).paint(piece.first - 1, piece.cells)

    def rest(self) -> bytes:
        """Take the style off the pen; return what does."""
        data, self.pen = change(self.pen.style, PLAIN), replace(self.pen, style=PLAIN)
        return data.encode()

    def go(self, row: int, column: int) -> bytes:
        """Leave the cursor at a place; return what does."""
        there = replace(self.pen, row=row, column=column)
        data, self.pen = move(self.pen, there), there
        return data.encode()

    def is_at(self, place: tuple[int, int] | None) -> bool:
        """Whether the cursor is known to be at a place."""
        return (self.pen.row, self.pen.column) == place

    def _row(self, piece: Piece) -> ScreenRow:
        row = self._rows.setdefault(piece.row, ScreenRow())
        row.reach(piece.last - 1)
        return row

    def _leaves(self, piece: Piece) -> bool:
        """Whether some of a piece has no place on the screen."""
        if not piece.first or not piece.row:
            return True
        return bool(self._columns) and (piece.last > self._columns + 1 or piece.row > self._lines)

    def _whole(self, piece: Piece) -> Stroke:
        off = change(self.pen.style, PLAIN).encode()
        return Stroke(off + piece.data + b"\x1b[m", CursorState())


def runs(cells: Cells, changed: list[int]) -> Iterator[tuple[int, int]]:
    """Return the start and the end of what is sent of cells, some of which have changed."""
    if not changed:
        return
    start = end = _whole_start(cells, changed[0])
    for index in changed:
        if index > end and not _is_joined(cells, end, index):
            yield start, _whole_end(cells, end)
            start = _whole_start(cells, index)
        end = index + 1
    yield start, _whole_end(cells, end)


def _whole_start(cells: Cells, index: int) -> int:
    return index - (cells.characters[index] == REST)


def _whole_end(cells: Cells, end: int) -> int:
    return end + (end < len(cells.characters) and cells.characters[end] == REST)


def _is_joined(cells: Cells, end: int, index: int) -> bool:
    """Whether the unchanged cells from an end to the next change cost less than a leap."""
    if index - end > JOINED:
        return False
    styles = cells.styles
    turns = sum(map(ne, styles[end - 1 : index], styles[end : index + 1]))
    if turns > (styles[end - 1] != styles[index]):
        return False
    return len("".join(cells.characters[end:index]).encode()) <= JOINED


def draw(drawn: list[str], pen: CursorState, piece: Piece, start: int, end: int) -> CursorState:
    """Add what draws a run of a piece's cells; return the pen after it."""
    assert piece.cells is not None
    drawn.append(move(pen, CursorState(piece.row, piece.first + start)))
    characters, styles, style = piece.cells.characters, piece.cells.styles, pen.style
    turns = compress(range(start + 1, end), map(ne, styles[start:], styles[start + 1 : end]))
    for begin, stop in pairwise((start, *turns, end)):
        drawn.append(change(style, styles[begin]))
        drawn += characters[begin:stop]
        style = styles[begin]
    return CursorState(piece.row, piece.first + end, style)


def move(pen: CursorState, there: CursorState) -> str:
    """Return what moves the pen."""
    if pen.row != there.row:
        return f"\x1b[{there.row};{there.column}H"
    return "" if pen.column == there.column else f"\x1b[{there.column}G"
