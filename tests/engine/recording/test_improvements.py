"""How a run got better, as its recorded dev rows say."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.headless.log import RunLog
from engine.headless.run import EventLines
from engine.recording.events import Series
from engine.recording.file import read
from engine.recording.history import History
from engine.recording.improvements import TOLD_LOSS, improvements, member_words
from engine.text.numbers import apart, figure_text, shortest
from tests.experiments import MOONS, experiment
from tests.tapes import COLUMNS, header
from tests.trained import recorded

NUMBERS = st.floats(0, 1, width=32) | st.sampled_from([0.25, 0.5, math.nan, math.inf])


def measured(
    values: np.ndarray, by: str = "accuracy", stride: int = 1, seeds: tuple[int, ...] = (7,)
) -> History:
    """Return a history whose dev rows [rows, members] hold these."""
    history = History()
    variants = [{"train.seed": seed} for seed in seeds]
    history.extend([header(columns=_columns(by), seeds=list(seeds), variants=variants)])
    rows = np.atleast_2d(np.asarray(values, np.float32).T).T
    both = np.stack([rows, rows] if by == "accuracy" else [rows])
    history.add(Series(group="dev", first=stride, stride=stride, values=both))
    return history


def _columns(by: str) -> dict[str, list[str]]:
    return {**COLUMNS, "dev": ["loss", "accuracy"] if by == "accuracy" else ["loss"]}


@given(st.lists(NUMBERS, max_size=30), st.integers(0, 40), st.integers(1, 3))
def test_every_rise_of_the_accuracy_is_told_once(
    values: list[float], after: int, stride: int
) -> None:
    best, expected = -math.inf, []
    for row, value in enumerate(values, start=1):
        if value > best:
            expected.append((row * stride, None if best == -math.inf else best, value))
            best = value
    history = measured(np.array(values), stride=stride) if values else History()
    told = [(each.step, each.before, each.after) for each in improvements(history)]
    assert [step for step, _, _ in told] == [step for step, _, _ in expected]
    assert [np.float32(each[2]) for each in told] == [np.float32(each[2]) for each in expected]
    assert [each[1] for each in told[1:]] == [each[2] for each in told[:-1]]
    later = improvements(history, after=after)
    assert later == [each for each in improvements(history) if each.step > after]


@given(st.lists(NUMBERS, min_size=1, max_size=40))
def test_a_loss_is_told_where_it_has_fallen_by_a_hundredth(values: list[float]) -> None:
    history = measured(np.array(values), by="loss")
    every = improvements(history, least=0)
    told = improvements(history)
    assert {each.step for each in told} <= {each.step for each in every}
    for each in told:
        if each.before is not None and math.isfinite(each.before):
            assert each.after <= each.before * (1 - TOLD_LOSS) + 1e-6
    finite = [np.float32(value) for value in values if not math.isnan(value)]
    assert [np.float32(each.after) for each in every][-1:] == sorted(finite)[:1] or not every
    # What is left out lies within a hundredth of what was told.
    if told:
        assert told[-1].after <= min(finite) / (1 - TOLD_LOSS) + 1e-6


def test_a_loss_than_which_none_can_be_a_hundredth_less_is_told() -> None:
    history = measured(np.array([1.0, -3.4e38, -3.4e38]), by="loss")
    assert [each.step for each in improvements(history)] == [1, 2]


def test_a_population_is_told_by_who_did_better_than_all_before() -> None:
    rows = np.array([[0.5, 0.4], [0.4, 0.6], [math.nan, 0.5], [0.9, 0.9]])
    history = measured(rows, seeds=(3, 8))
    told = improvements(history, None)
    assert [(each.step, each.member) for each in told] == [(1, 0), (2, 1), (4, 0)]
    assert told[1].words(member=member_words(history, told[1])) == (
        "best dev accuracy 0.5000 → 0.6000 at step 2 (member 2, seed 8)"
    )
    assert [each.step for each in improvements(history, 1)] == [1, 2, 4]


def test_nothing_is_told_where_nothing_is_kept_by_it() -> None:
    history = measured(np.array([0.1, 0.2]))
    off = History()
    off.extend([header(experiment={"train": {"keep_best": "off"}})])
    off.add(Series(group="dev", first=1, values=np.ones((2, 3, 1), np.float32)))
    assert improvements(history)
    assert improvements(off) == improvements(History()) == []


def test_a_line_reads_as_the_textbooks_runner_prints_it() -> None:
    history = measured(np.array([0.83125, 0.8375]))
    first, second = improvements(history)
    assert first.words() == "best dev accuracy 0.8313 at step 1"
    assert second.words() == "best dev accuracy 0.8313 → 0.8375 at step 2"
    assert second.plain()["before"] == 0.83125


@given(st.integers(0, 2000), st.integers(1, 2000))
def test_one_share_has_one_text_whatever_it_is_stored_in(part: int, whole: int) -> None:
    share = min(part, whole) / whole
    assert figure_text(np.float32(share)) == figure_text(shortest(np.float32(share)))
    if len(f"{share:.17g}") < 9:
        assert figure_text(np.float32(share)) == figure_text(share)


@given(st.floats(2**-20, 2**20, width=32), st.floats(2**-20, 2**20, width=32))
def test_numbers_that_differ_are_told_apart(one: float, other: float) -> None:
    first, second = apart(shortest(np.float32(one)), shortest(np.float32(other)))
    assert (first == second) == (one == other)
    if one != other:
        assert (float(first) < float(second)) == (one < other)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_run_that_is_followed_tells_each_once_however_often_one_looks(size: int) -> None:
    whole = measured(np.array([0.2, 0.5, 0.5, 0.4, 0.6, 0.7]))
    said: list[str] = []
    teller, found = RunLog(said.append, improved=True), []
    for step in [*range(0, 6, size), 6]:
        then = whole.until(step)
        found += teller.tell(then, whole=True)
    assert found == improvements(whole)
    assert said == [each.words() for each in found]


def test_as_json_each_is_a_line_before_the_end(tmp_path: Path) -> None:
    folder, _ = recorded(experiment(MOONS, train={"epochs": 40}), tmp_path / "run")
    history, out = History(), io.BytesIO()
    history.extend(read(folder.recording))
    size = folder.recording.stat().st_size
    EventLines(folder.recording, out).pass_on(size, history, improvements(history))
    kinds = [json.loads(line)["kind"] for line in out.getvalue().splitlines()]
    assert kinds[0] == "header"
    assert kinds[-2:] == ["improvement", "end"]
    assert kinds.count("improvement") == len(improvements(history)) > 1
