"""What a trainer leaves behind a step: whoever has it goes on as if nothing had happened."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.components.optimizers import OPTIMIZERS
from engine.errors import RunError
from engine.experiment.experiment import Experiment
from engine.presets.preset import catalogue, load
from engine.recording import checkpoints
from engine.recording.events import Series
from engine.training.header import header_of
from engine.training.resuming import restore
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, MOONS

STEPS = 60
"""How long they are trained, at most."""

SCHEDULES: tuple[dict[str, Any], ...] = (
    {"name": "constant", "warmup": 9},
    {"name": "step", "step_size": 2, "warmup": 2},
    {"name": "exponential"},
    {"name": "cosine", "warmup": 3},
    {"name": "plateau", "patience": 1},
)


def changed(tables: dict[str, Any], **changes: dict[str, Any]) -> dict[str, Any]:
    """An experiment's tables with some of their keys changed."""
    return tables | {name: tables.get(name, {}) | new for name, new in changes.items()}


SPECS: dict[str, dict[str, Any]] = {
    **{
        f"{name} by {gradients}": changed(
            CUBIC, optimizer={"name": name}, train={"steps": STEPS, "gradients": gradients}
        )
        for name in OPTIMIZERS
        for gradients in ("auto", "autograd")
    },
    **{
        f"{schedule['name']} by {gradients}": changed(
            MOONS, schedule=schedule, train={"epochs": 12, "gradients": gradients, "batch_size": 25}
        )
        for schedule in SCHEDULES
        for gradients in ("manual", "autograd")
    },
    **{
        f"gradients that pile up by {gradients}": changed(
            CUBIC, train={"steps": STEPS, "zero_grad": False, "gradients": gradients}
        )
        for gradients in ("manual", "autograd")
    },
    "members of other rates": changed(
        MOONS,
        population={"vary": {"optimizer.lr": [0.01, 0.5, 30.0]}},
        train={"epochs": 20, "gradients": "autograd"},
    ),
    "members that end": changed(
        MOONS, population={"seeds": 4}, train={"epochs": STEPS, "patience": 3}
    ),
    "rows left over": changed(MOONS, train={"epochs": 9, "batch_size": 40}),
    "in float64": changed(CUBIC, train={"steps": STEPS, "dtype": "float64"}),
    "one step of momentum": changed(
        CUBIC, optimizer={"name": "sgd", "momentum": 0.9, "nesterov": True}, train={"steps": STEPS}
    ),
}
"""What is trained besides the presets."""


def spec_of(name: str) -> Experiment:
    """What is trained under a name: an experiment from above, or a preset cut short."""
    if name in SPECS:
        return Experiment.model_validate(SPECS[name])
    return shortened(load(name).experiment)


def shortened(spec: Experiment) -> Experiment:
    """The same experiment, of few steps and few members."""
    train = spec.train.model_dump() | {"steps": min(spec.steps, STEPS), "epochs": None}
    few = spec.model_dump(mode="json") | {"train": train, "marks": [], "sweep": {}}
    return Experiment.model_validate(few)


def rows(trainer: Trainer, until: int, block: int = 7) -> list[Series]:
    """Train until a step, or the end, and return what was measured."""
    series: list[Series] = []
    while trainer.outcome is None and trainer.step < until:
        series += trainer.advance(min(block, until - trainer.step)).series
    return series


def columns(series: list[Series]) -> dict[str, bytes]:
    """The bits of all rows of each group, one after the other."""
    groups = dict.fromkeys(each.group for each in series)
    return {
        group: np.concatenate(
            [each.values.transpose(1, 0, 2) for each in series if each.group == group]
        ).tobytes()
        for group in groups
    }


def figures(trainer: Trainer) -> Mapping[str, Any]:
    """What a run came to, but for how long it took."""
    result = trainer.result()
    return {key: repr(each) for key, each in result.items() if "second" not in key}


