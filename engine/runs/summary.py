"""A run at a glance: its state, its last step and its figures, without its rows.

A recording of a million steps is tens of megabytes of rows. Of one that has ended, its first and
its last lines say everything; of any other, only the lines that are neither rows nor weights are
decoded, and of the rows the newest. Looking again costs what came since.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import RecordingError
from ..recording.events import FORMAT, End, Event, Header, Resume, Series
from ..recording.lines import MOST_DAMAGED, decode, header_of
from ..recording.outline import Outline
from ..recording.packed import Packed
from ..recording.tail import CHUNK, LINE_BYTES, Tail
from ..text.files import open_file
from ..text.owned import shut
from ..text.tables import time_text
from .folder import RunFolder
from .newest_loss import NAMED, RESUME, ROWS, TRAIN, NewestLoss
from .state import State, last_sign, state_of

HEAD: Final = 1 << 14
"""Bytes in which a header usually has room."""

PIECE: Final = 1 << 20
"""Bytes that are looked through at a time: as many as stay in the processor's cache."""

LAST: Final = 1 << 15
"""Bytes in which the newest rows and the end usually have room."""

NO_SENSE: Final = "is no recording: most of it makes no sense"

NO_RECORDING: Final = "is no recording: it does not begin with a header"

_HEADER: Final = b'{"kind":"header",'
_WEIGHTS: Final = b'{"kind":"snapshot",'
_END: Final = b'{"kind":"end",'
_GROUP: Final = b'{"kind":"group",'


@dataclass(frozen=True, kw_only=True)
class Glance:
    """What a list of runs shows of one."""

    name: str
    """The run's folder's name."""
    path: Path
    """Its folder."""
    state: State
    """What it is doing."""
    step: int
    """The last step recorded."""
    steps: int = 0
    """All steps of the run; 0 where nothing says so."""
    started: float
    """When, in seconds since 1970; 0 where nothing says so. Until its recording does, when its
    folder was made.
    """
    seconds: float = 0.0
    """How long it has trained, or has been going."""
    loss: float | None = None
    """The newest training loss, the mean of those members whose loss is a finite number."""
    end: End | None
    """How it ended, where it has."""
    seeds: tuple[int, ...] = ()
    """The seed of each member."""
    origin: str = ""
    """What its recording comes from: ``worker``, ``import`` and so on; empty before it begins."""
    problem: str = ""
    """Why its recording cannot be read."""
    last_sign: float = 0.0
    """When it gave its last sign of life, in seconds since 1970; 0 where nothing says so."""

    def quiet_text(self, now: float, told: Callable[[float], str] = time_text) -> str:
        """Return since when nothing came of a run that has not ended, where that is long.

        Args:
            now: Seconds since 1970.
            told: Returns a length of time in words.
        """
        since = told(now - self.last_sign) if self.last_sign else ""
        words = {"crashed": f"died {since} ago", "silent": f"nothing came for {since}"}
        return words.get(self.state, "") if since and not self.problem else ""


def glance(folder: RunFolder) -> Glance:
    """Return what a list of runs shows of one."""
    look = GlancedRun(folder)
    look.again()
    return look.glance()


