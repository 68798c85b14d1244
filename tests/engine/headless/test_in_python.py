"""Runs from Python: trained by a worker as in the shell, and listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import PresetError
from engine.experiment.experiment import Experiment
from engine.headless.in_python import runs, train


def test_a_preset_is_trained_to_its_end_with_what_is_changed(tmp_path: Path) -> None:
    changes = {"train.steps": 20, "model.hidden": [4, 3], "loss.name": "l1"}
    run = train("cubic", runs=tmp_path, **changes)
    assert [each["units"] for each in run.header.experiment["model"]["hidden"]] == [4, 3]
    again = train(run.experiment, runs=tmp_path, **{"train.seed": 5})
    assert again.header.seeds == [5]
    assert again.header.experiment["loss"]["name"] == "l1"
    newest, oldest = runs(tmp_path)
    assert (newest.called, oldest.called, oldest.status) == (
        "experiment",
        "cubic-changed",
        "finished",
    )
    assert oldest.config["train.steps"] == 20


def test_what_is_wrong_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(PresetError, match=r"optimizer\.lr"):
        train("cubic", runs=tmp_path / "runs", **{"optimizer.lr": "fast"})
    with pytest.raises(PresetError):
        train(Experiment(), runs=tmp_path / "runs", **{"train.nothing": 1})
    assert not (tmp_path / "runs").exists()
    assert runs(tmp_path / "runs") == []
