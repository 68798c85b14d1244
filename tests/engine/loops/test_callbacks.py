"""Libraries that own the loop: what they train is watched, where they are installed."""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.errors import RequestError
from engine.loops.callbacks import LIBRARIES, callback
from engine.loops.loop import Loop
from engine.recording.file import read
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.runs.requests import Control

X = torch.linspace(-1, 1, 32)[:, None]
Y = X**3


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))


def plain_losses(steps: int, halved_after: int = 0) -> list[float]:
    """What gradient descent at 0.1 on all rows loses, step by step; at 0.05 after some steps."""
    net, losses = network(), []
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for step in range(steps):
        if halved_after and step == halved_after:
            optimizer.param_groups[0]["lr"] = 0.05
        loss = nn.functional.mse_loss(net(X), Y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def history_of(runs: Path) -> History:
    [folder] = runs.iterdir()
    return History(read(folder / "recording.jsonl"))


@pytest.fixture(autouse=True)
def _quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries that talk do so elsewhere, and leave their files here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")


def lightning(tmp_path: Path, parts: int = 1) -> None:
    pl = pytest.importorskip("lightning.pytorch")

    class Module(pl.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.net = network()

        def training_step(self, batch: Any, index: int) -> Any:
            return nn.functional.mse_loss(self.net(batch[0]), batch[1])

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val_loss", nn.functional.mse_loss(self.net(batch[0]), batch[1]))

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    rows = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, Y), batch_size=32 // parts)
    trainer = pl.Trainer(
        max_epochs=5,
        accumulate_grad_batches=parts,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accelerator="cpu",
        callbacks=[callback("lightning", runs=tmp_path / "runs")],
    )
    trainer.fit(Module(), rows, rows)


def skorch(tmp_path: Path) -> None:
    skorch = pytest.importorskip("skorch")
    net = skorch.NeuralNetRegressor(
        network(),
        max_epochs=5,
        lr=0.1,
        batch_size=32,
        optimizer=torch.optim.SGD,
        train_split=None,
        iterator_train__shuffle=False,
        verbose=0,
        callbacks=[callback("skorch", runs=tmp_path / "runs")],
    )
    net.fit(X, Y)


def transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = network()

        def forward(self, x: Any, labels: Any) -> Any:
            outputs = self.net(x)
            return {"loss": nn.functional.mse_loss(outputs, labels), "logits": outputs}

    model = Model()
    rows = [{"x": x, "labels": y} for x, y in zip(X, Y, strict=True)]
    arguments = transformers.TrainingArguments(
        str(tmp_path / "out"),
        num_train_epochs=5,
        per_device_train_batch_size=32,
        report_to=[],
        use_cpu=True,
        save_strategy="no",
        disable_tqdm=True,
        eval_strategy="epoch",
        max_grad_norm=0.0,
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0)
    trainer = transformers.Trainer(
        model,
        arguments,
        train_dataset=rows,
        eval_dataset=rows,
        optimizers=(optimizer, schedule),
        callbacks=[callback("transformers", runs=tmp_path / "runs")],
    )
    trainer.train()


def keras(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    first = network()
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)]
    )
    weights = [first[0].weight.T, first[0].bias, first[2].weight.T, first[2].bias]
    model.set_weights([each.detach().numpy() for each in weights])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    seen = callback("keras", runs=tmp_path / "runs")
    model.fit(
        X.numpy(),
        Y.numpy(),
        epochs=5,
        batch_size=32,
        verbose=0,
        validation_data=(X.numpy(), Y.numpy()),
        callbacks=[seen],
    )


def fastai(tmp_path: Path) -> None:
    fastai = pytest.importorskip("fastai.learner")
    from fastai.data.core import DataLoaders
    from fastai.data.load import DataLoader
    from fastai.optimizer import SGD

    rows = torch.utils.data.TensorDataset(X, Y)
    loaders = DataLoaders(DataLoader(rows, bs=32), DataLoader(rows, bs=32))
    learner = fastai.Learner(
        loaders, network(), loss_func=nn.MSELoss(), opt_func=SGD, path=tmp_path
    )
    learner.remove_cbs([each for each in learner.cbs if each.name == "progress"])
    with learner.no_logging():
        learner.fit(5, lr=0.1, cbs=callback("fastai", runs=tmp_path / "runs"))


TRAININGS = {each.__name__: each for each in (lightning, skorch, transformers, keras, fastai)}
TELLS_OF_DEV = {"lightning", "transformers", "keras", "fastai"}


