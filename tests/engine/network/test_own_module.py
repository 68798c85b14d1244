"""A network of one's own: only where it is allowed, and trained like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.errors import CodeError, PresetError
from engine.experiment.experiment import Experiment
from engine.presets import preset as presets
from engine.training.trainer import Trainer
from tests.experiments import MINIBATCHES, experiment

NET = """
from torch import nn

class Net(nn.Module):
    def __init__(self, units=6, shift=0.0):
        super().__init__()
        self.layer1 = nn.Linear(2, units)
        self.norm = nn.BatchNorm1d(units)
        self.layer2 = nn.Linear(units, 2)

    def forward(self, x):
        return self.layer2(self.norm(self.layer1(x)).tanh())
"""


def own(tmp_path: Path, text: str = NET, name: str = "Net", **model: Any) -> Experiment:
    path = tmp_path / "net.py"
    path.write_text(text)
    tables = {"kind": "python", "module": f"{path}:{name}", **model}
    return experiment({**MINIBATCHES, "model": tables}, train={"batch_size": 14})


def test_it_is_only_run_where_the_user_has_said_so(tmp_path: Path) -> None:
    spec = own(tmp_path, f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\n{NET}")
    with pytest.raises(CodeError, match="--allow-code"):
        Trainer(spec)
    assert not (tmp_path / "ran").exists()
    Trainer(spec, allow_code=True)
    assert (tmp_path / "ran").exists()


def test_it_trains_as_one_writes_it_by_hand(tmp_path: Path) -> None:
    trainer = Trainer(own(tmp_path), allow_code=True)
    start = trainer._rows.layout.named(trainer.method.weights)
    twin = nn.ModuleDict(
        {"layer1": nn.Linear(2, 6), "norm": nn.BatchNorm1d(6), "layer2": nn.Linear(6, 2)}
    )
    twin.load_state_dict({k: v[0] for k, v in start.items()}, strict=False)
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9)
    losses, norms = [], []
    for step in range(1, 16):
        batch = trainer.batches.at(step)  # type: ignore[attr-defined]
        hidden = twin["norm"](twin["layer1"](batch.inputs[0])).tanh()
        loss = nn.functional.cross_entropy(twin["layer2"](hidden), batch.targets[0])
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        norms.append(float(twin["layer1"].weight.grad.norm()))
        optimizer.step()
    block = trainer.advance(15)
    assert "grad_norm/norm.weight" in trainer.columns["train"]
    column = trainer.columns["train"].index("grad_norm/layer1.weight")
    np.testing.assert_allclose(block.series[0].values[0, :, 0], losses, rtol=1e-4)
    np.testing.assert_allclose(block.series[0].values[column, :, 0], norms, rtol=1e-3)


def test_running_figures_are_kept_with_the_weights(tmp_path: Path) -> None:
    trainer = Trainer(own(tmp_path), allow_code=True)
    assert list(trainer.shaped.buffers) == ["norm.running_mean", "norm.running_var"]
    before = trainer.snapshot().values[0, -12:].copy()
    trainer.advance(5)
    assert (before == [0] * 6 + [1] * 6).all()
    assert (trainer.snapshot().values[0, -12:] != before).all()


def test_frozen_parameters_stay_as_they_are_whatever_the_optimizer_does(tmp_path: Path) -> None:
    text = NET.replace(
        "self.layer2 =", "self.layer1.weight.requires_grad_(False)\n        self.layer2 ="
    )
    spec = own(tmp_path, text)
    spec = Experiment.model_validate({**spec.model_dump(), "optimizer": {"name": "adamw"}})
    trainer = Trainer(spec, allow_code=True)
    before = trainer._rows.layout.named(trainer.method.weights)
    trainer.advance(5)
    after = trainer._rows.layout.named(trainer.method.weights)
    assert torch.equal(after["layer1.weight"], before["layer1.weight"])
    assert not torch.equal(after["layer1.bias"], before["layer1.bias"])
    assert "layer1.weight" in trainer.shaped.buffers
    assert "grad_norm/layer1.weight" not in trainer.columns["train"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_module_made_in_float64_is_moved_to_what_the_experiment_says(
    tmp_path: Path, dtype: str
) -> None:
    text = NET.replace("nn.Linear(units, 2)", "nn.Linear(units, 2)\n        self.double()")
    tables = own(tmp_path, text).model_dump(exclude_unset=True)
    trainer = Trainer(experiment(tables, train={"dtype": dtype}), allow_code=True)
    assert trainer.advance(3).count == 3
    assert str(trainer.method.weights.dtype) == f"torch.{dtype}"


def test_blocks_and_seeds_are_as_for_any_network(tmp_path: Path) -> None:
    spec = own(tmp_path)
    one, other = (Trainer(spec, allow_code=True) for _ in range(2))
    whole = one.advance(20).series[0].values
    parts = [other.advance(7).series[0].values for _ in range(2)]
    assert np.concatenate(parts, axis=1).tobytes() == np.ascontiguousarray(whole[:, :14]).tobytes()
    seeded = Trainer(
        spec.model_copy(update={"train": spec.train.model_copy(update={"seed": 9})}),
        allow_code=True,
    )
    assert seeded.snapshot().values.tobytes() != other.snapshot().values.tobytes()


@pytest.mark.parametrize(
    ("text", "name", "model", "message"),
    [
        (NET, "Nett", {}, "has no class 'Nett'"),
        ("x = (", "Net", {}, "could not be run: SyntaxError"),
        ("1 / 0", "Net", {}, "could not be run: ZeroDivisionError"),
        ("class Net: pass", "Net", {}, "is no torch.nn.Module"),
        (NET, "Net", {"arguments": {"width": 3}}, "could not be made: TypeError"),
        (NET.replace("2, units)", "3, units)"), "Net", {}, "fails on two rows: RuntimeError"),
        (NET.replace("units, 2)", "units, 5)"), "Net", {}, r"gives \[2, 5\].*asks for \[2, 2\]"),
        (NET, "Net", {"input_shape": [3, 3]}, r"\[3, 3\] is 9 numbers, a row of the data has 2"),
        ("from torch import nn\nclass Net(nn.Identity): pass", "Net", {}, "has no parameters"),
    ],
)
def test_what_does_not_work_is_said(
    tmp_path: Path, text: str, name: str, model: dict[str, Any], message: str
) -> None:
    with pytest.raises(CodeError, match=message):
        Trainer(own(tmp_path, text, name, **model), allow_code=True)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    spec = own(tmp_path)
    (tmp_path / "net.py").unlink()
    with pytest.raises(CodeError, match="there is no file"):
        Trainer(spec, allow_code=True)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"kind": "python"}, "model.module: must name a file and a class"),
        ({"kind": "python", "module": "net.py"}, "model.module: must name a file and a class"),
        ({"kind": "python", "module": "a.py:B", "hidden": [3]}, "model.hidden: says nothing"),
        ({"module": "a.py:B"}, "model.module: says nothing where kind is 'mlp'"),
    ],
)
def test_keys_that_say_nothing_are_refused(model: dict[str, Any], message: str) -> None:
    with pytest.raises(PresetError, match=message):
        presets.resolve({"model": model}, "x.toml")


def test_the_file_is_looked_for_beside_the_preset(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[model]\nkind = 'python'\nmodule = 'net.py:Net'\n")
    loaded = presets.load(str(tmp_path / "mine.toml")).experiment
    assert loaded.model.module == f"{tmp_path / 'net.py'}:Net"


def test_convolutions_learn_the_digits_and_their_norms_are_kept() -> None:
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    trainer = Trainer(presets.load("digits-convolution").experiment, allow_code=True)
    while trainer.outcome is None:
        block = trainer.advance(256)
    assert trainer.result()["test_accuracy"] > 0.93
    norms = {name for name in trainer.columns["train"] if name.startswith("grad_norm/conv")}
    assert norms == {f"grad_norm/conv{i}.{what}" for i in (1, 2) for what in ("weight", "bias")}
    assert np.isfinite(block.series[0].values).all()
