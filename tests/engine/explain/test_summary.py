"""What is said of a preset: its layers, its memory, its length, and rules of thumb."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cli import main
from engine.components.optimizers import OPTIMIZERS as ENTRIES
from engine.data.base import DataBase
from engine.data.function import Function
from engine.explain.summary import as_object, bytes_text, depth_hints, explanation, hints, text
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, FRESH, MINIBATCHES, MOONS, experiment

SHIPPED = sorted((Path(__file__).parents[3] / "presets").glob("*.toml"))
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs the command in this process; gives its status, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        code = left.value.code
        return (code if isinstance(code, int) else 0, *capfd.readouterr())

    return run


def test_layers_are_told_with_what_follows_them() -> None:
    model = {
        "activation": "tanh",
        "hidden": [6, {"units": 4, "dropout": 0.25, "normalisation": "batch"}],
    }
    told = explanation(experiment(MINIBATCHES, model=model))
    assert [layer.what for layer in told.layers] == [
        "Linear 2 → 6, then Tanh",
        "Linear 6 → 4, then BatchNorm1d, then Tanh, then Dropout of 25%",
        "Linear 4 → 2",
    ]
    assert [layer.shape for layer in told.layers] == [(16, 6), (16, 4), (16, 2)]
    assert [layer.parameters for layer in told.layers] == [18, 28 + 8, 10]
    assert told.parameters == 64


OPTIMIZERS: list[dict[str, Any]] = [
    {"name": "sgd"},
    {"name": "sgd", "momentum": 0.9},
    {"name": "by_hand"},
    {"name": "adagrad"},
    {"name": "adadelta"},
    {"name": "adam"},
    {"name": "adam", "amsgrad": True},
    {"name": "adamw"},
    {"name": "adamax"},
    {"name": "nadam"},
    {"name": "lion"},
    {"name": "rmsprop"},
    {"name": "rmsprop", "momentum": 0.5, "centered": True},
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_the_optimizer_remembers_as_much_as_is_said(optimizer: dict[str, Any]) -> None:
    length = {"steps": 2, "gradients": "autograd"}
    spec = experiment({**CUBIC, "optimizer": optimizer}, train=length)
    trainer = Trainer(spec, device="cpu")
    trainer.advance(2)
    states = trainer.method.state()["optimizer"].values()
    kept = [value for state in states for value in state.values()]
    numbers = sum(value.numel() for value in kept if value.dim() > 1)
    assert explanation(spec).memory.optimizer == 4 * numbers


def test_every_optimizer_is_tried() -> None:
    assert {table["name"] for table in OPTIMIZERS} == {*ENTRIES}


def test_memory_counts_each_number_in_its_size() -> None:
    single = explanation(experiment(MOONS)).memory
    double = explanation(experiment(MOONS, train={"dtype": "float64"})).memory
    assert single.weights == single.gradients == 21 * 4
    assert single.activations == (5 + 5 + 1 + 1) * 60 * 4
    assert double.total == 2 * single.total


def test_length_is_told_in_steps_and_epochs() -> None:
    assert "300 steps, each an epoch" in text(explanation(experiment(MOONS)))
    assert "300 steps: 60 epochs of 5 batches of 16 rows" in text(
        explanation(experiment(MINIBATCHES))
    )
    assert "8 fresh rows for every step" in text(explanation(experiment(FRESH)))


def test_rules_of_thumb_have_the_numbers_of_the_data() -> None:
    said = "\n".join(hints(inputs=30, outputs=1, rows=100, parameters=200))
    assert "from 1 to 30 units" in said
    assert "21 units" in said
    assert "under 60" in said
    assert "100 training rows to 200 parameters: few" in said
    assert "training rows" not in "\n".join(hints(30, 1, 0, 200))


def test_rules_of_thumb_for_depth_name_their_source() -> None:
    deep = "\n".join(depth_hints(["sigmoid"] * 5))
    assert "one for any continuous function (Cybenko 1989)" in deep
    assert "by weights of 1, 5 hidden layers let at most 0.00098 of a gradient through" in deep
    assert "(Glorot and Bengio 2010" in deep
    shallow = "\n".join(depth_hints(["relu"]))
    assert "(Lippmann 1987)" in shallow
    assert "gradient" not in shallow
    assert "many" not in shallow
    said = text(explanation(experiment(MOONS)))
    assert "Rules of thumb for the width and the number of hidden layers" in said
    assert "(Cybenko 1989" in said


def test_sizes_are_told_in_the_unit_that_suits() -> None:
    told = [bytes_text(size) for size in (0, 84, 30_720, 999_999_999, 2_500_000_000)]
    assert told == ["0 B", "84 B", "30.7 kB", "1000 MB", "2.5 GB"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_preset_is_explained(path: Path, command: Command) -> None:
    status, out, err = command("explain", str(path))
    assert status == 0
    if "one's own" not in out:
        assert err == ""
        assert "layer1  Linear" in out or "layer1  Conv2d" in out
        assert "class Network(nn.Module)" in out
    assert max(map(len, out.splitlines())) <= 100


def test_the_command_prints_all_three_programs(command: Command) -> None:
    _, out, _ = command("explain", "two-moons", "--style", "all", "--set", "model.hidden=[7]")
    assert out.count("import torch\n") == 3
    assert "Linear 2 → 7, then Sigmoid" in out
    assert "self.layer1 = nn.Linear(2, 7)" in out
    assert "nn.Sequential(\n    nn.Linear(2, 7)," in out
    assert 'network.add_module("layer1", nn.Linear(2, 7))' in out


def test_the_program_alone_can_be_saved(command: Command) -> None:
    _, out, _ = command("explain", "two-moons", "--program", "--style", "sequential")
    compile(out, "two_moons.py", "exec")
    assert out.startswith('"""Two moons')


