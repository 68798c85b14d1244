"""Two ways of doing the same, in turns: what is told is the median ratio of neighbours.

A shared machine's speed drifts. Neighbours in time drift together, so their ratio holds where
neither's seconds do.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks import plain
from engine.experiment.experiment import Experiment
from engine.presets import preset as presets
from engine.recording.file import Recorder
from engine.training.header import header_of
from engine.training.loop import Pace, train
from engine.training.machine import device_name
from engine.training.trainer import Trainer

WARM_UP = 100
"""Steps that are not counted, of each side."""

Side = Callable[[Experiment], float]
"""Trains a whole experiment; returns its seconds, set-up left out."""


@dataclass(frozen=True)
class Ratio:
    """How many times faster one side is than its neighbour, over some rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, slower: list[float], faster: list[float]) -> Ratio:
        """Return the ratio of neighbours' seconds."""
        ratios = [a / b for a, b in zip(slower, faster, strict=True)]
        return cls(statistics.median(ratios), min(ratios), max(ratios))

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f} to {self.most:.2f})"


def in_turns(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each side in each round; every other round goes backwards."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds):
        for name in list(sides)[:: 1 if turn % 2 == 0 else -1]:
            seconds[name].append(sides[name]())
    return seconds


def sized(name: str, steps: int, *overrides: str) -> Experiment:
    """Return a preset with another length."""
    experiment = presets.load(name, overrides).experiment
    return lasting(experiment, steps)


def lasting(experiment: Experiment, steps: int) -> Experiment:
    """Return an experiment with another length."""
    length = {"epochs": None, "steps": steps}
    return experiment.model_copy(update={"train": experiment.train.model_copy(update=length)})


def ours(
    experiment: Experiment,
    clock: Callable[[], float] = time.perf_counter,
    threads: int | None = 1,
) -> float:
    """Train and record a whole run; return the seconds from its first step to its last.

    All that is recorded of these is in the file by then. The sets are not measured at the end, as
    the plain loop does not do that either.

    Args:
        experiment: What to train.
        clock: Seconds.
        threads: CPU threads that share its members; as many as the engine would take where None.
    """
    trainer = Trainer(experiment, device="cpu", threads=threads)
    with tempfile.TemporaryDirectory() as folder:
        header = header_of(trainer, "benchmark")
        recorder = Recorder.create(Path(folder) / "recording.jsonl", header)
        started = clock()
        for events in train(trainer, Pace()):
            recorder.record(*events)
        recorder.flush()
        seconds = clock() - started
        recorder.close()
    assert trainer.step == experiment.steps, "it ended early"
    return seconds


def theirs(experiment: Experiment, threads: int = 1) -> float:
    """Train by hand; return the seconds."""
    torch.set_num_threads(threads)
    seconds: float = plain.train(experiment, experiment.steps)["seconds"]
    return seconds


def machine() -> str:
    """Return what the figures hold for, in words."""
    return f"{device_name(torch.device('cpu'))}, torch {torch.__version__}"


def micro(seconds: float) -> str:
    """Return seconds as microseconds, to three digits or a whole number."""
    value = seconds * 1e6
    return f"{value:.0f} µs" if value >= 100 else f"{value:.1f} µs"


NAME, FIGURES = 32, 28
"""How wide a table's columns are: for "two-moons, 64 members, 2 threads", and for a ratio in the
thousands with its least and most.
"""


def row(*cells: object) -> str:
    """Return a table's row, as Markdown has it, in columns that stand below each other."""
    first, *rest = map(str, cells)
    return f"| {first:{NAME}} | " + " | ".join(f"{cell:>{FIGURES}}" for cell in rest) + " |"


def rule(columns: int) -> str:
    """Return the line below a table's head."""
    return row("---", *["---:"] * (columns - 1))