@pytest.mark.parametrize("name", [*(listing.name for listing in catalogue()), *SPECS])
def test_a_trainer_that_is_given_it_goes_on_to_the_same_bits(name: str, tmp_path: Path) -> None:
    spec = spec_of(name)
    straight = Trainer(spec, device="cpu", allow_code=True)
    rows(straight, spec.steps // 2)
    checkpoints.write(tmp_path / "checkpoint.safetensors", straight.state())
    rest = rows(straight, spec.steps)

    other = Trainer(spec, device="cpu", allow_code=True)
    other.restore(checkpoints.read(tmp_path / "checkpoint.safetensors"))
    # In blocks of another size, too: where they end is nobody's business.
    assert columns(rows(other, spec.steps, block=11)) == columns(rest)
    assert figures(other) == figures(straight)
    assert leaves(other.state()).keys() == leaves(straight.state()).keys()


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("step", [0, 5])
def test_a_trainer_that_is_put_back_takes_the_same_steps(name: str, step: int) -> None:
    # As at the end of a run, where steps were taken beyond the one that ended it: by then a rate
    # may no longer rise, or have been cut, and an optimizer remember more.
    trainer = Trainer(spec_of(name), device="cpu")
    rows(trainer, step)
    before = copy.deepcopy(dict(trainer.state()))
    taken = columns(rows(trainer, STEPS))
    trainer.restore(before)
    assert columns(rows(trainer, STEPS, block=11)) == taken


def leaves(state: Any, place: str = "") -> dict[str, Any]:
    """Every number and every array of a state, by its path."""
    if isinstance(state, list) and state and isinstance(state[0], Mapping):
        state = {str(index): each for index, each in enumerate(state)}
    if not isinstance(state, Mapping):
        value = np.asarray(state)
        return {} if value.dtype == object else {place: value}
    return {
        path: value
        for name, each in state.items()
        for path, value in leaves(each, f"{place}/{name}").items()
    }


def with_another(state: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """A state in which one number, or all of an array, is greater by 1."""
    *tables, name = path.strip("/").split("/")
    changed_state: Any = copy.deepcopy(dict(state))
    table = changed_state
    for each in tables:
        table = table[int(each) if isinstance(table, list) else each]
    value = table[name]
    table[name] = [each + 1 for each in value] if isinstance(value, list) else value + 1
    return changed_state


@pytest.mark.parametrize("ending", ["patience", "loss_threshold"])
@pytest.mark.parametrize("gradients", ["manual", "autograd"])
def test_a_run_that_ends_within_a_block_leaves_the_state_of_its_last_step(
    ending: str, gradients: str
) -> None:
    until = {"patience": 3} if ending == "patience" else {"loss_threshold": 0.5}
    spec = changed(MOONS, optimizer={"name": "adam"}, train={"gradients": gradients, **until})
    in_one = Trainer(Experiment.model_validate(spec), device="cpu")
    while in_one.outcome is None:
        in_one.advance(128)
    assert in_one.step % 128
    by_one = Trainer(in_one.experiment, device="cpu")
    while by_one.outcome is None:
        by_one.advance(1)
    one, other = (leaves(each.state()) for each in (in_one, by_one))
    del one["/seconds"], other["/seconds"]
    assert {key: value.tobytes() for key, value in one.items()} == {
        key: value.tobytes() for key, value in other.items()
    }


def test_every_value_of_it_is_taken() -> None:
    # What is written and not read, or read and not written again, would be lost one day.
    spec = changed(
        MOONS,
        optimizer={"name": "adam"},
        schedule={"name": "plateau"},
        train={"zero_grad": False, "batch_size": 25, "patience": 1000},
    )
    trainer = Trainer(Experiment.model_validate(spec), device="cpu")
    trainer.advance(10)
    for path in leaves(trainer.state()):
        if path.endswith(("phases_left", "ended_at")):
            continue  # They can be no other number here: others above have these.
        other = Trainer(trainer.experiment, device="cpu")
        other.restore(with_another(trainer.state(), path))
        wanted = leaves(with_another(trainer.state(), path))[path]
        assert leaves(other.state())[path].tobytes() == wanted.tobytes(), path


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schedules", ["abc"]),
        ("schedules", [{}]),
        ("step", [5]),
        ("phases_left", -1),
        ("phases_left", 3),
        ("ticks", "abc"),
    ],
)
def test_what_is_no_state_of_a_schedule_is_none_of_this_run(path: str, value: Any) -> None:
    spec = changed(MOONS, schedule={"name": "cosine", "warmup": 3})
    trainer = Trainer(Experiment.model_validate(spec), device="cpu")
    trainer.advance(5)
    state: Any = copy.deepcopy(dict(trainer.state()))
    if path == "step":
        state["step"] = value
    elif path == "schedules":
        state["method"]["rates"]["schedules"] = value
    else:
        state["method"]["rates"]["schedules"][0][path] = value
    with pytest.raises(RunError, match="its checkpoint is none of this run"):
        restore(trainer, state, header_of(trainer, "run"))
