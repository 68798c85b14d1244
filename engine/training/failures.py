"""What a run leaves in its recording where it fails: why."""

from __future__ import annotations

import os
import time
import traceback

from ..errors import EpochalError, RecordingError
from ..recording.events import End, Event, Header, RunWarning
from ..recording.file import Recorder
from ..runs.folder import RunFolder
from ..runs.processes import Processes
from .loop import ending
from .machine import versions
from .trainer import Trainer


def record_failure(recorder: Recorder, trainer: Trainer, error: Exception) -> None:
    """Say in the recording how the run failed, if it can still be written to.

    A run that was over by then ended as it did, whatever of it found no room in the recording.

    Args:
        recorder: The recording.
        trainer: What was trained.
        error: What went wrong; its trace goes to stderr.
    """
    traceback.print_exc()
    step, words = trainer.step, _reason(error)
    figures = {"steps": step, "seconds": trainer.seconds}
    last: list[Event] = [End(step=step, status="failed", reason=words, result=figures)]
    if trainer.outcome is not None and isinstance(error, RecordingError):
        last = [RunWarning(step=step, message=f"its end is not all here: {words}"), ending(trainer)]
    # What went wrong may be the very disk that this is to be written to.
    try:
        recorder.record(*last)
        recorder.close()
    except (RecordingError, OSError):
        traceback.print_exc()


def fail_to_start(folder: RunFolder, error: Exception) -> int:
    """Leave a recording that says why nothing was trained, and return the exit status.

    Args:
        folder: The run's.
        error: What went wrong; its trace goes to stderr.
    """
    traceback.print_exc()
    header = Header(
        run=folder.name,
        experiment={},
        seeds=[0],
        parameters={},
        columns={},
        gradients="",
        device="",
        versions=versions(),
        **vars(Processes().of(os.getpid())),
        time=time.time(),
    )
    recorder = Recorder.create(folder.recording, header, reserve=False)
    recorder.record(End(step=0, status="failed", reason=_reason(error), result={}))
    recorder.close()
    return 1


def _reason(error: Exception) -> str:
    """Return an error in words; one that is not meant for users keeps its type."""
    return str(error) if isinstance(error, EpochalError) else f"{type(error).__name__}: {error}"
