"""What is still to be sent to the terminal: the newest of each piece of each row.

Textual writes a frame as pieces of rows, each with its place:

    ESC[3;1H one piece of row 3 ESC[3;40H another ESC[4;1H … ESC[1;1H

Where a link takes less than a frame at once, its pieces wait here, and one that a newer frame
covers is never sent at all. The rows that changed last go first, so that what a key has changed
does not queue behind what it has not. Nothing here knows how fast the link is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

SYNC_START: Final = b"\x1b[?2026h"
SYNC_END: Final = b"\x1b[?2026l"
LEAVE: Final = b"\x1b[?1049l"
"""Leaves the alternate screen; what was still to be drawn there will not be seen."""

_MOVE: Final = re.compile(rb"\x1b\[(\d+);(\d+)H")
_STYLE: Final = re.compile(rb"\x1b\[[\d;]*m")


@dataclass(frozen=True)
class Piece:
    """Some cells of one row."""

    first: int
    """The column of the first."""
    last: int
    """The column after the last."""
    data: bytes
    """What is sent, its place included."""

    def covers(self, other: Piece) -> bool:
        """Whether nothing would be left of another piece that is sent before this one."""
        return self.first <= other.first and other.last <= self.last


class Outbox:
    """Pieces of frames, and what else is written, on the way to the terminal."""

    def __init__(self) -> None:
        self._due: list[bytes] = []
        """What must be sent in this order, and before any row."""
        self._rows: dict[int, list[Piece]] = {}
        """The pieces of each row in their order; the rows that changed last come first."""
        self._cursor = b""
        """Where the newest frame leaves the cursor."""
        self._whole = False
        """Whether the terminal can show several pieces at once."""
        self.held = 0
        """How many bytes wait."""

    def put(self, data: bytes) -> None:
        """Add what is written: a frame, or anything else."""
        if data in (SYNC_START, SYNC_END):
            self._whole = True
        elif _MOVE.match(data):
            self._put_frame(data)
        else:
            self._put_plain(data)

    def take(self, room: int) -> bytes:
        """Return what to send now: about ``room`` bytes; at least a piece, where there is one."""
        taken = self._take_due(room)
        drawn: list[bytes] = []
        size = len(taken)
        for row in [*self._rows]:
            pieces = self._rows[row]
            while pieces and (not size or size + len(pieces[0].data) <= room):
                drawn.append(pieces.pop(0).data)
                size += len(drawn[-1])
            if pieces:
                break
            del self._rows[row]
        self.held -= size
        return taken + self._frame(drawn)

    def _frame(self, drawn: list[bytes]) -> bytes:
        if not drawn and (self._rows or not self._cursor):
            return b""
        cursor, self._cursor = self._cursor, b"" if not self._rows else self._cursor
        frame = b"".join(drawn) + cursor
        return SYNC_START + frame + SYNC_END if self._whole else frame

    def _take_due(self, room: int) -> bytes:
        taken = b""
        while self._due and (not taken or len(taken) + len(self._due[0]) <= room):
            taken += self._due.pop(0)
        return taken

    def _put_plain(self, data: bytes) -> None:
        """Add what is not a frame: it must not overtake what was written before it."""
        if LEAVE in data:
            self._forget()
        self._due += [piece.data for pieces in self._rows.values() for piece in pieces]
        self._rows.clear()
        self._due.append(data)
        self.held += len(data)

    def _forget(self) -> None:
        self.held -= sum(len(piece.data) for pieces in self._rows.values() for piece in pieces)
        self._rows.clear()
        self._cursor = b""

    def _put_frame(self, data: bytes) -> None:
        """Add a frame: its rows go first, and replace what they cover."""
        parts = iter(_MOVE.split(data)[1:])
        touched: dict[int, list[Piece]] = {}
        for y, x, body in zip(parts, parts, parts, strict=True):
            move = b"\x1b[%b;%bH" % (y, x)
            cells = body.rstrip(b"\n")
            if not cells:
                self._cursor = move
                continue
            row = int(y)
            if row not in touched:
                touched[row] = self._rows.pop(row, [])
            width = cell_len(_STYLE.sub(b"", cells).decode("utf-8", "replace"))
            self._put_piece(touched[row], Piece(int(x), int(x) + width, move + cells))
        self._rows = touched | self._rows

    def _put_piece(self, row: list[Piece], piece: Piece) -> None:
        hidden = [old for old in row if piece.covers(old)]
        for old in hidden:
            row.remove(old)
            self.held -= len(old.data)
        row.append(piece)
        self.held += len(piece.data)
