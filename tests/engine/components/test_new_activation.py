"""An activation is one entry: whatever is done with activations is done with one just written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.components.activation_rules import ActivationRule
from engine.components.activations import ACTIVATIONS, ActivationEntry, Traits
from engine.diagnosis import diagnose
from engine.diagnosis.remedies import passes
from engine.experiment.experiment import Experiment
from engine.explain.program import STYLES, program
from engine.gradients.manual import activations as manual
from engine.inspection.gradcheck import check
from engine.inspection.microscope import dissect
from engine.recording.forward import forward, layers_of, unpack
from engine.results.run import of_folder
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, experiment
from tests.trained import recorded

NEW = {
    "hardswish": ActivationEntry(
        about="z times the hard sigmoid of z.",
        module="Hardswish",
        rule=ActivationRule(
            "z * clip(z / 6 + 0.5, 0, 1)", "where(z > -3, where(z < 3, z / 3 + 1 / 2, 1), 0)"
        ),
        traits=Traits((-0.375, np.inf), passes=True, dies=True, steepest=1.5, in_losses=False),
        arguments={},
    ),
    "log_sigmoid": ActivationEntry(
        about="the logarithm of sigmoid: always below 0.",
        module="LogSigmoid",
        rule=ActivationRule("-softplus(-z)", "sigmoid(-z)"),
        traits=Traits((-np.inf, 0.0), passes=False, dies=False, steepest=1.0, in_losses=False),
        arguments={},
    ),
    "softsign": ActivationEntry(
        about="z / (1 + |z|), between -1 and 1: a tanh that saturates slowly.",
        module="Softsign",
        rule=ActivationRule("z / a", "1 / a**2", {"a": "1 + abs(z)"}),
        traits=Traits((-1.0, 1.0), passes=False, dies=False, steepest=1.0, in_losses=False),
        arguments={},
    ),
}
"""What PyTorch has and no preset can name."""


@pytest.fixture(params=NEW)
def spec(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    """An experiment with an activation that was added a moment ago."""
    name = request.param
    monkeypatch.setitem(ACTIVATIONS, name, NEW[name])  # type: ignore[arg-type]
    formula = manual._formula_of(name, NEW[name])
    monkeypatch.setitem(manual.FORMULAS, name, formula)  # type: ignore[arg-type]
    return experiment(
        CUBIC,
        model={"hidden": [5, 4], "activation": name},
        train={"steps": 20, "gradients": "manual"},
    )


def test_it_trains_by_its_formulas_and_they_agree_with_autograd(spec: Experiment) -> None:
    single, double = check(spec)
    assert single.holds
    assert double.holds
    trainer = Trainer(spec, device="cpu")
    assert trainer.method.name == "manual"
    losses = trainer.advance(20).series[0].values[:, 0, 0]
    assert losses.min() < losses[0]


def test_the_microscope_takes_it_apart(spec: Experiment) -> None:
    name = spec.model.activations[0]
    dissection = dissect(spec, None, 1)
    assert dissection.difference < 1e-12
    formulas = {each.symbol: each.formula for each in dissection.quantities}
    assert formulas["h2"] == f"h2 = {name}(z2)"
    assert (
        formulas["dz2"]
        == {
            "hardswish": "dz2 = dh2 ((z2 / 3 + 1/2 where z2 < 3, else 1) where z2 > -3, else 0)",
            "log_sigmoid": "dz2 = dh2 sigmoid(-z2)",
            "softsign": "dz2 = dh2 (1 / a²), a = 1 + |z2|",
        }[name]
    )


def test_programs_are_printed_with_it(spec: Experiment) -> None:
    for style in STYLES:
        left = {"__name__": "__main__"}
        exec(compile(program(spec, style), "<program>", "exec"), left)
        assert len(left["losses"]) == 20


def test_its_recording_is_computed_by_viewers_and_diagnosed(
    spec: Experiment, tmp_path: Path
) -> None:
    folder, _ = recorded(spec, tmp_path / "run")
    run = of_folder(folder)
    told, snapshot = run.header, run.history.snapshot(20)
    assert snapshot is not None
    inputs = np.linspace(-4, 4, 9, dtype=np.float32)[:, None]
    numbers = forward(layers_of(told), unpack(told, snapshot), inputs)[-1]
    with torch.no_grad():
        expected = run.module()(torch.from_numpy(inputs)).numpy()
    np.testing.assert_allclose(numbers, expected, rtol=1e-4, atol=1e-5)
    assert not any(each.severity == "bad" for each in diagnose(run.history))


def test_it_is_known_to_die_or_to_pass_gradients_on_by_its_entry(spec: Experiment) -> None:
    name = spec.model.activations[0]
    assert passes(name) == NEW[name].traits.passes
    measured = {each.partition("/")[0] for each in Trainer(spec, device="cpu").columns["probe"]}
    assert {"dead"} & measured == ({"dead"} if NEW[name].traits.dies else set())
