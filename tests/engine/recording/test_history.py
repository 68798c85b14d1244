"""What a viewer knows of a run."""

from __future__ import annotations

import contextlib
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.recording.events import (
    Checkpoint,
    End,
    Event,
    Heartbeat,
    MachineFigures,
    MarkReached,
    Request,
    Resume,
    RunWarning,
    Series,
    Snapshot,
)
from engine.recording.history import History
from engine.recording.lines import decode, encode
from tests.tapes import dev_rows, header, train_rows, weights


@pytest.fixture
def history() -> History:
    history = History()
    history.extend(
        [header(), weights(0), train_rows(1, 50), dev_rows(10, 5, stride=10), weights(50)]
    )
    return history


def asked(action: str, refused: str = "", **arguments: float) -> Request:
    return Request(
        id=action, viewer="a", action=action, arguments=arguments, step=1, refused=refused
    )


def test_rows_are_found_by_their_step(history: History) -> None:
    train, dev = history.series["train"], history.series["dev"]
    assert (train.count, dev.count, history.last_step) == (50, 5, 50)
    assert train.value("loss", 17) == 17.0
    assert dev.steps.tolist() == [10, 20, 30, 40, 50]
    assert dev.value("accuracy", 39) == pytest.approx(0.03)
    assert dev.row_at(9) is None
    assert math.isnan(dev.value("loss", 9))
    np.testing.assert_array_equal(train.column("loss"), np.arange(1, 51))


def test_weights_are_the_newest_at_or_before_a_step(history: History) -> None:
    assert history.snapshot_steps == [0, 50]
    assert [history.snapshot(step).step for step in (0, 49, 50, 99)] == [0, 0, 50, 50]  # type: ignore[union-attr]
    assert history.snapshot(-1) is None


def test_the_version_moves_with_every_event(history: History) -> None:
    before = history.version
    history.add(Heartbeat(step=50))
    assert history.version == before + 1


def test_events_are_kept_by_kind(history: History) -> None:
    history.extend(
        [
            MarkReached(step=50, title="here"),
            RunWarning(step=50, message="look"),
            Checkpoint(step=50, file="checkpoints/step-50.pt"),
            End(step=50, status="finished", reason="steps", t=9.0),
        ]
    )
    assert history.marks[0].title == "here"
    assert history.warnings[0].message == "look"
    assert history.checkpoints[0].step == 50
    assert history.end is not None
    assert history.last_t == 9.0


@pytest.mark.parametrize(
    ("seeds", "kept"),
    [([1], {"loss", "confusion"}), ([1, 2], {"loss", "losses", "ended_at"})],
)
def test_a_result_has_a_figure_for_each_member_or_is_without_it(
    seeds: list[int], kept: set[str]
) -> None:
    history = History([replace(header(), seeds=seeds)])
    figures = {"loss": 0.5, "losses": [0.5, 0.25], "statuses": "finished", "ended_at": [3, 4]}
    others = {"reasons": 3, "confusion": [[1, 2], [3, 4]], "square": [[1, 2], [3]]}
    history.add(End(step=4, status="finished", reason="steps", result={**figures, **others}))
    assert history.end is not None
    assert history.end.result.keys() == kept
    history.add(replace(history.end, result={"ended_at": 3, "best_step": [1.5] * len(seeds)}))
    assert history.end.result.keys() == {"best_step"}


def test_a_resume_forgets_what_came_after_its_step(history: History) -> None:
    history.extend(
        [
            MarkReached(step=20, title="kept"),
            MarkReached(step=50, title="forgotten"),
            asked("pause"),
            End(step=50, status="stopped", reason="x"),
            Resume(from_step=25, host="there", pid=9),
        ]
    )
    assert history.end is None
    assert not history.paused
    assert history.last_step == 25
    assert history.series["train"].steps[-1] == 25
    assert history.series["dev"].steps.tolist() == [10, 20]
    assert history.snapshot_steps == [0]
    assert [mark.title for mark in history.marks] == ["kept"]
    assert history.writer is not None
    assert history.writer.host == "there"
    history.add(train_rows(26, 3, loss=[9.0, 9.0, 9.0]))
    assert history.series["train"].value("loss", 28) == 9.0


def test_pause_and_continue_are_read_from_their_outcomes(history: History) -> None:
    history.add(asked("pause", refused="not now"))
    assert not history.paused
    history.add(asked("pause"))
    assert history.paused
    history.add(asked("continue"))
    assert not history.paused


def test_steps_that_were_asked_for_end_in_a_pause(history: History) -> None:
    history.extend([asked("pause"), asked("step", n=3)])
    assert not history.paused
    history.add(train_rows(51, 2))
    assert not history.paused
    history.add(train_rows(53, 1))
    assert history.paused


