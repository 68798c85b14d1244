"""The formulas: against autograd, against differences, and as a way to train."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.components.activations import ACTIVATIONS
from engine.components.losses import Loss
from engine.components.optimizers import OPTIMIZERS, Optimizer
from engine.errors import EpochalError, PresetError
from engine.experiment.layers import Normalisation
from engine.gradients.choice import MethodChoice, choose
from engine.gradients.compiled.library import why_none
from engine.gradients.manual import activations, losses, normalisation
from engine.gradients.manual.optimizers.formulas import FORMULAS as UPDATES
from engine.presets import preset as presets
from engine.training.header import header_of
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, experiment

HIDDEN = [name for name, each in ACTIVATIONS.items() if not each.output_only]
SMOOTH = ["identity", "sigmoid", "tanh", "gelu", "silu", "softplus"]
PRESETS = sorted(
    path.stem
    for path in (Path(__file__).parents[4] / "presets").glob("*.toml")
    if path.stem not in ("digits-convolution", "digits-layers")
)
CHAOTIC = ["exploding", "exploding-adam", "exploding-clipped"]
"""Presets that make thirty times as much of a rounding with every step."""

_LOSSES: dict[str, list[dict[str, Any]]] = {
    "numbers": [
        {"name": "mse"},
        {"name": "mse", "reduction": "sum"},
        {"name": "rmse"},
        {"name": "l1"},
        {"name": "huber", "delta": 0.3},
    ],
    "binary": [
        {"name": "binary_cross_entropy"},
        {"name": "binary_cross_entropy", "reduction": "sum"},
        {"name": "binary_cross_entropy_with_logits"},
        {"name": "binary_cross_entropy_with_logits", "class_weights": [0.5, 3.0]},
        {"name": "binary_cross_entropy", "class_weights": "balanced"},
        {"name": "hinge"},
        {"name": "hinge", "class_weights": "balanced", "reduction": "sum"},
        {"name": "mse"},
        {"name": "mse", "class_weights": [2.0, 0.1]},
    ],
    "classes": [
        {"name": "cross_entropy"},
        {"name": "cross_entropy", "reduction": "sum"},
        {"name": "cross_entropy", "class_weights": "balanced"},
        {"name": "negative_log_likelihood", "class_weights": "balanced"},
        {"name": "negative_log_likelihood"},
    ],
}
_OUTPUTS = {
    "binary_cross_entropy": ["sigmoid", "hard_sigmoid"],
    "binary_cross_entropy_with_logits": ["identity", "tanh"],
    "hinge": ["identity", "tanh"],
    "cross_entropy": ["identity", "gelu"],
    "negative_log_likelihood": ["log_softmax"],
}


_OPTIMIZERS: list[dict[str, Any]] = [
    *({"name": name} for name in UPDATES),
    {"name": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    {"name": "adam", "weight_decay": 0.1, "amsgrad": True},
    {"name": "rmsprop", "momentum": 0.5, "centered": True},
    {"name": "adagrad", "l1": 0.1},
    {"name": "adamw", "l1": 0.01},
]
_BOUNDS: list[dict[str, Any]] = [
    {},
    {"clip_norm": 0.1},
    {"clip_value": 0.01},
    {"zero_grad": False},
    {"clip_norm": 0.1, "clip_value": 0.01, "zero_grad": False},
]


@st.composite
def networks(
    draw: st.DrawFn, hidden: list[str] = HIDDEN, normalised: bool = True
) -> dict[str, Any]:
    """Random networks on random rows, with every part that has formulas."""
    kind = draw(st.sampled_from(["numbers", "binary", "classes"]))
    rows = 2 * draw(st.integers(2, 20))
    features, outputs = draw(st.integers(1, 6)), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    targets: Any = rng.normal(size=(rows, outputs))
    loss = draw(st.sampled_from(_LOSSES[kind]))
    if kind != "numbers":
        count = 2 if kind == "binary" else outputs
        # Every class has a row, so that there are as many as are meant.
        targets = np.concatenate([np.arange(count), rng.integers(0, count, rows - count)])
    dropouts = {"dropout": st.sampled_from([0.25, 0.5])}
    plain = st.fixed_dictionaries(
        {"units": st.integers(1, 12), "activation": st.sampled_from(hidden)}, optional=dropouts
    )
    # A unit that is the same in all rows is normalised to 0 or to a rounding of either sign: that
    # decides on which side of its corner an activation is.
    stretched = st.fixed_dictionaries(
        {
            "units": st.integers(1, 12),
            "activation": st.sampled_from(SMOOTH),
            "normalisation": st.sampled_from(["batch", "layer"]),
        },
        optional=dropouts,
    )
    layers = draw(st.lists(plain | stretched if normalised else plain, max_size=4))
    return {
        "data": {
            "kind": "table",
            "inputs": rng.normal(size=(rows, features)).tolist(),
            "targets": targets.tolist(),
        },
        "model": {
            "hidden": layers,
            "output_activation": draw(st.sampled_from(_OUTPUTS.get(loss["name"], SMOOTH))),
            "init": {"weight": {"name": "xavier_normal", "gain": 1.5}, "bias": "normal"},
        },
        "loss": loss,
        "optimizer": {"name": "sgd", "lr": 0.05},
        "train": {
            "steps": 4,
            "batch_size": draw(st.sampled_from(["full", rows, rows // 2])),
            "dtype": "float64",
            "seed": draw(st.integers(0, 1000)),
            "probe": "off",
        },
    }


def stepped(tables: dict[str, Any], method: str, steps: int = 1, way: str = "") -> Trainer:
    """Return a trainer that has taken some steps."""
    trainer = Trainer(experiment(tables, train={"gradients": method}), device="cpu", way=way)
    trainer.advance(steps)
    return trainer


def gradient(tables: dict[str, Any], method: str, way: str = "") -> dict[str, torch.Tensor]:
    """Return the first step's gradient by name."""
    trainer = stepped(tables, method, way=way)
    layout = trainer._rows.layout
    parts = layout.named(trainer._rows.gradients[0])
    return {name: parts[name] for name in layout.parameters}