def test_json_has_the_layers_and_the_programs(command: Command) -> None:
    _, out, _ = command("explain", "cubic", "--style", "all", "--json")
    told = json.loads(out)
    assert told["preset"] == "cubic"
    assert [layer["parameters"] for layer in told["layers"]] == [64, 1056, 33]
    assert told["memory"]["total"] == sum(
        told["memory"][part] for part in ("weights", "gradients", "optimizer", "activations")
    )
    assert set(told["programs"]) == {"module", "sequential", "add_module"}


def test_by_formulas_both_programs_are_printed_and_one_is_saved(
    command: Command, tmp_path: Path
) -> None:
    _, out, _ = command("explain", "manual-update", "--gradients", "formulas")
    assert "# ---- as a program: numpy ----" in out
    assert "# ---- as a program: torch ----" in out
    _, out, _ = command("explain", "manual-update", "--gradients", "formulas", "--program")
    compile(out, "manual_update.py", "exec")
    assert out.count("import torch\n") == 1
    file = tmp_path / "cubic.npz"
    arguments = ("explain", "cubic", "--style", "numpy", "--program", "--with-data", str(file))
    _, out, _ = command(*arguments)
    with np.load(file) as given:
        assert {*given} == {"x_train", "t_train", "W1", "b1", "W2", "b2", "W3", "b3"}
    status, _, err = command("explain", "cubic", "--style", "numpy", "--program")
    assert status == 2
    assert "--with-data FILE.npz" in err
    status, out, err = command("explain", "cubic", "--gradients", "formulas")
    assert status == 0
    assert "as a program: torch" in out
    assert "--with-data FILE.npz" in err


def test_an_unknown_style_is_refused_with_those_there_are(command: Command) -> None:
    status, _, err = command("explain", "cubic", "--style", "keras")
    assert status == 2
    assert "add_module" in err


def test_data_without_a_program_is_explained_all_the_same(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Function, "program", DataBase.program)
    status, out, err = command("explain", "cubic")
    assert status == 0
    assert "layer1" in out
    assert "no plain program" in err
    assert command("explain", "cubic", "--program")[0] == 2


def test_an_explanation_is_plain_data() -> None:
    json.dumps(as_object(explanation(experiment(FRESH))))
