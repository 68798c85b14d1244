"""Healthy experiments, drawn at random, and what the diagnosis says of them: it should be nothing.

    python -m benchmarks.healthy [--count 100] [--first 0]

An experiment is drawn from a seed: its data and how much of it, its noise, network, activation,
initialisation, optimizer, schedule, batches and length. Whether it is healthy is decided without
the diagnosis, by what it has come to: at its end the loss on the dev set is at most ``LEARNED`` of
that of one answer for every row, and at most ``KEPT`` of the best it ever was. The others are
left out. A finding at any of many steps is one too many.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.remedies import Trained, experiment, findings, trained
from engine.diagnosis import Finding

LEARNED = 0.7
"""The share of the constant answer's loss that a healthy run's is at most in the end."""

KEPT = 1.25
"""How often its best the dev loss of a healthy run is at most in the end."""

PLANE = ("moons", "circles", "xor", "spirals")
SETS = ("iris", "wine", "breast_cancer")
FUNCTIONS = ("sin(2 * x)", "x**2 - 1", "x**3 / 4", "exp(x / 2)", "abs(x)", "cos(x) + x / 2")


def drawn(seed: int) -> tuple[str, ...]:
    """Return a random experiment, as changes of the default one."""
    rng = np.random.default_rng([seed, 20])

    def one(*values: Any) -> Any:
        return values[int(rng.integers(len(values)))]

    data, loss = _data(rng, one)
    hidden = [int(rng.integers(6, 33)) for _ in range(int(rng.integers(1, 4)))]
    activation = one("tanh", "relu", "leaky_relu", "gelu", "silu", "elu")
    init = one("default", "xavier_normal", "kaiming_normal", "xavier_uniform")
    optimizer = one(
        f'{{name="sgd", lr={one(0.05, 0.1, 0.2)}}}',
        '{name="sgd", lr=0.03, momentum=0.9}',
        f'{{name="adam", lr={one(0.003, 0.01)}}}',
        f'{{name="adamw", lr={one(0.003, 0.01)}, weight_decay=0.01}}',
        '{name="rmsprop", lr=0.003}',
        '{name="sgd", lr=0.1, weight_decay=0.001}',
    )
    epochs = int(rng.integers(120, 400))
    batch = one('"full"', '"full"', 16, 32, 64)
    schedule = one(
        '{name="constant"}',
        '{name="constant"}',
        '{name="cosine"}',
        f'{{name="step", step_size={epochs // 2}, gamma=0.1}}',
        f'{{name="exponential", gamma={one(0.99, 0.995)}}}',
        f'{{name="constant", warmup={epochs // 10}}}',
        '{name="plateau", factor=0.5, patience=20}',
    )
    more = one("", "", "", ', normalisation="layer"', ", dropout=0.1")
    return (
        data,
        loss,
        f'model={{hidden={hidden}, activation="{activation}", init="{init}"{more}}}'
        if init == "default"
        else f'model={{hidden={hidden}, activation="{activation}", '
        f'init={{weight="{init}", bias=0}}{more}}}',
        f"optimizer={optimizer}",
        f"schedule={schedule}",
        f"train={{epochs={epochs}, batch_size={batch}, seed={seed}}}",
    )


def _data(rng: np.random.Generator, one: Any) -> tuple[str, str]:
    """Return data and the loss for it."""
    rows = int(rng.integers(120, 500))
    split = f"split=[{rows}, {rows // 2}]"
    family = one("plane", "plane", "set", "function", "function")
    if family == "plane":
        kind, noise = one(*PLANE), float(rng.uniform(0.02, 0.25))
        noise = noise / 3 if kind in ("circles", "spirals") else noise
        turns = ", turns=0.5" if kind == "spirals" else ""
        return (
            f'data={{kind="{kind}", samples={rows + rows // 2}, noise={noise:.3f}{turns}, '
            f"{split}}}",
            'loss={name="binary_cross_entropy_with_logits"}',
        )
    if family == "set":
        which = one(*SETS)
        scale = one("standard", "standard", "range")
        loss = "binary_cross_entropy_with_logits" if which == "breast_cancer" else "cross_entropy"
        return (
            f'data={{kind="sklearn", set="{which}", scale_inputs="{scale}", split=[0.7, 0.3]}}',
            f'loss={{name="{loss}"}}',
        )
    target, noise = one(*FUNCTIONS), float(rng.uniform(0.0, 0.15))
    loss = one("mse", "mse", "l1", "huber", "rmse")
    return (
        f'data={{kind="function", domain=[-2, 2], points={rows + rows // 2}, '
        f'targets=["{target}"], noise={noise:.3f}, {split}}}',
        f'loss={{name="{loss}"}}',
    )


def is_healthy(run: Trained) -> bool:
    """Whether a run has learned and kept what it learned, by its own figures."""
    loss = run.history.series["dev"].column("loss", 0)
    ended_well = bool(run.losses[0] <= LEARNED * run.constants[0])
    return ended_well and bool(np.median(loss[-5:]) <= KEPT * np.nanmin(loss))


def healthy(first: int = 0) -> Iterator[tuple[int, Trained]]:
    """Yield healthy runs and their seeds, from a seed on."""
    seed = first
    while True:
        run = trained(experiment(drawn(seed), seeds=1))
        if is_healthy(run):
            yield seed, run
        seed += 1


def alarms(run: Trained) -> list[tuple[int, Finding]]:
    """Return what is found in a run, with the step at which it is."""
    return list(findings(run.history, 0))


def main() -> None:
    """Print every false alarm, and leave with 1 where there is one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    sick, seed = 0, asked.first
    for count, (seed, run) in enumerate(healthy(asked.first), start=1):
        if found := alarms(run):
            sick += 1
            print(f"seed {seed}: {' '.join(drawn(seed))}")
            for step, finding in found:
                print(f"  step {step} of {run.history.last_step}: {finding.rule}: {finding.words}")
        if count == asked.count:
            break
    print(
        f"{sick} of {asked.count} healthy runs have findings ({seed + 1 - asked.first} were drawn)"
    )
    sys.exit(1 if sick else 0)


if __name__ == "__main__":
    main()
