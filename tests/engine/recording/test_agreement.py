"""A header is held against itself: what disagrees is left out, and with it what was trained."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.presets import preset as presets
from engine.recording.agreement import agreeing
from engine.recording.events import Header
from engine.recording.lines import decode, encode
from engine.training.header import header_of
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, experiment


def recorded(name: str, *changes: str) -> Header:
    """Return a header as it is read from the recording of a preset."""
    trainer = Trainer(presets.load(name, changes).experiment, device="cpu")
    header = decode(encode(header_of(trainer, "run")))
    assert isinstance(header, Header)
    return header


@pytest.fixture(scope="module")
def moons() -> Header:
    """Of two networks, which learn two classes by one output."""
    return recorded("two-moons", "population.vary={'optimizer.lr'=[0.1, 0.2]}")


@pytest.mark.parametrize("name", ["cubic", "circles-features", "imbalanced-weighted", "digits"])
def test_what_is_recorded_agrees(name: str) -> None:
    header = recorded(name)
    assert agreeing(header) is header
    assert presets.recorded_experiment(header) == presets.load(name).experiment


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("variants", [{"optimizer.lr": 0.1}]),
        ("variants", [{}] * 3),
        ("buffers", {"layer1.weight": [5]}),
        ("rows", [1, 2]),
        ("rows", [640, -160, 200]),
        ("row_shape", [1, 0, 2]),
        ("steps", -1),
        ("steps_per_epoch", -3),
        ("input_names", ["x"]),
        ("target_names", ["a", "b", "c"]),
        ("scaling", {"input_shift": [0.0, 0.0]}),
        ("scaling", {"target_shift": [0.0], "target_scale": [1.0, 1.0]}),
        ("target_range", [[0.0, 1.0, 2.0]]),
        ("class_weights", [[1.0, 2.0]]),
        ("class_weights", [[1.0, 2.0], [1.0]]),
        ("constant_loss", {"train": [0.5]}),
        ("class_shares", {"train": [[0.5, 0.5]]}),
        ("class_shares", {"train": [[0.5, 0.5]] * 2, "dev": [[1.0]] * 2}),
    ],
)
def test_a_field_that_disagrees_is_as_if_it_were_not_there(
    moons: Header, field: str, value: Any
) -> None:
    read = decode(encode(replace(moons, **{field: value})))
    assert isinstance(read, Header)
    assert not read.experiment
    assert not getattr(read, field)
    assert read.columns == moons.columns


@pytest.mark.parametrize(
    "parameters",
    [
        {"layer1.weight": [5, 2], "layer1.bias": [4], "layer2.weight": [1, 5], "layer2.bias": [1]},
        {"layer1.weight": [2, 5], "layer1.bias": [2], "layer2.weight": [1, 5], "layer2.bias": [1]},
        {"layer1.weight": [0, 2], "layer1.bias": [0], "layer2.weight": [1, 5], "layer2.bias": [1]},
    ],
)
def test_layers_that_do_not_fit_on_each_other_are_none_of_an_experiment(
    moons: Header, parameters: dict[str, list[int]]
) -> None:
    read = decode(encode(replace(moons, parameters=parameters)))
    assert isinstance(read, Header)
    assert not read.experiment


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parameters": {"layer1.weight": [5, -2]}}, "its parameters have no such shapes"),
        ({"columns": {"train": ["loss", "loss"]}}, "two columns of a group have one name"),
        ({"columns": {"train": []}}, "or none"),
    ],
)
def test_a_header_whose_rows_and_weights_cannot_be_is_none(
    moons: Header, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        decode(encode(replace(moons, **changes)))


def test_a_network_of_one_s_own_has_layers_in_an_order_of_its_own() -> None:
    header = header_of(Trainer(experiment(CUBIC), device="cpu"), "run")
    model = {"kind": "python", "file": "net.py", "class": "Net"}
    shapes = {"out.weight": [1, 8], "in.weight": [8, 1]}
    own = replace(header, experiment={**header.experiment, "model": model}, parameters=shapes)
    assert agreeing(own) is own
