"""Ending a run from outside: its worker is asked to stop, and waited for.

Apart from what trains and tells of a run, which takes longer to import than a run to be stopped.
"""

from __future__ import annotations

import time
from typing import Final

from ..errors import RecordingError, RunError
from ..recording.events import End
from ..recording.lacking import check_listens
from ..runs.folder import RunFolder
from ..runs.listing import ending_text
from ..runs.requests import Control
from ..runs.state import state_of
from ..runs.summary import GlancedRun
from ..text.safe import plain

POLL_SECONDS: Final = 0.05
"""How often the recording is looked at."""


def stop(folder: RunFolder, *, seconds: float = 10.0) -> str:
    """Ask a run's worker to stop, and wait until it has.

    Args:
        folder: The run.
        seconds: How long to wait at most.

    Returns:
        What came of it, in a sentence.

    Raises:
        RunError: The run is over, or nobody is there to stop it.
    """
    look, name = GlancedRun(folder), plain(folder.name)
    look.again()
    crashed = state_of(look.history, folder) == "crashed"
    # Read once more: before it ended, a worker may have said so.
    look.again()
    if look.problem:
        raise RecordingError(f"{plain(str(folder.recording))}: {look.problem}")
    if look.history.end is not None:
        raise RunError(f"{name} is over: {ending_text(look.history.end)}")
    if not folder.path.is_dir():
        raise RunError(f"{name} is a recording alone; stop the run where its folder is")
    if crashed:
        died_at = look.history.last_step
        raise RunError(f"{name} has no worker any more: it died at step {died_at}")
    check_listens(folder.name, look.history.header)
    Control(folder).send("stop")
    end = _await_end(look, time.monotonic() + seconds)
    if end is None:
        return f"{name} was asked to stop; its worker has not answered yet"
    return f"{name}: {ending_text(end)} at step {end.step}"


def _await_end(look: GlancedRun, deadline: float) -> End | None:
    while look.history.end is None and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        look.again()
    return look.history.end
