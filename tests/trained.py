"""Runs that were really trained and recorded, for tests of what reads them.

``whole`` trains what several files of tests look at: once for all processes of tests.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
from dataclasses import replace
from pathlib import Path

from engine.experiment.experiment import Experiment
from engine.presets import preset as presets
from engine.recording.events import Event, Snapshot
from engine.recording.file import Recorder
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.training.checkpoints import Checkpoints
from engine.training.header import header_of
from engine.training.loop import Pace, closing, train
from engine.training.trainer import Trainer

SHARED = "EPOCHAL_TEST_TRAININGS"
"""The variable that says in which folder the processes of these tests keep what they train."""


def recorded(
    spec: Experiment,
    path: Path,
    *,
    snapshots: bool = True,
    checkpoint: bool = True,
    steps: int | None = None,
) -> tuple[RunFolder, Trainer]:
    """Train and record a run; return its folder and the trainer.

    Args:
        spec: What to train.
        path: The run's folder.
        snapshots: Whether the recording holds weights.
        checkpoint: Whether a checkpoint is written.
        steps: Stop recording after about so many, as if the worker had been killed.
    """
    folder = RunFolder(path)
    folder.checkpoints.mkdir(parents=True)
    trainer = Trainer(spec, device="cpu", allow_code=True)
    header = header_of(trainer, folder.name)
    kept = header.weights_kept if snapshots else "none"
    recorder = Recorder.create(folder.recording, replace(header, weights_kept=kept))

    def record(events: list[Event]) -> None:
        for event in events:
            if snapshots or not isinstance(event, Snapshot):
                recorder.record(event)

    for events in train(trainer, Pace()):
        record(events)
        if steps is not None and trainer.step >= steps:
            break
    else:
        if checkpoint:
            record(Checkpoints(folder, trainer, recorder.flush).save())
        record(closing(trainer))
    recorder.close()
    return folder, trainer


def whole(name: str, *changes: str) -> History:
    """Return what was recorded of a preset, with some changes, that was trained to its end.

    All who ask for the same are given the same: nobody may add to it.
    """
    return whole_of(presets.load(name, changes).experiment)


def whole_of(experiment: Experiment) -> History:
    """Return what was recorded of an experiment that was trained to its end; see ``whole``."""
    key = experiment.model_dump_json()
    if key not in _WHOLE:
        _WHOLE[key] = _of_all_processes(experiment, hashlib.sha256(key.encode()).hexdigest())
    return _WHOLE[key]


_WHOLE: dict[str, History] = {}


def _of_all_processes(experiment: Experiment, name: str) -> History:
    """Read what another process of these tests has trained, or train it for all of them."""
    path = Path(os.environ[SHARED], name)
    with path.with_suffix(".lock").open("w") as lock:
        # Who comes second waits, and finds it trained.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            history: History = pickle.loads(path.read_bytes())
            return history
        history = _trained(experiment)
        path.write_bytes(pickle.dumps(history))
        return history


def _trained(experiment: Experiment) -> History:
    trainer = Trainer(experiment, device="cpu", allow_code=True)
    history = History([header_of(trainer, "a-run")])
    for events in train(trainer, Pace()):
        history.extend(events)
    history.extend(closing(trainer))
    return history
