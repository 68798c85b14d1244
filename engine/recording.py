"""The recording: one append-only file, one writer, any number of readers.

The file is JSON Lines: a header, then events, each a whole line (see ``engine.events``). There is
no other way for live data: the worker appends, viewers follow. So a recording survives what
happens to files and processes in the field: ``kill -9`` leaves at most a torn last line, a copy
made while it is written is a recording, and ``tail -f`` and ``grep`` work on it.

The writer holds an advisory lock on the file itself. Readers take none and trust no file
notification: they remember an offset, open the file anew on each poll and consume whole lines.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from engine.errors import RecordingError, RunError
from engine.events import (
    FORMAT,
    Checkpoint,
    End,
    Event,
    Header,
    MarkReached,
    Resume,
    decode,
    encode,
)

FLUSH_SECONDS: Final = 0.1
"""How long an event may wait in the writer."""

RESERVE_BYTES: Final = 64 * 1024
"""Kept free beside a recording, so that a full disk leaves room for how the run ended."""

_SYNCED: Final = (MarkReached, Checkpoint, End, Resume)
"""What must be on the disk, and not only with the operating system, once it is said."""


class Recorder:
    """The one writer of a recording; ``create`` and ``reopen`` make it.

    Args:
        path: The recording.
        descriptor: It, opened for appending and locked.
        columns: The columns of each group, from the header.
        start: What the clock said when the run started.
        clock: Seconds, from anywhere.
    """

    def __init__(
        self,
        path: Path,
        descriptor: int,
        columns: Mapping[str, list[str]],
        start: float,
        clock: Callable[[], float],
    ) -> None:
        self._path, self._descriptor, self._columns = path, descriptor, columns
        self._start, self._clock = start, clock
        self._buffer: list[bytes] = []
        self._size = os.fstat(descriptor).st_size
        self._written_at = clock()
        self._reserve = path.with_name(f".{path.stem}.reserve")

    @classmethod
    def create(
        cls, path: Path, header: Header, *, clock: Callable[[], float] = time.monotonic
    ) -> Recorder:
        """Begin a recording.

        Args:
            path: A file that does not exist yet.
            header: Its first line.
            clock: Seconds, from anywhere.

        Raises:
            RunError: There is a recording already.
            RecordingError: The file cannot be written.
        """
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        except FileExistsError:
            raise RunError(f"{path}: there is a recording already; start a new run") from None
        except OSError as error:
            raise RecordingError(f"{path}: cannot be written: {error.strerror}") from None
        _lock(descriptor, path)
        recorder = cls(path, descriptor, header.columns, clock(), clock)
        recorder._keep_reserve()
        recorder._buffer.append(encode(header))
        recorder.flush()
        return recorder

    @classmethod
    def reopen(
        cls, path: Path, resume: Resume, *, clock: Callable[[], float] = time.monotonic
    ) -> Recorder:
        """Go on with a recording: take its lock, close a torn line, say from where.

        Args:
            path: The recording.
            resume: From which step it goes on; rows after it no longer count.
            clock: Seconds, from anywhere.

        Raises:
            RunError: Another writer holds it.
            RecordingError: It cannot be read or written.
        """
        events = list(read(path))
        if not events or not isinstance(events[0], Header):
            raise RecordingError(f"{path}: is no recording to go on with")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        except OSError as error:
            raise RecordingError(f"{path}: cannot be written: {error.strerror}") from None
        _lock(descriptor, path)
        start = clock() - max(event.t for event in events)
        recorder = cls(path, descriptor, events[0].columns, start, clock)
        recorder._keep_reserve()
        recorder._buffer.append(b"\n")
        recorder.record(resume)
        return recorder

    @property
    def seconds_since_write(self) -> float:
        """How long nothing was written."""
        return self._clock() - self._written_at

    def record(self, event: Event) -> None:
        """Add an event, stamped with the seconds since the start.

        It is on its way to the disk within a tenth of a second; marks, checkpoints and ends are
        on the disk when this returns.

        Raises:
            RecordingError: The disk is full or gone; what was recorded before stays whole.
        """
        stamped = replace(event, t=self._clock() - self._start)
        self._buffer.append(encode(stamped, self._columns))
        if isinstance(event, _SYNCED):
            self.flush(sync=True)
        elif self.seconds_since_write >= FLUSH_SECONDS:
            self.flush()

    def flush(self, *, sync: bool = False) -> None:
        """Write what waits, as whole lines in one piece.

        Args:
            sync: Also wait until the disk has it.

        Raises:
            RecordingError: The disk is full or gone; what was recorded before stays whole.
        """
        try:
            if self._buffer:
                lines = b"".join(self._buffer)
                self._buffer.clear()
                self._append(lines)
                self._written_at = self._clock()
            if sync:
                os.fsync(self._descriptor)
        except OSError as error:
            self._give_way()
            raise RecordingError(
                f"{self._path}: could not be written: {error.strerror}; free some space and "
                "start again"
            ) from error

    def close(self) -> None:
        """Write what waits and let go of the lock."""
        try:
            self.flush(sync=True)
        finally:
            self._reserve.unlink(missing_ok=True)
            os.close(self._descriptor)

    def _append(self, lines: bytes) -> None:
        """Write ``lines``, in one piece wherever the operating system takes it so."""
        written = 0
        while written < len(lines):
            written += os.write(self._descriptor, lines[written:])
        self._size += len(lines)

    def _give_way(self) -> None:
        """Take back a line that did not fit, and free what was kept for the last words."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, self._size)
        self._reserve.unlink(missing_ok=True)

    def _keep_reserve(self) -> None:
        # Written, not only sized: a file with a hole reserves nothing. Random bytes, because a
        # file system that compresses would keep nothing of zeros.
        with contextlib.suppress(OSError):
            self._reserve.write_bytes(os.urandom(RESERVE_BYTES))


