"""A run in Python: its columns, its best weights, its network by numpy and by torch."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import engine
from engine.errors import CodeError, RequestError, RunError
from engine.recording.events import End
from engine.results import history_table
from engine.results.asked_rows import rows_of_set
from engine.results.run import LoadedRun
from engine.runs.folder import RunFolder
from tests.experiments import CUBIC, MINIBATCHES, MOONS, experiment
from tests.patience import DEADLINE
from tests.runs import record
from tests.trained import recorded

FORMAT_1 = Path(__file__).parents[2] / "recordings" / "format-1.jsonl"


def loaded(folder: RunFolder) -> LoadedRun:
    return engine.load_run(folder.path)


def test_columns_are_what_the_trainer_has_recorded(tmp_path: Path) -> None:
    folder, trainer = recorded(experiment(MOONS, train={"epochs": 40}), tmp_path / "run")
    run = loaded(folder)
    assert run["train/loss"].shape == (40,)
    assert run["train/loss"][-1] < run["train/loss"][0]
    assert run["dev/accuracy"].shape == (40,)
    assert run["train/grad_norm/layer1.weight"].min() > 0
    np.testing.assert_array_equal(run.column("loss"), run["train/loss"])
    np.testing.assert_array_equal(run.steps(), np.arange(1, 41))
    assert run.result["steps"] == trainer.step
    assert run.experiment == trainer.experiment


def test_a_column_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    folder, _ = recorded(experiment(MOONS, train={"epochs": 2}), tmp_path / "run")
    with pytest.raises(KeyError, match="train/loss"):
        loaded(folder)["train/los"]


SPECS: dict[str, Any] = {
    "moons": experiment(MOONS, train={"epochs": 150}),
    "classes": experiment(MINIBATCHES, train={"epochs": 8}),
    "numbers": experiment(CUBIC, train={"steps": 70}),
    "scaled": experiment(
        CUBIC,
        data={
            "targets": ["9 * x", "x + 500"],
            "scale_inputs": "standard",
            "scale_targets": "range",
        },
        train={"steps": 70},
    ),
    "computed": experiment(
        MOONS,
        data={"features": ["x * y", "sin(3 * x)", "floor(x) / pi", "2"], "scale_inputs": "range"},
        train={"epochs": 40},
    ),
    "batch norm": experiment(
        MINIBATCHES,
        model={"hidden": [6], "normalisation": "batch", "dropout": 0.2},
        train={"epochs": 8, "batch_size": 24},
    ),
    "layer norm": experiment(
        CUBIC,
        model={"hidden": [4], "activation": "tanh", "normalisation": "layer"},
        train={"steps": 9},
    ),
    "double": experiment(CUBIC, train={"steps": 20, "dtype": "float64"}),
}


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("snapshots", [True, False], ids=["recording", "checkpoint"])
def test_the_best_weights_give_the_result(tmp_path: Path, name: str, snapshots: bool) -> None:
    folder, trainer = recorded(SPECS[name], tmp_path / "run", snapshots=snapshots)
    run = loaded(folder)
    batch = trainer.data.sets["test"] if "test" in trainer.data.sets else trainer.data.sets["train"]
    best = trainer.state()
    layout = trainer._rows.layout
    kept = best["best_weights"] if "best_step" in run.result else best["weights"]
    for part, value in zip(layout.slices(trainer.method.weights), kept.values(), strict=True):
        part.copy_(value.reshape(part.shape))
    wanted = trainer.measure.outputs(batch.inputs)[0]  # type: ignore[attr-defined]
    dataset = trainer.data.datasets[0]
    inputs = (dataset.test or dataset.train).original_inputs(dataset.scaling)
    said = trainer.data.datasets[0].scaling.to_original(wanted.numpy())
    np.testing.assert_allclose(run.predict(inputs), said, rtol=1e-4, atol=1e-5)
    assert run.weights_step == run.result.get("best_step", run.result["steps"])
    network, bare = run.module(), run.module(raw=False)
    assert isinstance(network, torch.nn.Sequential)
    with torch.no_grad():
        torch.testing.assert_close(bare(batch.inputs[0]), wanted, rtol=1e-4, atol=1e-5)
        raw = network(torch.from_numpy(inputs).to(batch.inputs.dtype))
    np.testing.assert_allclose(raw.numpy(), said, rtol=1e-4, atol=1e-5)


def test_one_row_may_be_given_by_itself(tmp_path: Path) -> None:
    folder, _ = recorded(experiment(MOONS, train={"epochs": 2}), tmp_path / "run")
    run = loaded(folder)
    np.testing.assert_array_equal(run.predict([0.5, 0.25]), run.predict([[0.5, 0.25]]))
    with pytest.raises(RequestError, match="takes 2 inputs, got 3"):
        run.predict([[1, 2, 3]])


def test_a_run_without_an_end_gives_its_newest_weights(tmp_path: Path) -> None:
    folder, _ = recorded(experiment(MOONS), tmp_path / "run", steps=20)
    run = loaded(folder)
    assert run.result == {}
    assert run.weights_step == run.history.snapshot_steps[-1] >= 20


def test_a_run_without_any_weights_says_so(tmp_path: Path) -> None:
    spec = experiment(MOONS, train={"epochs": 3})
    folder, _ = recorded(spec, tmp_path / "run", snapshots=False, checkpoint=False)
    run = loaded(folder)
    assert len(run["train/loss"]) == 3
    with pytest.raises(RunError, match="there are no weights"):
        run.predict([[0, 0]])


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    folder, _ = recorded(experiment(MOONS, train={"epochs": 3}), tmp_path / "r", snapshots=False)
    (folder.checkpoints / "step-3.safetensors").write_bytes(b"not a checkpoint")
    with pytest.raises(RunError, match=r"step-3\.safetensors: is no checkpoint that can be read"):
        _ = loaded(folder).weights


def test_a_recording_taken_out_of_its_folder_is_enough(tmp_path: Path) -> None:
    folder, _ = recorded(experiment(MOONS, train={"epochs": 30}), tmp_path / "run")
    alone = tmp_path / "mailed.jsonl"
    alone.write_bytes(folder.recording.read_bytes())
    run = engine.load_run(str(alone))
    np.testing.assert_array_equal(run.predict([[0, 1]]), loaded(folder).predict([[0, 1]]))


def test_a_recording_of_the_first_format_gives_its_network() -> None:
    run = engine.load_run(FORMAT_1)
    assert len(run["train/loss"]) == run.result["steps"]
    assert run.predict(np.zeros((3, 2))).shape == (3, 1)


def test_a_run_that_never_trained_is_refused_with_its_reason(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a-run")
    record(folder, End(step=0, status="failed", reason="no CUDA here"))
    with pytest.raises(RunError, match="nothing was trained: no CUDA here"):
        loaded(folder)


def test_a_loaded_run_never_changes(tmp_path: Path) -> None:
    folder, _ = recorded(experiment(MOONS, train={"epochs": 2}), tmp_path / "run")
    run = loaded(folder)
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.folder = folder  # type: ignore[misc]


def test_a_small_network_predicts_without_torch(tmp_path: Path) -> None:
    folder, _ = recorded(experiment(MOONS, train={"epochs": 2}), tmp_path / "run")
    script = (
        "import sys, engine; light = 'engine.results.run' not in sys.modules; "
        f"engine.load_run({str(folder.path)!r}).predict([[0, 0]]); "
        "print(light, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=DEADLINE
    )
    assert done.stdout.split() == ["True", "False"]


OWN = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self, units: int):
        super().__init__(nn.Linear(2, units), nn.BatchNorm1d(units), nn.Tanh(), nn.Linear(units, 2))
"""


