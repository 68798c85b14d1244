"""The recording: one append-only file, one writer, any number of readers.

The file is JSON Lines: a header, then events, each a whole line (``engine.recording.lines``).
There is no other way for live data: the worker appends, viewers follow. So a recording survives
what happens to files and processes in the field: ``kill -9`` leaves at most a torn last line, a
copy made while it is written is a recording, and ``tail -f`` and ``grep`` work on it.

The writer holds an advisory lock on the file itself. Readers take none and trust no file
notification: they remember an offset, open the file anew on each poll and consume whole lines.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Final

from ..errors import RecordingError, RunError
from ..text.files import open_file, why
from ..text.lock_holder import HELD, stranger_with
from ..text.numbers import counted
from ..text.owned import create, open_own, shut
from .events import (
    FORMAT,
    Checkpoint,
    End,
    Event,
    Fork,
    Header,
    LinePlace,
    MarkReached,
    Resume,
    RunWarning,
    Series,
)
from .groups import Groups, groups_and_seconds
from .lines import MOST_DAMAGED, decode, encode, header_of
from .reserve import keep_reserve, reserve_of
from .tail import CHUNK, Tail

Clock = Callable[[], float]
"""Says the seconds since some moment."""

FLUSH_SECONDS: Final = 0.1
"""How long an event may wait in the writer."""

GROWTH: Final = 8
"""How many times as much of a recording's end is read where that was too little."""

MOST_LOOKED_AT: Final = 64 << 20
"""Bytes of a recording's end in which the newest rows are looked for, at most."""

_BEGINNING: Final = b'{"kind":"header",'
"""How a recording begins."""

_SYNCED: Final = frozenset({MarkReached, Checkpoint, End, Resume, Fork})
"""What must be on the disk, and not only with the operating system, once it is said."""


