"""Marks that training finds: at exactly their step, in order, however steps are grouped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.errors import PresetError
from engine.experiment.experiment import Experiment
from engine.experiment.marks import Mark
from engine.presets import preset as presets
from engine.recording.events import MarkReached, Series
from engine.training.loop import Pace, train
from engine.training.marks import SIGNS, Marks, is_certain, sign_of, why_never
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, FRESH, MINIBATCHES, MOONS, experiment

SIZES = (1, 7, 256)

MOONS_MARKS: list[dict[str, Any]] = [
    {"at": {"epoch": 50}, "title": "fifty"},
    {"at": {"loss_below": 0.5}, "title": "half"},
    {"at": {"step": 0}, "title": "untrained"},
    {"at": {"loss_below": 1e-9}, "title": "never"},
    {"at": {"loss_below": 0.5}, "title": "half again", "note": "why", "pause": True},
]


class Even(Pace):
    """A pace of so many steps a block."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def begin(self) -> int:
        return self._size


def marked(tables: dict[str, Any], *marks: dict[str, Any], **changes: Any) -> Experiment:
    return experiment({**tables, "marks": list(marks)}, **changes)


def trained(spec: Experiment, size: int) -> tuple[list[MarkReached], dict[str, np.ndarray]]:
    """Return the marks of a whole run, and its train rows by column."""
    trainer = Trainer(spec)
    events = [event for events in train(trainer, Even(size)) for event in events]
    rows = [part for part in events if isinstance(part, Series) and part.group == "train"]
    values = np.concatenate([part.values for part in rows], axis=1)[:, :, 0]
    columns = dict(zip(trainer.columns["train"], values, strict=True))
    return [event for event in events if isinstance(event, MarkReached)], columns


def places(marks: list[MarkReached]) -> list[tuple[str, int]]:
    return [(mark.title, mark.step) for mark in marks]


def first(holds: np.ndarray) -> int:
    """Return the first step whose row holds."""
    assert holds.any()
    return int(holds.argmax()) + 1


@pytest.mark.parametrize("size", SIZES)
def test_a_loss_below_is_found_at_the_first_step_below_it(size: int) -> None:
    spec = marked(CUBIC, {"at": {"loss_below": 0.05}, "title": "low"})
    marks, columns = trained(spec, size)
    step = first(columns["loss"] < 0.05)
    assert step > 1
    assert places(marks) == [("low", step)]


def test_marks_do_not_depend_on_how_steps_are_grouped() -> None:
    found = [trained(marked(MOONS, *MOONS_MARKS), size)[0] for size in SIZES]
    assert found[0] == found[1] == found[2]
    titles = [mark.title for mark in found[0]]
    assert titles[0] == "untrained"
    assert {"half", "half again", "fifty"} == set(titles[1:])
    assert titles.index("half") + 1 == titles.index("half again")


@pytest.mark.parametrize("size", SIZES)
def test_marks_come_in_the_order_of_their_steps(size: int) -> None:
    marks, _ = trained(marked(MOONS, *MOONS_MARKS), size)
    steps = [mark.step for mark in marks]
    assert steps == sorted(steps)


def test_a_mark_that_is_found_keeps_its_note_and_its_pause() -> None:
    marks, _ = trained(marked(MOONS, *MOONS_MARKS), 64)
    again = next(mark for mark in marks if mark.title == "half again")
    assert (again.note, again.pause) == ("why", True)


@pytest.mark.parametrize("size", SIZES)
def test_all_right_is_the_first_step_whose_batch_is_right(size: int) -> None:
    spec = marked(
        MINIBATCHES, {"at": {"event": "all_right"}, "title": "right"}, optimizer={"lr": 0.5}
    )
    marks, columns = trained(spec, size)
    assert places(marks) == [("right", first(columns["accuracy"] == 1))]


