"""One update taken apart: every number by its formula, held against autograd and the trainer."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.components.activations import ACTIVATIONS
from engine.errors import RequestError, RunError
from engine.experiment.experiment import Experiment
from engine.inspection.dissection import DissectedQuantity, Dissection
from engine.inspection.microscope import dissect, main, of_run
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, FRESH, MINIBATCHES, MOONS, experiment
from tests.trained import recorded

HIDDEN = [name for name, each in ACTIVATIONS.items() if not each.output_only]
TWO = {**CUBIC, "data": {"kind": "function", "targets": ["x", "x**2"], "points": 20}}
LOSSES = {
    "numbers": (CUBIC, ["mse", "rmse", "l1", "huber"], ["identity", "tanh"]),
    "logit": (MOONS, ["binary_cross_entropy_with_logits"], ["identity"]),
    "margin": (MOONS, ["hinge"], ["identity", "tanh"]),
    "probability": (MOONS, ["binary_cross_entropy"], ["sigmoid"]),
    "logits": (MINIBATCHES, ["cross_entropy"], ["identity"]),
    "log_probabilities": (MINIBATCHES, ["negative_log_likelihood"], ["log_softmax"]),
    "softmax": (TWO, ["mse"], ["softmax"]),
}


def quantities(found: Dissection) -> dict[str, DissectedQuantity]:
    return {each.symbol: each for each in found.quantities}


@settings(max_examples=10, deadline=None)
@given(
    kind=st.sampled_from(list(LOSSES)),
    activation=st.sampled_from(HIDDEN),
    normalisation=st.sampled_from(["none", "batch", "layer"]),
    dropout=st.sampled_from([0.0, 0.4]),
    data=st.data(),
)
def test_every_formula_agrees_with_autograd(
    kind: str, activation: str, normalisation: str, dropout: float, data: st.DataObject
) -> None:
    tables, losses, outputs = LOSSES[kind]
    model = {
        "hidden": [4, 3],
        "activation": activation,
        "output_activation": data.draw(st.sampled_from(outputs)),
        "normalisation": normalisation,
        "dropout": dropout,
    }
    loss = {"name": data.draw(st.sampled_from(losses))}
    if "targets" not in tables["data"] and data.draw(st.booleans()):
        loss["class_weights"] = [0.5, 3.0]
    found = dissect(experiment({**tables, "model": model, "loss": loss}), None, 1)
    assert found.difference < 1e-12
    for quantity in found.quantities:
        if quantity.way == "backward":
            scale = max(abs(number) for row in quantity.autograd for number in row)
            assert quantity.difference <= 1e-9 * max(scale, 1e-3), quantity.formula
    names = [each.name for each in found.quantities if each.name]
    assert sorted(names) == sorted(experiment({**tables, "model": model, "loss": loss}).shapes)


def tiny(**changes: dict[str, Any]) -> Experiment:
    tables = {
        "data": {
            "kind": "table",
            "inputs": [[0.5, -1.0], [2.0, 0.25]],
            "targets": [[1.0], [0.0]],
        },
        "model": {"hidden": [2], "activation": "tanh", "init": {"weight": "normal"}},
        "loss": {"name": "mse"},
        "optimizer": {"name": "by_hand", "lr": 0.1},
        "train": {"steps": 20, "seed": 3},
        "population": {},
        "schedule": {},
    }
    return experiment(tables, **changes)


NUMBERS = {"tanh": math.tanh, "sigmoid": lambda z: 1 / (1 + math.exp(-z)), "e": math.e}


def test_a_working_says_what_a_row_counts_for() -> None:
    loss = {"name": "hinge", "class_weights": [0.5, 3.0]}
    told = quantities(dissect(tiny(data={"targets": [1, 0]}, loss=loss), None, 1))
    assert told["dy"].formula == "dy = (-s where s y < 1, else 0) w / 2"
    assert [re.sub(r"-?\d+\.\d+ <", "y <", each[0]) for each in told["dy"].workings] == [
        "(-1 where 1 y < 1, else 0)·3 / 2",
        "(-(-1) where (-1) y < 1, else 0)·0.5 / 2",
    ]
    assert [row[0] for row in told["dy"].values] == [-1.5, 0.25]
    assert ", of each: w (max(0, 1 - s y)" in told["loss"].formula


@pytest.mark.parametrize("normalisation", ["none", "batch", "layer"])
def test_every_working_out_gives_its_number(normalisation: str) -> None:
    """What is written with numbers is arithmetic: computed, it gives the number beside it."""
    found = dissect(tiny(model={"normalisation": normalisation}), None, 1)
    checked = 0
    for quantity in found.quantities:
        for values, workings in zip(
            quantity.values, quantity.workings, strict=bool(quantity.workings)
        ):
            for value, working in zip(values, workings, strict=True):
                if quantity.symbol == "loss" or "-t" in working:
                    continue
                words = working.replace("·", "*").replace("√", "sqrt")
                words = re.sub(r"\) \(|(?<=\d) \(", lambda f: f[0].replace(" (", "*("), words)
                own = eval(words, {"sqrt": math.sqrt, **NUMBERS})
                assert own == pytest.approx(value, rel=0.05, abs=0.01), (quantity.formula, working)
                checked += 1
    assert checked > 25


def test_the_formulas_are_those_of_the_textbook() -> None:
    found = quantities(dissect(tiny(), None, 1))
    assert [*found] == [
        *("x", "t", "z1", "h1", "z2", "y", "loss"),
        *("dy", "dz2", "gW2", "gb2", "dh1", "dz1", "gW1", "gb1"),
    ]
    assert found["gW2"].formula == "gW2 = dz2ᵀ h1"
    assert found["dh1"].formula == "dh1 = W2ᵀ dz2"
    assert found["dz1"].formula == "dz1 = dh1 (1 - h1²)"
    assert found["dy"].formula == "dy = 2 (y - t) / 2"
    dz, h = np.array(found["dz2"].values), np.array(found["h1"].values)
    np.testing.assert_allclose(found["gW2"].values, dz.T @ h, rtol=1e-12)


@pytest.mark.parametrize("tables", [MOONS, MINIBATCHES, CUBIC, FRESH], ids=str)
def test_the_first_update_is_that_of_the_run(tables: dict[str, Any]) -> None:
    """Whatever the optimizer: it remembers nothing yet."""
    spec = experiment(tables, model={"dropout": 0.2})
    trainer = Trainer(spec, device="cpu")
    start = trainer.snapshot().values[0]
    block = trainer.advance(1)
    found = dissect(spec, start, 1)
    assert found.origin == "computed"
    assert found.loss == pytest.approx(float(block.series[0].values[0, 0, 0]), rel=1e-5)
    after = trainer.method.weights
    for name, tensor in trainer._rows.layout.named(after).items():
        own = next((each for each in found.quantities if each.name == name), None)
        if own is not None:
            shown = np.atleast_2d(tensor[0].numpy())[:8, :8]
            np.testing.assert_allclose(own.after, shown, atol=2e-6)


def test_large_networks_are_shown_in_part() -> None:
    found = quantities(dissect(experiment(MOONS, model={"hidden": [40]}), None, 1))
    assert found["h1"].shape == (60, 40)
    assert len(found["h1"].values) == 6
    assert len(found["h1"].values[0]) == 8
    assert found["gW1"].shape == (40, 2)
    assert len(found["gW1"].values) == 8
    assert found["z2"].workings[0][0].count("·") == 3


def test_numbers_that_are_not_finite_survive_the_line() -> None:
    found = dissect(tiny(), None, 1)
    broken = replace(found, loss=math.nan, lr=math.inf)
    back = Dissection.from_line(broken.line())
    assert math.isnan(back.loss)
    assert back.lr == math.inf
    assert Dissection.from_line(found.line()) == found
    with pytest.raises(ValueError, match="taken apart"):
        Dissection.from_line("{}")


def test_a_network_of_ones_own_is_refused(tmp_path: Path) -> None:
    model = {"kind": "python", "module": f"{tmp_path}/net.py:Net"}
    with pytest.raises(RequestError, match="one's own"):
        dissect(experiment({**MINIBATCHES, "model": model}), None, 1)


# --- of a recording ------------------------------------------------------------------------


def test_plain_descent_is_computed_at_any_step(tmp_path: Path) -> None:
    folder, trainer = recorded(tiny(schedule={}, optimizer={"name": "sgd", "lr": 0.1}), tmp_path)
    found = of_run(folder.path, 13)
    assert (found.step, found.origin, found.lr) == (13, "computed", 0.1)
    own = quantities(found)["gW2"]
    before, after, gradient = (np.array(each) for each in (own.before, own.after, own.values))
    np.testing.assert_allclose(after, before - 0.1 * gradient, rtol=1e-12)
    assert trainer.step == 20


def test_what_an_optimizer_remembers_is_taken_from_the_recording(tmp_path: Path) -> None:
    folder, _ = recorded(tiny(optimizer={"name": "adam", "lr": 0.1}), tmp_path)
    found, following = of_run(folder.path, 13), of_run(folder.path, 14)
    assert found.origin == "recorded"
    after, before = quantities(found)["gW2"].after, quantities(following)["gW2"].before
    np.testing.assert_allclose(after, before)


def test_where_weights_were_not_kept_an_earlier_update_is_shown(tmp_path: Path) -> None:
    spec = tiny(optimizer={"name": "adam", "lr": 0.1}, train={"steps": 300})
    folder, _ = recorded(spec, tmp_path)
    found = of_run(folder.path, 300)
    assert 280 < found.step <= 300
    assert found.origin == ""
    assert all(each.before and not each.after for each in found.quantities if each.name)


def test_a_recording_without_weights_says_so(tmp_path: Path) -> None:
    folder, _ = recorded(tiny(), tmp_path, snapshots=False)
    with pytest.raises(RunError, match="no weights"):
        of_run(folder.path, 3)


def test_the_program_prints_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, _ = recorded(tiny(), tmp_path)
    assert main([str(folder.path), "3"]) == 0
    assert Dissection.from_line(capsys.readouterr().out) == of_run(folder.path, 3)
    assert main([str(tmp_path / "none"), "3"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_member_of_a_population_is_taken_apart_by_itself(tmp_path: Path) -> None:
    spec = tiny(population={"vary": {"optimizer.lr": [0.1, 0.5]}})
    folder, _ = recorded(spec, tmp_path)
    first, second = of_run(folder.path, 4, 0), of_run(folder.path, 4, 1)
    assert (first.lr, second.lr) == (0.1, 0.5)
    alone, _ = recorded(tiny(optimizer={"name": "by_hand", "lr": 0.5}), tmp_path / "alone")
    expected = quantities(of_run(alone.path, 4))["gW1"].values
    np.testing.assert_allclose(quantities(second)["gW1"].values, expected, rtol=1e-4)