class Recorder:
    """The one writer of a recording; ``create``, ``reopen`` and ``hold`` make it.

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
        clock: Clock,
    ) -> None:
        self.path: Final = path
        self._descriptor, self._groups = descriptor, Groups(columns)
        self._start, self._clock = start, clock
        self._buffer, self._written_at = list[bytes](), clock()
        self._size, self._reserve = os.fstat(descriptor).st_size, reserve_of(path)
        self._torn = False
        """Whether the file may end inside a line, which a newline must close first."""

    @classmethod
    def create(
        cls, path: Path, header: Header, *, clock: Clock = time.monotonic, reserve: bool = True
    ) -> Recorder:
        """Begin a recording.

        Args:
            path: A file that does not exist yet.
            header: Its first line.
            clock: Seconds, from anywhere.
            reserve: Whether to keep room for how the run ends, which may be long after.

        Raises:
            RunError: There is a recording already.
            RecordingError: The file cannot be written, or there is no room to keep.
        """
        # O_EXCL is the one question that two processes cannot both be answered yes to.
        descriptor = _open(path, create)
        recorder = cls(path, descriptor, header.columns, clock(), clock)
        recorder._buffer.append(encode(header))
        # At once, so that whoever waits for the run finds it: a first step may take its time.
        try:
            if reserve:
                recorder._keep_reserve()
            recorder.flush()
        except RecordingError:
            with contextlib.suppress(OSError):
                path.unlink()
            recorder._let_go()
            raise
        return recorder

    @classmethod
    def reopen(cls, path: Path, resume: Resume, *, clock: Clock = time.monotonic) -> Recorder:
        """Go on with a recording: take its lock, close a torn line, say from where.

        Args:
            path: The recording.
            resume: From which step it goes on; rows after it no longer count.
            clock: Seconds, from anywhere.

        Raises:
            RunError: Another writer holds it.
            RecordingError: It cannot be read or written.
        """
        recorder = cls.hold(path, clock=clock)
        recorder.go_on(resume)
        return recorder

    @classmethod
    def hold(cls, path: Path, *, clock: Clock = time.monotonic) -> Recorder:
        """Take the lock of a recording that is there: nobody else can go on with it from now on.

        Raises:
            RunError: Another writer holds it.
            RecordingError: It cannot be opened.
        """
        return cls(path, _open(path, open_own), {}, clock(), clock)

    def go_on(self, resume: Resume) -> None:
        """Close a torn line of a recording that is held, and say from where it goes on.

        Raises:
            RecordingError: It cannot be read or written; then it is let go of.
        """
        try:
            self._groups, seconds = groups_and_seconds(self.path, read(self.path))
            self._start = self._clock() - seconds
            # Nobody knows how the writer before ended; a blank line too many harms no reader.
            self._torn = True
            self._keep_reserve()
            self.record(resume)
        except RecordingError:
            self._let_go()
            raise

    @property
    def seconds_since_write(self) -> float:
        """How long nothing was written."""
        return self._clock() - self._written_at

    def is_there(self) -> bool:
        """Whether the file still lies where it was begun, so that others find it."""
        try:
            there, own = self.path.stat(), os.fstat(self._descriptor)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            # A disk that does not answer for a moment is no reason to end.
            return True
        return (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino)

    def record(self, *events: Event) -> None:
        """Add events, stamped with the seconds since the start.

        They are written together with the first that comes a tenth of a second after the last
        write; marks, checkpoints and ends are on the disk when this returns.

        Raises:
            RecordingError: The disk is full or gone; what was recorded before stays whole.
        """
        # Stamped when said, not when written: a replay goes at the pace of the training.
        t = self._clock() - self._start
        newest = {each.group: each for each in events if isinstance(each, Series)}
        for event in events:
            self._groups.take(event)
            for each in self._groups.before(event, self._size):
                self._buffer.append(encode(each, t=t))
            # Spelling rows out takes longer than writing them: of a block the newest will do.
            is_over = isinstance(event, Series) and newest[event.group] is not event
            self._buffer.append(encode(event, None if is_over else self._groups.columns, t))
        # Blocks come twenty times a second: a write for each would be felt on a network disk.
        if not _SYNCED.isdisjoint(map(type, events)):
            self.flush(sync=True)
        elif self.seconds_since_write >= FLUSH_SECONDS:
            self.flush()

    def copy(self, events: Iterable[Event]) -> None:
        """Add events of another recording with the seconds they have there; time goes on from them.

        Raises:
            RecordingError: The disk is full or gone.
        """
        last = 0.0
        for event in events:
            last = max(last, event.t)
            self._buffer.append(encode(event, self._groups.columns))
        self._start = self._clock() - last
        self.flush()

    def flush(self, *, sync: bool = False) -> None:
        """Write what waits, as whole lines in one piece.

        Args:
            sync: Also wait until the disk has it.

        Raises:
            RecordingError: The disk is full or gone; what was recorded before stays whole.
        """
        lines = b"".join(self._buffer)
        # Cleared first: what could not be written is lost, and must not be written twice either.
        self._buffer.clear()
        try:
            if lines:
                self._append(lines)
                self._written_at = self._clock()
            # Milliseconds on a disk that turns: worth it for an end, not for a row.
            if sync:
                os.fsync(self._descriptor)
        except OSError as error:
            self._give_way()
            raise RecordingError(f"{self.path}: could not be written: {why(error)}") from error

    def close(self) -> None:
        """Write what waits and let go of the lock, if that was not done before.

        Raises:
            RecordingError: The disk is full or gone; what was recorded before stays whole.
        """
        if self._descriptor < 0:
            return
        try:
            self.flush(sync=True)
        finally:
            self._let_go()

    def abandon(self) -> None:
        """Let go in a child process, where nothing is written and the lock stays its parent's."""
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)

    def _let_go(self) -> None:
        with contextlib.suppress(OSError):
            self._reserve.unlink()
        # Nor is its number written to any more: it may be another file's by then.
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)

    def _append(self, lines: bytes) -> None:
        """Write ``lines``, in one piece wherever the operating system takes it so."""
        # One write of whole lines to a file opened for appending: a reader, or a copy, may find a
        # line torn only where the disk filled up or the process died within this call.
        lines = b"\n" + lines if self._torn else lines
        written = 0
        try:
            while written < len(lines):
                written += os.write(self._descriptor, lines[written:])
        finally:
            # Readers may have taken every line that is whole: none of those is taken back.
            self._size += lines.rfind(b"\n", 0, written) + 1
            self._torn = self._torn and not written

    def _give_way(self) -> None:
        """Take back a line that did not fit, and free what was kept for the last words."""
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError:
            self._torn = True
        with contextlib.suppress(OSError):
            self._reserve.unlink(missing_ok=True)

    def _keep_reserve(self) -> None:
        try:
            keep_reserve(self.path)
        except OSError as error:
            raise RecordingError(f"{self.path}: could not be written: {why(error)}") from error


def _open(path: Path, opened: Callable[[Path, int], int]) -> int:
    """Open a recording for appending and become its one writer.

    Args:
        path: The recording.
        opened: Makes a file, or opens one that is there.

    Raises:
        RunError: There is another writer, or it was to be made and is there already.
        RecordingError: The file cannot be opened.
    """
    try:
        descriptor = opened(path, os.O_WRONLY | os.O_APPEND)
    except FileExistsError:
        raise RunError(f"{path}: there is a recording already; start a new run") from None
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written: {why(error)}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    # The lock is on the file, not in a file beside it: it goes with the process, however that ends.
    except BlockingIOError:
        stranger = stranger_with(os.fstat(descriptor))
        os.close(descriptor)
        if stranger:
            raise RunError(f"{path}: {HELD.format(stranger)}") from None
        raise RunError(f"{path}: another worker is writing it; stop that run first") from None
    except OSError:
        # Some network file systems know no locks; O_EXCL has kept a second creator out.
        pass
    return descriptor


def leave_warning(path: Path, message: str) -> None:
    """Add a warning to a recording that nobody writes any more, at its last step and second.

    Raises:
        RunError: Somebody writes it.
        RecordingError: It cannot be read or written.
    """
    descriptor = _open(path, open_own)
    try:
        events = glimpse(path, 1 << 16)[1]
        steps = [getattr(each, "last_step", getattr(each, "step", 0)) for each in events]
        t = max((event.t for event in events), default=0.0)
        warning = RunWarning(t=t, step=max(steps, default=0), message=message)
        # Whatever the last line ends with; a blank line harms no reader.
        os.write(descriptor, b"\n" + encode(warning))
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written: {why(error)}") from None
    finally:
        os.close(descriptor)


