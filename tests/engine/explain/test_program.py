"""The printed programs: they run by themselves, and give the losses that the trainer gives."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import shutil
import subprocess
import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.components.optimizers import OPTIMIZERS as EVERY_OPTIMIZER
from engine.data import DataBase
from engine.data.plane import Moons
from engine.errors import EpochalError
from engine.experiment.experiment import Experiment
from engine.explain.program import STYLES, Style, program
from engine.presets import preset as presets
from engine.text.source_code import WIDTH
from engine.training.trainer import Trainer
from tests.experiments import ALL, CUBIC, FRESH, MINIBATCHES, MOONS, experiment
from tests.patience import DEADLINE

SHIPPED = sorted((Path(__file__).parents[3] / "presets").glob("*.toml"))
STEPS = 50
"""Steps of a preset that a test takes."""
CHAOTIC = {"exploding": 2, "exploding-adam": 2, "exploding-clipped": 2}
"""Presets whose gradients explode, so that a rounding error grows thirtyfold a step: how many
steps it stays out of sight."""


def executed(spec: Experiment, style: Style = "module") -> tuple[dict[str, Any], str]:
    """Run the printed program; return what it has left, and what it has printed."""
    left: dict[str, Any] = {"__name__": "__main__"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(program(spec, style), "<program>", "exec"), left)
    return left, printed.getvalue()


def trained(spec: Experiment) -> tuple[np.ndarray, dict[str, Any]]:
    """Train the experiment; return the losses and the result."""
    trainer = Trainer(spec, device="cpu")
    losses = []
    while trainer.outcome is None:
        block = trainer.advance(256)
        losses += [series.values[0, :, 0] for series in block.series if series.group == "train"]
    return np.concatenate(losses), trainer.result()


def agrees(spec: Experiment, *styles: Style) -> None:
    """Check that program and trainer give the same losses and the same figures at the end.

    Args:
        spec: What both train.
        styles: How the program is written; as a module where left out.
    """
    losses, result = trained(spec)
    for style in styles or ("module",):
        left, _ = executed(spec, style)
        np.testing.assert_allclose(left["losses"], losses, rtol=1e-4, err_msg=style)
        for name in ("train", "dev", "test"):
            if f"{name}_loss" in result and not spec.data.fresh:
                measured = left["measure"](left[f"x_{name}"], left[f"y_{name}"])
                loss, accuracy = measured if spec.has_accuracy else (measured, None)
                assert loss == pytest.approx(result[f"{name}_loss"], rel=1e-4)
                if spec.has_accuracy:
                    assert accuracy == pytest.approx(result[f"{name}_accuracy"])


def shortened(path: Path) -> Experiment | None:
    """Return a preset of few steps, or None where its network is a program already."""
    whole = presets.load(str(path)).experiment
    if whole.model.kind == "python":
        return None
    if path.stem in CHAOTIC:
        short = [f"train.epochs={CHAOTIC[path.stem]}", "train.dtype=float64"]
        return presets.load(str(path), short).experiment
    key = "steps" if whole.train.steps or whole.data.fresh else "epochs"
    if whole.steps <= STEPS:
        return whole
    count = STEPS if key == "steps" else max(1, STEPS // (whole.steps_per_epoch or 1))
    return presets.load(str(path), [f"train.{key}={count}"]).experiment


@functools.cache
def families() -> dict[Hashable, Path]:
    """Return the first preset of each family: of the same kinds of layers, however many.

    A style says how these are written down, and all the rest is the same in each.
    """
    first: dict[Hashable, Path] = {}
    for path in SHIPPED:
        model = presets.load(str(path)).experiment.model
        if model.kind != "python":
            kinds = frozenset(zip(model.activations, model.normalisations, strict=True))
            first.setdefault((kinds, any(model.dropouts), len({*map(str, model.inits)})), path)
    return first


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_program_of_a_preset_gives_its_losses(path: Path) -> None:
    spec = shortened(path)
    if spec is None:
        pytest.skip("its network is a program already")
    styles = STYLES if path in families().values() else STYLES[:1]
    if any(spec.model.dropouts):
        for style in styles:
            executed(spec, style)
    else:
        agrees(spec, *styles)


@pytest.mark.parametrize("name", ALL)
def test_the_program_of_every_way_to_batch_gives_the_losses(name: str) -> None:
    agrees(experiment(ALL[name], train={"seed": 8, "steps": 60, "epochs": None}))


KINDS: dict[str, dict[str, Any]] = {
    "circles": {"kind": "circles", "samples": 51, "split": [31, 20]},
    "spirals": {"kind": "spirals", "samples": 41, "turns": 1.25},
    "xor": {"kind": "xor", "samples": 61, "noise": 0.0},
    "moons": {"kind": "moons", "samples": 33, "noise": 0.0},
    "boundary": {"kind": "boundary", "samples": 41, "formula": "x / tau - 0.25"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_points_is_drawn_as_the_engine_draws_it(kind: str) -> None:
    spec = Experiment.model_validate({"data": KINDS[kind], "train": {"epochs": 5, "seed": 3}})
    agrees(spec)


def test_functions_are_written_as_numpy_computes_them() -> None:
    targets = ["2 * sin(tau * x) / (1 + abs(x))", "3", "exp(-x**2) - pi", "sqrt(x + 2) * e"]
    data = {"kind": "function", "targets": targets, "points": 20, "noise": 0.01}
    agrees(experiment(CUBIC, data=data, train={"steps": 5}))


def test_rows_written_into_a_preset_are_written_into_the_program() -> None:
    data = {"kind": "table", "inputs": [[0.1, 2], [3, -4e-7]], "targets": [[1.5], [2]]}
    agrees(experiment({**CUBIC, "data": data}, train={"steps": 5}))


@pytest.mark.parametrize("task", ["classes", "numbers"])
def test_a_file_of_columns_is_read_as_the_engine_reads_it(tmp_path: Path, task: str) -> None:
    file = tmp_path / "it's.csv"
    names = "a b, height ,sort\n"
    cells = [
        f"{n % 7},{n / 3:.3f},{1 + n % 2 if task == 'numbers' else 'ab'[n % 2]}" for n in range(30)
    ]
    file.write_text(names + "\n".join(cells), "utf-8")
    data = {"kind": "file", "path": str(file), "task": task, "scale_inputs": "standard"}
    loss = {"name": "cross_entropy" if task == "classes" else "mse"}
    train = {"steps": 20, "batch_size": 8}
    agrees(Experiment.model_validate({"data": data, "loss": loss, "train": train}))


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("sep=;\n;x;y\n0;1,5;2\n1;2;3\n2;0,5;1\n", {"decimal": ",", "inputs": ["x"]}),
        ("  x    y \n 1.5  2\n2 3  \n\n", {"separator": " "}),
        ('1;"1.234,5"\n2;"2.000"\n3;"1,5"\n\n', {"separator": ";", "header": False,
         "decimal": ",", "thousands": "."}),
    ],
)  # fmt: skip
def test_a_file_laid_out_in_another_way_is_read_as_the_engine_reads_it(
    tmp_path: Path, text: str, settings: dict[str, Any]
) -> None:
    (tmp_path / "a.csv").write_text(text)
    data = {"kind": "file", "path": str(tmp_path / "a.csv"), "task": "numbers", **settings}
    data["scale_inputs"] = data["scale_targets"] = "standard"
    spec = {"data": data, "loss": {"name": "mse"}, "train": {"steps": 5}}
    agrees(Experiment.model_validate(spec))


TYPED = {
    "age": {"missing": "median", "indicator": True},
    "height": {"missing": "mean"},
    "job": {"kind": "category", "values": ["clerk", "nurse"], "missing": "own"},
    "smoker": {"kind": "truth"},
    "joined": {"kind": "date", "format": "%d.%m.%Y", "missing": "drop",
               "parts": ["year", "month", "day", "weekday", "yearday", "days"]},
    "seen": {"kind": "date", "format": "%Y-%m-%dT%H:%M:%S%z", "parts": ["hour"]},
    "ill": {"kind": "truth"},
}  # fmt: skip
FIVE = ["age", "height", "job", "smoker", "joined"]
THIRDS = [0.6, 0.2, 0.2]
COLUMNS: dict[str, dict[str, Any]] = {
    "classes": {"task": "classes", "targets": ["set"], "split": THIRDS},
    "truths": {"task": "classes", "targets": ["ill"], "split": [40, 5],
               "inputs": [*FIVE, "seen"]},
    "numbers": {"task": "numbers", "targets": ["cost", "ill"], "scale_targets": "range"},
    "labels": {"task": "labels", "targets": ["ill", "smoker"], "inputs": ["age", "joined"]},
    "groups": {"split_by": {"groups": "patient"}, "split": THIRDS},
    "time": {"split_by": {"time": "seen"}, "split": THIRDS, "scale_inputs": "none"},
    "a time of numbers": {"split_by": {"time": "cost"}, "split": [0.5, 0.5], "targets": ["ill"]},
    "a column": {"split_by": {"column": "set"}, "inputs": [*FIVE, "seen"]},
    "a column alone": {"split_by": {"column": "set"}, "inputs": ["job"], "scale_inputs": "range",
                       "columns": {"job": {"kind": "category", "values": ["cook", "clerk"],
                                           "missing": "most-common", "rest": True}}},
    "computed": {"inputs": ["age", "height"], "features": ["age**2", "age*height", "x3"],
                 "split": THIRDS, "split_by": "rows"},
}  # fmt: skip


def people(case: str) -> Experiment:
    """Return an experiment on the file ``people.csv``."""
    usual = {"kind": "file", "path": "people.csv", "missing": ["?"], "scale_inputs": "standard"}
    usual |= {"task": "numbers", "targets": ["cost"], "inputs": FIVE, "columns": TYPED}
    data = usual | COLUMNS[case]
    losses = {"classes": "cross_entropy", "labels": "binary_cross_entropy_with_logits"}
    loss = {"name": losses.get(data["task"], "mse")}
    train = {"epochs": 3, "batch_size": 8, "shuffle": case != "groups"}
    return Experiment.model_validate({"data": data, "loss": loss, "train": train})


@pytest.mark.parametrize("case", COLUMNS)
@pytest.mark.usefixtures("people_file")
def test_columns_that_are_no_numbers_are_read_as_the_engine_reads_them(case: str) -> None:
    agrees(people(case))


def test_programs_that_read_columns_are_laid_out_as_pep_8_has_it(people_file: Path) -> None:
    for case in COLUMNS:
        text = program(people(case))
        assert max(map(len, text.splitlines())) <= WIDTH, case
        (people_file / f"{case}.py".replace(" ", "_")).write_text(text, "utf-8")
    are_laid_out(people_file)


def test_columns_of_a_file_from_elsewhere_are_read_too(people_file: Path) -> None:
    rows = "\n".join(
        f'"{n}.{n % 9}00,5";{"" if n % 5 == 2 else f"{n},25"};{("nein", "ja")[n % 2]};'
        f"{'rot' if n % 3 else 'grün'}"
        for n in range(1, 41)
    )
    (people_file / "rows.csv.gz").write_bytes(gzip.compress(f"sep=;\n{rows}".encode("cp1252")))
    columns = {"column2": {"missing": "mean"}, "column3": {"kind": "truth", "yes": ["ja"],
               "no": ["nein"]}}  # fmt: skip
    data = {"kind": "file", "path": "rows.csv.gz", "task": "classes", "encoding": "cp1252",
            "header": False, "decimal": ",", "thousands": ".", "columns": columns,
            "split": THIRDS, "scale_inputs": "range"}  # fmt: skip
    loss, train = {"name": "cross_entropy"}, {"epochs": 3, "batch_size": 8}
    spec = Experiment.model_validate({"data": data, "loss": loss, "train": train})
    agrees(spec)
    (people_file / "elsewhere.py").write_text(program(spec), "utf-8")
    are_laid_out(people_file)


def test_shares_of_classes_are_read_without_their_rounding(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,a,b\n1,0.333,0.666\n2,1,0\n3,0,1\n0,0.5,0.5\n")
    data = {"kind": "file", "path": str(tmp_path / "a.csv"), "task": "shares"}
    data |= {"targets": ["a", "b"]}
    spec = {"data": data, "loss": {"name": "cross_entropy"}, "train": {"steps": 5}}
    agrees(Experiment.model_validate(spec))


def test_a_column_s_name_cannot_become_code(tmp_path: Path) -> None:
    evil = 'a\nraise SystemExit\n"""'
    text = '"' + evil.replace('"', '""') + '",y\n' + "1,2\n,3\n2,4\n"
    (tmp_path / "a.csv").write_text(text)
    data = {"kind": "file", "path": str(tmp_path / "a.csv"), "task": "numbers"}
    data["columns"] = {evil: {"missing": "most-common", "indicator": True}}
    spec = {"data": data, "loss": {"name": "mse"}, "train": {"steps": 3}}
    agrees(Experiment.model_validate(spec))


