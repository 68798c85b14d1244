"""How rows are parted: alike for every class, by groups, by time, as a column says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from engine.data import load
from engine.data.file import File
from engine.data.splits import by_class, of_groups
from engine.experiment.experiment import Experiment
from engine.explain import formulas
from engine.explain.program import program
from engine.presets.preset import resolve
from engine.training.trainer import Trainer

BY_GROUP: dict[str, Any] = {"split_by": {"groups": "patient"}}
BY_SET: dict[str, Any] = {"split_by": {"column": "set"}, "split": None}
NUMBERS: dict[str, Any] = {"task": "numbers", "targets": ["day"]}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory with forty rows of two classes, one of them rare."""
    monkeypatch.chdir(tmp_path)
    lines = [
        f"{n},p{n % 7},{['train', 'dev', 'test', 'train'][n % 4]},{40 - n},{'ab'[n % 10 == 0]}"
        for n in range(40)
    ]
    Path("rows.csv").write_text("\n".join(["x,patient,set,day,y", *lines]))


def spec(**settings: Any) -> File:
    tables = {"path": "rows.csv", "task": "classes", "inputs": ["x"], "split": [0.5, 0.25, 0.25]}
    return File.model_validate({**tables, **settings})


def refusal(**settings: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        spec(**settings)
    return str(caught.value)


def sets(data: File, seed: int = 0) -> list[list[int]]:
    """Which rows each set has; x numbers them."""
    made = load(data, seed)
    parts = [made.train, made.dev, made.test]
    return [[] if part is None else part.inputs[:, 0].astype(int).tolist() for part in parts]


@pytest.mark.parametrize("seed", range(3))
def test_every_class_has_the_same_shares_unless_something_else_is_said(seed: int) -> None:
    assert spec().split_by == "classes"
    parts = sets(spec(), seed)
    assert [len(part) for part in parts] == [20, 10, 10]
    assert [sum(row % 10 == 0 for row in part) for part in parts] == [2, 1, 1]
    assert sorted(row for part in parts for row in part) == list(range(40))


@pytest.mark.parametrize("split", [[0.5, 0.25, 0.25], [21, 9, 8], [0.6], [5, 5]])
def test_how_many_rows_a_set_has_does_not_depend_on_how_they_are_parted(split: Any) -> None:
    labels = np.array([0] * 30 + [1] * 7 + [2] * 3)
    sizes = spec(split=split, split_by="rows").sizes
    for seed in range(5):
        parts = by_class(np.random.default_rng(seed).permutation(40), labels, sizes)
        assert tuple(map(len, parts)) == sizes
        for label, count in Counter(labels.tolist()).items():
            for part, size in zip(parts, sizes, strict=True):
                assert abs((labels[part] == label).sum() - count * size / 40) <= 1.5


def test_shuffled_rows_are_parted_as_they_were_before_there_were_other_ways() -> None:
    """A recording of then says nothing of it, and gives the same bits."""
    then = {"kind": "file", "path": "rows.csv", "task": "classes", "inputs": ["x"]}
    tables = {"data": {**then, "split": [20, 10, 10]}, "loss": {"name": "cross_entropy"}}
    recorded = resolve(tables, "a run", recorded=True).data
    assert sets(recorded) == sets(spec(split=[20, 10, 10], split_by="rows"))
    assert sets(resolve(tables, "a preset").data) == sets(spec())


def test_the_rows_of_a_group_stay_together_whatever_the_seed() -> None:
    data = spec(split_by={"groups": "patient"})
    parts = [{row % 7 for row in part} for part in sets(data)]
    assert [len(part) for part in parts if part] == [3, 2, 2]
    assert len(parts[0] | parts[1] | parts[2]) == 7
    assert [sorted(part) for part in sets(data, 1)] == [sorted(part) for part in sets(data)]
    assert sets(data, 1)[0] != sets(data)[0]
    set_ = {"kind": "category", "values": ["train", "dev", "test"]}
    assert "patient" not in spec(inputs=None, **BY_GROUP, columns={"set": set_}).input_names


def test_a_group_that_is_left_over_is_in_no_set() -> None:
    assert Counter(of_groups(list("aabbccdd"), (4, 2, 0)).tolist()) == {0: 4, 1: 2, 3: 2}


def test_the_newest_rows_are_tested_on() -> None:
    parts = sets(spec(split_by={"time": "day"}))
    assert (min(parts[0]), max(parts[2])) == (20, 9)


def test_a_column_of_dates_is_a_time() -> None:
    lines = [f"{n},{n % 28 + 1}.{n // 28 + 1}.2026,{'ab'[n % 2]}" for n in range(40)]
    Path("rows.csv").write_text("\n".join(["x,day,y", *lines[::-1]]))
    dates = {"day": {"kind": "date", "format": "%d.%m.%Y"}}
    parts = sets(spec(split_by={"time": "day"}, columns=dates))
    assert parts == [list(range(20)), list(range(20, 30)), list(range(30, 40))]


def test_a_column_may_say_which_set_a_row_is_in() -> None:
    data = spec(split=None, split_by={"column": "set"})
    assert data.sizes == (20, 10, 10)
    assert [{row % 4 for row in part} for part in sets(data)] == [{0, 3}, {1}, {2}]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"split_by": {"column": "set"}}, "split: is said by the column of split_by; leave it out"),
        ({**BY_GROUP, "split": None}, "split: is left out, so nothing is parted; set split"),
        ({"split_by": {"grops": "patient"}}, "split_by: must have one of groups, time and column"),
        ({"split_by": {}}, "split_by: must have one of groups, time and column"),
        ({"split_by": {"time": ""}}, "split_by: must name a column, as in { time = 'name' }"),
        ({"split_by": {"time": "dey"}}, "split_by: rows.csv has no column 'dey' (did you mean 'd"),
        ({"split_by": {"time": "patient"}}, "row 2, column 'patient': is no number (got 'p0')"),
        ({"split_by": {"time": "set"}}, "say how its dates are written"),
        ({**BY_GROUP, "targets": ["patient"]}, "split_by: 'patient' is a target, and would give"),
        ({**BY_SET, "inputs": ["x", "set"]}, "inputs: 'set' says which set a row is in, and can"),
        ({**BY_SET, "split_by": {"column": "patient"}}, "column 'patient': must be one of train,"),
        ({"split_by": {"groups": "set"}, "split": [0.9, 0.05, 0.05]}, "split_by: the groups of 's"),
        ({**NUMBERS, "split_by": "classes"}, "split_by: there are no classes to part; set 'rows'"),
        ({**NUMBERS, "classes": ["a", "b"]}, "classes: there are none; set task = 'classes'"),
        ({"classes": ["a", "a"]}, "classes: 'a' stands there twice"),
    ],
)
def test_what_does_not_part_rows_is_refused(settings: dict[str, Any], said: str) -> None:
    assert said in refusal(**settings)


@pytest.mark.parametrize("written_in", ["backward", "numpy"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_programs_part_every_class_alike(written_in: str, shuffle: bool) -> None:
    tables = {"data": dict(spec()), "loss": {"name": "cross_entropy"}}
    train = {"epochs": 3, "batch_size": 6, "shuffle": shuffle, "dtype": "float64"}
    experiment = Experiment.model_validate({**tables, "train": train})
    trainer = Trainer(experiment, device="cpu")
    losses = np.concatenate(
        [s.values[0, :, 0] for s in trainer.advance(99).series if s.group == "train"]
    )
    source = (
        program(experiment) if written_in == "backward" else formulas.program(experiment, "numpy")
    )
    space: dict[str, Any] = {}
    exec(compile(source, "program.py", "exec"), space)
    np.testing.assert_allclose(space["losses"], losses, rtol=1e-6)