def _lock(descriptor: int, path: Path) -> None:
    """Become the one writer, where the file system knows locks.

    Raises:
        RunError: Another writer is.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise RunError(f"{path}: another worker is writing it; stop that run first") from None
    except OSError:
        # Some network file systems know no locks; O_EXCL has kept a second creator out.
        return


class Reader:
    """Follows a recording from its first line, while it is written or after.

    Args:
        path: The recording, which need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.offset = 0
        """Bytes consumed, whole lines only."""
        self.header: Header | None = None
        """The first line, once it was read."""
        self.damaged = 0
        """Lines that were passed over because they made no sense."""
        self.behind = False
        """Whether the last poll left whole lines unread because of its limit."""

    def poll(self, limit_bytes: int | None = None) -> list[Event]:
        """Return the events of the whole lines that came since the last poll.

        Args:
            limit_bytes: Read about so much at most, at least a line.

        Raises:
            RecordingError: The file is no recording, or one of a newer format.
        """
        body = self._new_lines(limit_bytes)
        events = []
        for line in body.split(b"\n"):
            event = self._event(line)
            if event is not None:
                events.append(event)
        return events

    def _new_lines(self, limit_bytes: int | None) -> bytes:
        """Return the whole lines after the offset and move it behind them."""
        try:
            with self._path.open("rb") as file:
                file.seek(self.offset)
                body = file.read() if limit_bytes is None else file.read(limit_bytes)
                if limit_bytes is not None and b"\n" not in body:
                    body += file.readline()
                whole, newline, _ = body.rpartition(b"\n")
                if self._ends_torn(whole):
                    whole, newline, _ = whole.rpartition(b"\n")
                self.offset += len(whole) + len(newline)
                self.behind = limit_bytes is not None and len(body) >= limit_bytes
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise RecordingError(f"{self._path}: cannot be read: {error.strerror}") from None
        return whole

    def _ends_torn(self, whole: bytes) -> bool:
        """Return whether the newest line may still change.

        A network file system can show a file's new length before its new bytes: NULs then stand
        where the line will be, so it is tried again.
        """
        return b"\0" in whole[whole.rfind(b"\n") + 1 :]

    def _event(self, line: bytes) -> Event | None:
        """Return a line's event, or None where it is blank, unknown or damaged."""
        if not line.strip():
            return None
        if self.header is None:
            self.header = self._read_header(line)
            return self.header
        try:
            return decode(line)
        except (ValueError, RecursionError):
            self.damaged += 1
            return None

    def _read_header(self, line: bytes) -> Header:
        """Return the first line, if it is a header that this version knows.

        Raises:
            RecordingError: It is not.
        """
        try:
            body = json.loads(line)
            newer = body["kind"] == "header" and body["format"] > FORMAT
            event = None if newer else decode(line)
        except (ValueError, TypeError, KeyError, RecursionError):
            newer, event = False, None
        if newer:
            raise RecordingError(
                f"{self._path}: is of format {body['format']}, this version reads up to {FORMAT}; "
                "update epochal"
            )
        if not isinstance(event, Header):
            raise RecordingError(f"{self._path}: is no recording: it does not begin with a header")
        return event


def read(path: Path) -> Iterator[Event]:
    """Yield all whole events of a recording.

    Raises:
        RecordingError: The file is not there, no recording, or one of a newer format.
    """
    if not path.is_file():
        raise RecordingError(f"{path}: is not there")
    reader = Reader(path)
    while True:
        yield from reader.poll(limit_bytes=1 << 22)
        if not reader.behind:
            return