def rounded_sixth(tables: dict[str, Any]) -> float:
    """Return by what share PyTorch's gradient is off where it takes 1 / 6 in single precision."""
    return 1e-6 if "hard_sigmoid" in str(tables["model"]) else 0.0


def norm(parts: dict[str, torch.Tensor]) -> float:
    """Return the norm of a whole gradient."""
    return float(torch.cat([part.flatten() for part in parts.values()]).norm())


@pytest.mark.parametrize("way", ["compiled", "operations"])
@settings(deadline=None, max_examples=60)
@given(networks())
def test_the_formulas_are_autograds_gradients(way: str, tables: dict[str, Any]) -> None:
    ours, theirs = gradient(tables, "manual", way), gradient(tables, "autograd")
    whole = norm(theirs)
    for name, expected in theirs.items():
        # What cancels to nothing, as a bias before batch normalisation, is compared to the whole.
        least = 1e-10 * float(expected.norm()) + 1e-12 * whole
        if way == "compiled":
            least += rounded_sixth(tables) * whole
        assert float((ours[name] - expected).norm()) <= least, name


@settings(deadline=None)
@given(networks(hidden=SMOOTH, normalised=False))
def test_the_formulas_are_the_slopes_of_the_loss(tables: dict[str, Any]) -> None:
    assume(tables["loss"]["name"] not in ("l1", "hinge"))
    # Where a sigmoid is saturated, the logarithm of 1 - p is rounding alone.
    tables["model"]["init"] = {"weight": {"name": "xavier_normal", "gain": 0.5}, "bias": 0}
    assume(tables["model"]["output_activation"] != "hard_sigmoid")
    ours, differences = gradient(tables, "manual"), gradient(tables, "numeric")
    apart = {name: ours[name] - each for name, each in differences.items()}
    assert norm(apart) <= 1e-6 * norm(differences) + 1e-9


@settings(deadline=None)
@given(st.sampled_from(["batch", "layer"]), st.sampled_from(SMOOTH), st.integers(0, 1000))
def test_so_they_are_with_normalisations(kind: str, activation: str, seed: int) -> None:
    # Wide enough that no unit, and no row, is nearly constant: there a normalisation has a corner.
    model = {"hidden": [8, 6], "activation": activation, "normalisation": kind}
    train = {"dtype": "float64", "seed": seed, "steps": 4}
    tables = {"data": {"kind": "sklearn", "set": "iris"}, "loss": {"name": "cross_entropy"}}
    tables |= {"model": model, "train": train}
    ours, differences = gradient(tables, "manual"), gradient(tables, "numeric")
    apart = {name: ours[name] - each for name, each in differences.items()}
    assert norm(apart) <= 1e-6 * norm(differences)


@settings(deadline=None)
@given(networks())
def test_a_few_steps_and_everything_they_measure_agree(tables: dict[str, Any]) -> None:
    tables["optimizer"]["lr"] = 1e-3  # A run that explodes amplifies roundings as well.
    assume(not rounded_sixth(tables))
    ours, theirs = stepped(tables, "manual", 4), stepped(tables, "autograd", 4)
    for attribute in ("loss", "accuracy")[: 1 + ours.experiment.has_accuracy]:
        values = [getattr(trainer._rows, attribute)[:4] for trainer in (ours, theirs)]
        torch.testing.assert_close(*values, rtol=1e-7, atol=1e-10)
    torch.testing.assert_close(ours.method.weights, theirs.method.weights, rtol=1e-6, atol=1e-8)


