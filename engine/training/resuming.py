"""Going on with a recorded run, to the bits it would have had.

    recording ─► experiment, rates that were set ─┐
    checkpoint ─► weights, optimizer, patience …  ├─► a trainer at the checkpoint's step
    this machine ─► is it the same way? ──────────┘

Rows after the checkpoint are taken once more, and count in place of those that were recorded.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from ..errors import RunError
from ..presets.preset import recorded_experiment
from ..recording import checkpoints
from ..recording.checkpoints import State
from ..recording.events import Header, Resume, Series
from ..recording.history import History
from ..recording.loading import load_history
from ..runs.folder import RunFolder
from ..runs.processes import Processes
from ..runs.resuming import check_resumable
from ..text.owned import foreign
from ..text.safe import plain
from .device import can_begin, nearest_device
from .header import header_of
from .machine import versions
from .marks import Marks
from .probe import recorded_steps
from .repeats import Repeats
from .snapshots import ENDS
from .trainer import Trainer

MOST_THREADS: Final = 1024
"""A recording may come from anyone, and more threads than that end a process."""


_NONE_OF_THIS_RUN: Final = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError),
    *(RuntimeError, TypeError, ValueError),
)
"""What comes of state that is another run's, or has values of another kind."""


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """How a run is to be gone on with."""

    until: int = 0
    """The step it is to go on to; 0 for the one that was planned."""
    reschedule: bool = False
    """Whether its schedules are to be of that length, too."""
    ignore_stopping: bool = False
    """Whether to go on though patience or a threshold has ended it."""
    any_way: bool = False
    """Whether to go on where this machine computes in another way, to other bits."""


@dataclass(frozen=True, eq=False)
class ResumedRun:
    """A run that can go on."""

    trainer: Trainer
    """As it was at the step that it goes on from."""
    marks: Marks | None
    """Those that are still to come; none where it begins anew."""
    repeats: Repeats
    """What was said of it from that step on, and is said again."""
    answered: frozenset[str]
    """The ids of the requests that the recording has."""
    event: Resume
    """What the recording says of it."""
    first: int
    """The step at which it branched off; 0 where it did not."""


def resume(
    folder: RunFolder, wanted: Continuation, *, device: str = "auto", allow_code: bool = False
) -> ResumedRun:
    """Return a run as it was at its newest checkpoint.

    Args:
        folder: The run's.
        wanted: How it is to go on.
        device: Where, if it is not to be where it was; ``auto`` for that.
        allow_code: Whether a network of one's own may be run.

    Raises:
        RunError: It cannot be gone on with, or not to the same bits.
        PresetError: Its experiment no longer holds, as where its data file is gone.
    """
    history = load_history(folder.recording)
    header = history.header
    check_resumable(folder, history, until=wanted.until, ignore_stopping=wanted.ignore_stopping)
    assert header is not None
    until = wanted.until or header.steps
    trainer = trainer_of(header, device, until=until, allow_code=allow_code)
    differences = differences_of(header, trainer)
    if differences and not wanted.any_way:
        raise RunError(
            f"{plain(folder.name)}: would not come to the same bits here: "
            f"{'; '.join(differences)}; --any-way goes on all the same, and says so"
        )
    state = newest_state(folder, history)
    if state is not None:
        restore(trainer, state, header)
    elif history.forks:
        # A run begins anew from its seed. The first weights of a branch are no seed's.
        raise RunError(
            f"{plain(folder.name)}: has none of its checkpoints any more; branch off from "
            f"{plain(history.forks[-1].parent)} again with epochal fork"
        )
    # Said once, it stands: what has ended the run before would end it again at the same step.
    if wanted.ignore_stopping or any(seam.ignores_stopping for seam in history.seams):
        trainer.ignore_stopping()
    event = Resume(
        from_step=-1 if state is None else trainer.step,
        **vars(Processes().of(os.getpid())),
        time=time.time(),
        steps=wanted.until,
        reschedules=wanted.reschedule,
        ignores_stopping=wanted.ignore_stopping,
        otherwise=differences,
        paused=bool((state or {"paused": history.paused}).get("paused")),
        anew=_why_anew(folder, history) if state is None else "",
    )
    marks = None if state is None else marks_to_come(history, trainer)
    history.add(event)
    answered = frozenset(request.id for request in history.requests)
    first = history.forks[-1].step if history.forks else 0
    return ResumedRun(trainer, marks, Repeats(history, trainer.step), answered, event, first)


