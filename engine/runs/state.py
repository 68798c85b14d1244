"""The state a run is in, as its recording and its process say."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from ..recording.history import History

State = Literal["starting", "running", "paused", "silent", "crashed", "ended"]


SILENT_SECONDS: Final = 10.0
"""A worker writes at least every 2 s; one that has not for so long is silent."""


PID_TOLERANCE: Final = 2.0
"""Seconds by which a process's start may seem to differ: it is computed from the boot time."""


START_SECONDS: Final = 60.0
"""A worker has begun its recording within so long, on the slowest of network disks."""


def process_started(pid: int) -> float | None:
    """Return when a process of this machine started, in seconds since 1970, if it is there."""
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def last_sign(history: History) -> float:
    """Return when the newest event of a run came, in seconds since 1970; 0 before the first."""
    writer = history.writer
    # ``t`` goes on from where it was when a run is resumed; the clock on the wall does not.
    return 0.0 if writer is None else writer.time + history.last_t - writer.t


def state_of(
    history: History,
    *,
    now: float | None = None,
    host: str | None = None,
    process_started: Callable[[int], float | None] = process_started,
    made: float | None = None,
    written: float = 0.0,
) -> State:
    """Return the state a run is in, as far as its recording and this machine can tell.

    Args:
        history: What was read of the recording.
        now: The time, in seconds since 1970; this moment where left out.
        host: This machine's name.
        process_started: When a process of this machine started.
        made: When the run's folder was made; a worker that has not begun its recording long
            after that never will.
        written: When the recording was written to last, as its file says: by this machine's
            clock, which may have been set since the run began.
    """
    now = time.time() if now is None else now
    writer = history.writer
    if writer is None:
        late = made is not None and now - made > START_SECONDS
        return "crashed" if late else "starting"
    if history.end is not None:
        return "ended"
    if writer.host == (host or socket.gethostname()):
        there = process_started(writer.pid)
        if there is None or abs(there - writer.pid_started) > PID_TOLERANCE:
            return "crashed"
        sign = max(last_sign(history), written)
    else:
        sign = last_sign(history)
    if now - sign > SILENT_SECONDS:
        return "silent"
    return "paused" if history.paused else "running"