def glimpse(path: Path, limit_bytes: int) -> tuple[Reader, list[Event]]:
    """Return a recording's header and the events at its end, whatever lies between.

    Args:
        path: The recording.
        limit_bytes: About so many bytes of the end; more where rows begin before them.

    Returns:
        What reads on from there, and the events: the newest rows are among them, unless there are
        none.

    Raises:
        RecordingError: The file is no recording, or one of a newer format.
    """
    while True:
        reader = Reader(path)
        events = reader.poll(1)
        begun = reader.offset
        with contextlib.suppress(OSError):
            reader.skip_to_last(limit_bytes)
        events += reader.poll()
        rows = any(isinstance(event, Series) and event.group == "train" for event in events)
        if rows or reader.offset - begun <= limit_bytes or limit_bytes > MOST_LOOKED_AT:
            return reader, events
        # A run that waits for long leaves nothing but signs of life at the end.
        limit_bytes *= GROWTH


class Reader(Tail):
    """Follows a recording from its first line, while it is written or after.

    Args:
        path: The recording, which need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.header: Header | None = None
        """The first line, once it was read."""
        self.damaged = 0
        """Lines that were passed over because they made no sense."""

    @property
    def skipped(self) -> str:
        """What was passed over, in words; nothing where all of it was read."""
        lines = f"{counted(self.damaged, 'line')} torn or without sense" * bool(self.damaged)
        size = f"{self.passed_over / 1e6:.3g} MB in lines too long" * bool(self.passed_over)
        return ", ".join(filter(None, (lines, size)))

    def poll(self, limit_bytes: int | None = None) -> list[Event]:
        """Return the events of the whole lines that came since the last poll.

        Args:
            limit_bytes: Read about so much at most, at least a line.

        Raises:
            RecordingError: The file is no recording, or one of a newer format.
        """
        before = self.offset
        try:
            events = self._events(limit_bytes or CHUNK)
            while limit_bytes is None and self.behind:
                events += self._events(CHUNK)
            return events
        except OSError as error:
            said = shut(self.path) or f"cannot be read: {why(error)}"
            raise RecordingError(f"{self.path}: {said}") from None
        except RecordingError:
            # Whoever asks again is told the same again.
            self.offset = before
            raise

    def rest(self) -> Iterator[Event]:
        """Yield what came since the last poll, of which one part at a time is held.

        Raises:
            RecordingError: The file is no recording, or one of a newer format.
        """
        while True:
            yield from self.poll(CHUNK)
            if not self.behind:
                return

    def again(self, line: LinePlace) -> Series | None:
        """Return the rows of a line that was read before; None where they are there no more."""
        with contextlib.suppress(OSError, ValueError), open_file(self.path) as file:
            file.seek(line.start)
            event = decode(file.read(line.length), line.start)
            return event if isinstance(event, Series) else None
        return None

    def _events(self, limit_bytes: int) -> list[Event]:
        lines = self.lines(limit_bytes)
        self._check_beginning()
        starts = accumulate((len(line) + 1 for line in lines), initial=self.start)
        events = (self._event(line, start) for line, start in zip(lines, starts, strict=False))
        return [event for event in events if event is not None]

    def _check_beginning(self) -> None:
        """Refuse a file without lines, such as a picture, which would never get to a header.

        Raises:
            RecordingError: It begins like no recording.
        """
        begun = self.torn[: len(_BEGINNING)] if self.offset == 0 else b""
        fits = _BEGINNING.startswith(begun) or begun.startswith(b"\0")
        if not fits or (self.header is None and self.passed_over):
            raise RecordingError(f"{self.path}: is no recording: it does not begin with a header")

    def _event(self, line: bytes, start: int) -> Event | None:
        """Return a line's event, or None where it is blank, unknown or damaged."""
        if not line.strip():
            return None
        if self.header is None:
            self.header = self._read_header(line)
            return self.header
        try:
            return decode(line, start)
        except ValueError:
            self.damaged += 1
        if self.damaged > MOST_DAMAGED:
            raise RecordingError(f"{self.path}: is no recording: most of it makes no sense")
        return None

    def _read_header(self, line: bytes) -> Header:
        """Return the first line, if it is a header that this version knows.

        Raises:
            RecordingError: It is not.
        """
        header, newer = header_of(line)
        if newer:
            upto = f"this version reads up to {FORMAT}; update epochal"
            raise RecordingError(f"{self.path}: is of format {newer}, {upto}")
        if header is None:
            raise RecordingError(f"{self.path}: is no recording: it does not begin with a header")
        return header


def read(path: Path) -> Iterator[Event]:
    """Yield all whole events of a recording.

    Raises:
        RecordingError: The file is not there, no recording, or one of a newer format.
    """
    if not path.is_file():
        raise RecordingError(f"{path}: is not there")
    yield from Reader(path).rest()
