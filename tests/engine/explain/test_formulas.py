"""The programs that write their gradients out: they run by themselves, and lose as the run does."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.components.activations import ACTIVATIONS
from engine.components.losses import LOSSES
from engine.components.optimizers import OPTIMIZERS
from engine.errors import EpochalError
from engine.experiment.experiment import Experiment
from engine.experiment.model import Model
from engine.explain import formulas
from engine.explain.formulas import WRITTEN_IN, WrittenIn
from engine.explain.program import program as with_backward
from engine.explain.programs import ProgramWish, programs
from engine.presets import preset as presets
from engine.text.source_code import WIDTH
from engine.training.trainer import Trainer
from tests.engine.explain.test_program import SCHEDULES, SHIPPED, people
from tests.experiments import CUBIC, FRESH, MINIBATCHES, MOONS, experiment
from tests.patience import DEADLINE

STEPS = 50
CHAOTIC = {"exploding": 2, "exploding-adam": 3, "exploding-clipped": 3}
"""Presets in which a rounding error grows up to a thousandfold a step: how many steps it stays out
of sight, in double precision. PyTorch's own backward() leaves the run as soon."""


def losses_of(text: str) -> np.ndarray:
    """Run a program; return its losses."""
    left: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()), np.errstate():
        exec(compile(text, "<program>", "exec"), left)
    return np.array(left["losses"])


def recorded_losses(spec: Experiment) -> np.ndarray:
    trainer, losses = Trainer(spec, device="cpu"), []
    while trainer.outcome is None:
        series = trainer.advance(256).series
        losses += [each.values[0, :, 0] for each in series if each.group == "train"]
    return np.concatenate(losses)


def program_of(spec: Experiment, written_in: WrittenIn, folder: Path) -> str:
    """Return a program, and write beside it what it reads."""
    if written_in == "torch":
        return formulas.program(spec, "torch")
    file = folder / "weights.npz"
    np.savez(file, allow_pickle=False, **formulas.arrays_of(spec))
    return formulas.program(spec, "numpy", file=str(file))


def agrees(spec: Experiment, folder: Path, within: float, *, reference: bool = False) -> None:
    """Check both programs against the run, or against PyTorch's backward().

    Recordings keep single precision, so double precision is held against the plain program.
    """
    expected = losses_of(with_backward(spec)) if reference else recorded_losses(spec)
    for written_in in WRITTEN_IN:
        losses = losses_of(program_of(spec, written_in, folder))
        np.testing.assert_allclose(losses, expected, rtol=within, atol=1e-30, err_msg=written_in)


@pytest.mark.parametrize("case", ["classes", "labels", "groups", "a column alone", "computed"])
def test_columns_of_a_file_are_read_here_too(case: str, people_file: Path) -> None:
    spec = people(case)
    agrees(spec, people_file, 1e-4)
    # Without a file beside it numpy reads and parts the rows itself.
    small = spec.model_copy(update={"model": Model.model_validate({"hidden": [3]})})
    text = formulas.program(small, "numpy")
    assert "import torch" not in text
    np.testing.assert_allclose(losses_of(text), recorded_losses(small), rtol=1e-4)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_of_every_preset_the_losses_are_those_of_the_run(path: Path, tmp_path: Path) -> None:
    whole = presets.load(str(path)).experiment
    if whole.model.kind == "python" or whole.model.layers:
        for written_in in WRITTEN_IN:
            with pytest.raises(EpochalError, match=r"model\.(module|layers): .* formulas"):
                formulas.program(whole, written_in)
        return
    by_steps = whole.train.steps or whole.data.fresh
    steps = min(whole.steps, CHAOTIC.get(path.stem, STEPS))
    length = f"steps={steps}" if by_steps else f"epochs={-(-steps // (whole.steps_per_epoch or 1))}"

    def shortened(dtype: str) -> Experiment:
        return presets.load(str(path), [f"train.{length}", f"train.dtype={dtype}"]).experiment

    if path.stem not in CHAOTIC:
        agrees(shortened("float32"), tmp_path, 1e-5)
    agrees(shortened("float64"), tmp_path, 1e-10, reference=True)


@pytest.mark.parametrize("written_in", WRITTEN_IN)
@pytest.mark.parametrize("name", CHAOTIC)
def test_where_rounding_errors_grow_each_update_is_that_of_the_run(
    name: str, written_in: WrittenIn, tmp_path: Path
) -> None:
    """Every step begins with the weights of the run, so that no error is there to grow."""
    spec = presets.load(name, [f"train.epochs={STEPS + 1}", "train.dtype=float64"]).experiment
    program, trainer = Started(program_of(spec, written_in, tmp_path)), Trainer(spec, device="cpu")
    weights, losses = list[list[np.ndarray]](), []
    for _ in range(STEPS + 1):
        weights.append(weights_of(trainer))
        losses.append(trainer.advance(1).series[0].values[0, 0, 0])
    updated = program.begin_each_step_with(weights)
    # A loss is recorded in single precision, and one update alone makes an error grow as well.
    np.testing.assert_allclose(program.values["losses"], losses, rtol=1e-7)
    for before, after, made in zip(weights, weights[1:], updated, strict=False):
        size = max(np.abs(a - b).max() for a, b in zip(after, before, strict=True))
        for expected, w in zip(after, made, strict=True):
            np.testing.assert_allclose(w, expected, rtol=0, atol=1e-8 * size)
    assert len(updated) == STEPS


