"""Nothing is trained on the dev or the test set: other rows there train the very same network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.data import load
from engine.experiment.experiment import Experiment
from engine.training.trainer import Trainer

SPLIT = [24, 8, 8]
SEED = 5


def experiment(rows: np.ndarray, **tables: Any) -> Experiment:
    """A small experiment on these rows of three inputs and a target."""
    data = {
        "kind": "table",
        "inputs": rows[:, :3].tolist(),
        "targets": rows[:, 3:].tolist(),
        "split": SPLIT,
        "scale_inputs": "standard",
        "scale_targets": "range",
    }
    train = {"epochs": 6, "batch_size": 5, "seed": SEED, "keep_best": "off"}
    return Experiment.model_validate(
        {"data": data, "loss": {"name": "mse"}, "train": train, **tables}
    )


def trained(spec: Experiment) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """The train rows, the last weights, and the result."""
    trainer, rows = Trainer(spec, device="cpu"), []
    while trainer.outcome is None:
        rows += [s.values for s in trainer.advance(7).series if s.group == "train"]
    return np.concatenate(rows, axis=1), trainer.snapshot().values, trainer.result()


@pytest.mark.parametrize(
    "tables",
    [
        {},
        {"model": {"hidden": [6], "normalisation": "batch", "dropout": 0.2}},
        {"optimizer": {"name": "adam", "lr": 0.01}},
    ],
    ids=["plain", "normalised", "adam"],
)
def test_other_dev_and_test_rows_train_the_same_network(tables: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 4)).astype(np.float32)
    numbered = rows.copy()
    numbered[:, 0] = np.arange(40)
    plain = experiment(numbered).data.model_copy(update={"scale_inputs": "none"})
    training = load(plain, SEED).train.inputs[:, 0].astype(int)
    others = rng.normal(3, 50, size=(40, 4)).astype(np.float32)
    others[training] = rows[training]

    ours, weights, result = trained(experiment(rows, **tables))
    theirs, their_weights, their_result = trained(experiment(others, **tables))
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(weights, their_weights)
    assert result["train_loss"] == their_result["train_loss"]
    # The rows did differ, and were looked at in the end.
    assert result["dev_loss"] != their_result["dev_loss"]
    assert result["test_loss"] != their_result["test_loss"]


def test_one_row_of_the_training_set_makes_another_network() -> None:
    """So the test above can fail."""
    rows = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    others = rows.copy()
    others[:, 3] += np.linspace(0, 1, 40, dtype=np.float32)
    assert not np.array_equal(trained(experiment(rows))[1], trained(experiment(others))[1])