@pytest.mark.parametrize("size", SIZES)
def test_a_dead_network_has_dead_units_and_no_gradient_from_the_first_step(size: int) -> None:
    init = {"weight": {"name": "normal", "std": 0.01}, "bias": -8.0}
    model = {"hidden": [3, 3], "activation": "relu", "init": init}
    spec = marked(
        MOONS,
        {"at": {"event": "first_dead_unit"}, "title": "dead"},
        {"at": {"event": "zero_gradient"}, "title": "nothing"},
        model={**model, "output_activation": "sigmoid"},
    )
    marks, _ = trained(spec, size)
    # The output's own bias still learns: not every gradient is 0.
    assert places(marks) == [("dead", 1)]


@pytest.mark.parametrize("size", SIZES)
def test_a_unit_that_comes_to_saturate_is_found_where_the_probe_measured_it(size: int) -> None:
    spec = marked(
        MOONS,
        {"at": {"event": "first_saturated_unit"}, "title": "flat"},
        model={"activation": "tanh"},
        optimizer={"name": "adam", "lr": 1.0},
    )
    marks, _ = trained(spec, size)
    trainer = Trainer(spec)
    column = trainer.columns["probe"].index("saturated/layer1")
    shares = {
        part.first + row * part.stride: part.values[column, row, 0]
        for part in trainer.advance(300).series
        if part.group == "probe"
        for row in range(part.count)
    }
    step = min(step for step, share in shares.items() if share > 0)
    assert step > 1
    assert places(marks) == [("flat", step)]


@pytest.mark.parametrize("size", SIZES)
def test_a_gradient_of_exactly_zero_is_found(size: int) -> None:
    mark = {"at": {"event": "zero_gradient"}, "title": "nothing"}
    spec = marked(FRESH, mark, model={"output_activation": "relu", "init": "zeros"})
    marks, columns = trained(spec, size)
    assert columns["grad_norm"][0] == 0
    assert places(marks) == [("nothing", 1)]


@pytest.mark.parametrize("size", SIZES)
def test_a_loss_that_is_no_number_is_found_at_the_step_that_ends_the_run(size: int) -> None:
    mark = {"at": {"event": "not_finite"}, "title": "gone"}
    spec = marked(CUBIC, mark, optimizer={"name": "sgd", "lr": 1e20})
    marks, columns = trained(spec, size)
    assert places(marks) == [("gone", len(columns["loss"]))]
    assert not np.isfinite(columns["loss"][-1])


def test_a_mark_after_the_step_that_ended_the_run_is_not_found() -> None:
    spec = marked(
        CUBIC,
        {"at": {"loss_below": 0.02}, "title": "later"},
        train={"loss_threshold": 0.05},
    )
    for size in SIZES:
        assert trained(spec, size)[0] == []


def test_the_probes_rows_are_read_at_their_own_stride() -> None:
    mark = {"at": {"event": "first_dead_unit"}, "title": "dead"}
    marks = Marks(marked(CUBIC, mark), {"probe": ["weight_norm/x", "dead/layer1", "dead/layer2"]})
    values = np.array([[0, 9, 9, 9], [0, 0, 0, 0.5], [0, 0, 0.1, np.nan]], np.float32)[:, :, None]
    series = Series(group="probe", first=32, stride=2, values=values)
    assert [mark.step for mark in marks.reached(40, [series])] == [36]
    assert marks.reached(50, [series]) == []


def test_of_members_all_must_be_below_and_one_may_be_dead() -> None:
    low = sign_of(Mark.model_validate({"at": {"loss_below": 0.5}, "title": "a"}).at)
    assert low is not None
    values = np.array([[[0.1, 0.9], [0.1, 0.4]]], np.float32)
    asked = np.ones((2, 2), bool)
    assert low.holds(values, asked).tolist() == [False, True]
    assert SIGNS["first_dead_unit"].holds(values, asked).tolist() == [True, True]


def test_a_member_that_has_ended_is_not_asked() -> None:
    at_low = {"at": {"loss_below": 0.5}, "title": "low"}
    at_nan = {"at": {"event": "not_finite"}, "title": "nan"}
    columns: dict[Any, list[str]] = {"train": ["loss"]}
    values = np.array([[[0.9, 0.9], [0.6, np.nan], [0.4, np.nan]]], np.float32)
    series = [Series(group="train", first=1, values=values)]
    ended_at = np.array([99, 1])
    marks = Marks(marked(CUBIC, at_low, at_nan), columns)
    assert places(marks.reached(3, series, ended_at)) == [("low", 3)]
    marks = Marks(marked(CUBIC, at_low, at_nan), columns)
    assert places(marks.reached(3, series)) == [("nan", 2)]


