"""The first line of a recording: what was started, on what, by which versions."""

from __future__ import annotations

import os
import time

import torch

from ..experiment.experiment import Experiment
from ..recording.events import Header
from ..runs.processes import Processes
from .machine import device_name, versions
from .trainer import Trainer


def header_of(trainer: Trainer, run: str) -> Header:
    """Return the header of a run that this process is about to record.

    Args:
        trainer: What is about to train.
        run: The run's name.
    """
    data = trainer.experiment.data
    return Header(
        run=run,
        # In full, defaults too: another version may have others.
        experiment=trainer.experiment.model_dump(mode="json", exclude_none=True),
        seeds=trainer.seeds,
        variants=list(trainer.variants),
        parameters={name: list(shape) for name, shape in trainer.shaped.shapes.items()},
        buffers={name: list(shape) for name, shape in trainer.shaped.buffers.items()},
        columns={group: list(names) for group, names in trainer.columns.items()},
        weights_kept=trainer.snapshots.rule,
        probe_per_octave=trainer.probe.steps.per_octave,
        steps=trainer.experiment.steps,
        steps_per_epoch=trainer.experiment.steps_per_epoch or 0,
        gradients=trainer.method.name,
        gradients_why=trainer.choice.why,
        way=trainer.method.way,
        device=str(trainer.device),
        device_name=device_name(trainer.device),
        threads=trainer.threads,
        # What vectors the CPU has: sums over wider ones are rounded otherwise.
        capability=torch.backends.cpu.get_cpu_capability(),
        versions=versions(),
        **vars(Processes().of(os.getpid())),
        time=time.time(),
        files=list(data.files),
        scaling=trainer.data.scaling.plain(),
        raw_columns=trainer.data.raw_columns,
        rows=list(data.sizes),
        input_names=data.input_names,
        given_names=data.given_names if data.features else [],
        row_shape=_row_shape(trainer.experiment),
        target_names=data.target_names,
        target_range=trainer.data.target_range,
        **trainer.data.facts(),
    )


def _row_shape(experiment: Experiment) -> list[int]:
    """Return the shape of a row, where it is a picture or layers are listed that take it."""
    listed = bool(experiment.model.layers)
    shape = experiment.row_shape if listed else experiment.data.row_shape
    return list(shape) if listed or len(shape) == 3 else []