@pytest.mark.parametrize("n", ["x", None, 2.5])
def test_a_count_of_steps_that_is_none_is_one_step(history: History, n: Any) -> None:
    history.extend([asked("pause"), asked("step", n=n)])
    assert not history.paused
    history.add(train_rows(51, 1))
    assert history.paused


def test_speed_is_counted_over_the_last_two_seconds(history: History) -> None:
    step = 51
    for tenth in range(100):
        fast = 20 if tenth < 50 else 40
        history.add(
            type(rows := train_rows(step, fast))(
                t=tenth / 10, group="train", first=step, values=rows.values
            )
        )
        step += fast
    assert history.steps_per_second() == pytest.approx(400, rel=0.06)


def test_an_empty_history_answers() -> None:
    history = History()
    assert history.snapshot(3) is None
    assert history.steps_per_second() == 0.0
    assert history.series == {}


def test_groups_that_the_header_does_not_name_are_passed_over(history: History) -> None:
    history.add(type(rows := train_rows(1, 1))(group="sound", first=1, values=rows.values))
    assert set(history.series) == {"train", "dev"}


def test_members_are_told_apart() -> None:
    history = History()
    history.add(header(seeds=[1, 2]))
    values = np.arange(6 * 3 * 2, dtype=np.float32).reshape(6, 3, 2)
    history.add(type(train_rows(1, 1))(group="train", first=1, values=values))
    assert history.series["train"].column("loss", member=1).tolist() == [1, 3, 5]
    assert history.series["train"].value("accuracy", 2, member=0) == 8


def test_rows_of_any_group_and_heartbeats_say_how_far_it_is() -> None:
    history = History()
    history.extend([header(), dev_rows(10, 5, stride=10)])
    assert history.last_step == 50
    history.add(Heartbeat(step=60))
    assert history.last_step == 60


def test_rows_and_weights_that_do_not_fit_the_header_are_passed_over(history: History) -> None:
    history.add(Series(group="train", first=51, values=np.zeros((1, 3, 1), np.float32)))
    history.add(Series(group="train", first=51, values=np.zeros((6, 3, 2), np.float32)))
    history.add(Snapshot(step=51, values=np.zeros((1, 4), np.float32)))
    assert (history.series["train"].count, history.last_step) == (50, 50)
    assert history.snapshot_steps == [0, 50]


def test_what_was_resumed_may_be_resumed_again(history: History) -> None:
    resume = Resume(from_step=25, host="", pid=9)
    for step in (30, 25, 0):
        history.extend(
            [replace(resume, from_step=step), train_rows(step + 1, 20), weights(step + 1)]
        )
        assert history.series["train"].steps.tolist() == list(range(1, step + 21))
    assert history.snapshot_steps == [0, 1]


def test_a_resume_is_seen_in_what_was_folded_already(history: History) -> None:
    train = history.series["train"]
    assert train.buckets("loss", 1, 50, 2).high.max() == 50
    history.extend([Resume(from_step=20, host="", pid=9), train_rows(21, 30, loss=[-1.0] * 30)])
    buckets = train.buckets("loss", 1, 50, 2)
    assert (buckets.low.min(), buckets.high.max()) == (-1, 20)


SAID: list[Event] = [
    train_rows(4, 2),
    dev_rows(4, 1),
    weights(4),
    MarkReached(step=4, title="here"),
    asked("step", n=2),
    RunWarning(step=4, message="look"),
    Checkpoint(step=4, file="checkpoints/step-4.pt"),
    Heartbeat(step=4),
    MachineFigures(step=4, figures={"cpu": 1.5}),
    End(step=5, status="finished", reason="steps"),
    Resume(from_step=2, host="there", pid=9),
]
odd = st.one_of(
    st.integers(),
    st.integers(-3, 9),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from([None, True, [], {}, [1], {"n": -3}, {"n": "x"}, "dev", "step", "A" * 32]),
)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line of a recording with a field or two that say something odd."""
    body = json.loads(encode(draw(st.sampled_from(SAID))))
    for name in draw(st.lists(st.sampled_from(sorted(body)), max_size=2)):
        body[name] = draw(odd)
    return json.dumps(body).encode()


@given(st.lists(lines(), max_size=8))
def test_whatever_a_recording_says_it_can_be_folded_and_looked_at(said: list[bytes]) -> None:
    history = History()
    history.extend([header(), train_rows(1, 3), weights(2)])
    for line in said:
        with contextlib.suppress(ValueError):
            if (event := decode(line)) is not None:
                history.add(event)
    step = history.last_step
    history.snapshot(step)
    history.steps_per_second()
    for rows in history.series.values():
        assert (np.diff(rows.steps) > 0).all()
        assert len(rows.buckets(rows.columns[0], 0, step, 10)) <= 10
        rows.value("loss", step)
