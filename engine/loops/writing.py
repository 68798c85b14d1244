"""Where a loop's rows go: a recording of its own, that goes on when the disk does not.

A loop is somebody's work, and its record is not: what cannot be written is said once, and the loop
trains on.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..errors import EpochalError
from ..recording.events import End, Event, Header, Heartbeat, MachineFigures
from ..recording.file import Recorder
from ..runs.folder import RunFolder, create_run
from ..runs.meter import Meter
from ..text.safe import plain

ALIVE_SECONDS: Final = 1.0
"""How often it is looked whether something waits to be written."""

SILENT_SECONDS: Final = 2.0
"""How long nothing may be written."""


class LoopWriter:
    """Writes what a loop records.

    Args:
        folder: The run's.
        header: The first line.
        waiting: Has what waits elsewhere be recorded; asked about once a second.
        meter: Reads what the loop takes of its machine, about once a second.
    """

    def __init__(
        self,
        folder: RunFolder,
        header: Header,
        waiting: Callable[[], None] = lambda: None,
        meter: Meter | None = None,
    ) -> None:
        self.folder: Final = folder
        self._waiting = waiting
        self._meter = meter or Meter()
        self.step = 0
        """The last step, for signs of life."""
        self.is_paused = False
        """Whether the loop waits for whoever paused it."""
        self._lock, self._measuring = threading.Lock(), threading.Lock()
        self._recorder: Recorder | None = Recorder.create(folder.recording, header)
        self._over = threading.Event()
        self._thread = threading.Thread(target=_keep_alive, args=(weakref.ref(self),), daemon=True)
        self._thread.start()
        # The lock on the recording is the open file's: a child that kept it open would hold it on
        # when this process is gone, and a crashed loop would seem to run.
        os.register_at_fork(after_in_child=_forgetting(weakref.ref(self)))

    @property
    def is_open(self) -> bool:
        """Whether what is recorded goes anywhere."""
        return self._recorder is not None

    @property
    def seconds_since_write(self) -> float:
        """How long nothing was written."""
        return self._recorder.seconds_since_write if self._recorder else 0.0

    def record(self, *events: Event, flush: bool = False) -> None:
        """Write events, if that is still possible."""
        with self._lock:
            if self._recorder is None:
                return
            try:
                if not self._recorder.is_there():
                    raise EpochalError(f"{self.folder.path}: was removed or moved away")
                self._recorder.record(*events)
                if flush:
                    self._recorder.flush()
            except (EpochalError, OSError) as error:
                self._give_up(error)

    def end(self, end: End) -> None:
        """Write how the loop ended, and let go."""
        # Its thread may be about to measure for the last time.
        self._over.set()
        self.record(*self._figures(), end)
        self.close()

    def close(self) -> None:
        """Write what waits and let go."""
        self._over.set()
        with self._lock:
            recorder, self._recorder = self._recorder, None
            try:
                if recorder is not None:
                    recorder.close()
            except (EpochalError, OSError) as error:
                _warn(error)

    def say_alive(self) -> bool:
        """Write what waits and what the machine takes; return whether to go on.

        Where nothing was said, as while the loop is paused, a sign of life is written.
        """
        self._waiting()
        figures = self._figures()
        with self._lock:
            if self._recorder is None:
                return False
            try:
                self._recorder.record(*figures)
                self._recorder.flush()
                if self._recorder.seconds_since_write >= SILENT_SECONDS:
                    self._recorder.record(Heartbeat(step=self.step))
                    self._recorder.flush()
            except (EpochalError, OSError) as error:
                self._give_up(error)
        return not self._over.wait(ALIVE_SECONDS)

    def forget(self) -> None:
        """Let go in a child process, which writes nothing."""
        recorder, self._recorder = self._recorder, None
        # Its lock may have been held by a thread that is not here.
        self._lock = threading.Lock()
        self._over.set()
        if recorder is not None:
            recorder.abandon()

    def _figures(self) -> list[MachineFigures]:
        """Return what the loop takes of its machine, unless that was said a moment ago."""
        with self._measuring:
            if not self.is_paused:
                return self._meter.read(self.step)
            self._meter.skip(self.step)
            return []

    def _give_up(self, error: Exception) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            with contextlib.suppress(EpochalError, OSError):
                recorder.close()
        _warn(error)


def _warn(error: Exception) -> None:
    message = f"epochal records no more of this loop: {plain(str(error))}"
    try:
        warnings.warn(message, stacklevel=4)
    except Warning:
        # A program may have warnings be errors, and this is no error of its own.
        print(message, file=sys.stderr)


def _keep_alive(writer: weakref.ref[LoopWriter]) -> None:
    """Say that a loop is alive, as long as it is; it touches no tensor."""
    time.sleep(ALIVE_SECONDS)
    while (alive := writer()) is not None and alive.say_alive():
        del alive


def _forgetting(writer: weakref.ref[LoopWriter]) -> Callable[[], None]:
    def forget() -> None:
        if (alive := writer()) is not None:
            alive.forget()

    return forget


def new_run(name: str, runs: Path) -> RunFolder:
    """Make the folder of a loop's run.

    Raises:
        RunError: It cannot be made.
    """
    # A loop may go to other places later.
    return create_run(name, "", runs.absolute())
