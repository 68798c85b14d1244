"""Steps per second with everything recorded, against the same experiment as a plain loop.

    python -m benchmarks.speed [--steps 3000] [--rounds 7]

Both sides take the same number of steps of the same experiment on the same data, in turns, on
one CPU thread. The plain loop reads its loss and every parameter's gradient norm each step and,
where there is a dev set, measures it each epoch and keeps the best weights. Ours does that
through the trainer and writes the recording to a file. What is reported is the median ratio of
neighbours: it holds where the machine's speed drifts.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks import plain
from engine import presets
from engine.experiment import Experiment
from engine.header import header_of
from engine.recording import Recorder
from engine.train import Pace, closing, train
from engine.trainer import Trainer

PRESETS = ("cubic", "two-moons")
WARM_UP = 100
"""Steps that are not counted, of each side."""


def ours(experiment: Experiment, clock: Callable[[], float] = time.perf_counter) -> float:
    """Train and record a whole run; return its seconds."""
    trainer = Trainer(experiment, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        header = header_of(trainer, "benchmark")
        recorder = Recorder.create(Path(folder) / "recording.jsonl", header)
        started = clock()
        for events in train(trainer, Pace()):
            for event in events:
                recorder.record(event)
        for event in closing(trainer):
            recorder.record(event)
        seconds = clock() - started
        recorder.close()
    return seconds


def theirs(experiment: Experiment) -> float:
    """Train by hand; return the seconds."""
    started = time.perf_counter()
    plain.train(experiment, experiment.steps)
    return time.perf_counter() - started


def compare(name: str, steps: int, rounds: int) -> None:
    """Print one line for a preset."""

    def sized(steps: int) -> Experiment:
        experiment = presets.load(name).experiment
        length = {"epochs": None, "steps": steps}
        return experiment.model_copy(update={"train": experiment.train.model_copy(update=length)})

    sides: list[Callable[[Experiment], float]] = [theirs, ours]
    for side in sides:
        side(sized(WARM_UP))
    times = [[side(sized(steps)) for side in sides] for _ in range(rounds)]
    ratios = [by_hand / engine for by_hand, engine in times]
    by_hand, engine = (
        statistics.median(column) / steps * 1e6 for column in zip(*times, strict=True)
    )
    print(
        f"{name:12}  plain {by_hand:6.0f} µs/step  epochal {engine:6.0f} µs/step  "
        f"ratio {statistics.median(ratios):5.2f}  ({min(ratios):.2f} to {max(ratios):.2f})"
    )


def main() -> None:
    """Compare all presets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one CPU thread, {arguments.rounds} rounds")
    for name in PRESETS:
        compare(name, arguments.steps, arguments.rounds)


if __name__ == "__main__":
    main()