@pytest.fixture
def own(tmp_path: Path) -> RunFolder:
    """A run of a network of one's own."""
    (tmp_path / "net.py").write_text(OWN)
    model = {"kind": "python", "module": f"{tmp_path / 'net.py'}:Net", "arguments": {"units": 4}}
    tables = {**MINIBATCHES, "model": model}
    spec = experiment(tables, train={"epochs": 6, "batch_size": 24})
    return recorded(spec, tmp_path / "run")[0]


def test_a_network_of_one_s_own_answers_where_its_code_may_be_run(own: RunFolder) -> None:
    run = engine.load_run(own.path, allow_code=True)
    rows = rows_of_set(run, "dev")
    accuracy = (run.predict(rows.inputs).argmax(axis=1) == rows.targets).mean()
    assert accuracy == pytest.approx(run.result["dev_accuracy"])
    assert type(run.module(raw=False)).__name__ == "Net"


def test_a_network_of_one_s_own_is_not_run_unless_it_may_be(own: RunFolder) -> None:
    with pytest.raises(CodeError, match="--allow-code"):
        loaded(own).predict([[0, 0]])


def test_code_that_has_changed_since_is_told(own: RunFolder, tmp_path: Path) -> None:
    run = engine.load_run(own.path, allow_code=True)
    larger = OWN.replace("super()", "units += 1; super()")
    (tmp_path / "net.py").write_text(larger)
    with pytest.raises(CodeError, match="its file has changed"):
        run.predict([[0, 0]])


