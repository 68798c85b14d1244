"""From a file to a trained network in two commands, against scikit-learn behind the usual pipeline.

    python -m benchmarks.tables [--splits 5] [--budget 10] [--rows 2000] [TABLE …]

``epochal new`` writes a preset for a table and nothing in it is changed but the seed, which parts
the rows anew. scikit-learn's MLPClassifier or MLPRegressor, as it comes, gets the same three sets,
filled, encoded and scaled by the same training set's numbers, a pass at a time. Both keep what is
best on the dev set, stop when nothing better has come for as long, and have as many seconds at
most. What is compared is the share that is right in the test set, or R²; the difference is of
pairs, a split each, with the standard error of its mean.
"""

from __future__ import annotations

import argparse
import copy
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.versus import machine, row, rule
from engine.data.base import Dataset, Examples
from engine.data.loading import load
from engine.experiment.experiment import Experiment
from engine.headless.new import new
from engine.presets import preset as presets
from engine.presets.file_draft import Wishes
from engine.training.loop import Pace, train
from engine.training.trainer import Trainer
from tests import tables

HEAD: Final = ("table", "rows", "in", "epochal", "seconds", "scikit-learn", "seconds", "difference")


def digits(path: Path, rows: int) -> Path:
    """Write scikit-learn's handwritten digits as people have them: a label, then the pixels."""
    from sklearn.datasets import load_digits

    pictures, labels = load_digits(return_X_y=True)
    names = ["label", *(f"{row}x{column}" for row in range(8) for column in range(8))]
    pairs = zip(labels[:rows], pictures[:rows].astype(int).tolist(), strict=True)
    return tables.write(path, names, ([label, *picture] for label, picture in pairs))


TABLES: Final[Mapping[str, Callable[[Path, int], Path]]] = {
    "passengers": lambda path, rows: tables.passengers(path, min(rows, 891)),
    "census": tables.census,
    "houses": tables.houses,
    "digits": digits,
}
"""What is learned from, as ``tests.tables`` makes it up, and the digits."""


@dataclass(frozen=True)
class Side:
    """What one of the two came to on a split."""

    score: float
    seconds: float


def epochal(experiment: Experiment, data: Dataset, budget: float) -> Side:
    """Train a preset and return what its best weights come to on the test set."""
    trainer, start = Trainer(experiment, device="cpu"), time.perf_counter()
    for _ in train(trainer, Pace()):
        if time.perf_counter() - start > budget:
            trainer.stop("stopped", "budget")
    seconds, result, test = time.perf_counter() - start, trainer.result(), data.test or data.train
    if experiment.data.class_count:
        return Side(result["test_accuracy"], seconds)
    return Side(1 - result["test_loss"] / float(test.targets.var()), seconds)


def scikit_learn(experiment: Experiment, data: Dataset, budget: float) -> Side:
    """Train scikit-learn's network on the same sets, a pass at a time."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPClassifier if experiment.data.class_count else MLPRegressor
    made: Any = kind(random_state=experiment.train.seed)
    first = {"classes": range(experiment.data.class_count)} if experiment.data.class_count else {}
    best, least, waited, start = made, math.inf, 0, time.perf_counter()
    patience = experiment.train.patience or 10
    while waited < patience and time.perf_counter() - start < budget:
        made.partial_fit(data.train.inputs, _targets(data.train), **first)
        loss = _loss(made, data.dev or data.train)
        waited += 1
        if loss < least:
            best, least, waited = copy.deepcopy(made), loss, 0
    seconds, test = time.perf_counter() - start, data.test or data.train
    return Side(float(best.score(test.inputs, _targets(test))), seconds)


def _targets(part: Examples) -> Any:
    return part.targets.ravel()


def _loss(made: Any, part: Examples) -> float:
    """Return what a network's answers cost on a set: cross-entropy, or the squared error."""
    if not hasattr(made, "predict_proba"):
        return float(((made.predict(part.inputs) - _targets(part)) ** 2).mean())
    shares = made.predict_proba(part.inputs)[np.arange(len(part)), _targets(part)]
    return float(-np.log(np.maximum(shares, 1e-12)).mean())


def compared(path: Path, splits: int, budget: float) -> list[tuple[Side, Side]]:
    """Return what both come to on each split, epochal first."""
    preset = new(path, Wishes(), path.with_suffix(".toml"), force=True).path
    pairs = []
    for seed in range(1, splits + 1):
        experiment = presets.load(str(preset), [f"train.seed={seed}"]).experiment
        data = load(experiment.data, seed)
        ours = epochal(experiment, data, budget)
        pairs.append((ours, scikit_learn(experiment, data, budget)))
    return pairs


def told(name: str, experiment: Experiment, pairs: list[tuple[Side, Side]]) -> list[object]:
    """Return the cells of a table's row."""
    cells: list[object] = [name, experiment.data.rows, experiment.widths[0]]
    for sides in zip(*pairs, strict=True):
        scores, seconds = ([getattr(side, key) for side in sides] for key in ("score", "seconds"))
        cells += [f"{statistics.mean(scores):.4f}", f"{statistics.median(seconds):.1f}"]
    differences = [ours.score - theirs.score for ours, theirs in pairs]
    error = statistics.stdev(differences) / math.sqrt(len(differences)) if len(pairs) > 1 else 0.0
    return [*cells, f"{statistics.mean(differences):+.4f} ± {error:.4f}"]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--budget", type=float, default=10)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("tables", nargs="*", default=[*TABLES])
    asked = parser.parse_args()
    print(f"{machine()}; {asked.splits} splits, at most {asked.budget:g} seconds each\n")
    print(row(*HEAD))
    print(rule(len(HEAD)))
    with tempfile.TemporaryDirectory() as folder:
        for name in asked.tables:
            path = TABLES[name](Path(folder) / f"{name}.csv", asked.rows)
            pairs = compared(path, asked.splits, asked.budget)
            experiment = presets.load(str(path.with_suffix(".toml"))).experiment
            print(row(*told(name, experiment, pairs)), flush=True)


if __name__ == "__main__":
    main()
