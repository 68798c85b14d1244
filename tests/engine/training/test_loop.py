"""The stream of a run: its order, its marks, and blocks that keep to their time."""

from __future__ import annotations

import pytest

from engine.recording.events import End, Event, MarkReached, Series, Snapshot
from engine.training.loop import BLOCK_SECONDS, MAX_BLOCK, Pace, closing, train
from engine.training.trainer import Trainer
from tests.experiments import CUBIC, MOONS, experiment


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def whole(trainer: Trainer) -> list[Event]:
    events = [event for block in train(trainer, Pace()) for event in block]
    return [*events, *closing(trainer)]


def test_a_run_begins_with_the_untrained_network_and_closes_with_its_end() -> None:
    events = whole(Trainer(experiment(MOONS)))
    assert isinstance(events[0], Snapshot)
    assert events[0].step == 0
    assert isinstance(events[-1], End)
    assert (events[-1].status, events[-1].reason, events[-1].step) == ("finished", "epochs", 300)
    assert events[-1].result["test_accuracy"] > 0.5


def test_the_last_step_has_a_snapshot() -> None:
    events = whole(Trainer(experiment(CUBIC, train={"steps": 301})))
    steps = [event.step for event in events if isinstance(event, Snapshot)]
    assert steps[-1] == 301
    assert len(steps) == len(set(steps))


def test_marks_stand_after_the_rows_of_their_step() -> None:
    marks = [
        {"at": {"epoch": 50}, "title": "fifty"},
        {"at": {"step": 0}, "title": "untrained"},
        {"at": {"step": 9}, "title": "nine", "note": "why", "pause": True},
        {"at": {"step": 9000}, "title": "never"},
    ]
    spec = experiment({**MOONS, "marks": marks})
    last, seen = 0, []
    for event in whole(Trainer(spec)):
        if isinstance(event, Series) and event.group == "train":
            last = event.last_step
        if isinstance(event, MarkReached):
            seen.append((event.title, event.step, last))
    assert seen == [("untrained", 0, 0), ("nine", 9, 9), ("fifty", 50, 50)]


def test_a_block_is_as_long_as_fits_its_time() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(40):
        count = pace.begin()
        clock.now += count * 0.001
        pace.end(count)
    assert pace.begin() == pytest.approx(BLOCK_SECONDS / 0.001, abs=1)


def test_a_block_grows_no_faster_than_eightfold_and_not_for_ever() -> None:
    pace, counts = Pace(Clock()), []
    for _ in range(20):
        counts.append(pace.begin())
        pace.end(counts[-1])
    assert counts[:5] == [1, 8, 64, 512, 4096]
    assert counts[-1] == MAX_BLOCK


def test_a_slow_step_still_takes_one() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.begin()
    clock.now += 100.0
    pace.end(1)
    assert pace.begin() == 1


def test_a_person_may_ask_for_fewer() -> None:
    pace = Pace(Clock())
    for _ in range(6):
        pace.end(pace.begin())
    pace.limit = 3
    assert pace.begin() == 3