PIXELS = np.random.default_rng(0).integers(0, 256, (12, 3, 4, 3), dtype=np.uint8)
SHOWN = np.arange(12) % 3
ARCHIVES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "grey": ({"images": PIXELS[..., 0], "labels": SHOWN}, {"split": [8, 4]}),
    "coloured, made grey": ({"x": PIXELS, "y": SHOWN[:, None]}, {"scale_inputs": "standard"}),
    "coloured": ({"x": PIXELS, "y": SHOWN}, {"colour": "rgb"}),
    "grey, made coloured": ({"x": PIXELS[..., :1], "y": SHOWN}, {"colour": "rgb"}),
    "words": ({"x": PIXELS[..., 0], "y": np.array(["10", "2", "owl"])[SHOWN]}, {}),
    "a test set of its own": (
        {"x_train": PIXELS[:8], "y_train": SHOWN[:8], "x_test": PIXELS[8:], "y_test": SHOWN[8:]},
        {"split": [5, 3]},
    ),
}


@pytest.mark.parametrize("case", ARCHIVES)
def test_an_archive_of_pictures_is_read_as_the_engine_reads_it(tmp_path: Path, case: str) -> None:
    arrays, keys = ARCHIVES[case]
    np.savez(tmp_path / "a.npz", **arrays)
    data = {"kind": "pictures", "path": str(tmp_path / "a.npz"), **keys}
    spec = {"data": data, "loss": {"name": "cross_entropy"}, "train": {"steps": 6, "batch_size": 3}}
    agrees(Experiment.model_validate(spec))


