"""Nothing is trained on the dev or the test set: other rows there train the very same network."""

from __future__ import annotations

from pathlib import Path
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


COLUMNS: dict[str, Any] = {
    "number": {"missing": "median", "indicator": True},
    "word": {"kind": "category", "values": ["a", "b", "c"], "missing": "most-common"},
    "day": {"kind": "date", "missing": "mean"},
}


def cells(rng: np.random.Generator, low: int) -> list[str]:
    """Cells of a row, some of them empty: a number, a word and a day."""
    number, word, day = rng.integers(low, low + 20, 3)
    drawn = [str(number), "abcd"[word % 4], f"20{low // 10 + 10}-03-{day % 28 + 1:02d}"]
    return [cell if rng.random() > 0.2 else "" for cell in drawn]


@pytest.mark.parametrize(
    "parting",
    [
        {},
        {"split_by": "rows"},
        {"split_by": {"groups": "group"}},
        {"split_by": {"time": "order"}},
        {"split_by": {"column": "set"}, "split": None},
    ],
    ids=["classes", "rows", "groups", "time", "column"],
)
def test_nothing_is_learned_from_other_rows_whatever_columns_are(
    parting: dict[str, Any], tmp_path: Path
) -> None:
    """Categories, dates and what stands for a missing cell; rows alike for every class."""
    rng = np.random.default_rng(1)
    fixed = [
        f"{n},g{n % 8},{['train', 'dev', 'test'][n % 3]},{'xy'[n % 4 == 0]}" for n in range(40)
    ]
    rows = [cells(rng, 10) for _ in fixed]
    data = {"kind": "file", "path": str(tmp_path / "rows.csv"), "task": "classes"}
    data |= {"split": [24, 8, 8], "scale_inputs": "standard", "columns": COLUMNS, **parting}
    data["inputs"] = list(COLUMNS)

    def of(rows: list[list[str]], **settings: Any) -> Experiment:
        lines = [",".join([*row, rest]) for row, rest in zip(rows, fixed, strict=True)]
        (tmp_path / "rows.csv").write_text("\n".join(["number,word,day,order,group,set,y", *lines]))
        tables = {"data": {**data, **settings}, "loss": {"name": "cross_entropy"}}
        train = {"epochs": 6, "batch_size": 5, "seed": SEED, "keep_best": "off"}
        return Experiment.model_validate({**tables, "train": train})

    numbered = of(rows, inputs=["order"], columns={}, scale_inputs="none").data
    training = set(load(numbered, SEED).train.inputs[:, 0].astype(int).tolist())
    assert 8 < len(training) < 40
    others = [row if n in training else cells(rng, 50) for n, row in enumerate(rows)]
    ours, weights, result = trained(of(rows))
    theirs, their_weights, their_result = trained(of(others))
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(weights, their_weights)
    assert result["train_loss"] == their_result["train_loss"]
    assert result["test_loss"] != their_result["test_loss"]
