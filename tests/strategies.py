"""Random experiments and random tables, for hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from engine.components.activations import ACTIVATIONS
from engine.errors import PresetError
from engine.experiment.experiment import Experiment
from engine.experiment.members import check_members
from engine.training.marks import SIGNS

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}"), max_size=20)
"""Anything but braces, between which a text says a figure: not every brace makes one."""

NUMBERS = st.floats(-1e6, 1e6) | st.integers(-1000, 1000)
POSITIVE = st.floats(1e-6, 1e6)

_HIDDEN_ACTIVATIONS = st.sampled_from([n for n, a in ACTIVATIONS.items() if not a.output_only])

_INITIALISERS = st.one_of(
    NUMBERS,
    st.sampled_from(["default", "zeros", "normal", "uniform", "constant"]),
    st.fixed_dictionaries({"name": st.just("normal")}, optional={"mean": NUMBERS, "std": POSITIVE}),
    st.fixed_dictionaries({"name": st.just("constant")}, optional={"val": NUMBERS}),
)
_WEIGHTS = _INITIALISERS | st.sampled_from(
    ["xavier_uniform", {"name": "kaiming_normal", "mode": "fan_out"}, {"name": "orthogonal"}]
)
_INITS = st.one_of(
    st.sampled_from(["zeros", "normal", "default"]),
    st.fixed_dictionaries({}, optional={"weight": _WEIGHTS, "bias": _INITIALISERS}),
)
_NORMALISATIONS = st.sampled_from(["none", "layer", "batch"])
_DROPOUTS = st.sampled_from([0.0, 0.25, 0.5])
_LAYERS = st.integers(1, 50) | st.fixed_dictionaries(
    {"units": st.integers(1, 50)},
    optional={
        "activation": _HIDDEN_ACTIVATIONS,
        "init": _INITS,
        "normalisation": _NORMALISATIONS,
        "dropout": _DROPOUTS,
    },
)
_CONVOLUTIONS = st.fixed_dictionaries(
    {"conv": st.integers(1, 4)},
    optional={
        "kernel": st.integers(1, 4),
        "stride": st.integers(1, 3),
        "padding": st.integers(0, 2),
        "activation": _HIDDEN_ACTIVATIONS,
        "normalisation": _NORMALISATIONS,
        "init": _INITS,
    },
)
_POOLINGS = st.fixed_dictionaries(
    {"pool": st.integers(1, 3)},
    optional={"stride": st.integers(1, 3), "mode": st.sampled_from(["max", "mean"])},
)
_LISTED = st.tuples(
    st.lists(_CONVOLUTIONS | _POOLINGS, max_size=3),
    st.just([{"flatten": True}]),
    st.lists(st.fixed_dictionaries({"dense": st.integers(1, 20)}), max_size=2),
).map(lambda parts: [layer for part in parts for layer in part])
"""Layers of a network for pictures; where its squares do not fit, it does not hold."""

_SCALES = st.sampled_from(["none", "standard", "range"])
_SPLITS = st.lists(st.integers(1, 20), min_size=1, max_size=3) | st.sampled_from(
    [[0.5], [0.5, 0.5], [0.6, 0.2, 0.2], [0.25, 0.25, 0.1]]
)
_CLASSIFIED = st.fixed_dictionaries(
    {"kind": st.sampled_from(["moons", "circles", "spirals", "xor"])},
    optional={
        "samples": st.integers(60, 5000),
        "noise": st.floats(0, 10),
        "split": _SPLITS,
        "scale_inputs": _SCALES,
        "features": st.sampled_from([["x", "x*y"], ["sin(x1)", "y**2", "1"]]),
    },
)
_FUNCTIONS = st.fixed_dictionaries(
    {"kind": st.just("function")},
    optional={
        "domain": st.sampled_from([[-1, 1], [0.1, 2.1], [-3.5, -1]]),
        "points": st.integers(1, 500),
        "targets": st.lists(st.sampled_from(["x**3", "x * exp(x)", "sin(tau * x)"]), min_size=1),
        "noise": st.floats(0, 10),
        "scale_inputs": _SCALES,
        "scale_targets": _SCALES,
    },
)
_BUNDLED = st.fixed_dictionaries(
    {"kind": st.just("sklearn")},
    optional={
        "set": st.sampled_from(["iris", "wine", "breast_cancer", "digits"]),
        "split": _SPLITS,
        "scale_inputs": _SCALES,
    },
)
_TABLES = st.integers(1, 6).flatmap(
    lambda rows: st.fixed_dictionaries(
        {
            "kind": st.just("table"),
            "inputs": st.lists(
                st.lists(NUMBERS, min_size=3, max_size=3), min_size=rows, max_size=rows
            ),
            "targets": st.lists(st.integers(0, 4), min_size=rows, max_size=rows)
            | st.lists(st.lists(NUMBERS, min_size=2, max_size=2), min_size=rows, max_size=rows),
        }
    )
)
_SUMS = st.fixed_dictionaries(
    {"kind": st.just("sum")}, optional={"terms": st.integers(1, 50), "divide_by": POSITIVE}
)
_OPTIMIZERS = st.one_of(
    st.fixed_dictionaries(
        {}, optional={"lr": POSITIVE, "momentum": st.floats(0, 1), "l1": POSITIVE}
    ),
    st.fixed_dictionaries(
        {"name": st.sampled_from(["adam", "adamw"])},
        optional={"beta1": st.floats(0, 0.99), "amsgrad": st.booleans()},
    ),
    st.fixed_dictionaries({"name": st.sampled_from(["adagrad", "rmsprop"]), "eps": POSITIVE}),
)
_SCHEDULES = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {"name": st.sampled_from(["step", "exponential"])},
        optional={"gamma": st.floats(0.01, 1), "warmup": st.integers(0, 20)},
    ),
    st.fixed_dictionaries({"name": st.just("cosine")}, optional={"T_max": st.integers(1, 99)}),
    st.fixed_dictionaries({"name": st.just("plateau")}, optional={"patience": st.integers(0, 9)}),
)
_TRAINING = {
    "clip_norm": POSITIVE,
    "clip_value": POSITIVE,
    "zero_grad": st.booleans(),
    "drop_last": st.booleans(),
    "min_delta": POSITIVE,
    "probe": st.sampled_from(["auto", "off"]) | st.integers(1, 10**6),
}
_POPULATIONS = st.fixed_dictionaries(
    {},
    optional={
        "seeds": st.integers(1, 3),
        "vary": st.fixed_dictionaries(
            {},
            optional={
                "optimizer.lr": st.lists(POSITIVE, min_size=1, max_size=3),
                "train.clip_value": st.lists(POSITIVE, min_size=1, max_size=2),
            },
        ),
    },
)
_MARKS = st.lists(
    st.fixed_dictionaries(
        {
            "at": st.fixed_dictionaries({"step": st.integers(0, 10**6)})
            | st.fixed_dictionaries({"loss_below": POSITIVE})
            | st.fixed_dictionaries({"event": st.sampled_from(list(SIGNS))}),
            "title": TEXT,
        },
        optional={"note": TEXT, "pause": st.booleans()},
    ),
    max_size=3,
)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """The tables of a preset that holds, short forms and left out keys included."""
    data = draw(st.one_of(_CLASSIFIED, _FUNCTIONS, _TABLES, _SUMS, _BUNDLED))
    made: dict[str, Any] = {"data": data}
    model: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "hidden": st.lists(_LAYERS, max_size=4),
                "init": _INITS,
                "normalisation": _NORMALISATIONS,
                "dropout": _DROPOUTS,
            },
        )
    )
    hidden = len(model.get("hidden", [5]))
    one_each = st.lists(_HIDDEN_ACTIVATIONS, min_size=hidden, max_size=hidden)
    if draw(st.booleans()):
        model["activation"] = draw(_HIDDEN_ACTIVATIONS | one_each)
    if data.get("set") == "digits" and draw(st.booleans()):
        model.pop("hidden", None)
        model["activation"] = draw(_HIDDEN_ACTIVATIONS)
        model["layers"] = draw(_LISTED)
    made["model"] = model
    made["loss"] = draw(_loss_for(data))
    if data["kind"] == "sum":
        made["train"] = {"batch_size": draw(st.integers(1, 64))}
    else:
        length = st.sampled_from(["epochs", "steps"])
        batch = st.just("full") | st.integers(1, 64)
        made["train"] = {draw(length): draw(st.integers(1, 10**5)), "batch_size": draw(batch)}
    made["train"] |= draw(st.fixed_dictionaries({}, optional=_TRAINING))
    made["train"]["seed"] = draw(st.integers(0, 2**63 - 1))
    optional = {"title": TEXT, "about": TEXT, "marks": _MARKS}
    optional |= {"optimizer": _OPTIMIZERS, "schedule": _SCHEDULES, "population": _POPULATIONS}
    return {**made, **draw(st.fixed_dictionaries({}, optional=optional))}


def _loss_for(data: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    numbers = st.sampled_from([{"name": "mse"}, {"name": "huber", "delta": 2.5}, {"name": "rmse"}])
    if data["kind"] in ("moons", "circles", "spirals", "xor"):
        weighted = [{"class_weights": "balanced"}, {"name": "hinge", "class_weights": [0.5, 3.0]}]
        return st.sampled_from([{}, {"reduction": "sum"}, {"name": "mse"}, *weighted])
    if data["kind"] == "sklearn":
        return st.just({"name": "cross_entropy"})
    if data["kind"] == "table" and not isinstance(data["targets"][0], list):
        return st.just({"name": "cross_entropy"})
    return numbers


def _validated(made: dict[str, Any]) -> Experiment | None:
    try:
        experiment = Experiment.model_validate(made)
        check_members(experiment, "")
    except (ValidationError, PresetError):
        return None
    return experiment


experiments = tables().map(_validated).filter(lambda experiment: experiment is not None)
"""Experiments of every kind of data."""

_KEYS = st.sampled_from(
    [
        *Experiment.model_fields,
        *("kind", "name", "samples", "noise", "split", "hidden", "activation", "init", "weight"),
        *("bias", "units", "lr", "momentum", "epochs", "steps", "batch_size", "seed", "at"),
        *("path", "task", "separator", "set", "scale_inputs", "scale_targets"),
        *("step", "moons", "sum", "terms", "targets", "inputs", "val", "std"),
    ]
) | st.text(max_size=8)

_ANYTHING = st.one_of(
    st.integers(),
    st.integers().map(lambda power: 10 ** (abs(power) % 6000)),
    st.floats(),
    st.booleans(),
    st.text(max_size=10),
    st.sampled_from(
        ["moons", "relu", "full", "adam", "normal", "x**2", "zeros", "sum", "table", "file"]
    ),
    st.dates(),
    st.datetimes(),
    st.times(),
)

anything = st.recursive(
    _ANYTHING,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=25,
)
"""Whatever a TOML file can hold."""

any_tables = st.dictionaries(_KEYS, anything, max_size=6)
"""Tables with keys of the schema in all the wrong places."""