def test_pictures_that_no_program_reads_are_refused_with_what_to_do(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=PIXELS, y=SHOWN)
    data = {"kind": "pictures", "path": str(tmp_path / "a.npz"), "size": [2, 2]}
    spec = Experiment.model_validate({"data": data, "loss": {"name": "cross_entropy"}})
    with pytest.raises(EpochalError, match=r"data\.size: .* save them in this one"):
        program(spec)


@pytest.mark.parametrize("labels", [[3, 10, 2], ["b", "10", "a"], [0.5, 1.0, 2.0]])
def test_an_archive_of_columns_is_read_as_the_engine_reads_it(
    tmp_path: Path, labels: list[Any]
) -> None:
    rng = np.random.default_rng(0)
    y = np.array(labels)[np.arange(30) % 3]
    np.savez(tmp_path / "a.npz", x=rng.normal(size=(30, 3)), z=np.arange(30), y=y)
    data = {"kind": "file", "path": str(tmp_path / "a.npz"), "split": [0.5, 0.5]}
    tasks = [("classes", "cross_entropy")]
    tasks += [("numbers", "mse")] if isinstance(labels[0], float) else []
    for task, loss in tasks:
        spec = {"data": {**data, "task": task}, "loss": {"name": loss}, "train": {"steps": 5}}
        agrees(Experiment.model_validate(spec))
        text = program(Experiment.model_validate(spec)).replace(str(tmp_path), "")
        (tmp_path / f"{task}.py").write_text(text, "utf-8")
    are_laid_out(tmp_path)


