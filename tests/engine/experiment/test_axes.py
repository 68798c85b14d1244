"""The axes of a sweep: lists, ranges and what is drawn from them, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import PresetError
from engine.experiment.axes import SweepAxis, axes_of, settings_of_sweep
from engine.experiment.overrides import typed
from engine.experiment.sweep import Sweep
from engine.presets.preset import dumps, load, resolve
from tests.experiments import experiment

MOONS: dict[str, Any] = {"model": {"hidden": [2]}}


def axis(said: Any, **others: Any) -> SweepAxis:
    (found,) = axes_of(Sweep(grid={"k": said}, **others))
    return found


def refusal(tables: dict[str, Any], **sweep: Any) -> str:
    with pytest.raises(PresetError) as caught:
        resolve({**tables, "sweep": sweep}, "p")
    return str(caught.value)


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ([0.01, 1, 5], (0.01, 1, 5)),
        ([[5], [5, 3]], ([5], [5, 3])),
        (["sgd", "adam", "sgd"], ("sgd", "adam")),
        ("1e-4..1e-1 log 4", (0.0001, 0.001, 0.01, 0.1)),
        ("1e-4..1e-1 log 7", (0.0001, 0.000316228, 0.001, 0.00316228, 0.01, 0.0316228, 0.1)),
        ("0..1 lin 5", (0, 0.25, 0.5, 0.75, 1)),
        ("0..1 5", (0, 0.25, 0.5, 0.75, 1)),
        ("8..128 log 5", (8, 16, 32, 64, 128)),
        ("1..3 lin int 5", (1, 2, 3)),
        ([0.5, "1..3 lin 3"], (0.5, 1, 2, 3)),
        ("-1..1 lin 3", (-1, 0, 1)),
        (["../data.csv"], ("../data.csv",)),
    ],
)
def test_an_axis_is_a_list_or_a_range(said: Any, values: tuple[Any, ...]) -> None:
    found = axis(said).values
    assert found == values
    assert [type(each) for each in found] == [type(each) for each in values]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("1e-4..1e-1 log", "must say how many values, as in '1e-4..1e-1 log 5'"),
        ("1..0 lin 3", "must go from the less to the greater"),
        ("0..1 log 3", "equal ratios need numbers above 0; use lin"),
        ("1..2 logg 3", "is no range; write 1e-4..1e-1 log 7"),
        ("1..2 log lin 3", "is no range"),
        ("1..2 lin 1", "must have at least 2 values"),
    ],
)
def test_a_range_that_is_none_is_refused_with_what_would_be_one(said: str, why: str) -> None:
    told = refusal(MOONS, grid={"optimizer.lr": said})
    assert told.startswith("p: sweep.grid: 'optimizer.lr': ")
    assert why in told


def test_what_is_typed_is_what_a_file_says() -> None:
    texts = ["optimizer.lr=.01, 1,5e0", "model.hidden=[5],[5, 3]", "optimizer.name=sgd,adam"]
    assert typed(texts, "--grid") == {
        "optimizer.lr": [0.01, 1, 5],
        "model.hidden": [[5], [5, 3]],
        "optimizer.name": ["sgd", "adam"],
    }
    assert typed(["optimizer.lr=1e-4..1e-1 log 7"], "--grid") == {
        "optimizer.lr": ["1e-4..1e-1 log 7"]
    }
    for odd in ("optimizer.lr", "optimizer.lr=", "a b=1", "=1"):
        with pytest.raises(PresetError, match=r"--grid .*must be KEY=V,V…"):
            typed([odd], "--grid")


def test_a_key_is_said_once() -> None:
    with pytest.raises(PresetError, match=r"lr=3: its key was said before"):
        typed(["optimizer.lr=1,2", "optimizer.lr=3"], "--grid")


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**63 - 1))
def test_more_draws_go_on_where_fewer_ended(few: int, more: int, seed: int) -> None:
    grid = {"a": "1e-4..1e-1 log", "b": [1, 2, 3], "c": "2..64 log int"}
    drawn = []
    for count in sorted((few, more)):
        sweep = Sweep(grid=grid, random=count)
        drawn.append(settings_of_sweep(sweep, axes_of(sweep), seed))
    assert drawn[1][: len(drawn[0])] == drawn[0]
    assert all(1e-4 <= each["a"] <= 1e-1 for each in drawn[1])
    assert all(each["b"] in (1, 2, 3) for each in drawn[1])
    assert all(isinstance(each["c"], int) and 2 <= each["c"] <= 64 for each in drawn[1])


def test_an_axis_more_changes_nothing_about_the_others() -> None:
    one = Sweep(grid={"a": "0..1 lin"}, random=9)
    two = Sweep(grid={"b": "0..1 lin", "a": "0..1 lin"}, random=9)
    drawn = [settings_of_sweep(sweep, axes_of(sweep), 3) for sweep in (one, two)]
    assert [each["a"] for each in drawn[0]] == [each["a"] for each in drawn[1]]


@pytest.mark.parametrize(
    ("sweep", "why"),
    [
        ({"random": 4}, "what is drawn at random needs a grid: "),
        ({"grid": {"optimizer.lrr": [1, 2]}}, "'optimizer.lrr' = 1: is not a key of 'sgd' (did "),
        ({"grid": {"optimizer.lr": [1, -2]}}, "'optimizer.lr' = -2: must be at least 0"),
        ({"grid": {"model.hidden": [[5], [0]]}}, "'model.hidden' = [0]: model.hidden[0]: must be"),
        ({"grid": {"population.seeds": [2]}}, "is no key that can vary"),
        ({"grid": {"train.seed": [1, 2]}, "seeds": 2}, "says the seeds already"),
        ({"grid": {"optimizer.lr": "1..2 lin 999", "optimizer.momentum": "0..0.9 lin 999"}},
         "makes 998001 trials; at most 100000"),
        ({"grid": {"loss.name": ["binary_cross_entropy"], "optimizer.lr": [1, 2]}},
         "'loss.name' = 'binary_cross_entropy': model.output_activation: "),
    ],
)  # fmt: skip
def test_a_setting_that_does_not_hold_is_told_with_its_key(sweep: Any, why: str) -> None:
    told = refusal(MOONS, **sweep)
    assert told.startswith("p: sweep.grid: ")
    assert why in told
    assert told.count("did you mean") <= 1


def test_values_may_hold_only_together() -> None:
    grid = {"loss.name": ["binary_cross_entropy"], "model.output_activation": ["sigmoid"]}
    assert resolve({**MOONS, "sweep": {"grid": grid}}, "p").sweep.grid == grid


def test_a_sweep_beside_a_population_is_refused() -> None:
    tables = {**MOONS, "population": {"seeds": 2}}
    assert "sweep: trains populations of its own" in refusal(tables, seeds=3)


def test_a_sweep_is_written_and_read_back() -> None:
    grid = {"model.hidden": [[5], [5, 3]], "optimizer.lr": "1e-4..1e-1 log 7"}
    made = experiment(MOONS, sweep={"grid": grid, "seeds": 5})
    assert load_text(dumps(made)) == made
    assert load_text(dumps(made, full=True)) == made


def load_text(text: str) -> Any:
    import tomllib

    return resolve(tomllib.loads(text), "p")


def test_the_textbooks_sweep_is_a_preset() -> None:
    found = load("two-moons-sweep").experiment
    settings = settings_of_sweep(found.sweep, axes_of(found.sweep), found.train.seed)
    assert len(settings) == 6
    assert (found.sweep.seeds, found.steps) == (5, 3000)