class GlancedRun:
    """A run that is glanced at again and again.

    Args:
        folder: The run's.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.history = Outline()
        """What was told, all but the rows."""
        self._loss = NewestLoss(folder.recording)
        self.problem = ""
        """Why the recording cannot be read."""
        self._tail = Tail(folder.recording)
        self._newest = b""
        """The newest rows of the group ``train`` that were not told yet."""
        self._senseless = 0
        """Lines that told nothing."""
        self._trained = 0.0
        """When the newest of them came, in seconds since the start."""

    def again(self) -> None:
        """Take in what came since the last look."""
        if self.problem:
            self._tail = Tail(self.folder.recording)
        try:
            if not self._tail.offset and (told := _told_by_its_ends(self.folder.recording)):
                self._begin()
                for event in told:
                    self._add(event)
            else:
                self._read_on()
        except FileNotFoundError:
            pass  # Its worker has not begun.
        except (OSError, RecordingError) as error:
            self.problem = shut(self.folder.recording) or str(error)

    def glance(self) -> Glance:
        """Return what the list shows of it now."""
        state = self._state()
        history, header = self.history, self.history.header
        # Only where the recording does not tell is the folder asked.
        made = 0.0 if header else self.folder.made
        written = self.folder.written
        return Glance(
            name=self.folder.name,
            path=self.folder.path,
            state=state,
            step=history.last_step,
            steps=header.steps if header else 0,
            started=header.time if header else made,
            seconds=self._seconds(),
            loss=self._loss.told(history, self._tail.offset),
            end=history.end,
            # Nobody knows the seed of what no worker trained.
            seeds=tuple(header.seeds) if header and not header.is_foreign else (),
            origin=header.origin if header else "",
            problem=self.problem,
            last_sign=last_sign(history) or written or made,
        )

    def _state(self) -> State:
        state = state_of(self.history, self.folder)
        if state == "crashed" and not self.problem:
            # What its worker said last may have come since it was read.
            self.again()
            state = state_of(self.history, self.folder)
        return "crashed" if self.problem else state

    def _begin(self) -> None:
        self.history, self.problem, self._newest = Outline(), "", b""
        self._loss, self._senseless = NewestLoss(self.folder.recording), 0

    def _read_on(self) -> None:
        """Read whole lines from where the last look ended."""
        if self._tail.offset == 0:
            self._begin()
        while True:
            before = self._tail.offset
            self._take(*self._tail.whole(PIECE))
            if not self._tail.behind or self._tail.offset == before:
                break
        self._tell(self._newest)
        self._newest = b""
        if self.history.header is None and self._tail.torn[:1] not in (b"", b"{", b"\0"):
            raise RecordingError(NO_RECORDING)

    def _take(self, body: bytes, stop: int) -> None:
        """Take in whole lines; of rows and weights not more than how they begin is looked at."""
        start, newest = 0, slice(0)
        while start < stop:
            end = body.index(b"\n", start)
            if body.startswith(ROWS, start):
                if body.find(TRAIN, start, start + NAMED) >= 0:
                    newest = slice(start, end)
            elif not body.startswith(_WEIGHTS, start) and (line := body[start:end]).strip():
                self._newest = body[newest] or self._newest
                self._hear(line)
                newest = slice(0)
            start = end + 1
        self._newest = body[newest] or self._newest

    def _hear(self, line: bytes) -> None:
        if self.history.header is None:
            self.history.add(_header(line))
            return
        # How many of the steps that were asked for are done is told by the rows before.
        self._tell(self._newest)
        self._tell(line)
        self._newest = b""

    def _tell(self, line: bytes) -> None:
        told = _decoded([line] if line else [])
        self._senseless += bool(line) and not told
        if self._senseless > MOST_DAMAGED:
            raise RecordingError(NO_SENSE)
        for event in told:
            self._add(event)
        self.history.machine.clear()

    def _add(self, event: Event) -> None:
        if isinstance(event, Series):
            self._trained = event.t
            if event.group == "train" and self.history.takes(event):
                self._loss.add(event)
        elif isinstance(event, Resume):
            self._loss.cut(event.from_step)
        self.history.add(event)

    def _seconds(self) -> float:
        """Return how long it trained: what its result says, else until its newest rows."""
        end = self.history.end
        if end is None:
            return self._trained
        told: Any = end.result.get("seconds")
        return float(told) if isinstance(told, int | float) else end.t


def _told_by_its_ends(recording: Path) -> list[Event]:
    """Return the events that matter of a recording that has ended; none where it may go on.

    Raises:
        OSError: It is not there, or cannot be read.
        RecordingError: It is no recording, or one of a later format.
    """
    with open_file(recording) as file:
        first = file.read(HEAD)
        if not first.startswith(_HEADER):
            return []
        if b"\n" not in first:
            first += file.readline(LINE_BYTES)
        size, length = file.seek(0, 2), LAST
        while True:
            file.seek(max(size - length, 0))
            last = file.read(length).split(b"\n")[1:]
            ends = [index for index, line in enumerate(last) if line.startswith((_END, RESUME))]
            if not ends or last[-1] or last[ends[-1]].startswith(RESUME):
                return []
            before = last[: ends[-1]]
            rows = [line for line in before if line.startswith(ROWS) and TRAIN in line[:NAMED]]
            if rows or length >= min(size, CHUNK):
                break
            # Weights may stand between the newest rows and the end.
            length *= 8
    begun = [line for line in before if line.startswith(_GROUP)]
    told = _decoded([*begun, *rows[-1:], last[ends[-1]]])
    return [_header(first.split(b"\n", 1)[0]), *told] if told else []


def _header(line: bytes) -> Header:
    """Return a recording's first line.

    Raises:
        RecordingError: It is no header, or of a later format.
    """
    header, newer = header_of(line)
    if newer:
        raise RecordingError(
            f"was recorded in format {newer} by a later version of epochal; "
            f"this one reads up to format {FORMAT}"
        )
    if header is None:
        raise RecordingError(NO_RECORDING)
    return header


def _decoded(lines: Iterable[bytes]) -> list[Event]:
    """Return the events of those lines that hold one."""
    events: list[Event | None] = []
    for line in lines:
        with contextlib.suppress(ValueError):
            events.append(decode(line, unpack=Packed))
    # A second header would make the run begin anew.
    return [event for event in events if event is not None and not isinstance(event, Header)]
