"""What a header says of the data: how large it is, and the worth of one answer for every row."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from engine.presets import preset as presets
from engine.recording.events import Header
from engine.recording.lines import decode, encode
from engine.training.constant_answer import brief, size_of
from engine.training.header import header_of
from engine.training.trainer import Trainer

FUNCTION = 'data={kind="function", domain=[0, 3], points=60, targets=["exp(x)"], split=[40, 20]}'
MOONS = 'data={kind="moons", samples=90, split=[61, 29]}'


def header(*changes: str) -> Header:
    """Return the header of an experiment, as a recording gives it back."""
    found = presets.load("cubic", ["marks=[]", *changes]).experiment
    told = decode(encode(header_of(Trainer(found, device="cpu"), "a-run")))
    assert isinstance(told, Header)
    return told


def targets(*changes: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the targets of the training and of the dev set."""
    from engine.data import load

    data = load(presets.load("cubic", ["marks=[]", *changes]).experiment.data, 1)
    assert data.dev is not None
    return data.train.targets.ravel().astype(float), data.dev.targets.ravel().astype(float)


LOSSES = {
    "mse": lambda error: np.square(error).mean(),
    "rmse": lambda error: np.sqrt(np.square(error).mean()),
    "l1": lambda error: np.abs(error).mean(),
}


@pytest.mark.parametrize("name", LOSSES)
def test_no_other_constant_is_better_on_the_training_set(name: str) -> None:
    told = header(FUNCTION, f'loss={{name="{name}"}}', "train.seed=1")
    train, dev = targets(FUNCTION)
    tried = np.linspace(train.min(), train.max(), 2001)
    losses = [LOSSES[name](train - constant) for constant in tried]
    best = tried[int(np.argmin(losses))]
    assert told.constant_loss["train"] == pytest.approx([min(losses)], rel=1e-3)
    assert told.constant_loss["dev"] == pytest.approx([LOSSES[name](dev - best)], rel=0.02)


@pytest.mark.parametrize(
    "loss", ["binary_cross_entropy_with_logits", "binary_cross_entropy", "cross_entropy"]
)
def test_of_classes_it_is_the_entropy_of_their_shares(loss: str) -> None:
    sigmoid = ["model.output_activation=sigmoid"] if loss == "binary_cross_entropy" else []
    told = header(MOONS, f'loss={{name="{loss}"}}', *sigmoid, "train.seed=1")
    train, dev = targets(MOONS)
    share, held_out = train.mean(), dev.mean()
    assert told.class_shares["train"] == [[brief(1 - share), brief(share)]]
    assert told.class_shares["dev"] == [[brief(1 - held_out), brief(held_out)]]
    for name, true in (("train", share), ("dev", held_out)):
        entropy = -true * math.log(share) - (1 - true) * math.log(1 - share)
        assert told.constant_loss[name] == pytest.approx([entropy], rel=1e-4)


@pytest.mark.parametrize("loss", ["binary_cross_entropy_with_logits", "cross_entropy", "hinge"])
def test_where_classes_weigh_alike_no_answer_is_better_than_none(loss: str) -> None:
    told = header(MOONS, f'loss={{name="{loss}", class_weights="balanced"}}', "train.seed=1")
    best = 1.0 if loss == "hinge" else math.log(2)
    assert told.constant_loss["train"] == pytest.approx([best], rel=1e-4)
    train, _ = targets(MOONS)
    each = [len(train) / (2 * (train == value).sum()) for value in (0, 1)]
    assert told.class_weights == [pytest.approx(each)]


@pytest.mark.parametrize("weights", ["[1, 3]", "[3, 1]"])
def test_of_a_hinge_it_is_one_side_for_all(weights: str) -> None:
    told = header(MOONS, f'loss={{name="hinge", class_weights={weights}}}', "train.seed=1")
    train, dev = targets(MOONS)
    counted = np.where(train == 1, *json.loads(weights)[::-1])
    held_out = np.where(dev == 1, *json.loads(weights)[::-1])
    sides = {side: (counted * np.maximum(0, 1 - side * (2 * train - 1))).mean() for side in (-1, 1)}
    best = min(sides, key=lambda side: sides[side])
    assert told.constant_loss["train"] == pytest.approx([sides[best]], rel=1e-5)
    said = (held_out * np.maximum(0, 1 - best * (2 * dev - 1))).mean()
    assert told.constant_loss["dev"] == pytest.approx([said], rel=1e-5)


def test_a_sum_is_counted_as_a_steps_is() -> None:
    mean = header(FUNCTION, 'loss={name="mse"}', "train.batch_size=10")
    total = header(FUNCTION, 'loss={name="mse", reduction="sum"}', "train.batch_size=10")
    assert total.constant_loss["train"][0] == pytest.approx(
        10 * mean.constant_loss["train"][0], rel=1e-5
    )
    assert total.constant_loss["dev"][0] == pytest.approx(
        20 * mean.constant_loss["dev"][0], rel=1e-5
    )


def test_it_is_found_on_the_training_set_alone() -> None:
    alone = header(FUNCTION.replace("split=[40, 20]", "split=[40]"))
    told = header(FUNCTION)
    assert told.input_size == alone.input_size
    assert told.target_size == alone.target_size
    assert told.constant_loss["train"] == alone.constant_loss["train"]
    assert "dev" not in alone.constant_loss


def test_the_size_is_that_after_scaling() -> None:
    raw, scaled = header(FUNCTION), header(FUNCTION.replace("}", ', scale_targets="standard"}'))
    assert raw.target_size["greatest"] > 15
    assert scaled.target_size["rms"] == pytest.approx(1, rel=1e-4)
    assert raw.input_size["rms"] == scaled.input_size["rms"]
    assert header(MOONS, 'loss={name="cross_entropy"}').target_size == {}


def test_every_member_has_its_own() -> None:
    told = header(FUNCTION, "population.seeds=3")
    assert len(set(told.constant_loss["train"])) > 1
    alone = [header(FUNCTION, f"train.seed={seed}") for seed in told.seeds]
    for name in ("train", "dev"):
        own = [each.constant_loss[name][0] for each in alone]
        assert told.constant_loss[name] == pytest.approx(own, rel=1e-5)


def test_numbers_without_end_have_no_size() -> None:
    import torch

    assert size_of(torch.tensor([[[1.0], [math.inf]]])) == {}
    assert size_of(torch.tensor([[[3.0], [-4.0]]]))["rms"] == pytest.approx(3.53553)