def weights_of(trainer: Trainer) -> list[np.ndarray]:
    """Return the weights of a network's layers, a bias as a column."""
    named = trainer.state()["weights"]
    return [each[0].numpy().reshape(each.shape[1], -1).copy() for each in named.values()]


class Started:
    """A program that stands before its loop."""

    def __init__(self, text: str) -> None:
        before, loop, rest = text.partition("\nfor epoch in ")
        self._rest = loop + rest
        self.values: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(before, "<program>", "exec"), self.values)

    def begin_each_step_with(self, weights: list[np.ndarray]) -> list[list[np.ndarray]]:
        """Run the loop, each step from other weights; return what each update makes of them."""
        forward, rows = self.values["forward"], self.values["x_train"]
        parameters, coming, made = self.values["parameters"], iter(weights), []

        def from_the_next(x: Any) -> Any:
            if x is rows and (given := next(coming, None)) is not None:
                made.append([torch.as_tensor(w).numpy().copy() for w in parameters])
                for w, value in zip(parameters, given, strict=True):
                    w[...] = torch.from_numpy(value) if isinstance(w, torch.Tensor) else value
            return forward(x)

        self.values["forward"] = from_the_next
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(self._rest, "<program>", "exec"), self.values)
        return made[1:]


DOUBLE = {"dtype": "float64", "seed": 3}
NUMBERS = {**CUBIC, "train": {**DOUBLE, "steps": 12}}
TWO_CLASSES = {**MOONS, "train": {**DOUBLE, "epochs": 12}}
THREE_CLASSES = {**MINIBATCHES, "train": {**DOUBLE, "epochs": 3, "batch_size": 16}}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_printed_from_its_rule(name: str, tmp_path: Path) -> None:
    if ACTIVATIONS[name].output_only:
        loss = "negative_log_likelihood" if name == "log_softmax" else "mse"
        base = THREE_CLASSES if name == "log_softmax" else NUMBERS
        data = {"targets": ["x", "x**2"]} if name == "softmax" else {}
        model = {"hidden": [4], "activation": "tanh", "output_activation": name}
        spec = experiment(base, model=model, data=data, loss={"name": loss})
    else:
        spec = experiment(NUMBERS, model={"hidden": [4, 3], "activation": name})
    agrees(spec, tmp_path, 1e-9, reference=True)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_every_loss_and_its_slope_are_printed(name: str, reduction: str, tmp_path: Path) -> None:
    kind = LOSSES[name]
    if reduction == "sum" and name == "rmse":
        pytest.skip("the root is of a mean")
    base = {"numbers": NUMBERS, "binary": TWO_CLASSES, "classes": THREE_CLASSES}[kind.targets]
    output = {"probability": "sigmoid", "log_probabilities": "log_softmax"}.get(kind.outputs)
    model = {"hidden": [4], "activation": "tanh", "output_activation": output or "identity"}
    table = {"name": name, "reduction": reduction, **({"delta": 0.2} if name == "huber" else {})}
    optimizer = {"name": "sgd", "lr": 0.001}
    spec = experiment({**base, "loss": table, "optimizer": optimizer}, model=model)
    agrees(spec, tmp_path, 1e-9, reference=True)


