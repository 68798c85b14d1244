"""A history as it stood after an earlier step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.recording.events import End, Event, MarkReached, Request, RunWarning
from engine.recording.history import History
from tests.tapes import dev_rows, header, train_rows, weights

STEPS = 400


def tape() -> list[Event]:
    """Return a run in blocks of 16 steps that wait for nothing, its dev set measured every 8."""
    events: list[Event] = [header(), weights(0)]
    for first in range(1, STEPS, 16):
        t = (first + 15) / 100
        events.append(replace(train_rows(first, 16), t=t))
        events.append(replace(dev_rows(first + 7, 2, stride=8), t=t))
        if first % 64 == 1:
            events.append(replace(weights(first + 15), t=t))
            events.append(MarkReached(step=first + 15, title=f"mark {first}", t=t))
            events.append(RunWarning(step=first + 15, message="look", t=t))
            events.append(
                Request(
                    id=str(first),
                    viewer="a",
                    action="set_lr",
                    arguments={"lr": 0.1},
                    step=first + 15,
                    t=t,
                )
            )
    return [*events, End(step=STEPS, status="finished", reason="steps", t=STEPS / 100)]


def history_of(events: list[Event]) -> History:
    history = History()
    history.extend(events)
    return history


@given(block=st.integers(1, STEPS // 16 - 1), width=st.integers(1, 80))
def test_it_is_what_a_viewer_knew_then(block: int, width: int) -> None:
    step = 16 * block
    whole = history_of(tape())
    # Looking at everything first must not change what is seen of the past.
    whole.series["train"].buckets("loss", 0, STEPS, width)
    past, live = whole.until(step), history_of([e for e in tape() if e.t <= step / 100])
    assert past.last_step == live.last_step == step
    assert past.end is None
    assert past.last_t == pytest.approx(live.last_t)
    assert past.snapshot_steps == live.snapshot_steps
    assert past.steps_per_second() == pytest.approx(live.steps_per_second())
    for kind in ("marks", "requests", "warnings", "checkpoints"):
        assert getattr(past, kind) == getattr(live, kind)
    for group in ("train", "dev"):
        then, now = past.series[group], live.series[group]
        np.testing.assert_array_equal(then.steps, now.steps)
        np.testing.assert_array_equal(then.column("loss"), now.column("loss"))
        for one, other in zip(
            vars(then.buckets("loss", 0, step, width)).values(),
            vars(now.buckets("loss", 0, step, width)).values(),
            strict=True,
        ):
            np.testing.assert_array_equal(one, other)


def test_the_whole_is_not_touched() -> None:
    whole = history_of(tape())
    past = whole.until(100)
    past.series["train"].buckets("loss", 0, 100, 7)
    assert whole.series["train"].count == STEPS
    assert whole.series["train"].buckets("loss", 0, STEPS, 1).high.tolist() == [STEPS]
    assert whole.end is not None
    assert whole.until(STEPS) is whole


def test_every_step_has_a_time_and_every_time_a_step() -> None:
    whole = history_of(tape())
    assert whole.time_of(0) == 0.0
    assert whole.time_of(200) == pytest.approx(2.0)
    assert [whole.step_at(t) for t in (-1.0, 0.0, 2.0, 99.0)] == [0, 0, 200, STEPS]
    assert all(whole.step_at(whole.time_of(step)) == step for step in range(STEPS + 1))


def test_before_the_first_step_there_is_nothing() -> None:
    past = history_of(tape()).until(0)
    assert (past.last_step, past.series["train"].count, past.snapshot_steps) == (0, 0, [0])
    assert past.series["train"].row_at(5) is None