def test_a_file_that_no_program_reads_is_refused_by_its_ending(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([1.0, np.nan, 2.0]), y=np.arange(3.0))
    data = {"kind": "file", "path": str(tmp_path / "a.npz"), "task": "numbers"}
    data["columns"] = {"x": {"missing": "mean"}}
    spec = Experiment.model_validate({"data": data, "loss": {"name": "mse"}})
    with pytest.raises(
        EpochalError, match=r"data\.path.*\.npz file with such columns; save it as CSV"
    ):
        program(spec)


@pytest.mark.parametrize("split", [None, [20, 10, 5], [0.5, 0.5]])
@pytest.mark.parametrize("way", ["standard", "range"])
def test_rows_are_scaled_by_the_training_rows_alone(way: str, split: list[int] | None) -> None:
    data = {
        "kind": "function",
        "targets": ["10 * x", "3"],
        "points": 35,
        "scale_inputs": way,
        "scale_targets": "range",
        **({"split": split} if split else {}),
    }
    agrees(experiment(CUBIC, data=data, train={"steps": 10}))


LOSSES: dict[str, Any] = {
    "sum": {"name": "mse", "reduction": "sum"},
    "rmse": {"name": "rmse"},
    "l1": {"name": "l1"},
    "huber": {"name": "huber", "delta": 0.2},
}


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_of_numbers_is_written_out(name: str) -> None:
    agrees(experiment({**CUBIC, "loss": LOSSES[name]}, train={"steps": 20}))


