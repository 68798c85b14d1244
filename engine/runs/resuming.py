"""Whether a run can be gone on with, as far as its recording and its folder say."""

from __future__ import annotations

import re
import time

from ..errors import RunError
from ..recording.checkpoints import file_of
from ..recording.events import End, Header
from ..recording.lacking import check_branched, check_experiment
from ..recording.outline import Outline
from ..text.safe import plain
from .branches import never_began
from .folder import RunFolder
from .state import MAY_TRAIN, WAIT_SECONDS, state_of


def until_step(text: str, header: Header) -> int:
    """Return the step that ``epochs=5000`` or ``steps=5000`` means.

    Raises:
        RunError: It says neither, or the run counts no epochs.
    """
    match = re.fullmatch(r"(epochs|steps)=([1-9]\d{0,14})", text.strip())
    if match is None:
        raise RunError(f"--until: must be epochs=N or steps=N (got {text!r})")
    number = int(match[2])
    if match[1] == "steps":
        return number
    if not header.steps_per_epoch:
        raise RunError(
            "--until: this run draws fresh rows in every step and has no epochs; steps=N"
        )
    return number * header.steps_per_epoch


def check_resumable(
    folder: RunFolder, history: Outline, *, until: int = 0, ignore_stopping: bool = False
) -> None:
    """Refuse a run that cannot be gone on with, and say what can be done in place of that.

    Args:
        folder: The run's.
        history: What is known of it.
        until: The step it is to go on to; 0 for the one that was planned.
        ignore_stopping: Whether to go on though patience or a threshold has ended it.

    Raises:
        RunError: It is trained, it is over, or nothing is there to go on with.
    """
    name, header = plain(folder.name), history.header
    check_experiment(folder.name, header, "cannot be gone on with")
    if folder.path == folder.recording:
        raise RunError(f"{name}: is a recording alone; go on with the run where its folder is")
    state = state_of(history, folder)
    if state == "silent" and time.time() - folder.written < WAIT_SECONDS:
        raise RunError(f"{name}: {MAY_TRAIN}")
    if state not in ("crashed", "ended", "silent"):
        raise RunError(f"{name}: is still {state}; epochal attach {name} shows it")
    if header is None or not header.parameters:
        raise RunError(f"{name}: {never_began(folder)}")
    check_branched(folder.name, history, "cannot be gone on with")
    if until and until < history.last_step:
        gone = f"--until steps={until}: it has gone as far as step {history.last_step}"
        raise RunError(f"{name}: {gone}; leave --until out, or give a greater one")
    if history.end is None:
        return
    _check_end(folder, history.end, history, ignore_stopping)
    if history.end.status != "failed" and (until or header.steps) <= history.last_step:
        done = f"{name}: has done its {history.last_step} steps"
        raise RunError(f"{done}; --until steps=N lengthens it")


def _check_end(folder: RunFolder, end: End, history: Outline, ignore_stopping: bool) -> None:
    """Refuse a run that has come to an end of its own."""
    name = plain(folder.name)
    if end.status == "diverged":
        # The last loss is of the weights of the step before it: what is finite lies before both.
        there = [each for each in history.checkpoints if file_of(folder.path, each)]
        finite = max((each.step for each in there if each.step < end.step - 1), default=0)
        raise RunError(
            f"{name}: diverged, and would again; epochal fork {name} --at {finite} "
            "--set optimizer.lr=… goes on from its last finite checkpoint with another setting"
        )
    early = any(word in end.reason.split() for word in ("patience", "threshold"))
    if end.status == "finished" and early:
        if history.header is not None and history.header.members > 1:
            raise RunError(f"{name}: its members have ended by {end.reason}; train it again")
        if not ignore_stopping:
            raise RunError(
                f"{name}: was ended by {end.reason} at step {end.step}; "
                "--ignore-stopping goes on all the same"
            )