def trainer_of(
    header: Header,
    device: str = "auto",
    *,
    until: int = 0,
    allow_code: bool = False,
    whole: bool = True,
) -> Trainer:
    """Return what trains a recorded run as it was trained, at its first step.

    Args:
        header: The recording's.
        device: Where, if it is not to be where it was; ``auto`` for that.
        until: Its last step, where that is not the one that was planned.
        allow_code: Whether a network of one's own may be run.
        whole: Whether it holds all members of its experiment; a branch may hold one.

    Raises:
        RunError: Its data is no longer what it was.
        PresetError: Its experiment no longer holds.
        DeviceError: The device is not there.
    """
    experiment = recorded_experiment(header)
    for then, now in zip(header.files, experiment.data.files, strict=False):
        if then.get("sha256") != now.get("sha256"):
            raise RunError(
                f"{now.get('name')}: is not the file that the run was trained on any more; "
                "train a new run on it with epochal run"
            )
    if not 0 <= header.threads <= MOST_THREADS:
        said = f"cannot be trained with {header.threads} threads, as it says it was"
        raise RunError(f"{plain(header.run)}: {said}; at most {MOST_THREADS} are begun")
    if not can_begin(header.threads):
        said = f"cannot be trained with {header.threads} threads, as it was"
        raise RunError(f"{plain(header.run)}: {said}: this machine begins no more; raise ulimit -u")
    where = nearest_device(header.device) if device == "auto" else device
    # With as many threads as then: each sums a share, and other shares round to other bits.
    trainer = Trainer(
        experiment,
        device=where,
        allow_code=allow_code,
        threads=header.threads,
        until=until,
        way=header.way,
        few_weights=header.weights_kept == ENDS,
        probe_steps=recorded_steps(header.run, header.probe_per_octave, experiment),
    )
    of_run, of_experiment = shape_of(header), shape_of(header_of(trainer, header.run))
    if of_run[:-1] != of_experiment[:-1] or (whole and of_run != of_experiment):
        raise RunError(f"{plain(header.run)}: its rows and weights are none of its experiment's")
    return trainer


def shape_of(header: Header) -> tuple[object, ...]:
    """Return what rows, weights and checkpoints have the shape of."""
    return header.columns, header.parameters, header.buffers, header.seeds


def differences_of(header: Header, trainer: Trainer) -> list[str]:
    """Return what would make bits differ from those that were recorded, in words."""
    then = {
        "device": header.device,
        "gradients": header.gradients,
        "steps are": header.way,
        "the CPU computes with": header.capability,
        **{name: header.versions.get(name, "") for name in ("torch", "numpy")},
    }
    now = {
        "device": str(trainer.device),
        "gradients": trainer.method.name,
        "steps are": trainer.method.way,
        "the CPU computes with": torch.backends.cpu.get_cpu_capability(),
        **versions(),
    }
    return [f"{what} {now[what]}, then {was}" for what, was in then.items() if now[what] != was]


def newest_state(folder: RunFolder, history: History) -> State | None:
    """Return what the newest checkpoint holds that can be read; None without any.

    Args:
        folder: The run's.
        history: What is known of it, up to the step that the checkpoint may be of at most.

    Raises:
        RunError: It is a link, or another user's.
    """
    for checkpoint in reversed(history.checkpoints):
        # Whatever a recording says, it is in the run's own folder.
        path = folder.checkpoints / Path(checkpoint.file).name
        if path.suffix != checkpoints.SUFFIX:
            continue
        try:
            _check_own(path, folder)
        except OSError:
            # It was tidied away, or somebody is removing the run right now.
            continue
        # One that is damaged costs the steps from the one before it, and no more.
        with contextlib.suppress(RunError):
            return checkpoints.read(path)
    return None


def _why_anew(folder: RunFolder, history: History) -> str:
    """Return why there is no checkpoint that a run could go on from."""
    files = [checkpoints.file_of(folder.path, each) for each in history.checkpoints]
    if any(path is not None and path.suffix != checkpoints.SUFFIX for path in files):
        return "its checkpoint is of an earlier version, which kept too little to come to the same"
    return "none of its checkpoints can be read" if files else "it had no checkpoint yet"


def _check_own(path: Path, folder: RunFolder) -> None:
    """Refuse to go on from what may be anybody's.

    Raises:
        RunError: It is a link, or another user's.
        OSError: It is not there, or not any more.
    """
    for each in (folder.checkpoints, path):
        if wrong := foreign(each.lstat(), folder.path):
            what = f"{plain(str(each))}: {wrong}"
            raise RunError(f"{what}; remove it to go on from the checkpoint before it")


def restore(trainer: Trainer, state: State, header: Header) -> None:
    """Have a trainer go on from what a checkpoint holds.

    Raises:
        RunError: It is none of this run.
    """
    try:
        if type(state["step"]) is not int:
            raise ValueError("its step is no number")
        trainer.restore(state)
    except _NONE_OF_THIS_RUN as error:
        name = plain(header.run)
        raise RunError(f"{name}: its checkpoint is none of this run: {error!r:.200}") from None


def marks_to_come(history: History, trainer: Trainer) -> Marks:
    """Return the marks that were not reached by the step at which a trainer is."""
    marks = Marks(trainer.experiment, trainer.columns)
    # No checkpoint holds them: shown the rows again, they are reached where they were.
    marks.reached(trainer.step, [*_series(history.until(trainer.step))], trainer.ended_at)
    return marks


def _series(history: History) -> Iterator[Series]:
    for group, rows in history.series.items():
        yield from rows.as_series(group)
