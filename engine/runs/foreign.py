"""The run of something else than a worker: its folder, and the first line of its recording."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import RunError
from ..recording.events import FORMAT, Header, Origin
from ..recording.file import Recorder
from ..text.files import why
from ..text.owned import Share, ensure_folder
from .folder import RunFolder, new_folder
from .processes import Processes


def begin(
    called: str,
    origin: Origin,
    runs_dir: Path,
    *,
    share: Share = "nobody",
    clock: Callable[[], float] = time.monotonic,
    **said: Any,
) -> tuple[RunFolder, Recorder]:
    """Make a run's folder and begin its recording.

    Args:
        called: What the run's name begins with.
        origin: Where its numbers come from.
        runs_dir: Where the folder goes.
        share: Who else may read it.
        clock: Seconds, from anywhere.
        said: What else its header says: ``columns``, ``time``, ``files`` and so on.

    Raises:
        RunError: There is no such folder to be had.
        RecordingError: The recording cannot be written.
    """
    try:
        folder = RunFolder(new_folder(runs_dir, called, share=share))
        ensure_folder(folder.control)
    except OSError as error:
        raise RunError(
            f"{runs_dir}: no run can be made here: {why(error)}; set --runs-dir"
        ) from None
    header = header_of(folder.name, origin, **said)
    return folder, Recorder.create(
        folder.recording, header, clock=clock, reserve=origin != "import"
    )


def header_of(run: str, origin: Origin, **said: Any) -> Header:
    """Return the first line of a recording that no worker makes.

    Args:
        run: The run's name.
        origin: Where its numbers come from.
        said: What else it says.
    """
    usual = {
        "experiment": {},
        "seeds": [0],
        "parameters": {},
        "columns": {},
        "gradients": "",
        "device": "",
        "versions": {"epochal": __version__, "python": platform.python_version()},
        "time": time.time(),
        **vars(Processes().of(os.getpid())),
    }
    return Header(format=FORMAT, origin=origin, run=run, **{**usual, **said})
