"""The real code in a simulated world keeps its promises, whatever the schedule.

What goes wrong there is in ``tests.simulation``. A schedule that breaks a promise is played again
by its number: ``python -m tests.simulation 57``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest

from engine.recording.file import Recorder
from engine.runs.requests import Inbox
from engine.text.files import replace_file
from tests.simulation.people import simulate
from tests.simulation.stage import stage

SCHEDULES = 300


@pytest.mark.parametrize("part", range(6))
def test_every_schedule_keeps_every_promise(part: int) -> None:
    with stage():
        for seed in range(part * SCHEDULES // 6, (part + 1) * SCHEDULES // 6):
            assert simulate(seed).violation == "", f"python -m tests.simulation {seed}"


def test_a_seed_is_the_same_schedule_again() -> None:
    with stage():
        first, second = ([simulate(seed) for seed in range(10)] for _ in range(2))
    assert [world.trace for world in first] == [world.trace for world in second]
    # Most of them get somewhere.
    assert sum(world.steps for world in first) > 3000
    assert sum("recorded: end" in "".join(world.trace) for world in first) > 5


def unsynced(recorder: Recorder, flush: Callable[..., None] = Recorder.flush, **_: Any) -> None:
    flush(recorder)


def deaf_to_orders(
    inbox: Inbox, folder: Any, heard: Any = None, init: Any = Inbox.__init__
) -> None:
    init(inbox, folder)


def unsafe(path: Any, body: bytes, *, durable: bool = True) -> None:
    replace_file(path, body, durable=False)


@pytest.mark.parametrize(
    ("owner", "name", "broken", "broken_promise"),
    [
        (Recorder, "flush", unsynced, "what was synced is gone"),
        (Inbox, "__init__", deaf_to_orders, "was asked of another worker before"),
        ("engine.recording.checkpoints", "replace_file", unsafe, "is no checkpoint"),
    ],
)
def test_what_breaks_a_promise_is_noticed(
    owner: Any, name: str, broken: Callable[..., Any], broken_promise: str
) -> None:
    target = patch(f"{owner}.{name}", broken) if isinstance(owner, str) else None
    with target or patch.object(owner, name, broken), stage():
        violations = (simulate(seed).violation for seed in range(300))
        assert broken_promise in next(filter(None, violations), "")
