"""What is still to be sent to the terminal: the newest of each piece of each row.

Textual writes a frame as pieces of rows, each with its place:

    ESC[3;1H one piece of row 3 ESC[3;40H another ESC[4;1H … ESC[1;1H

Where a link takes less than a frame at once, its pieces wait here, and one that a newer frame
covers is never sent at all. The rows that changed last go first, so that what a key has changed
does not queue behind what it has not. Of what is sent, only the cells go that the terminal does
not show already. Nothing here knows how fast the link is.
"""

from __future__ import annotations

import re
from typing import Final

from .cells import Piece
from .diff import ShownScreen

SYNC_START: Final = b"\x1b[?2026h"
SYNC_END: Final = b"\x1b[?2026l"
LEAVE: Final = b"\x1b[?1049l"
"""Leaves the alternate screen; what was still to be drawn there will not be seen."""

_MOVE: Final = re.compile(rb"\x1b\[(\d+);(\d+)H")
_HARMLESS: Final = re.compile(
    rb"(?:\x1b\[\?(?:7|25|100[0346]|101[56]|2004|2026|2048)[hl]"
    rb"|\x1b\[\?20(?:26|48)\$p|\x1b\[6n|\x1b\[[<>=][\d;]*u"
    rb"|\x1b\](?:[012]|22|52);[^\x07\x1b]*(?:\x07|\x1b\\)|\x07)*"
)
"""What changes nothing that is on the screen: modes, questions, titles, the clipboard, the bell."""


class Outbox:
    """Pieces of frames, and what else is written, on the way to the terminal."""

    def __init__(self) -> None:
        self._due: list[Piece | bytes] = []
        """What must be sent in this order, and before any row."""
        self._rows: dict[int, list[Piece]] = {}
        """The pieces of each row in their order; the rows that changed last come first."""
        self._cursor: tuple[int, int] | None = None
        """Row and column where the newest frame leaves the cursor, if it is not there."""
        self._whole = False
        """Whether the terminal can show several pieces at once."""
        self._shown = ShownScreen()
        self._size = 0
        """How many bytes the pieces have that wait, and what else does."""

    @property
    def held(self) -> int:
        """How many bytes wait; fewer are sent where the terminal shows some of it already."""
        return self._size + (len(SYNC_END) if self._cursor else 0)

    def resized(self, columns: int, lines: int) -> None:
        """Forget what the terminal shows: it has another size now, or 0 if that is not known."""
        self._shown = ShownScreen(columns, lines)

    def put(self, data: bytes) -> None:
        """Add what is written: a frame, or anything else."""
        if data in (SYNC_START, SYNC_END):
            self._whole = True
        elif _MOVE.match(data):
            self._put_frame(data)
        else:
            self._put_plain(data)

    def take(self, room: int) -> bytes:
        """Return what to send now: about ``room`` bytes; at least a piece, where one is due.

        Nothing is returned where the terminal shows everything already.
        """
        taken = self._take_due(room)
        drawn = b"" if self._due else self._take_rows(room - len(taken), first=not taken)
        if not self._due and not self._rows:
            drawn += self._take_cursor()
        if drawn and self._whole:
            drawn = SYNC_START + drawn + SYNC_END
        return taken + drawn

    def _take_due(self, room: int) -> bytes:
        taken = b""
        while self._due:
            data = self._drawn(self._due[0], room - len(taken), first=not taken)
            if data is None:
                break
            del self._due[0]
            taken += data
        return taken + self._shown.rest()

    def _take_rows(self, room: int, *, first: bool) -> bytes:
        drawn = b""
        for row in [*self._rows]:
            pieces = self._rows[row]
            while pieces:
                data = self._drawn(pieces[0], room - len(drawn), first=first and not drawn)
                if data is None:
                    return drawn + self._shown.rest()
                del pieces[0]
                drawn += data
            del self._rows[row]
        return drawn + self._shown.rest()

    def _drawn(self, item: Piece | bytes, room: int, *, first: bool) -> bytes | None:
        """Draw something if there is room or it is the first, and return what does."""
        if isinstance(item, Piece):
            stroke = self._shown.stroke(item)
            if len(stroke.data) > room and not first:
                return None
            self._shown.sent(item, stroke)
            self._size -= len(item.data)
            return stroke.data
        if len(item) > room and not first:
            return None
        off = self._shown.rest()
        if not _HARMLESS.fullmatch(item):
            self._shown.forget()
        self._size -= len(item)
        return off + item

    def _take_cursor(self) -> bytes:
        if self._cursor is None:
            return b""
        (row, column), self._cursor = self._cursor, None
        return self._shown.go(row, column)

    def _put_plain(self, data: bytes) -> None:
        """Add what is not a frame: it must not overtake what was written before it."""
        if LEAVE in data:
            self._forget()
        self._due += [piece for pieces in self._rows.values() for piece in pieces]
        self._rows.clear()
        self._due.append(data)
        self._size += len(data)

    def _forget(self) -> None:
        self._size -= sum(len(piece.data) for pieces in self._rows.values() for piece in pieces)
        self._rows.clear()
        self._cursor = None

    def _put_frame(self, data: bytes) -> None:
        """Add a frame: its rows go first, and replace what they cover."""
        parts = iter(_MOVE.split(data)[1:])
        touched: dict[int, list[Piece]] = {}
        for y, x, body in zip(parts, parts, parts, strict=True):
            row, written = int(y), body.rstrip(b"\n")
            if not written:
                self._cursor = row, int(x)
                continue
            piece = Piece.read(row, int(x), written)
            if self._is_shown(piece, touched):
                continue
            if row not in touched:
                touched[row] = self._rows.pop(row, [])
            self._put_piece(touched[row], piece)
        self._rows = touched | self._rows
        if not self._size and self._shown.is_at(self._cursor):
            self._cursor = None

    def _is_shown(self, piece: Piece, touched: dict[int, list[Piece]]) -> bool:
        """Whether a piece is on the screen already, and nothing waits that may cover it."""
        if self._due or piece.row in touched or piece.row in self._rows:
            return False
        return self._shown.shows(piece)

    def _put_piece(self, row: list[Piece], piece: Piece) -> None:
        hidden = [old for old in row if piece.covers(old)]
        for old in hidden:
            row.remove(old)
            self._size -= len(old.data)
        row.append(piece)
        self._size += len(piece.data)
