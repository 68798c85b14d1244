"""The timeline: zoom, pan and cursor, for every size of run and screen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.drawing.replay.timeline import LEAST_SPAN, Timeline


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    newest = draw(st.integers(0, 2_000_000))
    end = draw(st.integers(0, 2_000_000))
    window = None
    if draw(st.booleans()):
        first = draw(st.integers(0, 2_000_000))
        window = (first, first + draw(st.integers(1, 100_000)))
    cursor = draw(st.none() | st.integers(0, 3_000_000))
    columns = draw(st.integers(1, 200))
    return Timeline(newest=newest, end=end, columns=columns, window=window, cursor=cursor)


def run(newest: int = 1000, **more: object) -> Timeline:
    return Timeline(newest=newest, end=newest, columns=101, **more)  # type: ignore[arg-type]


@given(timelines(), st.lists(st.integers(0, 6), max_size=12), st.integers(-5, 5))
def test_whatever_is_done_there_is_a_window_and_the_cursor_is_within_the_run(
    line: Timeline, deeds: list[int], by: int
) -> None:
    for deed in deeds:
        line = [
            lambda line: line.zoomed(by),
            lambda line: line.panned(by),
            lambda line: line.moved(by),
            lambda line: line.stepped(by),
            lambda line: line.home(),
            lambda line: line.pointed(line.step_at(by * 17)),
            lambda line: line.followed(),
        ][deed](line)
        first, last = line.shown
        assert 0 <= first < last
        assert 0 <= line.at <= line.newest
    if deeds and deeds[-1] == 6:
        assert line.following
        assert line.cursor is None


@given(timelines())
def test_a_cursor_that_moves_is_seen(line: Timeline) -> None:
    for moved in (line.moved(1), line.moved(-1), line.stepped(1), line.stepped(-1)):
        first, last = moved.shown
        assert moved.window is None or first <= moved.at <= last


@given(timelines())
def test_a_column_back_is_at_least_a_step(line: Timeline) -> None:
    assert line.moved(-1).at < line.at or line.at == 0
    assert line.moved(1).at > line.at or line.at == line.newest


def test_a_column_on_is_a_column() -> None:
    line = run(cursor=500)
    assert line.column_of(500) == 50
    assert line.moved(1).column_of(line.moved(1).at) == 51
    assert line.moved(-7).cursor == 430


def test_the_step_in_a_column_is_in_that_column() -> None:
    line = run(12_345)
    assert [line.column_of(line.step_at(column)) for column in range(101)] == list(range(101))


def test_the_steps_around_a_step_are_those_of_its_column() -> None:
    line = run(12_345)
    first, last = line.around(6_000)
    columns = {line.column_of(step) for step in range(first, last + 1)}
    assert columns == {line.column_of(6_000)}
    assert line.column_of(first - 1) == line.column_of(last + 1) - 2


def test_zooming_in_keeps_the_read_step_in_its_column() -> None:
    line = run(cursor=300)
    closer = line.zoomed(1)
    assert closer.window == (150, 650)
    assert closer.column_of(300) == line.column_of(300)


def test_zooming_in_on_the_newest_step_shows_the_last_half() -> None:
    assert run().zoomed(1).window == (500, 1000)


def test_zooming_in_has_an_end() -> None:
    line = run(cursor=300)
    for _ in range(100):
        line = line.zoomed(1)
    assert line.window is not None
    assert line.window[1] - line.window[0] == LEAST_SPAN


def test_zooming_out_far_enough_follows_again() -> None:
    closer = run(cursor=300).zoomed(3)
    assert not closer.following
    assert closer.zoomed(-2).following is False
    assert closer.zoomed(-3).following


def test_zooming_in_and_out_keeps_the_cursor() -> None:
    assert run(cursor=300).zoomed(2).zoomed(-4).cursor == 300


def test_panning_moves_by_half_and_stops_at_both_ends() -> None:
    line = run(window=(400, 600))
    assert line.panned(1).window == (500, 700)
    assert line.panned(-1).window == (300, 500)
    assert line.panned(-100).window == (0, 200)
    assert line.panned(100).window == (800, 1000)


def test_there_is_nowhere_to_pan_while_everything_is_shown() -> None:
    assert run().panned(-1) == run()


def test_the_last_step_is_the_newest_and_no_cursor() -> None:
    assert run(cursor=999).stepped(1).cursor is None
    assert run(cursor=5).pointed(2000).cursor is None


def test_a_cursor_that_leaves_the_window_takes_it_along() -> None:
    line = run(window=(400, 500), cursor=500)
    assert line.stepped(1).window == (401, 501)
    assert run(window=(400, 500), cursor=400).stepped(-1).window == (399, 499)


def test_home_is_the_first_step_that_is_shown() -> None:
    assert run(cursor=300).home().cursor == 0
    assert run(window=(400, 500)).home().cursor == 400


def test_a_run_without_steps_can_be_looked_at() -> None:
    line = Timeline(newest=0, end=0, columns=1)
    assert line.shown == (0, 1)
    assert line.moved(1).stepped(-1).zoomed(1).zoomed(-1).home().at == 0