def test_log_probabilities_and_their_loss_are_written_out() -> None:
    spec = {
        **MINIBATCHES,
        "model": {"hidden": [4], "output_activation": "log_softmax"},
        "loss": {"name": "negative_log_likelihood"},
    }
    agrees(experiment(spec, train={"epochs": 4}))


OPTIMIZERS = [
    {"name": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    {"name": "adagrad"},
    {"name": "adadelta"},
    {"name": "adam", "beta1": 0.8, "amsgrad": True},
    {"name": "adamw", "lr": 0.01},
    {"name": "adamax"},
    {"name": "nadam"},
    {"name": "rmsprop", "momentum": 0.5, "centered": True},
    {"name": "lion", "lr": 0.005, "weight_decay": 0.1},
    {"name": "by_hand", "lr": 0.05},
]


def test_every_optimizer_is_tried() -> None:
    assert {table["name"] for table in OPTIMIZERS} == {*EVERY_OPTIMIZER}


@pytest.mark.parametrize(
    "optimizer",
    [
        *OPTIMIZERS,
        {"name": "lion", "lr": 0.01, "schedule": {"name": "cosine", "warmup": 3}},
    ],
    ids=lambda table: table["name"],
)
def test_every_optimizer_is_written_with_its_settings(optimizer: dict[str, Any]) -> None:
    schedule = {"schedule": optimizer["schedule"]} if "schedule" in optimizer else {}
    table = {key: value for key, value in optimizer.items() if key != "schedule"}
    agrees(experiment({**CUBIC, "optimizer": table, **schedule}, train={"steps": 30}))


INITS: list[Any] = [
    "zeros",
    "default",
    {"weight": {"name": "uniform", "a": -0.5, "b": 0.25}, "bias": "default"},
    {"weight": {"name": "xavier_normal", "gain": 1.5}, "bias": 0.5},
    {"weight": "xavier_uniform", "bias": {"name": "normal", "std": 0.1}},
    {"weight": {"name": "kaiming_normal", "mode": "fan_out"}, "bias": 0},
    {"weight": {"name": "kaiming_uniform", "nonlinearity": "tanh"}, "bias": "zeros"},
    {"weight": "orthogonal", "bias": 0},
]


@pytest.mark.parametrize("init", INITS, ids=str)
def test_every_initialiser_draws_the_same_weights(init: Any) -> None:
    model = {"hidden": [6], "init": init, "activation": "tanh"}
    agrees(experiment(CUBIC, model=model, train={"steps": 30}))


def test_layers_that_start_differently_are_started_one_by_one() -> None:
    hidden = [{"units": 4, "init": {"weight": "orthogonal", "bias": 1}}, 3]
    model = {"hidden": hidden, "activation": ["gelu", "elu"]}
    agrees(experiment(CUBIC, model=model, train={"steps": 9}))


@pytest.mark.parametrize("kind", ["batch", "layer"])
@pytest.mark.parametrize("style", STYLES)
def test_normalisations_stand_between_layer_and_activation(kind: str, style: Style) -> None:
    model = {"hidden": [6, 4], "activation": "tanh", "normalisation": kind}
    agrees(experiment(MINIBATCHES, model=model, train={"epochs": 6, "batch_size": 24}), style)


def test_dropout_is_pytorch_s_own_and_the_program_says_so() -> None:
    spec = experiment(MINIBATCHES, model={"hidden": [6], "dropout": 0.25}, train={"epochs": 2})
    left, _ = executed(spec)
    assert "nn.Dropout(0.25)" in program(spec)
    assert "Dropout draws otherwise" in " ".join(program(spec).split())
    assert left["network"].training


SCHEDULES = [
    {"name": "step", "step_size": 4, "gamma": 0.5},
    {"name": "exponential", "gamma": 0.9},
    {"name": "cosine", "eta_min": 0.001},
    {"name": "cosine", "warmup": 5},
    {"name": "step", "step_size": 3, "warmup": 4},
    {"name": "constant", "warmup": 6},
    {"name": "plateau", "factor": 0.5, "patience": 1, "threshold": 0.01},
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
@pytest.mark.parametrize("base", [CUBIC, MINIBATCHES, MOONS, FRESH], ids=["c", "m", "d", "f"])
def test_schedules_give_each_step_the_learning_rate_of_the_engine(
    base: dict[str, Any], schedule: dict[str, Any]
) -> None:
    length = {"steps": 40} if "steps" in base["train"] else {"epochs": 20}
    agrees(experiment({**base, "schedule": schedule}, train=length))


@pytest.mark.parametrize("split", [[70, 20], [90]])
def test_a_rate_that_waits_for_the_accuracy_is_the_engines(split: list[int]) -> None:
    schedule = {"name": "plateau", "monitor": "accuracy", "factor": 0.5, "patience": 1}
    agrees(experiment({**MINIBATCHES, "schedule": schedule}, data={"split": split}))


def test_a_schedule_of_the_update_by_hand_takes_the_optimizer_that_does_the_same() -> None:
    tables = {**CUBIC, "optimizer": {"name": "by_hand", "lr": 0.1}, "schedule": SCHEDULES[0]}
    agrees(experiment(tables, train={"steps": 20}))


@pytest.mark.parametrize("optimizer", ["sgd", "by_hand"])
def test_forgotten_zeroing_is_forgotten_there_too(optimizer: str) -> None:
    tables = {**CUBIC, "optimizer": {"name": optimizer, "lr": 0.001}}
    spec = experiment(tables, train={"steps": 10, "zero_grad": False})
    assert "zero_" not in program(spec).partition("losses = []")[2]
    agrees(spec)


@pytest.mark.parametrize("clip", [{"clip_norm": 0.05}, {"clip_value": 0.01}])
def test_gradients_are_clipped_as_in_the_engine(clip: dict[str, float]) -> None:
    agrees(experiment(CUBIC, train={"steps": 30, **clip}))


DECISIONS: dict[str, dict[str, Any]] = {
    "patience": {"patience": 3, "epochs": 60},
    "patience by the loss": {"patience": 3, "monitor": "loss", "epochs": 60},
    "patience by more": {"patience": 2, "min_delta": 0.06, "epochs": 60},
    "patience by more of the loss": {"patience": 2, "monitor": "loss", "min_delta": 0.1},
    "patience by the accuracy": {"patience": 2, "keep_best": "loss", "monitor": "accuracy"},
    "whole batches": {"drop_last": True, "epochs": None, "steps": 37},
    "one whole batch": {"drop_last": True, "batch_size": 40, "epochs": 9},
    "best by loss": {"keep_best": "loss"},
    "the last weights": {"keep_best": "off"},
    "a threshold": {"loss_threshold": 0.5},
    "an epoch that is cut": {"epochs": None, "steps": 37},
    "double numbers": {"dtype": "float64", "epochs": 4},
}


@pytest.mark.parametrize("case", DECISIONS)
def test_what_is_decided_on_the_way_is_decided_alike(case: str) -> None:
    agrees(experiment(MINIBATCHES, train=DECISIONS[case]))


def test_the_program_runs_by_itself_and_prints_its_results(tmp_path: Path) -> None:
    spec = experiment(MOONS, train={"epochs": 40})
    file = tmp_path / "moons.py"
    file.write_text(program(spec), "utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(file)],
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE,
        cwd=tmp_path,
    )
    _, result = trained(spec)
    *progress, _, _, test = done.stdout.splitlines()
    assert len(progress) == 20
    assert progress[-1].startswith("epoch 40: loss ")
    assert test.startswith("test: loss ")
    printed = test.replace(",", "").split()
    assert float(printed[2]) == pytest.approx(result["test_loss"], rel=1e-3)
    assert float(printed[4]) == pytest.approx(result["test_accuracy"], abs=1e-4)


def test_fresh_rows_end_with_rows_that_were_never_seen() -> None:
    _, printed = executed(experiment(FRESH, train={"steps": 20}))
    *_, head = (line for line in printed.splitlines() if "prediction" in line)
    assert head.split()[-3:] == ["prediction", "target", "error"]
    assert len(printed.partition(head)[2].splitlines()) == 1 + 10


def test_the_programs_of_the_presets_are_laid_out_as_pep_8_has_it(tmp_path: Path) -> None:
    for path in SHIPPED:
        whole = presets.load(str(path)).experiment
        # A network of one's own is a program already.
        for style in STYLES if whole.model.kind != "python" else ():
            text = program(whole, style, path.stem)
            assert max(map(len, text.splitlines())) <= WIDTH, (path.stem, style)
            (tmp_path / f"{path.stem}_{style}.py").write_text(text, "utf-8")
    are_laid_out(tmp_path)


def are_laid_out(folder: Path) -> None:
    """Check that the programs in a folder are laid out as PEP 8 has it."""
    ruff = shutil.which("ruff") or str(Path(sys.executable).parent / "ruff")
    rules = ["--isolated", "--no-cache", "--line-length", str(WIDTH)]
    for command in (["check", "--select", "E,F,W,I,D1", "--ignore", "D107"], ["format", "--diff"]):
        done = subprocess.run(
            [ruff, *command, *rules, *folder.glob("*.py")],
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_preset_says_of_itself_cannot_become_code() -> None:
    evil = '"""\nimport os\n\\"""\x1b[2J \\'
    spec = experiment({**MOONS, "title": evil[:100], "about": evil}, train={"epochs": 1})
    text = program(spec, "module", 'x"""; raise SystemExit')
    assert "\x1b" not in text
    left, _ = executed(spec)
    assert "os" not in left
    exec(compile(text, "<program>", "exec"), {})


def test_data_that_cannot_be_written_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Moons, "program", DataBase.program)
    with pytest.raises(EpochalError, match=r"data\.kind.*'moons'"):
        program(experiment(MOONS))


def test_the_three_styles_have_the_same_parameters_in_the_same_order() -> None:
    spec = experiment(MINIBATCHES, train={"epochs": 1})
    shapes = [
        [tuple(each.shape) for each in executed(spec, style)[0]["network"].parameters()]
        for style in STYLES
    ]
    assert shapes == [list(spec.shapes.values())] * 3
    assert isinstance(executed(spec, "add_module")[0]["network"], torch.nn.Sequential)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "the first loss agrees to some six digits"),
        ({"dtype": "float64"}, "the first loss agrees to some fourteen digits"),
    ],
)
def test_the_program_promises_of_its_losses_what_holds(changed: dict[str, Any], said: str) -> None:
    """The first loss is the engine's; what becomes of the rounding is left to the training."""
    spec = experiment(CUBIC, train={"steps": 3, **changed})
    docstring = " ".join(program(spec).partition('"""')[2].partition('"""')[0].split())
    assert said in docstring
    assert "the same losses" not in docstring
    losses, _ = trained(spec)
    left, _ = executed(spec)
    # A recording keeps float32.
    assert left["losses"][0] == pytest.approx(float(losses[0]), rel=1e-6)


def test_dropout_is_promised_to_be_alike_and_no_more() -> None:
    docstring = program(experiment(CUBIC, model={"dropout": 0.2})).partition("import")[0]
    assert "alike and not the same" in " ".join(docstring.split())
