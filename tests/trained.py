"""Runs that were really trained and recorded, in this process, for tests of what reads them."""

from __future__ import annotations

from pathlib import Path

from engine.experiment.experiment import Experiment
from engine.recording.events import Event, Snapshot
from engine.recording.file import Recorder
from engine.runs.folder import RunFolder
from engine.training.checkpoints import Checkpoints
from engine.training.header import header_of
from engine.training.loop import Pace, closing, train
from engine.training.trainer import Trainer


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
    recorder = Recorder.create(folder.recording, header_of(trainer, folder.name))

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
            record(Checkpoints(folder, trainer).save())
        record(closing(trainer))
    recorder.close()
    return folder, trainer