@pytest.mark.parametrize("library", TRAININGS)
def test_what_a_library_trains_is_recorded(library: str, tmp_path: Path) -> None:
    TRAININGS[library](tmp_path)
    history = history_of(tmp_path / "runs")
    rows = history.series["train"]
    assert np.allclose(rows.column("loss"), plain_losses(5), rtol=1e-5)
    assert (rows.column("grad_norm") > 0).all()
    assert np.allclose(rows.column("lr"), 0.1)
    assert history.end is not None
    assert (history.end.status, history.end.step) == ("finished", 5)
    if library in TELLS_OF_DEV:
        assert history.series["dev"].count == 5


@pytest.mark.parametrize("library", TRAININGS)
def test_it_stops_where_somebody_asks_for_it(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach = Loop.attach

    def asked(loop: Loop) -> None:
        attach(loop)
        Control(RunFolder(Path(loop.path)), "someone").send("stop")

    monkeypatch.setattr(Loop, "attach", asked)
    TRAININGS[library](tmp_path)
    history = history_of(tmp_path / "runs")
    assert history.end is not None
    assert (history.end.status, history.end.step) == ("stopped", 1)


@pytest.mark.parametrize("library", TRAININGS)
def test_it_is_paused_stepped_and_gone_on_with(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach = Loop.attach

    def asked(loop: Loop) -> None:
        if loop._hooks:
            return
        attach(loop)
        control = Control(RunFolder(Path(loop.path)), "someone")
        control.send("pause")
        asks = iter((("step", {"n": 2}), ("set_lr", {"lr": 0.05}), ("continue", {})))

        def wait(_: float) -> None:
            action, told = next(asks)
            control.send(action, **told)

        loop._viewers._wait = wait

    monkeypatch.setattr(Loop, "attach", asked)
    TRAININGS[library](tmp_path)
    history = history_of(tmp_path / "runs")
    answered = [(each.action, each.step) for each in history.requests]
    assert answered == [("pause", 0), ("step", 0), ("set_lr", 2), ("continue", 2)]
    assert history.end is not None
    assert (history.end.status, history.end.step) == ("finished", 5)
    assert history.warnings == []
    rows = history.series["train"]
    assert np.allclose(rows.column("lr"), [0.1, 0.1, 0.05, 0.05, 0.05])
    # It is the library's own rate that was set.
    assert np.allclose(rows.column("loss"), plain_losses(5, halved_after=2), rtol=1e-5)


def test_a_step_of_several_batches_has_the_loss_of_all_of_them(tmp_path: Path) -> None:
    lightning(tmp_path, parts=4)
    rows = history_of(tmp_path / "runs").series["train"]
    assert np.allclose(rows.column("loss"), plain_losses(5), rtol=1e-5)


def test_a_language_model_has_the_losses_and_norms_that_its_trainer_logs(tmp_path: Path) -> None:
    library = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    torch.manual_seed(0)
    sizes = {"n_layer": 1, "n_embd": 16, "n_head": 2, "vocab_size": 50, "n_positions": 16}
    model = library.GPT2LMHeadModel(library.GPT2Config(**sizes))
    # Of different lengths, so that the step's mean is none of the means of its parts.
    words = [torch.randint(0, 50, (4 if row % 8 < 4 else 12,)) for row in range(32)]
    arguments = library.TrainingArguments(
        str(tmp_path / "out"),
        max_steps=6,
        per_device_train_batch_size=4,
        gradient_accumulation_steps=2,
        train_sampling_strategy="sequential",
        logging_steps=1,
        report_to=[],
        use_cpu=True,
        save_strategy="no",
        disable_tqdm=True,
    )
    trainer = library.Trainer(
        model,
        arguments,
        train_dataset=[{"input_ids": row, "labels": row} for row in words],
        callbacks=[callback("transformers", runs=tmp_path / "runs")],
    )
    trainer.train()
    rows = history_of(tmp_path / "runs").series["train"]
    logged = [each for each in trainer.state.log_history if "grad_norm" in each]
    assert len(logged) == 6
    for column, name in (("loss", "loss"), ("grad_norm", "grad_norm"), ("lr", "learning_rate")):
        wanted = [float(each[name]) for each in logged]
        assert np.allclose(rows.column(column), wanted, rtol=1e-3), name


def test_a_library_is_told_apart_by_what_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LIBRARIES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(RequestError, match="none of them is imported yet"):
        callback()
    with pytest.raises(RequestError, match="'torchtitan' is none of"):
        callback("torchtitan")
    monkeypatch.setitem(sys.modules, "skorch", None)
    with pytest.raises(RequestError, match="skorch is not installed here"):
        callback("skorch")
