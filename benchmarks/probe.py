"""What is measured and kept beside training costs: the probe's share of a run, and snapshots'.

    python -m benchmarks.probe [--presets cubic two-moons …] [--steps 100] [--rounds 15]

Each preset is trained and recorded as it is, without the probe, and with its first, best and last
weights alone, in turns, on one CPU thread; at its own length, and for as many steps as are asked
for. Times are the processor's, so that what else runs on the machine counts less. What is reported
is the median ratio of neighbours: how fast a run is of one without, its steps alone and all of it,
from making the trainer to its end on the disk; 0.95 is asked for. Behind it stands which share of
the recording's bytes the snapshots are, the best weights apart; half is asked for.
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.versus import lasting, row, rule
from engine.experiment.experiment import Experiment
from engine.presets import preset as presets
from engine.recording.file import Recorder
from engine.training.header import header_of
from engine.training.loop import Pace, closing, train
from engine.training.trainer import Trainer

PRESETS = ("cubic", "two-moons", "sum-of-30", "function-set", "exploding", "digits")
SHORT = 100
"""Steps of a run that is over before anything is worth measuring."""

COLUMNS = ("probe, steps", "probe, all of it", "snapshots, steps", "snapshots, all of it")


@dataclass(frozen=True)
class Taken:
    """What a run took of the processor, in seconds."""

    steps: float
    """From the first to the last, with what is recorded of them."""
    whole: float
    """From making the trainer to its end on the disk."""
    share: float
    """Of the recording's bytes, those of snapshots but for the best weights."""


def take(experiment: Experiment, *, few_weights: bool = False) -> Taken:
    """Train and record a whole run."""
    clock = time.process_time
    with tempfile.TemporaryDirectory() as folder:
        path, made = Path(folder) / "recording.jsonl", clock()
        trainer = Trainer(experiment, device="cpu", threads=1, few_weights=few_weights)
        recorder = Recorder.create(path, header_of(trainer, "benchmark"))
        began = clock()
        for events in train(trainer, Pace()):
            recorder.record(*events)
        recorder.flush()
        over = clock()
        recorder.record(*closing(trainer))
        recorder.close()
        return Taken(over - began, clock() - made, snapshot_share(path))


def snapshot_share(path: Path) -> float:
    """Return which share of a recording's bytes weights are, but for the best ones."""
    lines = path.read_bytes().splitlines()
    kept = [each for each in map(json.loads, lines) if each["kind"] == "snapshot"]
    alone = sum(len(json.dumps(each)) for each in kept if not each.get("best"))
    return alone / sum(map(len, lines))


def compare(name: str, steps: int | None, rounds: int) -> None:
    """Print one line for a preset."""
    experiment = presets.load(name).experiment
    experiment = lasting(experiment, steps) if steps else experiment
    unmeasured = experiment.train.model_copy(update={"probe": "off"})
    without = experiment.model_copy(update={"train": unmeasured})
    sides = (
        functools.partial(take, experiment),
        functools.partial(take, without),
        functools.partial(take, experiment, few_weights=True),
    )
    taken: list[list[Taken]] = [[], [], []]
    for turn in range(rounds + 1):
        # Every other round goes backwards.
        for side in (0, 1, 2)[:: 1 if turn % 2 == 0 else -1]:
            taken[side].append(sides[side]())
    # The first of each warms everything up.
    both, *others = (column[1:] for column in taken)
    told = [
        statistics.median(getattr(a, of) / getattr(b, of) for a, b in zip(other, both, strict=True))
        for other in others
        for of in ("steps", "whole")
    ]
    length = f"{name}, {experiment.steps} steps"
    print(row(length, *(f"{each:.3f}" for each in told), f"{both[0].share:.0%}"), flush=True)


def main() -> None:
    """Compare all presets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presets", nargs="+", default=PRESETS)
    parser.add_argument("--steps", type=int, default=SHORT)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, one CPU thread, {arguments.rounds} rounds")
    print(row("run", *COLUMNS, "bytes of snapshots"), rule(len(COLUMNS) + 2), sep="\n")
    for name in arguments.presets:
        own = presets.load(name).experiment.steps
        for steps in sorted({own, arguments.steps}, reverse=True):
            compare(name, None if steps == own else steps, arguments.rounds)


if __name__ == "__main__":
    main()