UPDATES: list[dict[str, Any]] = [
    {"name": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    {"name": "sgd", "lr": 0.05, "momentum": 0.5, "dampening": 0.3},
    {"name": "sgd", "weight_decay": 0.1},
    {"name": "adagrad", "initial_accumulator_value": 0.1, "lr_decay": 0.01},
    {"name": "adadelta"},
    {"name": "adam", "beta1": 0.8, "amsgrad": True, "weight_decay": 0.01},
    {"name": "adamw", "lr": 0.01},
    {"name": "adamax"},
    {"name": "nadam", "weight_decay": 0.01},
    {"name": "rmsprop", "momentum": 0.5, "centered": True},
    {"name": "rmsprop"},
    {"name": "lion", "lr": 0.005, "weight_decay": 0.1},
    {"name": "by_hand", "lr": 0.05},
]


def test_every_optimizer_is_tried() -> None:
    assert {table["name"] for table in UPDATES} == {*OPTIMIZERS}


@pytest.mark.parametrize("table", UPDATES, ids=lambda table: table["name"])
def test_every_update_is_written_out(table: dict[str, Any], tmp_path: Path) -> None:
    agrees(experiment({**NUMBERS, "optimizer": table}), tmp_path, 1e-9, reference=True)


WAYS: dict[str, dict[str, Any]] = {
    "minibatches": {**THREE_CLASSES},
    "in the order of the data": {"train": {"shuffle": False}, "base": THREE_CLASSES},
    "fresh rows": {"base": FRESH, "train": {**DOUBLE, "steps": 20}},
    "by norm": {"base": NUMBERS, "train": {"clip_norm": 0.05}},
    "by value": {"base": NUMBERS, "train": {"clip_value": 0.01}},
    "never cleared": {"base": NUMBERS, "train": {"zero_grad": False, "clip_norm": 1.0}},
    "batch": {"base": THREE_CLASSES, "model": {"hidden": [6, 4], "normalisation": "batch"}},
    "layer": {"base": THREE_CLASSES, "model": {"hidden": [6, 4], "normalisation": "layer"}},
    "patience": {"base": THREE_CLASSES, "train": {"patience": 1, "epochs": 9}},
    "patience by more": {
        "base": THREE_CLASSES,
        "train": {"patience": 2, "monitor": "loss", "min_delta": 0.1, "epochs": 9},
    },
    "whole batches": {"base": THREE_CLASSES, "train": {"drop_last": True}},
    "rate by accuracy": {
        "base": THREE_CLASSES,
        "schedule": {"name": "plateau", "monitor": "accuracy", "patience": 0},
    },
    "best by loss": {"base": THREE_CLASSES, "train": {"keep_best": "loss"}},
    "good enough": {"base": NUMBERS, "train": {"loss_threshold": 0.2}},
    "scaled": {"base": NUMBERS, "data": {"scale_inputs": "standard", "scale_targets": "range"}},
}


@pytest.mark.parametrize("case", WAYS)
def test_every_way_of_training_is_written_out(case: str, tmp_path: Path) -> None:
    tables = dict(WAYS[case])
    spec = experiment(
        tables.pop("base", None) or tables, **(tables if "base" in WAYS[case] else {})
    )
    agrees(spec, tmp_path, 1e-6)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
@pytest.mark.parametrize("base", [NUMBERS, THREE_CLASSES], ids=["n", "c"])
def test_schedules_are_written_out(
    base: dict[str, Any], schedule: dict[str, Any], tmp_path: Path
) -> None:
    agrees(experiment({**base, "schedule": schedule}), tmp_path, 1e-9, reference=True)


def test_dropout_draws_the_masks_of_the_run_in_torch_and_is_refused_in_numpy() -> None:
    model = {"hidden": [6, 5], "dropout": 0.25, "activation": "tanh"}
    spec = experiment(THREE_CLASSES, model=model)
    losses = losses_of(formulas.program(spec, "torch"))
    np.testing.assert_allclose(losses, recorded_losses(spec), rtol=1e-6)
    with pytest.raises(EpochalError, match=r"model\.dropout: .*--style torch"):
        formulas.program(spec, "numpy")


def test_few_weights_stand_in_the_text_and_many_in_a_file() -> None:
    few = presets.load("two-moons", ["train.epochs=20"]).experiment
    text = formulas.program(few, "numpy")
    assert "np.load" not in text
    np.testing.assert_allclose(losses_of(text), recorded_losses(few), rtol=1e-6)
    with pytest.raises(EpochalError, match=r"1153 first weights .*--with-data"):
        formulas.program(presets.load("cubic").experiment, "numpy")


@pytest.mark.parametrize("name", ["two-moons-deeper", "digits", "exploding-batch-norm", "cubic"])
def test_no_line_is_too_long_and_nothing_is_differentiated_for_us(
    name: str, tmp_path: Path
) -> None:
    spec = presets.load(name).experiment
    for written_in in WRITTEN_IN:
        text = program_of(spec, written_in, tmp_path).replace(str(tmp_path), "")
        assert [line for line in text.splitlines() if len(line) > WIDTH] == []
        assert ".backward(" not in text
        assert "torch.optim" not in text
        assert "requires_grad" not in text


@pytest.mark.parametrize(
    ("name", "file"),
    [("two-moons", None), ("digits", "digits.npz")],
    ids=["in its text", "beside it"],
)
def test_the_numpy_program_runs_where_there_is_no_torch(
    name: str, file: str | None, tmp_path: Path
) -> None:
    spec = presets.load(name, ["train.epochs=5"]).experiment
    beside = None if file is None else tmp_path / file
    wish = ProgramWish(style="numpy", alone=True, file=beside)
    ((style, text),) = programs(spec, name, wish)
    assert style == "numpy"
    assert isinstance(text, str)
    guard = "import sys\nsys.modules['torch'] = None\n"
    done = subprocess.run(
        [sys.executable, "-c", guard + text],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=DEADLINE,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1].startswith("test: loss ")
    assert done.stderr == ""


def test_what_does_not_go_together_is_refused_with_what_does(tmp_path: Path) -> None:
    with pytest.raises(EpochalError, match=r"--style numpy: with --gradients backward it is"):
        ProgramWish(style="numpy", gradients="backward").styles()
    with pytest.raises(EpochalError, match="--with-data"):
        ProgramWish(file=tmp_path / "a.npz").styles()
    with pytest.raises(EpochalError, match=r"\.npz"):
        ProgramWish(style="numpy", file=tmp_path / "a.txt").styles()
    assert ProgramWish(gradients="formulas").styles() == ["numpy", "torch"]
    assert ProgramWish(gradients="formulas", alone=True).styles() == ["torch"]
    assert ProgramWish().styles() == ["module"]
