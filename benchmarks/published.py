"""The textbook's published figures, a plain PyTorch loop's over seeds, and ours, preset by preset.

    python -m benchmarks.published [--seeds 5]

Published figures come from single runs of unknown seeds. They are met where they lie in the range
of the plain loop, and ours should lie there too.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from benchmarks import plain
from engine.experiment.experiment import Experiment
from engine.presets import preset as presets
from engine.training.trainer import Trainer

Figures = Mapping[str, Any]
"""``loss`` [steps], ``norms`` [steps, parameters] and single figures by name."""

Look = Callable[[Figures], float]


def loss_at(step: int) -> Look:
    """Return the loss around a step: the median of nine, since single ones jump."""
    return lambda run: float(np.median(run["loss"][max(step - 5, 0) : step + 4]))


def weight_norm(layer: int) -> Look:
    """Return the first gradient norm of a layer's weights."""
    return lambda run: float(run["norms"][0][2 * (layer - 1)])


def figure(name: str) -> Look:
    """Return one of the figures of the result."""
    return lambda run: float(run[name])


def norms(published: list[float]) -> list[tuple[str, float, Look]]:
    """Return the rows of a preset whose published figures are the norms of its layers."""
    return [
        (f"norm, layer {layer}", value, weight_norm(layer))
        for layer, value in enumerate(published, start=1)
    ]


ROWS: dict[str, list[tuple[str, float, Look]]] = {
    "function-set-shifted": [("error", 3.9, figure("train_rmse"))],
    "function-set-normalised": [("error", 0.02, figure("train_rmse"))],
    "function-set-linear": [("error", 0.0135, figure("train_rmse"))],
    "sum-of-30": [
        ("loss at 100", 0.3356, loss_at(100)),
        ("loss at 200", 0.1059, loss_at(200)),
        ("loss at 1400", 0.0011, loss_at(1400)),
        ("loss at 3000", 0.00005, loss_at(3000)),
    ],
    "two-moons": [
        ("test accuracy", 0.9050, figure("test_accuracy")),
        ("test loss", 0.2242, figure("test_loss")),
    ],
    "two-moons-deeper": [
        ("loss at 1", 0.7696, loss_at(1)),
        ("loss at 100", 0.6518, loss_at(100)),
        ("loss at 200", 0.5372, loss_at(200)),
        ("loss at 1950", 0.2466, loss_at(1950)),
    ],
    "vanishing-sigmoid": norms([1.8e-11, 3.5e-9, 4.4e-6, 1.3e-3, 0.29]),
    "vanishing-relu": norms([1.2e-8, 6.6e-7, 1.6e-4, 9.8e-3, 0.42]),
    "dying-relu": [("norm, last bias", 0.5106, lambda run: float(run["norms"][0][-1]))],
    "leaky-relu": norms([3.2e-16, 2.4e-13, 2.2e-9, 1.1e-5, 0.069]),
}
"""For each preset: what, its published figure, and where it is found."""


def ours(experiment: Experiment) -> Figures:
    """Train with the engine."""
    trainer, values = Trainer(experiment, device="cpu"), []
    while trainer.outcome is None:
        values += [s.values for s in trainer.advance(256).series if s.group == "train"]
    table = np.concatenate(values, axis=1)[:, :, 0]
    first_norm = trainer.columns["train"].index("grad_norm") + 1
    return {**trainer.result(), "loss": table[0], "norms": table[first_norm:].T}


def theirs(experiment: Experiment) -> Figures:
    """Train with the plain loop, its weights drawn from the same seed by PyTorch itself."""
    torch.manual_seed(experiment.train.seed)
    return plain.result(experiment)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    seeds = range(parser.parse_args().seeds)
    torch.set_num_threads(1)
    print(f"{'preset':24}{'figure':16}{'published':>10}   {'plain loop':>22}   {'epochal':>22}")
    for name, rows in ROWS.items():
        experiments = [presets.load(name, [f"train.seed={seed}"]).experiment for seed in seeds]
        runs = [[train(each) for each in experiments] for train in (theirs, ours)]
        for what, published, look in rows:
            sides = [sorted(look(run) for run in side) for side in runs]
            spans = [f"{low:.4g} … {high:.4g}" for low, *_, high in sides]
            print(f"{name:24}{what:16}{published:10.4g}   {spans[0]:>22}   {spans[1]:>22}")


if __name__ == "__main__":
    main()
