"""The player: which step is shown, by a clock that moves when it is told to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.recording.events import End, MarkReached, Request, Resume, RunWarning
from engine.recording.history import History
from engine.runs.notes import NotedMark
from tests.tapes import Clock, dev_rows, header, train_rows
from tui.replay.player import Player, Reel
from tui.replay.tempo import (
    FASTEST,
    SLOWEST,
    TEMPI,
    Stop,
    Tempo,
    TempoError,
    next_tempo,
    parse,
    stops_of,
)

STEADY = Tempo("steps", 10.0)


def history_of(*blocks: tuple[int, float], over: bool = True) -> History:
    """Return a run of blocks: so many steps in so many seconds."""
    history = History()
    history.add(header())
    for steps, seconds in blocks:
        grow(history, steps, seconds)
    if over:
        history.add(
            End(step=history.last_step, status="finished", reason="steps", t=history.last_t)
        )
    return history


def grow(history: History, steps: int, seconds: float) -> None:
    rows = train_rows(history.last_step + 1, steps)
    history.add(replace(rows, t=history.last_t + seconds))


def player_of(
    history: History | None = None, *marks: Stop, tempo: Tempo = STEADY
) -> tuple[Player, Clock]:
    clock = Clock(1000.0)
    return Player(history or history_of((100, 10.0)), lambda: marks, tempo, clock), clock


def after(player: Player, clock: Clock, seconds: float) -> int:
    clock.now += seconds
    return player.tick()


SECONDS = st.integers(0, 20_000).map(lambda milliseconds: milliseconds / 1000)
BLOCKS = st.lists(st.tuples(st.integers(1, 40), SECONDS), min_size=1, max_size=8)
MARKS = st.lists(st.builds(Stop, st.integers(0, 350), st.just("mark"), st.just(""), st.booleans()))
TEMPOS = st.one_of(
    st.builds(Tempo, st.just("time"), st.floats(0.01, 5) | st.just(math.inf), st.floats(0.1, 8)),
    st.builds(Tempo, st.just("steps"), st.floats(0.1, 200), st.floats(0.1, 8)),
    st.builds(Tempo, st.just("whole"), st.floats(0.1, 200), st.floats(0.1, 8)),
)
WAITS = st.lists(st.floats(0, 10), min_size=1, max_size=12)


# --- playing ---------------------------------------------------------------------------------


def test_it_waits_at_the_untrained_network_until_it_is_played() -> None:
    player, clock = player_of()
    assert after(player, clock, 5) == 0
    assert not player.playing
    player.play()
    assert after(player, clock, 2) == 20


def test_a_pause_stays_and_time_that_passes_in_it_does_not_count() -> None:
    player, clock = player_of()
    player.toggle()
    after(player, clock, 2)
    player.toggle()
    assert after(player, clock, 60) == 20
    player.toggle()
    assert after(player, clock, 1) == 30


@given(blocks=BLOCKS, marks=MARKS, tempo=TEMPOS, waits=WAITS)
def test_how_often_it_ticks_makes_no_difference(
    blocks: list[tuple[int, float]], marks: list[Stop], tempo: Tempo, waits: list[float]
) -> None:
    often, one = player_of(history_of(*blocks), *marks, tempo=tempo)
    once, other = player_of(history_of(*blocks), *marks, tempo=tempo)
    often.play()
    once.play()
    for wait in waits:
        after(often, one, wait)
    other.now = one.now
    assert often.head == once.tick()
    assert often.playing == once.playing


@given(blocks=BLOCKS, tempo=TEMPOS, seconds=st.floats(0, 300))
def test_the_speed_is_as_good_as_time(
    blocks: list[tuple[int, float]], tempo: Tempo, seconds: float
) -> None:
    slow, one = player_of(history_of(*blocks), tempo=tempo)
    fast, other = player_of(history_of(*blocks), tempo=replace(tempo, speed=2 * tempo.speed))
    slow.play()
    fast.play()
    assert after(slow, one, seconds) == after(fast, other, seconds / 2)


@given(seconds=st.floats(0, 200), speed=st.sampled_from([0.25, 1.0, 4.0]))
def test_steps_a_second_are_steps_a_second(seconds: float, speed: float) -> None:
    player, clock = player_of(history_of((500, 1.0)), tempo=Tempo("steps", 10.0, speed))
    player.play()
    assert abs(min(10 * speed * seconds, 500) - after(player, clock, seconds)) <= 1


@given(blocks=BLOCKS, seconds=st.floats(0.5, 500))
def test_the_whole_takes_so_many_seconds(blocks: list[tuple[int, float]], seconds: float) -> None:
    player, clock = player_of(history_of(*blocks), tempo=Tempo("whole", seconds))
    player.play()
    assert after(player, clock, 0.98 * seconds) < player.last_step or player.last_step > 50
    assert after(player, clock, 0.03 * seconds) == player.last_step
    assert not player.playing


@given(blocks=BLOCKS, seconds=st.floats(0.001, 200))
def test_without_a_limit_it_is_as_recorded(blocks: list[tuple[int, float]], seconds: float) -> None:
    history = history_of(*blocks)
    player, clock = player_of(history, tempo=Tempo("time", math.inf))
    player.play()
    shown, recorded = after(player, clock, seconds), history.step_at(seconds)
    assert abs(shown - recorded) <= 1
    assert history.time_of(shown) <= seconds + 1e-3


def test_a_wait_is_cut_to_the_limit() -> None:
    history = history_of((10, 1.0), (10, 3600.0), (10, 1.0))
    player, clock = player_of(history, tempo=Tempo("time", 2.0))
    player.play()
    assert after(player, clock, 1.0) == 10
    assert after(player, clock, 1.0) == 15
    assert after(player, clock, 1.0) == 20
    assert after(player, clock, 1.0) == 30


@given(blocks=BLOCKS, limit=st.floats(0.01, 5))
def test_every_step_has_its_place_on_the_reel(
    blocks: list[tuple[int, float]], limit: float
) -> None:
    history = history_of(*blocks)
    reel = Reel(history, limit)
    reel.update()
    assert reel.length == pytest.approx(sum(min(seconds, limit) for _, seconds in blocks))
    times = [reel.time_of(step) for step in range(history.last_step + 1)]
    assert times == sorted(times)
    for step, time in enumerate(times):
        assert reel.step_at(time) >= step - 1e-3
        assert reel.recorded(step) == pytest.approx(history.time_of(step))


@given(first=BLOCKS, more=BLOCKS, limit=st.floats(0.01, 5))
def test_a_reel_that_grew_is_the_one_that_is_made_at_once(
    first: list[tuple[int, float]], more: list[tuple[int, float]], limit: float
) -> None:
    history = history_of(*first, over=False)
    grown = Reel(history, limit)
    grown.update()
    for steps, seconds in more:
        grow(history, steps, seconds)
        grown.update()
    whole = Reel(history, limit)
    whole.update()
    steps = range(history.last_step + 1)
    assert [grown.time_of(step) for step in steps] == [whole.time_of(step) for step in steps]


def test_a_run_without_rows_is_at_its_end() -> None:
    for tempo in TEMPI:
        player, clock = player_of(history_of(), tempo=tempo)
        player.play()
        assert after(player, clock, 10) == 0
        assert (player.at_end, player.playing) == (True, False)


# --- the end ---------------------------------------------------------------------------------


def test_at_the_end_it_pauses_and_stays() -> None:
    player, clock = player_of()
    player.play()
    assert after(player, clock, 1e9) == 100
    assert (player.at_end, player.playing) == (True, False)
    player.toggle()
    assert after(player, clock, 1e9) == 100
    assert not player.playing
    player.home()
    player.play()
    assert after(player, clock, 1) == 10


def test_at_the_newest_step_of_a_live_run_it_waits_and_then_follows() -> None:
    history = history_of((10, 1.0), over=False)
    player, clock = player_of(history)
    player.play()
    assert after(player, clock, 600) == 10
    assert (player.at_end, player.playing) == (True, True)
    grow(history, 50, 1.0)
    assert not player.at_end
    # The ten minutes that it waited are not made up for.
    assert after(player, clock, 1) == 20
    assert after(player, clock, 600) == 60
    history.add(End(step=60, status="finished", reason="steps"))
    assert player.tick() == 60
    assert not player.playing


def test_a_paused_replay_of_a_live_run_follows_nothing() -> None:
    history = history_of((10, 1.0), over=False)
    player, clock = player_of(history)
    player.end()
    grow(history, 50, 1.0)
    assert after(player, clock, 60) == 10
    assert not player.at_end


def test_followed_as_recorded_a_live_run_is_a_block_behind() -> None:
    history = history_of((10, 1.0), over=False)
    player, clock = player_of(history, tempo=Tempo("time", 2.0))
    player.end()
    player.play()
    for newest in range(10, 100, 10):
        grow(history, 10, 1.0)
        assert after(player, clock, 0.5) == newest + 5
        assert after(player, clock, 0.5) == newest + 10


def test_the_whole_of_a_live_run_is_what_is_expected_of_it() -> None:
    history = history_of((50, 1.0), over=False)
    player, clock = player_of(history, tempo=Tempo("whole", 10.0))
    player.expected = 100
    player.play()
    assert after(player, clock, 2) == 20
    player.percent(0.3)
    assert player.head == 30
    player.percent(0.9)
    assert player.head == 50


def test_a_whole_that_becomes_longer_does_not_make_the_head_jump() -> None:
    history = history_of((100, 1.0), over=False)
    player, clock = player_of(history, tempo=Tempo("whole", 10.0))
    player.play()
    assert after(player, clock, 5) == 50
    grow(history, 900, 1.0)
    assert player.tick() == 50
    assert after(player, clock, 1) == 150


def test_a_run_that_was_resumed_from_before_the_head_takes_it_along() -> None:
    history = history_of((100, 10.0), (100, 10.0), over=False)
    player, clock = player_of(history, tempo=Tempo("time", 30.0))
    player.seek(180)
    player.play()
    history.add(Resume(from_step=100, host="here", pid=1))
    assert player.tick() == 100
    history.add(replace(train_rows(101, 50), t=30.0))
    assert after(player, clock, 10) == 125
    assert player.playing


def test_marks_that_a_resumed_run_comes_by_again_pause_again() -> None:
    history = history_of((200, 10.0), over=False)
    player, clock = player_of(history, Stop(120, "here", pause=True))
    player.seek(150)
    player.play()
    history.add(Resume(from_step=100, host="here", pid=1))
    player.tick()
    history.add(replace(train_rows(101, 50), t=30.0))
    assert after(player, clock, 10) == 120


def test_a_jump_to_the_end_of_a_run_that_is_over_pauses() -> None:
    player, _ = player_of()
    player.play()
    player.end()
    assert (player.head, player.playing) == (100, False)


# --- marks -----------------------------------------------------------------------------------


@given(blocks=BLOCKS, marks=MARKS, tempo=TEMPOS, waits=WAITS)
def test_no_mark_that_pauses_is_passed_without_a_stop(
    blocks: list[tuple[int, float]], marks: list[Stop], tempo: Tempo, waits: list[float]
) -> None:
    player, clock = player_of(history_of(*blocks), *marks, tempo=tempo)
    due = sorted({m.step for m in marks if m.pause and 0 < m.step <= player.last_step})
    stopped = []
    player.play()
    for wait in [*waits, *[1e9] * (len(due) + 1)]:
        before = player.head
        assert after(player, clock, wait) >= before
        if not player.playing and not (player.at_end and player.head not in due):
            stopped.append(player.head)
            player.play()
    assert sorted(set(stopped)) == stopped[: len(due)] == due
    assert player.at_end


def test_going_on_from_a_mark_does_not_stop_at_it_again() -> None:
    player, clock = player_of(None, Stop(30, "here", pause=True), Stop(50, "and here", pause=True))
    player.play()
    assert after(player, clock, 60) == 30
    assert not player.playing
    player.play()
    assert player.tick() == 30
    assert player.playing
    assert after(player, clock, 1) == 40
    assert after(player, clock, 60) == 50


def test_a_mark_that_does_not_pause_is_played_over() -> None:
    player, clock = player_of(None, Stop(30, "here"))
    player.play()
    assert after(player, clock, 4) == 40


def test_a_live_mark_that_comes_after_its_step_was_shown_pauses_too() -> None:
    history = history_of((30, 1.0), over=False)
    marks: list[Stop] = []
    clock = Clock()
    player = Player(history, lambda: marks, STEADY, clock)
    player.play()
    assert after(player, clock, 60) == 30
    marks.append(Stop(30, "here", pause=True))
    grow(history, 30, 1.0)
    assert after(player, clock, 1) == 30
    assert not player.playing
    player.play()
    assert after(player, clock, 1) == 40


def test_arriving_by_a_jump_at_a_mark_that_pauses_pauses() -> None:
    player, clock = player_of(None, Stop(30, "here", pause=True))
    player.play()
    after(player, clock, 1)
    player.next_mark()
    assert (player.head, player.playing) == (30, False)
    player.seek(20)
    player.play()
    player.seek(30)
    assert (player.head, player.playing) == (30, False)


def test_after_a_jump_back_every_mark_pauses_again() -> None:
    player, clock = player_of(None, Stop(30, "here", pause=True), Stop(60, "there", pause=True))
    player.seek(60)
    player.play()
    player.seek(20)
    assert after(player, clock, 60) == 30
    assert not player.playing


def test_a_jump_to_where_one_is_stops_nothing() -> None:
    player, _ = player_of(None, Stop(30, "here", pause=True))
    player.seek(30)
    player.play()
    player.seek(30)
    assert player.playing


def test_the_next_mark_and_the_one_before_in_any_order() -> None:
    marks = [Stop(step, str(step)) for step in (60, 20, 40, 20, 999)]
    player, _ = player_of(None, *marks)
    seen = []
    for by in (1, 1, 1, 1, -1, -1, -1, -1, -1, 2, -2):
        player.next_mark(by)
        seen.append(player.head)
    assert seen == [20, 40, 60, 100, 60, 40, 20, 0, 0, 40, 0]


def test_while_playing_the_mark_before_is_not_the_one_just_passed() -> None:
    player, clock = player_of(None, Stop(20, "a"), Stop(40, "b"))
    player.play()
    assert after(player, clock, 4.5) == 45
    player.next_mark(-1)
    assert (player.head, player.playing) == (20, True)
    assert after(player, clock, 3.5) == 55
    player.next_mark(-1)
    assert player.head == 40


def test_of_two_marks_at_a_step_the_one_that_pauses_is_named() -> None:
    player, _ = player_of(None, Stop(20, "a"), Stop(20, "b", pause=True), Stop(20, "c"))
    assert player.mark is None
    player.seek(20)
    assert player.mark is not None
    assert player.mark.title == player.transport.mark.title == "b"  # type: ignore[union-attr]


def test_the_marks_of_a_run_are_the_recorded_ones_and_those_added_later() -> None:
    history = history_of((50, 1.0))
    history.add(MarkReached(step=20, title="a", note="say why", pause=True))
    assert stops_of(history, [NotedMark(step=10, title="b", note="c")]) == (
        Stop(10, "b", "c"),
        Stop(20, "a", "say why", pause=True),
    )


# --- jumps -----------------------------------------------------------------------------------


def test_a_jump_while_playing_keeps_playing_from_there() -> None:
    jumps: list[tuple[Callable[[Player], None], int]] = [
        (lambda player: player.seek(50), 50),
        (lambda player: player.percent(0.7), 70),
        (lambda player: player.home(), 0),
    ]
    for jump, there in jumps:
        player, clock = player_of()
        player.play()
        after(player, clock, 1)
        clock.now += 0.7
        jump(player)
        assert (player.head, player.playing) == (there, True)
        assert after(player, clock, 1) == there + 10


def test_a_jump_while_paused_stays_paused() -> None:
    player, clock = player_of()
    player.percent(0.5)
    assert after(player, clock, 60) == 50


def test_a_step_by_hand_pauses() -> None:
    player, clock = player_of()
    player.play()
    after(player, clock, 2)
    clock.now += 0.7
    player.step(1)
    assert (player.head, player.playing) == (21, False)
    player.step(10)
    player.step(-1)
    assert after(player, clock, 60) == 30


def test_shares_and_steps_beyond_both_ends_are_the_ends() -> None:
    player, _ = player_of()
    for jump, there in ((-5, 0), (10**9, 100)):
        player.seek(jump)
        assert player.head == there
        player.percent(jump)
        assert player.head == there
        player.step(jump)
        assert player.head == there
    player.home()
    assert player.head == 0
    player.end()
    assert (player.head, player.at_end) == (100, True)


@given(
    blocks=BLOCKS,
    marks=MARKS,
    tempo=TEMPOS | st.just(Tempo("keys", 0.0)),
    deeds=st.lists(st.tuples(st.integers(0, 11), st.integers(-30, 400)), max_size=25),
)
def test_whatever_is_done_the_head_is_within_the_run(
    blocks: list[tuple[int, float]], marks: list[Stop], tempo: Tempo, deeds: list[tuple[int, int]]
) -> None:
    history = history_of(*blocks, over=False)
    player, clock = player_of(history, *marks, tempo=tempo)
    for deed, by in deeds:
        clock.now += abs(by) / 100
        [
            player.tick,
            player.toggle,
            player.play,
            player.pause,
            lambda by=by: player.step(by // 10),
            lambda by=by: player.seek(by),
            lambda by=by: player.percent(by / 100),
            lambda by=by: player.next_mark(by // 20),
            player.home,
            player.end,
            lambda by=by: player.faster(by // 20),
            lambda by=by: grow(history, abs(by) + 1, 1.0),
        ][deed]()
        assert 0 <= player.head <= player.last_step
        assert SLOWEST <= player.tempo.speed <= FASTEST or player.tempo.speed == tempo.speed
        assert player.transport.step == player.head


# --- tempo -----------------------------------------------------------------------------------


def test_the_speed_doubles_and_halves_within_its_bounds() -> None:
    player, _ = player_of()
    player.faster(2)
    assert player.tempo.speed == 4
    player.faster(50)
    assert player.tempo.speed == 64
    player.faster(-3)
    assert player.tempo.speed == 8
    player.faster(-50)
    assert player.tempo.speed == 1 / 16


def test_a_change_of_speed_loses_no_fraction_of_a_step() -> None:
    player, clock = player_of(tempo=Tempo("steps", 1.0))
    player.play()
    for _ in range(10):
        clock.now += 0.75
        player.faster(1)
        player.faster(-1)
    assert player.tick() == 7
    clock.now += 2
    player.faster(1)
    assert player.head == 9
    assert after(player, clock, 1) == 11


def test_another_tempo_goes_on_from_the_same_step() -> None:
    player, clock = player_of()
    player.play()
    after(player, clock, 2)
    player.tempo = Tempo("time", 2.0)
    assert (player.head, player.playing) == (20, True)
    # A single block of ten seconds is cut to two.
    assert after(player, clock, 1) == 70
    player.tempo = Tempo("whole", 50.0)
    assert after(player, clock, 5) == 80


def test_where_every_key_is_an_event_it_never_moves_by_itself() -> None:
    player, clock = player_of()
    player.play()
    player.tempo = Tempo("keys", 0.0)
    assert not player.playing
    player.toggle()
    assert after(player, clock, 1000) == 0


def test_a_key_goes_on_to_the_next_event_and_back() -> None:
    history = history_of((10, 1.0), (30, 1.0), (60, 1.0), over=False)
    history.add(dev_rows(15, 2, stride=35))
    asked = Request(id="1", viewer="a", action="set_lr", step=60)
    history.add(asked)
    history.add(replace(asked, step=61, refused="no"))
    history.add(RunWarning(step=70, message="look"))
    player, _ = player_of(history, Stop(80, "here"), tempo=Tempo("keys", 0.0))
    seen = []
    for _ in range(10):
        player.step(1)
        seen.append(player.head)
    assert seen == [10, 15, 40, 50, 60, 70, 80, 100, 100, 100]
    player.step(-2)
    assert player.head == 70
    player.step(-100)
    assert player.head == 0


@pytest.mark.parametrize(
    ("text", "tempo"),
    [
        ("time", Tempo("time", 2.0)),
        ("time:5", Tempo("time", 5.0)),
        ("time:0.5s", Tempo("time", 0.5)),
        (" 20/s", Tempo("steps", 20.0)),
        ("90s", Tempo("whole", 90.0)),
        ("keys", Tempo("keys", 0.0)),
    ],
)
def test_a_tempo_can_be_written(text: str, tempo: Tempo) -> None:
    assert parse(text) == tempo


@pytest.mark.parametrize("text", ["", "fast", "0s", "time:0", "-5/s", "1.2.3/s", "9" * 400 + "s"])
def test_what_is_no_tempo_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(TempoError, match="90s"):
        parse(text)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_a_tempo_that_could_never_move_is_none(value: float) -> None:
    for kind in ("time", "steps", "whole"):
        with pytest.raises(ValueError, match="above 0"):
            Tempo(kind, value)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="above 0"):
        Tempo("keys", 0.0, value)


def test_a_key_goes_through_the_tempi_at_the_same_speed() -> None:
    tempo = Tempo("time", 9.0, 4.0)
    kinds = []
    for _ in range(4):
        tempo = next_tempo(tempo)
        kinds.append(tempo.kind)
        assert tempo.speed == 4.0
    assert kinds == ["steps", "whole", "keys", "time"]
