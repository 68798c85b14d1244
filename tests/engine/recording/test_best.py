"""Which step is best, and whose weights there are: one answer, whatever command asks."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine.errors import RunError
from engine.experiment.experiment import Experiment
from engine.recording.best import best_step, scores
from engine.recording.events import Snapshot
from engine.recording.file import read
from engine.recording.history import History
from engine.results.asked_rows import rows_of_set
from engine.results.predict import answers, summary_text
from engine.results.run import LoadedRun
from engine.runs.folder import RunFolder
from engine.training.stopping import EarlyStopping
from engine.training.trainer import Trainer
from tests.experiments import MOONS, experiment
from tests.tapes import dev_rows, header, train_rows, weights
from tests.trained import recorded
from tui.drawing.network.material import Material, ViewError

GOOD_THEN_GONE = {
    "data": {
        "kind": "function",
        "domain": [-1, 1],
        "points": 60,
        "targets": ["x**2"],
        "split": [40, 20],
    },
    "model": {"hidden": [16], "activation": "relu"},
    "loss": {"name": "mse"},
    "optimizer": {"name": "sgd", "lr": 0.05},
    "schedule": {"name": "exponential", "gamma": 1.02},
    "train": {"epochs": 400, "seed": 3},
}
"""A learning rate that grows: the dev loss is least near step 96 and infinite soon after 200."""

SPECS = {
    "ends well": experiment(MOONS),
    "diverges": experiment(GOOD_THEN_GONE, train={"gradients": "manual"}),
    "diverges by autograd": experiment(GOOD_THEN_GONE, train={"gradients": "autograd"}),
    "a member diverges": experiment(
        GOOD_THEN_GONE, population={"vary": {"optimizer.lr": [0.05, 0.0005, 0.03]}}
    ),
    "every member diverges": experiment(
        GOOD_THEN_GONE, population={"vary": {"optimizer.lr": [0.05, 0.03]}}
    ),
}


@pytest.fixture(scope="module", params=SPECS)
def run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[RunFolder, Trainer]:
    return recorded(SPECS[request.param], tmp_path_factory.mktemp("best") / "a-run")


def each_member(folder: RunFolder, trainer: Trainer) -> Iterator[LoadedRun]:
    for member in range(len(trainer.members)):
        yield engine.load_run(folder.recording, member=member)


def without_best(folder: RunFolder, path: Path) -> RunFolder:
    """Return a recording by itself as earlier versions wrote it: without the best weights."""
    lines = folder.recording.read_bytes().splitlines(keepends=True)
    path.mkdir()
    old = RunFolder(path)
    old.recording.write_bytes(b"".join(each for each in lines if b'"best":[' not in each[:200]))
    return old


def test_every_command_takes_the_weights_of_the_step_with_the_best_dev_row(
    run: tuple[RunFolder, Trainer],
) -> None:
    folder, trainer = run
    saved = trainer.state()
    for loaded in each_member(folder, trainer):
        rows, member = loaded.history.series["dev"], loaded.member
        by = rows.column("accuracy", member) if loaded.experiment.has_accuracy else None
        losses = rows.column("loss", member)
        found = range(len(losses)) if by is None else np.flatnonzero(by == np.nanmax(by))
        step = int(rows.steps[min(found, key=lambda row: np.nan_to_num(losses[row], nan=np.inf))])
        material = Material(loaded.history, member)
        assert best_step(loaded.history, member) == step
        assert saved["stopping"]["best_steps"][member] == step
        assert loaded.weights_step == step
        assert material.best_step() == material.network(step, best=True).step == step
        told = answers(loaded, rows_of_set(loaded, "dev"))
        assert summary_text(told).endswith(f"(weights of step {step}, the best)")
        for name, value in loaded.weights.items():
            kept = saved["best_weights"][name][member].numpy()
            assert value.tobytes() == kept.astype(np.float32).tobytes(), name
            assert material.network(step, best=True).weights[name].tobytes() == value.tobytes()
        # The dev set's figure of these weights is the one that was recorded.
        name, value = told.figure or ("", math.nan)
        best = float(losses[list(rows.steps).index(step)])
        expected = float(np.nanmax(by)) if by is not None else math.sqrt(best)
        assert value == pytest.approx(expected, rel=1e-4)


def test_a_run_that_diverged_names_its_best_step_beside_its_last_figures(
    run: tuple[RunFolder, Trainer],
) -> None:
    folder, trainer = run
    for loaded in each_member(folder, trainer):
        stated = loaded.result["best_step"]
        step = stated[loaded.member] if isinstance(stated, list) else stated
        assert step == loaded.weights_step


def test_a_recording_without_best_weights_names_the_nearest_that_it_keeps(
    run: tuple[RunFolder, Trainer], tmp_path: Path
) -> None:
    folder, trainer = run
    old = without_best(folder, tmp_path / "old")
    for loaded in each_member(old, trainer):
        best = best_step(loaded.history, loaded.member)
        assert best is not None
        kept = loaded.history.snapshot_steps
        near = min(kept, key=lambda step: abs(step - best))
        said = loaded.kept.words()
        picture = Material(loaded.history, loaded.member).network(best, best=True)
        assert loaded.weights_step == picture.step == near
        assert picture.facts[0] == said
        if near == best:
            assert said == f"weights of step {best}, the best"
        else:
            assert said == f"weights of step {near}, kept nearest to the best, step {best}"


def test_a_checkpoint_beside_it_has_what_the_recording_lacks(tmp_path: Path) -> None:
    folder, trainer = recorded(SPECS["diverges"], tmp_path / "run")
    best = trainer.state()["stopping"]["best_steps"][0]
    lines = folder.recording.read_bytes().splitlines(keepends=True)
    folder.recording.write_bytes(
        b"".join(each for each in lines if not each.startswith(b'{"kind":"snapshot"'))
    )
    loaded = engine.load_run(folder.path)
    assert loaded.kept.words() == f"weights of step {best}, the best"
    shown = Material(loaded.history, folder=folder.path).network(best, best=True)
    assert shown.weights["layer1.weight"].tobytes() == loaded.weights["layer1.weight"].tobytes()


def test_the_best_weights_stand_before_the_end_and_leave_the_others_be(
    run: tuple[RunFolder, Trainer],
) -> None:
    folder, trainer = run
    events = [each for each in read(folder.recording) if isinstance(each, Snapshot)]
    written = [each for each in events if each.best]
    assert [each.best for each in written] == [trainer.state()["stopping"]["best_steps"].tolist()]
    history = History()
    history.extend(read(folder.recording))
    others = {each.step for each in events if not each.best}
    alone = {written[0].step} if len(set(written[0].best)) == 1 else set()
    assert history.snapshot_steps == sorted(others | alone)


def test_a_network_too_large_for_it_leaves_no_best_weights_in_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("SNAPSHOT_LIMIT", "ENDS_LIMIT"):
        monkeypatch.setattr(f"engine.training.snapshots.{limit}", 20)
    folder, _ = recorded(experiment(MOONS, train={"epochs": 5}), tmp_path / "run")
    assert not any(isinstance(each, Snapshot) for each in read(folder.recording))
    assert engine.load_run(folder.path).kept.words().endswith(", the best")
    alone = tmp_path / "alone.jsonl"
    alone.write_bytes(folder.recording.read_bytes())
    with pytest.raises(RunError, match="there are no weights"):
        _ = engine.load_run(alone).kept
    loaded = engine.load_run(alone)
    with pytest.raises(ViewError, match="has no weights"):
        Material(loaded.history).network(3, best=True)


def test_a_snapshot_whose_step_goes_backwards_is_one_more() -> None:
    history = History()
    history.extend([header(), weights(0), train_rows(1, 50), weights(20), weights(50)])
    history.add(Snapshot(step=33, best=[33], values=weights(33).values))
    history.add(weights(20))
    assert history.snapshot_steps == [0, 20, 33, 50]
    assert history.best is not None
    assert history.best.step == 33


def test_a_run_that_goes_on_has_a_best_step_so_far() -> None:
    history = History()
    history.extend([header(), train_rows(1, 50), dev_rows(10, 5, stride=10)])
    assert best_step(history) == 50
    assert best_step(history.until(39)) == 30
    assert best_step(history.until(9)) is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"columns": {"train": ["loss"]}}, "there is no dev set"),
        ({"columns": {"train": ["loss"], "dev": ["accuracy"]}}, "no loss of the dev set"),
        ({"experiment": {"train": {"keep_best": "off"}}}, "keeps the last weights"),
        ({}, "none is measured yet"),
    ],
)
def test_where_there_is_none_it_is_said_why(changed: dict[str, object], why: str) -> None:
    history = History()
    history.extend([header(**changed), weights(0)])
    with pytest.raises(ViewError, match=f"there is no best step: .*{why}"):
        Material(history).best_step()


@functools.cache
def deciding(by: str, patience: int | None = None, **train: Any) -> Experiment:
    """Return an experiment that keeps what is best by a measurement."""
    return experiment(MOONS, train={"keep_best": by, "patience": patience, **train})


NUMBERS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, math.nan, math.inf])


@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30),
    st.lists(st.integers(1, 7), min_size=1, max_size=5),
    st.sampled_from(["accuracy", "loss"]),
    st.integers(1, 8),
    st.sampled_from([None, "accuracy", "loss"]),
    st.sampled_from([0.0, 0.25, 0.3]),
)
@settings(max_examples=200)
def test_the_judge_decides_ties_as_a_plain_loop_does(
    dev: list[tuple[float, float]],
    sizes: Sequence[int],
    by: str,
    patience: int,
    monitor: str | None,
    least: float,
) -> None:
    """In blocks of any size: best step and the step at which patience ends."""
    early_stopping = EarlyStopping([deciding(by, patience, monitor=monitor, min_delta=least)])
    nothing = (-math.inf, -math.inf)

    def score_of(loss: float, accuracy: float, what: str) -> tuple[float, float]:
        score = (accuracy, -loss) if what == "accuracy" else (-loss, 0.0)
        if math.isnan(score[0]) or score[0] == -math.inf:
            return nothing
        return score[0], -math.inf if math.isnan(score[1]) else score[1]

    best, best_at, counted, waited, ends = nothing, 0, nothing, 0, None
    for step, measured in enumerate(dev, start=1):
        if (score := score_of(*measured, by)) > best:
            best, best_at = score, step
        watched = score_of(*measured, monitor or by)
        if watched[0] > counted[0] + least if least else watched > counted:
            counted, waited = watched, -1
        waited += 1
        if waited >= patience:
            ends = step
            break
    rows = np.array(dev, np.float32).T[:, :, None]
    first, place = 1, 0
    while first <= len(dev) and early_stopping.going.all():
        size = sizes[place % len(sizes)]
        block = rows[:, first - 1 : first - 1 + size]
        early_stopping.decide(first, np.ones(block.shape[1:], np.float32), block)
        first, place = first + size, place + 1
    assert early_stopping.best_steps[0] == best_at
    assert (None if early_stopping.going[0] else early_stopping.ended_at[0]) == ends


@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=20),
    st.sampled_from(["accuracy", "loss"]),
)
@settings(max_examples=200)
def test_the_best_row_of_a_recording_is_the_judges(dev: list[tuple[float, float]], by: str) -> None:
    rows = np.array(dev, np.float32).T[:, :, None]
    early_stopping = EarlyStopping([deciding(by)])
    early_stopping.decide(1, np.ones(rows.shape[1:], np.float32), rows)
    history = History()
    series = dev_rows(1, len(dev))
    series.values[:] = rows
    told = header(experiment={"train": {"keep_best": by}})
    history.extend([told, train_rows(1, len(dev)), series])
    assert (best_step(history) or 0) == early_stopping.best_steps[0]


def test_a_score_without_an_accuracy_is_never_better() -> None:
    nothing = np.array([math.nan], np.float32)
    assert scores(nothing, np.zeros(1, np.float32)) == scores(None, nothing)


def test_predict_says_as_json_whose_weights_it_took(tmp_path: Path) -> None:
    from engine.results.predict import objects

    folder, _ = recorded(SPECS["diverges"], tmp_path / "run", checkpoint=False)
    loaded = engine.load_run(folder.path)
    *_, summary = objects(answers(loaded, rows_of_set(loaded, "dev")))
    told = json.loads(json.dumps(summary))
    assert told["weights"] == f"weights of step {told['weights_step']}, the best"
    assert torch.isfinite(torch.tensor(told["rmse"]))
