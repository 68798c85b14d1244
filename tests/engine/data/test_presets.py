"""The presets of scikit-learn's sets teach what they say, over several seeds."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from engine.experiment.experiment import Experiment
from engine.presets import preset as presets
from engine.recording.events import Snapshot
from engine.training.trainer import Trainer

# Not imported here, where everybody who collects tests would wait for it.
pytestmark = pytest.mark.skipif(find_spec("sklearn") is None, reason="no scikit-learn")


def experiment(name: str, *overrides: str) -> Experiment:
    return presets.load(name, overrides).experiment


@cache
def figures(name: str, *overrides: str) -> dict[str, Any]:
    trainer = Trainer(experiment(name, *overrides), device="cpu")
    while trainer.outcome is None:
        trainer.advance(256)
    return trainer.result()


@cache
def dev_rows(name: str) -> dict[int, np.ndarray]:
    """The dev set's loss and accuracy by epoch."""
    trainer, rows = Trainer(experiment(name), device="cpu"), {}
    each = trainer.experiment.steps_per_epoch or 1
    while trainer.outcome is None:
        for series in trainer.advance(256).series:
            if series.group == "dev":
                steps = series.first + np.arange(series.count) * series.stride
                rows |= dict(zip((steps // each).tolist(), series.values[:, :, 0].T, strict=True))
    return rows


@pytest.mark.parametrize(("name", "least"), [("iris", 0.9), ("digits", 0.93)])
def test_a_preset_reads_rows_it_has_never_seen(name: str, least: float) -> None:
    assert figures(name)["test_accuracy"] >= least
    others = [figures(name, f"train.seed={seed}")["test_accuracy"] for seed in (2, 3, 4)]
    assert np.mean(others) >= least


@pytest.mark.parametrize(("name", "classes"), [("iris", 3), ("digits", 10)])
def test_a_preset_begins_near_guessing_and_is_small_enough_to_be_watched(
    name: str, classes: int
) -> None:
    trainer = Trainer(experiment(name), device="cpu")
    (row,) = (series for series in trainer.advance(1).series if series.group == "train")
    assert row.values[0, 0, 0] == pytest.approx(np.log(classes), abs=0.15)
    assert isinstance(trainer.snapshot(), Snapshot)
    assert trainer.snapshots.ends


def test_the_marks_of_digits_say_what_is_there() -> None:
    rows, spec = dev_rows("digits"), experiment("digits")
    assert spec.parameters == 2410
    assert spec.steps_per_epoch == 38
    assert 0.65 <= rows[1][1] <= 0.75
    assert 0.96 <= rows[10][1] <= 0.98
    assert figures("digits")["train_accuracy"] > 0.99


def test_the_marks_of_iris_say_what_is_there() -> None:
    rows = dev_rows("iris")
    assert experiment("iris").steps_per_epoch == 5
    assert rows[10][1] == pytest.approx(0.9, abs=0.04)
    assert rows[100][1] == 1.0
    assert 0 < 1 - figures("iris")["train_accuracy"] < 0.08
