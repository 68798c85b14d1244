"""Requests: each takes effect between two steps and is recorded with its outcome."""

from __future__ import annotations

from typing import Any

import pytest

from engine.recording.events import MarkReached, Request
from engine.runs.requests import PendingRequest
from engine.worker.requests import Desk


class Bench:
    """What a trainer looks like from the desk."""

    def __init__(self) -> None:
        self.step, self.lr = 40, 0.1
        self.stopped: tuple[str, str] | None = None

    def stop(self, status: str, reason: str) -> None:
        self.stopped = status, reason


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


def ask(desk: Desk, action: str, **arguments: Any) -> list[Any]:
    return desk.answer(PendingRequest("7", "ada", action, arguments, 0.0))


def test_every_request_is_recorded_with_its_step(desk: Desk) -> None:
    (outcome,) = ask(desk, "pause")
    assert isinstance(outcome, Request)
    assert (outcome.id, outcome.viewer, outcome.action) == ("7", "ada", "pause")
    assert (outcome.step, outcome.refused) == (40, "")


def test_pause_and_continue(desk: Desk) -> None:
    assert not desk.paused
    ask(desk, "pause")
    assert desk.paused
    ask(desk, "continue")
    assert not desk.paused


def test_steps_are_counted_and_then_it_pauses(desk: Desk) -> None:
    ask(desk, "pause")
    ask(desk, "step", n=3)
    assert desk.owed == 3
    desk.taken(2)
    assert not desk.paused
    ask(desk, "step")
    desk.taken(2)
    assert desk.paused


def test_steps_are_not_counted_where_nobody_asked(desk: Desk) -> None:
    desk.taken(100)
    assert desk.owed is None


def test_stop_says_who_asked(desk: Desk, bench: Bench) -> None:
    ask(desk, "stop")
    assert bench.stopped == ("stopped", "request of ada")


def test_the_learning_rate_changes_from_here_on(desk: Desk, bench: Bench) -> None:
    ask(desk, "set_lr", lr=0.5)
    assert bench.lr == 0.5


def test_a_mark_stands_where_the_run_is(desk: Desk) -> None:
    outcome, mark = ask(desk, "mark", title="look", note="here")
    assert isinstance(mark, MarkReached)
    assert (mark.step, mark.title, mark.note) == (40, "look", "here")
    assert outcome.refused == ""


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("dance", {}),
        ("pause", {"for": 3}),
        ("set_lr", {}),
        ("set_lr", {"lr": "fast"}),
        ("step", {"m": 1}),
    ],
)
def test_what_cannot_be_carried_out_is_refused_and_says_why(
    desk: Desk, bench: Bench, action: str, arguments: dict[str, Any]
) -> None:
    (outcome,) = ask(desk, action, **arguments)
    assert outcome.refused
    assert (bench.lr, bench.stopped, desk.owed) == (0.1, None, None)