def test_what_the_engine_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_such"):
        engine.nothing_such  # noqa: B018


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_has_the_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    spec = experiment(MINIBATCHES, train={"epochs": 4}, population={"seeds": 2})
    folder, _ = recorded(spec, tmp_path / "run")
    run = loaded(folder)
    only(library, monkeypatch)
    frame = run.frame()
    assert type(frame).__module__.startswith(library)
    member = np.asarray(frame["member"])
    for name in ("train/loss", "dev/accuracy"):
        numbers = np.asarray(frame[name])[member == 2]
        there = ~np.isnan(numbers)
        group, _, column = name.partition("/")
        np.testing.assert_array_equal(numbers[there], run.column(column, group, member=1))
        np.testing.assert_array_equal(
            np.asarray(frame["step"])[member == 2][there], run.steps(group)
        )


def test_without_a_library_for_frames_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = recorded(experiment(MOONS, train={"epochs": 2}), tmp_path / "run")
    run = loaded(folder)
    only("", monkeypatch)
    with pytest.raises(RequestError, match=r"needs pandas or polars: pip install"):
        run.frame()


def only(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have none of the libraries for frames but this one."""
    monkeypatch.setattr(history_table, "find_spec", lambda name: name == library or None)


def test_a_member_of_other_rows_fills_gaps_as_it_was_trained_and_of_another_file_not_at_all(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(3)
    file, lines = tmp_path / "own.csv", ["a,b,t"]
    for row, (a, b) in enumerate(rng.normal(size=(60, 2))):
        lines.append(f"{'' if row % 3 == 0 else f'{a:.3f}'},{b:.3f},{a + b:.3f}")
    file.write_text("\n".join(lines))
    column = {"a": {"missing": "mean", "indicator": True}}
    data = {"kind": "file", "path": str(file), "task": "numbers", "columns": column}
    data |= {"scale_inputs": "standard", "split": [40, 10, 10]}
    spec = experiment({**CUBIC, "data": data}, train={"steps": 2}, population={"seeds": 2})
    folder, trainer = recorded(spec, tmp_path / "run")
    gap = {"a": [np.nan], "b": [0.5]}
    fills = []
    for member, dataset in enumerate(trainer.data.datasets):
        run = dataclasses.replace(loaded(folder), member=member)
        want, got = dataset.preprocessing, run.preprocessing
        np.testing.assert_array_equal(got.features(gap), want.features(gap))
        fills.append(got.columns[0].fill)
    assert fills[0] != fills[1]
    file.write_text("\n".join([*lines, "9,9,18"]))
    assert loaded(folder).preprocessing.columns[0].fill == fills[0]
    changed = dataclasses.replace(loaded(folder), member=1)
    for ask in (lambda: changed.preprocessing, lambda: changed.scaling):
        with pytest.raises(RunError, match=r"own\.csv: is not the file any more .* ask member 1"):
            ask()


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": {}},
        {"parameters": {"layer1.weight": [9, 1]}},
        {"buffers": {"layer1.norm.running_mean": [8]}},
        {"experiment": {"model": {"hidden": [8]}}},
        {"experiment": {"model": {"layers": [{"conv": 2}, {"flatten": True}]}}},
    ],
)
def test_weights_of_other_layers_are_no_network(tmp_path: Path, changes: dict[str, Any]) -> None:
    folder, _ = recorded(experiment(CUBIC, train={"steps": 2}), tmp_path / "run")
    run = loaded(folder)
    other = dataclasses.replace(run, header=dataclasses.replace(run.header, **changes))
    with pytest.raises(RunError, match="does not say what was trained"):
        _ = other.layers