@settings(deadline=None, max_examples=25)
@given(networks(), st.sampled_from(_OPTIMIZERS), st.sampled_from(_BOUNDS), st.booleans())
def test_both_ways_go_the_same_way(
    tables: dict[str, Any], optimizer: dict[str, Any], bounds: dict[str, Any], moves: bool
) -> None:
    """Whatever the optimizer, the bounds and the schedule are."""
    assume(not rounded_sixth(tables))
    assume(bounds.get("zero_grad", True) or "l1" not in optimizer)
    # The gradient of a bias before batch normalisation is a rounding, and Lion steps by its sign.
    assume(optimizer["name"] != "lion" or "batch" not in str(tables["model"]))
    train = {**tables["train"], "steps": 6, "gradients": "manual", **bounds}
    schedule = {"name": "exponential"} if moves else {}
    spec = experiment({**tables, "train": train, "optimizer": optimizer, "schedule": schedule})
    ends = []
    for way in ("compiled", "operations"):
        trainer = Trainer(spec, device="cpu", way=way)
        for count in (1, 2, 3):
            trainer.advance(count)
        ends.append(trainer.method.weights)
    torch.testing.assert_close(*ends, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("preset", [name for name in PRESETS if name not in CHAOTIC])
def test_a_preset_goes_the_way_of_autograd(preset: str) -> None:
    trainers = []
    for method in ("manual", "autograd"):
        spec = presets.load(preset, [f"train.gradients={method}", "train.probe=off"]).experiment
        trainers.append(Trainer(spec, device="cpu"))
    ours, theirs = (
        trainer.advance(min(200, trainer.experiment.steps)).series[0].values[:, :, 0]
        for trainer in trainers
    )
    scale = np.abs(theirs[0, 0])
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-4, atol=1e-4 * scale)
    weights = [trainer.method.weights for trainer in trainers]
    torch.testing.assert_close(*weights, rtol=1e-4, atol=2e-4)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_trains_members_alike_in_both_ways(name: str) -> None:
    """Each member with a rate of its own, over a schedule that changes it."""
    ends = []
    for method in ("manual", "autograd"):
        spec = experiment(
            {**CUBIC, "optimizer": {"name": name}, "schedule": {"name": "exponential"}},
            train={"steps": 25, "gradients": method, "dtype": "float64"},
            population={"vary": {"optimizer.lr": [0.001, 0.02]}},
        )
        trainer = Trainer(spec, device="cpu")
        trainer.advance(25)
        ends.append(trainer.method.weights)
    # PyTorch keeps the product of NAdam's momenta in single precision, whatever the weights have.
    rtol, atol = (1e-5, 1e-8) if name == "nadam" else (1e-9, 1e-11)
    torch.testing.assert_close(*ends, rtol=rtol, atol=atol)


@pytest.mark.parametrize("preset", CHAOTIC)
def test_a_chaotic_preset_goes_it_as_far_as_numbers_reach(preset: str) -> None:
    rows = []
    for method in ("manual", "autograd"):
        asked = [f"train.gradients={method}", "train.dtype=float64", "train.probe=off"]
        rows.append(Trainer(presets.load(preset, asked).experiment, device="cpu").advance(3))
    ours, theirs = (block.series[0].values for block in rows)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"train": {"batch_size": 30}},
        {"train": {"batch_size": 30, "drop_last": True}},
        {"train": {"batch_size": 70, "drop_last": True}},
        {"train": {"evaluate_every": 3}},
        {"schedule": {"name": "plateau", "patience": 1, "factor": 0.5}},
        {"schedule": {"name": "plateau", "patience": 0, "monitor": "accuracy"}},
        {"schedule": {"name": "exponential", "warmup": 3}},
        {"train": {"clip_norm": 0.05, "zero_grad": False}},
        {"model": {"hidden": [5], "dropout": 0.5, "normalisation": "batch"}},
        {"optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True}},
        {"optimizer": {"name": "adam"}},
        {"optimizer": {"name": "sgd", "lr": 0.1, "l1": 0.01}},
        {"loss": {"name": "hinge", "class_weights": "balanced"}, "train": {"batch_size": 30}},
    ],
)
@pytest.mark.parametrize("way", ["compiled", "operations"])
def test_how_steps_are_grouped_changes_no_bit(change: dict[str, Any], way: str) -> None:
    tables: dict[str, Any] = {
        "data": {"kind": "moons", "samples": 200, "noise": 0.1, "split": [130, 40, 30]},
        "model": {"hidden": [7, 5], "activation": "tanh"},
        "train": {"steps": 60, "seed": 3, "gradients": "manual"},
    }
    bits = set()
    for size in (1, 7, 256):
        trainer = Trainer(experiment(tables, **change), device="cpu", way=way)
        series: dict[str, list[Any]] = {}
        while trainer.outcome is None:
            for each in trainer.advance(size).series:
                series.setdefault(each.group, []).append(each.values)
        whole = [np.concatenate(series[name], axis=1).tobytes() for name in sorted(series)]
        bits.add((*whole, trainer.method.weights.numpy().tobytes()))
    assert len(bits) == 1


