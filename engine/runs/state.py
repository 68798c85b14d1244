"""The state a run is in, as its recording and its process say."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Literal

from .processes import Processes, appointed

if TYPE_CHECKING:
    from ..recording.outline import Outline
    from .folder import RunFolder

State = Literal["starting", "running", "paused", "silent", "crashed", "ended"]


SILENT_SECONDS: Final = 10.0
"""A worker writes at least every 2 s; one that has not for so long is silent."""


START_SECONDS: Final = 60.0
"""A worker has begun its recording within so long, where nothing tells who it is."""


WAIT_SECONDS: Final = 600.0
"""How long a run must have been silent before it is taken for one that nobody trains any more."""

MAY_TRAIN: Final = (
    "may still be training; stop it where it does, or wait "
    f"until it has been silent for {WAIT_SECONDS / 60:.0f} minutes"
)


def last_sign(history: Outline) -> float:
    """Return when the newest event of a run came, in seconds since 1970; 0 before the first."""
    writer = history.writer
    # ``t`` goes on from where it was when a run is resumed; the clock on the wall does not.
    return 0.0 if writer is None else writer.time + history.last_t - writer.t


def state_of(
    history: Outline,
    folder: RunFolder,
    *,
    now: float | None = None,
    processes: Processes | None = None,
) -> State:
    """Return the state a run is in, as far as its recording, its folder and this machine can tell.

    Args:
        history: What was read of the recording.
        folder: The run's, which is asked until the recording begins.
        now: The time, in seconds since 1970; this moment where left out.
        processes: Those of this machine.
    """
    now, processes = time.time() if now is None else now, processes or Processes()
    writer = history.writer
    if writer is None:
        return "starting" if _may_begin(folder, now, processes) else "crashed"
    if history.end is not None:
        return "ended"
    there = processes.has(writer)
    if there is False:
        return "crashed"
    # By this machine's clock, which may have been set since the run began, its file was written.
    sign = max(last_sign(history), folder.written if there else 0.0)
    if now - sign > SILENT_SECONDS:
        return "silent"
    return "paused" if history.paused else "running"


def _may_begin(folder: RunFolder, now: float, processes: Processes) -> bool:
    """Whether somebody may still begin the recording of a run."""
    worker = appointed(folder)
    there = None if worker is None else processes.has(worker)
    if there is not None:
        return there
    # A folder that is not there yet, or no more, says nothing of its worker.
    return not folder.made or now - folder.made <= START_SECONDS
