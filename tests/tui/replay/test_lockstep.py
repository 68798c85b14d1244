"""Runs in lockstep: the step that all of them show, their marks, and who is held."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.recording.events import End, MarkReached, Resume
from engine.recording.history import History
from engine.runs.notes import NotedMark
from tests.tapes import Clock, header, train_rows
from tui.replay.lockstep import Lane, Lockstep, common_step, lane, stops
from tui.replay.player import Player, Reel
from tui.replay.tempo import Tempo


def history_of(*blocks: tuple[int, float], status: str = "") -> History:
    """Return a run of blocks, so many steps in so many seconds; it goes on without a status."""
    history = History()
    history.add(header())
    for steps, seconds in blocks:
        grow(history, steps, seconds)
    if status:
        history.add(End(step=history.last_step, status=status, reason="", t=history.last_t))
    return history


def grow(history: History, steps: int, seconds: float = 1.0) -> None:
    rows = train_rows(history.last_step + 1, steps)
    history.add(replace(rows, t=history.last_t + seconds))


def mark(step: int, title: str, note: str = "", *, pause: bool = False) -> MarkReached:
    return MarkReached(step=step, title=title, note=note, pause=pause)


def test_runs_that_go_on_show_the_step_that_all_have() -> None:
    assert common_step([history_of((30, 1.0)), history_of((20, 1.0)), history_of((25, 1.0))]) == 20


def test_a_run_that_is_over_holds_nobody_up() -> None:
    ended = history_of((5, 1.0), status="diverged")
    assert common_step([ended, history_of((30, 1.0)), history_of((20, 1.0))]) == 20
    assert common_step([ended, history_of((30, 1.0), status="finished")]) == 30


def test_a_longer_run_that_is_over_waits_for_one_that_goes_on() -> None:
    assert common_step([history_of((90, 1.0), status="finished"), history_of((20, 1.0))]) == 20


def test_a_run_whose_worker_died_is_over_where_somebody_says_so() -> None:
    crashed, going = history_of((5, 1.0)), history_of((30, 1.0))
    assert common_step([crashed, going]) == 5
    assert common_step([crashed, going], over=lambda history: history is crashed) == 30


def test_of_no_runs_the_step_is_0() -> None:
    assert common_step([]) == 0


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("finished", "ended at step 1 200"),
        ("diverged", "diverged at step 1 200"),
        ("failed", "failed at step 1 200"),
        ("stopped", "was stopped at step 1 200"),
        ("", "has no step after 1 200"),
    ],
)
def test_a_run_with_fewer_steps_is_held_at_its_last_and_says_why(status: str, words: str) -> None:
    history = history_of((1200, 1.0), status=status)
    assert lane(history, 1201) == Lane(1200, words)
    assert lane(history, 1200) == Lane(1200)
    assert lane(history.until(7), 7) == Lane(7)


def test_marks_of_all_runs_stand_in_their_order() -> None:
    one, two = history_of((9, 1.0)), history_of((9, 1.0))
    one.add(mark(7, "late"))
    two.add(mark(2, "early", pause=True))
    found = stops([one, two], ["one", "two"], [(), (NotedMark(step=4, title="added"),)])
    assert [(stop.step, stop.title, stop.pause) for stop in found] == [
        (2, "early", True),
        (4, "added", False),
        (7, "late", False),
    ]


def test_marks_at_the_same_step_are_one_that_says_whose_note_is_whose() -> None:
    one, two = history_of((9, 1.0)), history_of((9, 1.0))
    one.add(mark(1, "Read the norms", "They fall.\n"))
    two.add(mark(1, "Milder", "They fall less.", pause=True))
    (found,) = stops([one, two], ["sigmoid", "relu"])
    assert found.title == "Read the norms / Milder"
    assert found.note == "sigmoid: They fall.\n\nrelu: They fall less."
    assert found.pause


def test_a_mark_that_all_runs_have_is_said_once() -> None:
    runs = [history_of((9, 1.0)) for _ in range(3)]
    for run in runs:
        run.add(mark(1, "One update", "That is all of it."))
    (found,) = stops(runs, ["a", "b", "c"])
    assert (found.title, found.note) == ("One update", "That is all of it.")


def test_a_step_is_done_when_the_slowest_has_done_it() -> None:
    fast, slow = history_of((10, 1.0), (10, 1.0)), history_of((20, 30.0))
    assert Lockstep([fast, slow]).blocks() == ([10, 20], [15.0, 30.0])


def test_time_never_falls_where_a_run_is_held() -> None:
    held = history_of((5, 60.0), status="stopped")
    steps, times = Lockstep([held, history_of((10, 1.0), status="finished")]).blocks()
    assert (steps, times) == ([5, 10], [60.0, 60.0])


def test_blocks_grow_as_the_runs_do_and_nothing_before_changes() -> None:
    one, two = history_of((10, 1.0)), history_of((4, 1.0))
    race = Lockstep([one, two])
    assert race.blocks()[0] == [4]
    known = [list(part) for part in race.blocks()]
    for _ in range(5):
        grow(one, 7)
        grow(two, 6, 2.0)
        steps, times = race.blocks()
        assert [steps[: len(known[0])], times[: len(known[1])]] == known
        assert steps == sorted(set(steps))
        known = [list(steps), list(times)]
    assert (known[0], known[1]) == Lockstep([one, two]).blocks()


def test_a_run_that_is_resumed_from_earlier_takes_the_race_back() -> None:
    one, two = history_of((10, 1.0)), history_of((10, 1.0), (10, 1.0))
    race = Lockstep([one, two])
    assert race.blocks()[0] == [10]
    one.add(Resume(from_step=3, host="here", pid=1, t=2.0))
    assert race.last_step == 3
    grow(one, 20, 9.0)
    assert race.blocks() == Lockstep([one, two]).blocks()


def test_the_race_is_over_once_all_runs_are() -> None:
    one, two = history_of((5, 1.0), status="diverged"), history_of((9, 1.0))
    race = Lockstep([one, two])
    assert race.end is None
    two.add(End(step=9, status="finished", reason="steps"))
    assert race.end is two.end


def test_a_player_plays_it_to_the_last_step_of_the_longest_run() -> None:
    clock = Clock(100.0)
    one, two = history_of((5, 1.0), status="diverged"), history_of((20, 1.0), status="finished")
    one.add(mark(3, "look", pause=True))
    race = Lockstep([one, two])
    player = Player(race, lambda: stops(race.histories), Tempo("steps", 10.0), clock)
    player.play()
    clock.now += 1.0
    assert (player.tick(), player.playing) == (3, False)
    player.play()
    clock.now += 9.0
    assert (player.tick(), player.playing, player.at_end) == (20, False, True)


def test_a_player_waits_for_the_slowest_of_those_that_train() -> None:
    clock = Clock(100.0)
    one, two = history_of((50, 1.0)), history_of((20, 1.0))
    player = Player(Lockstep([one, two]), lambda: (), Tempo("steps", 10.0), clock)
    player.play()
    clock.now += 4.0
    assert (player.tick(), player.playing) == (20, True)
    grow(two, 10)
    clock.now += 0.5
    assert player.tick() == 25


def test_a_race_has_a_pace_of_its_own() -> None:
    race = Lockstep([history_of((10, 1.0)), history_of((10, 4.0))])
    reel = Reel(race, 60.0)
    reel.update()
    assert reel.length == 4.0
    assert reel.step_at(2.0) == 5.0