def test_a_preset_takes_the_formulas_unless_something_speaks_against_it() -> None:
    def chosen(preset: str, **asked: Any) -> MethodChoice:
        return choose([presets.load(preset).experiment], **asked)

    assert chosen("two-moons", way="operations") == MethodChoice("manual", "operations")
    assert "equal" in chosen("zero-init", way="operations").why
    own = "there is no formula for model.kind = 'python'"
    assert chosen("digits-convolution") == MethodChoice("autograd", "operations", own)
    assert chosen("automatic-update").method == "autograd"
    assert chosen("two-moons", cuda=True).limit == "on CUDA they are captured as graphs"


@pytest.mark.parametrize(
    ("preset", "way", "method", "why"),
    [
        ("two-moons", "operations", "manual", ""),
        ("zero-init", "operations", "autograd", "equal"),
        ("zero-init", "compiled", "manual", ""),
    ],
)
def test_a_recording_says_which_way_was_taken_and_why(
    preset: str, way: str, method: str, why: str
) -> None:
    if way == "compiled" and why_none():
        pytest.skip(why_none())
    header = header_of(Trainer(presets.load(preset).experiment, device="cpu", way=way), "run")
    assert (header.gradients, header.way) == (method, way)
    assert why in header.gradients_why
    assert bool(why) == bool(header.gradients_why)


@pytest.mark.skipif(bool(why_none()), reason=why_none() or "there is a library")
@pytest.mark.parametrize("hidden", [[2], [7], [9, 6]])
def test_compiled_steps_keep_equal_units_equal(hidden: list[int]) -> None:
    spec = presets.load("zero-init", [f"model.hidden={hidden}", "train.steps=50"]).experiment
    trainer = Trainer(spec, device="cpu", way="compiled")
    trainer.advance(50)
    named = trainer._rows.layout.named(trainer.method.weights)
    for layer in range(1, len(hidden) + 1):
        into, out = named[f"layer{layer}.weight"][0], named[f"layer{layer + 1}.weight"][0]
        assert (into == into[:1]).all()
        assert (out == out[:, :1]).all()
        assert into.any() or layer < len(hidden)


def test_formulas_that_there_are_not_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PresetError, match=r"train\.gradients: 'manual' has no formulas"):
        presets.load("digits-convolution", ["train.gradients=manual"])
    missing = {name: each for name, each in activations.FORMULAS.items() if name != "sigmoid"}
    monkeypatch.setattr(activations, "FORMULAS", missing)
    spec = presets.load("two-moons", ["train.gradients=manual"]).experiment
    with pytest.raises(EpochalError, match=r"'manual' has no formula for the activation 'sigmoid'"):
        Trainer(spec, device="cpu")
    left_to_it = Trainer(presets.load("two-moons").experiment, device="cpu")
    assert left_to_it.method.name == "autograd"


def test_everything_the_schema_offers_has_a_formula() -> None:
    assert {*activations.FORMULAS} == {*ACTIVATIONS} - {"identity"}
    assert {*normalisation.FORMULAS} == {*get_args(Normalisation)} - {"none"}
    for union, formulas in ((Loss, losses.FORMULAS), (Optimizer, UPDATES)):
        kinds = get_args(get_args(union)[0])
        assert {*formulas} == {each.model_fields["name"].default for each in kinds}


def test_a_step_allocates_nothing() -> None:
    spec = presets.load("cubic", ["train.probe=off"]).experiment
    trainer = Trainer(spec, device="cpu", way="operations")
    trainer.advance(300)
    with torch.profiler.profile(profile_memory=True) as profile:
        trainer.method.take(301, 1, trainer._rows)
    one = sum(max(0, event.self_cpu_memory_usage) for event in profile.key_averages())
    with torch.profiler.profile(profile_memory=True) as profile:
        trainer.method.take(302, 2, trainer._rows)
    two = sum(max(0, event.self_cpu_memory_usage) for event in profile.key_averages())
    # What a call allocates for its measurements grows by the kept outputs alone.
    assert two - one <= 4096
