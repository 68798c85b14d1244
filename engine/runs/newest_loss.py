"""The newest training loss that a recording says, which stands where its loop said one last: in its
newest rows, or in older ones.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ..recording.events import Event, Header, Resume, Series
from ..recording.lines import decode
from ..recording.outline import Outline
from ..recording.packed import Packed
from ..recording.tail import CHUNK
from ..recording.unsaid import is_unsaid
from ..text.averages import mean_of
from ..text.files import open_file
from ..text.numbers import shortest

ROWS: Final = b'{"kind":"series",'
"""How a line of rows begins."""

TRAIN: Final = b'"group":"train"'
"""What stands in the first ``NAMED`` bytes of it where they are of the group ``train``."""

NAMED: Final = 80

RESUME: Final = b'{"kind":"resume",'


class NewestLoss:
    """The newest training loss of a recording that is glanced at again and again.

    Nearly always the newest rows say it. Where they do not, as of a loop that says its loss at some
    steps only, it is sought in the lines before: in as many as are read at once, and when it is
    looked for again only in those that came since.

    Args:
        recording: The file.
    """

    def __init__(self, recording: Path) -> None:
        self._recording = recording
        self._rows: Series | None = None
        """The newest that were told."""
        self._until = 0
        """The last step of theirs that counts."""
        self._sought = 0
        """Bytes of the recording in which an older one need not be sought again."""
        self._older: tuple[float, ...] = ()
        """The newest in those, a loss for each member; empty where none was found."""

    def add(self, rows: Series) -> None:
        """Add rows of the group ``train`` that came."""
        self._rows, self._until = rows, rows.last_step

    def cut(self, step: int) -> None:
        """Forget what stands after a step from which a run was resumed."""
        self._until = min(self._until, step)
        self._sought, self._older = 0, ()

    def told(self, outline: Outline, read: int) -> float | None:
        """Return the mean of those members whose loss is a finite number; NaN where none is.

        Args:
            outline: What else the recording told.
            read: Bytes of it that were read; 0 where those were its ends.
        """
        header, rows = outline.header, self._rows
        if header is None or rows is None or "loss" not in header.columns["train"]:
            return None
        until = min(self._until, outline.last_step)
        losses = _said_in(rows, until, header) or self._said_before(outline, until, read)
        if not losses:
            return None
        finite = [loss for loss in losses if math.isfinite(loss)]
        return shortest(mean_of(finite)) if finite else math.nan

    def _said_before(self, outline: Outline, until: int, read: int) -> tuple[float, ...]:
        """Return the newest losses that rows before the newest say; none where none is found."""
        header = outline.header
        with contextlib.suppress(OSError):
            body, stop = self._before(read)
            for event in _backwards(body):
                if isinstance(event, Resume):
                    until = min(until, event.from_step)
                elif header and isinstance(event, Series) and outline.takes(event):
                    losses = _said_in(event, until, header)
                    if losses:
                        self._older = losses
                        break
            self._sought = stop
        return self._older

    def _before(self, read: int) -> tuple[bytes, int]:
        """Return what was not looked through of the recording's end, and where that ends."""
        with open_file(self._recording) as file:
            stop = read or file.seek(0, 2)
            start = file.seek(max(self._sought, stop - CHUNK, 0))
            return file.read(max(stop - start, 0)), stop


def _said_in(rows: Series, until: int, header: Header) -> tuple[float, ...]:
    """Return the newest losses that rows say up to a step, one of each member."""
    packed: Any = rows.values
    column = header.columns["train"].index("loss")
    newest = rows.row_until(until)
    for row in range(-1 if newest is None else newest, -1, -1):
        losses: tuple[float, ...] = packed.members_of(column, row)
        if not all(map(is_unsaid, losses)):
            return losses
    return ()


def _backwards(body: bytes) -> Iterator[Event]:
    """Yield what training rows and what resumed it of some lines, the newest first."""
    stop = len(body)
    while stop > 0:
        start = body.rfind(b"\n", 0, stop) + 1
        trained = body.startswith(ROWS, start) and body.find(TRAIN, start, start + NAMED) >= 0
        if trained or body.startswith(RESUME, start):
            with contextlib.suppress(ValueError):
                if event := decode(body[start:stop], unpack=Packed):
                    yield event
        stop = start - 1
