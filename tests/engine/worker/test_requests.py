"""Requests: each takes effect between two steps and is recorded with its outcome."""

from __future__ import annotations

from typing import Any

import pytest

from engine.recording.events import MarkReached, Request
from engine.runs.requests import PendingRequest
from engine.worker.requests import RequestHandler


class Bench:
    """What a trainer looks like from the desk."""

    def __init__(self) -> None:
        self.step, self.lr = 40, 0.1
        self.stopped: tuple[str, str] | None = None

    def stop(self, status: str, reason: str) -> None:
        self.stopped = status, reason


@pytest.fixture
def trainer() -> Bench:
    return Bench()


@pytest.fixture
def handler(trainer: Bench) -> RequestHandler:
    return RequestHandler(trainer)


def ask(handler: RequestHandler, action: str, **arguments: Any) -> list[Any]:
    return handler.answer(PendingRequest("7", "ada", action, arguments, 0.0))


def test_every_request_is_recorded_with_its_step(handler: RequestHandler) -> None:
    (outcome,) = ask(handler, "pause")
    assert isinstance(outcome, Request)
    assert (outcome.id, outcome.viewer, outcome.action) == ("7", "ada", "pause")
    assert (outcome.step, outcome.refused) == (40, "")


def test_pause_and_continue(handler: RequestHandler) -> None:
    assert not handler.paused
    ask(handler, "pause")
    assert handler.paused
    ask(handler, "continue")
    assert not handler.paused


def test_steps_are_counted_and_then_it_pauses(handler: RequestHandler) -> None:
    ask(handler, "pause")
    ask(handler, "step", n=3)
    assert handler.owed == 3
    handler.taken(2)
    assert not handler.paused
    ask(handler, "step")
    handler.taken(2)
    assert handler.paused


def test_steps_are_not_counted_where_nobody_asked(handler: RequestHandler) -> None:
    handler.taken(100)
    assert handler.owed is None


def test_stop_says_who_asked(handler: RequestHandler, trainer: Bench) -> None:
    ask(handler, "stop")
    assert trainer.stopped == ("stopped", "request of ada")


def test_the_learning_rate_changes_from_here_on(handler: RequestHandler, trainer: Bench) -> None:
    ask(handler, "set_lr", lr=0.5)
    assert trainer.lr == 0.5


def test_a_mark_stands_where_the_run_is(handler: RequestHandler) -> None:
    outcome, mark = ask(handler, "mark", title="look", note="here")
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
    handler: RequestHandler, trainer: Bench, action: str, arguments: dict[str, Any]
) -> None:
    (outcome,) = ask(handler, action, **arguments)
    assert outcome.refused
    assert (trainer.lr, trainer.stopped, handler.owed) == (0.1, None, None)
