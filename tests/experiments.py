"""Small experiments that several tests train."""

from __future__ import annotations

from typing import Any

from engine.experiment.experiment import Experiment
from engine.experiment.members import members_of
from engine.experiment.training import Population

MOONS: dict[str, Any] = {
    "data": {"kind": "moons", "samples": 100, "noise": 0.1, "split": [60, 20, 20]},
    "model": {
        "hidden": [5],
        "activation": "sigmoid",
        "output_activation": "sigmoid",
        "init": {"weight": {"name": "normal"}, "bias": 0},
    },
    "loss": {"name": "binary_cross_entropy"},
    "optimizer": {"name": "sgd", "lr": 0.2},
    "train": {"epochs": 300, "seed": 102},
}
CUBIC: dict[str, Any] = {
    "data": {"kind": "function", "targets": ["x**3"], "noise": 0.1, "points": 50},
    "model": {"hidden": [8, 8], "activation": ["relu", "sigmoid"]},
    "loss": {"name": "mse"},
    "optimizer": {"name": "adam", "lr": 0.05},
    "train": {"steps": 300, "seed": 3},
}
MINIBATCHES: dict[str, Any] = {
    "data": {"kind": "circles", "samples": 90, "split": [70, 20]},
    "model": {"hidden": [6, 4], "activation": "tanh"},
    "loss": {"name": "cross_entropy"},
    "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9},
    "train": {"epochs": 60, "batch_size": 16, "seed": 5, "evaluate_every": 2},
}
FRESH: dict[str, Any] = {
    "data": {"kind": "sum", "terms": 5},
    "model": {"hidden": [10], "activation": "relu"},
    "loss": {"name": "mse"},
    "optimizer": {"name": "adam"},
    "train": {"steps": 300, "batch_size": 8, "seed": 4},
}
ALL = {"moons": MOONS, "cubic": CUBIC, "minibatches": MINIBATCHES, "fresh": FRESH}


def of_seeds(spec: Experiment, *seeds: int) -> Experiment:
    """Return an experiment whose population has these seeds."""
    own = Population(vary={"train.seed": list(seeds)})
    return spec.model_copy(update={"population": own})


def seeded(spec: Experiment, *seeds: int) -> list[Experiment]:
    """Return what the members of a population with these seeds are."""
    return [each.experiment for each in members_of(of_seeds(spec, *seeds))]


def experiment(tables: dict[str, Any], **changes: dict[str, Any]) -> Experiment:
    """Return an experiment with some keys of its tables changed."""
    merged = {**tables, **{name: {**tables.get(name, {}), **new} for name, new in changes.items()}}
    return Experiment.model_validate(merged)
