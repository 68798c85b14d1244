"""Convolution on an archive like MNIST: 60 000 pictures of 28 by 28, made by seed, batches of 64.

    python -m benchmarks.pictures [--rows 60000] [--steps 200] [--rounds 3]

Two convolutions of 8 and 16 channels with pooling and a dense layer of 64, by autograd on one CPU
thread, against an ordinary loop over PyTorch's own modules that reads its loss and every gradient
norm each step, in turns. What reading the archive takes, and memory at most, stand beside it.
"""

from __future__ import annotations

import argparse
import functools
import resource
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.versus import Ratio, in_turns, lasting, machine, ours, row, rule, theirs
from engine.experiment.experiment import Experiment

SIDE, CLASSES, TESTS, BATCH = 28, 10, 10_000, 64
HEAD = ("archive read", "memory at most", "plain", "epochal", "times as fast", "at least")


def written(folder: Path, rows: int) -> Path:
    """Write noisy pictures of ten patterns, each moved a little, and return their path."""
    rng = np.random.default_rng(1)
    patterns = rng.normal(size=(CLASSES, 7, 7)).repeat(4, 1).repeat(4, 2)

    def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.integers(0, CLASSES, count)
        lines, columns = (np.arange(SIDE) + rng.integers(-3, 4, (2, count, 1))) % SIDE
        moved = patterns[labels[:, None, None], lines[:, :, None], columns[:, None, :]]
        noisy = moved + rng.normal(scale=1.5, size=moved.shape)
        return np.clip(127 + 40 * noisy, 0, 255).astype(np.uint8), labels

    train, test = drawn(rows), drawn(TESTS)
    path = folder / "like-mnist.npz"
    np.savez(path, x_train=train[0], y_train=train[1], x_test=test[0], y_test=test[1])
    return path


def experiment_on(path: Path) -> Experiment:
    """Return the experiment on an archive."""
    layers = [{"conv": 8}, {"pool": 2}, {"conv": 16}, {"pool": 2}, {"flatten": True}, {"dense": 64}]
    return Experiment.model_validate(
        {
            "title": "Like MNIST",
            "data": {"kind": "pictures", "path": str(path)},
            "model": {"layers": layers},
            "loss": {"name": "cross_entropy"},
            "optimizer": {"name": "sgd", "lr": 0.01},
            "train": {"steps": 1, "batch_size": BATCH},
        }
    )


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), arguments.rows)
        begun = time.perf_counter()
        experiment = lasting(experiment_on(path), arguments.steps)
        reading = time.perf_counter() - begun
        sides = {
            "plain": functools.partial(theirs, experiment, 1),
            "epochal": functools.partial(ours, experiment, threads=1),
        }
        seconds = in_turns(sides, arguments.rounds)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    both = seconds["plain"], seconds["epochal"]
    times = (f"{statistics.median(each) / arguments.steps * 1e3:.2f} ms" for each in both)
    print(f"{machine()}; {arguments.rows} pictures, batches of {BATCH};")
    print(f"{arguments.rounds} rounds of {arguments.steps} steps; median ratio (least to most)")
    print()
    print(row(*HEAD))
    print(rule(len(HEAD)))
    print(row(f"{reading:.2f} s", f"{memory:.2f} GB", *times, Ratio.of(*both), "0.8"))


if __name__ == "__main__":
    main()