def test_a_loss_is_compared_exactly() -> None:
    below = sign_of(Mark.model_validate({"at": {"loss_below": 0.1}, "title": "a"}).at)
    assert below is not None
    nearest = np.float32(0.1)  # A little above 0.1.
    values = np.array([nearest, np.nextafter(nearest, np.float32(0)), np.nan], np.float32)
    held = below.holds(values.reshape(1, 3, 1), np.ones((3, 1), bool))
    assert held.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("at", "changes", "why"),
    [
        ({"step": 300}, {}, ""),
        ({"step": 301}, {}, "stands at step 301, and the run ends at step 300"),
        ({"epoch": 301}, {}, "stands at step 301, and the run ends at step 300"),
        ({"loss_below": 1e-20}, {}, ""),
        ({"event": "not_finite"}, {}, ""),
        ({"event": "all_right"}, {}, ""),
        ({"event": "first_saturated_unit"}, {}, ""),
        ({"event": "first_dead_unit"}, {},
         "waits for first_dead_unit, and no hidden unit can die"),
        ({"event": "first_saturated_unit"}, {"train": {"probe": "off"}},
         "waits for first_saturated_unit, and train.probe is 'off'"),
        ({"event": "first_saturated_unit"}, {"model": {"activation": "relu"}},
         "waits for first_saturated_unit, and no hidden unit can saturate"),
    ],
)  # fmt: skip
def test_what_can_never_be_reached_says_why(
    at: dict[str, Any], changes: dict[str, Any], why: str
) -> None:
    spec = marked(MOONS, {"at": at, "title": "a"}, **changes)
    assert why_never(spec, spec.marks[0]) == why


def test_numbers_are_never_all_right() -> None:
    spec = marked(CUBIC, {"at": {"event": "all_right"}, "title": "a"})
    assert why_never(spec, spec.marks[0]).endswith("there are no classes")


def test_only_a_step_of_a_run_that_cannot_end_early_is_certain() -> None:
    at_step, at_loss = {"at": {"step": 9}, "title": "a"}, {"at": {"loss_below": 9.0}, "title": "b"}
    spec = marked(MOONS, at_step, at_loss)
    assert [is_certain(spec, mark) for mark in spec.marks] == [True, False]
    early = marked(MOONS, at_step, train={"patience": 5})
    assert not is_certain(early, early.marks[0])


class TestInAPreset:
    @pytest.mark.parametrize("at", ["loss_below = 0.1", "event = 'first_dead_unit'", "step = 0"])
    def test_every_place_can_be_written_and_read_back(self, at: str) -> None:
        import tomllib

        tables = tomllib.loads(f"marks = [{{ at = {{ {at} }}, title = 'a' }}]")
        spec = presets.resolve(tables, "x.toml")
        assert presets.resolve(tomllib.loads(presets.dumps(spec)), "x.toml") == spec
        assert (spec.step_of(spec.marks[0]) is None) == (at != "step = 0")

    @pytest.mark.parametrize(
        ("at", "problem"),
        [
            ({}, "set exactly one of step, epoch, loss_below and event"),
            ({"step": 1, "loss_below": 0.5}, "set exactly one of step, epoch, loss_below"),
            ({"loss_below": 0}, "marks[0].at.loss_below: must be above 0 (got 0)"),
            ({"event": "first_daed_unit"}, "did you mean 'first_dead_unit'?"),
        ],
    )
    def test_a_wrong_place_is_told_in_plain_words(self, at: dict[str, Any], problem: str) -> None:
        with pytest.raises(PresetError) as caught:
            presets.resolve({"marks": [{"at": at, "title": "a"}]}, "x.toml")
        assert problem in str(caught.value)
