"""What a viewer knows of a run."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.events import Checkpoint, End, Heartbeat, MarkReached, Request, Resume, RunWarning
from engine.history import History
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
