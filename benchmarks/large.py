"""A larger network and larger data: 784-512-512-10, batches of 128 of 60 000 rows.

    python -m benchmarks.large [--rows 60000] [--steps 469] [--rounds 3]

ReLU, cross-entropy, SGD; 469 steps are one epoch. The rows are random and lie in a file, which the
engine reads as it would read anyone's. The plain loop trains on the same rows, shuffled each
epoch, and reads its loss and every gradient norm each step; ours records that, the accuracy and
the learning rate. In turns, with one CPU thread each and with as many as each side would take:
the engine what it picks, PyTorch its default.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.versus import Ratio, in_turns, lasting, machine, ours, row, rule, theirs
from engine.experiment.experiment import Experiment
from engine.training.device import pick_threads

FEATURES, HIDDEN, CLASSES, BATCH = 784, [512, 512], 10, 128
WARM_UP = 20
"""Steps that are not counted, of each side."""
LEAST = 1.0, 1.2
"""Times as fast, with one thread and with as many as each side would take."""
HEAD = ("threads (plain, epochal)", "plain", "epochal", "times as fast", "at least")


def written(folder: Path, rows: int) -> Path:
    """Write random rows into a file and return its path."""
    rng = np.random.default_rng(1)
    path = folder / "rows.npz"
    inputs = rng.random((rows, FEATURES), dtype=np.float32)
    np.savez(path, x=inputs, y=np.arange(rows) % CLASSES)
    return path


def experiment_on(path: Path, gradients: str) -> Experiment:
    """Return the experiment on the rows of a file."""
    return Experiment.model_validate(
        {
            "title": "A larger network",
            "data": {"kind": "file", "path": str(path), "task": "classes"},
            "model": {"hidden": HIDDEN, "activation": "relu", "output_activation": "identity"},
            "loss": {"name": "cross_entropy"},
            "optimizer": {"name": "sgd", "lr": 0.01},
            "train": {"steps": 1, "batch_size": BATCH, "gradients": gradients},
        }
    )


def sides(experiment: Experiment, default: int) -> dict[str, Callable[[], float]]:
    """Return what is compared: each trains once and returns its seconds."""
    return {
        "plain, one": functools.partial(theirs, experiment, 1),
        "epochal, one": functools.partial(ours, experiment, threads=1),
        "plain, own": functools.partial(theirs, experiment, default),
        "epochal, own": functools.partial(ours, experiment, threads=None),
    }


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--steps", type=int, default=469)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gradients", default="auto", help="auto, manual or autograd")
    arguments = parser.parse_args()
    default = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        whole = experiment_on(written(Path(folder), arguments.rows), arguments.gradients)
        experiment = lasting(whole, arguments.steps)
        in_turns(sides(lasting(whole, min(arguments.steps, WARM_UP)), default), 1)
        seconds = in_turns(sides(experiment, default), arguments.rounds)

    sizes = "-".join(map(str, [FEATURES, *HIDDEN, CLASSES]))
    print(f"{machine()}; {sizes}, batches of {BATCH} of {arguments.rows} rows;")
    print(f"{arguments.rounds} rounds of {arguments.steps} steps; median ratio (least to most)")
    print()
    print(row(*HEAD))
    print(rule(len(HEAD)))
    threads = {"one": "1, 1", "own": f"{default}, {pick_threads(experiment)} (own choice)"}
    for (name, told), least in zip(threads.items(), LEAST, strict=True):
        both = seconds[f"plain, {name}"], seconds[f"epochal, {name}"]
        times = (f"{statistics.median(each) / arguments.steps * 1e3:.2f} ms" for each in both)
        print(row(told, *times, Ratio.of(*both), str(least)))


if __name__ == "__main__":
    main()
