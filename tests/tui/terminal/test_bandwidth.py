"""The link: what is under way, how fast it goes, and what that leaves room for."""

from __future__ import annotations

import pytest

from tui.terminal.bandwidth import (
    DELAY,
    FIRST_WINDOW,
    LEAST_WINDOW,
    LOST,
    MOST_WINDOW,
    MUTE,
    MUTE_RATE,
    QUESTION,
    Link,
)


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def link(time: Time) -> Link:
    return Link(time)


def carry(link: Link, time: Time, count: int, rate: float, delay: float = 0.0) -> None:
    """Send bytes over a link of a rate, and have them answered."""
    assert link.sending(count)
    time.now += (count + len(QUESTION)) / rate + delay
    link.answered()


def drained(link: Link, time: Time, frame: int, rate: float, delay: float = 0.0) -> float:
    """Send a frame as there is room for it; return the most seconds of bytes under way."""
    most, came = 0.0, time.now
    arrivals: list[float] = []
    while frame or arrivals:
        if room := min(link.room(), frame):
            asked = link.sending(room)
            frame -= room
            came = max(came, time.now) + room / rate
            if asked:
                arrivals.append(came + delay)
            most = max(most, came - time.now)
        else:
            assert arrivals, "nothing is under way, and yet there is no room"
            time.now = max(time.now, arrivals.pop(0))
            link.answered()
    return most


def test_a_link_that_nothing_is_sent_over_is_clear(link: Link) -> None:
    assert link.clear
    assert link.rate is None
    assert link.room() == FIRST_WINDOW
    assert link.seconds(10**9) == 0.0
    assert link.lap() == 0.0


def test_the_first_frame_waits_for_nothing(link: Link) -> None:
    assert link.sending(20_000)
    assert link.room() > 40_000
    assert link.clear, "a terminal that may not answer does not stop the lab"


def test_an_answer_says_what_has_arrived_and_how_fast(link: Link, time: Time) -> None:
    carry(link, time, 9996, 20_000.0)
    assert link.rate == pytest.approx(20_000.0)
    assert link.under_way == 0
    room = link.room()
    link.sending(1000)
    assert room - link.room() == 1000 + len(QUESTION)
    time.now += 0.05
    link.answered()
    assert link.under_way == 0
    assert link.clear


def test_bytes_that_wait_on_this_side_are_not_clear_either(link: Link, time: Time) -> None:
    carry(link, time, 1000, 1e6)
    link.held = 1
    assert not link.clear


def test_over_a_slow_link_a_tenth_of_a_second_is_under_way_at_most(link: Link, time: Time) -> None:
    carry(link, time, 8000, 20_000.0)
    for _ in range(3):
        drained(link, time, 11_000, 20_000.0)
    assert drained(link, time, 11_000, 20_000.0) <= 2.1 * DELAY


def test_a_link_that_is_far_but_fast_is_not_taken_for_slow(link: Link, time: Time) -> None:
    carry(link, time, 2000, 2e6, delay=0.3)
    assert link.rate is not None
    assert link.rate < 10_000, "so it looks at first"
    for _ in range(12):
        drained(link, time, 30_000, 2e6, delay=0.3)
    assert link.rate > 50_000
    assert link.room() > 20_000


def test_a_link_that_turns_slow_is_noticed_within_two_frames(link: Link, time: Time) -> None:
    for _ in range(5):
        drained(link, time, 5000, 1e6)
    assert link.room() > 50_000
    for _ in range(2):
        drained(link, time, 5000, 20_000.0)
    assert link.room() < 6000


def test_a_link_that_turns_fast_is_noticed(link: Link, time: Time) -> None:
    for _ in range(5):
        drained(link, time, 5000, 20_000.0)
    for _ in range(3):
        drained(link, time, 5000, 1e6)
    assert link.room() > 50_000


def test_a_few_bytes_say_nothing_about_the_speed(link: Link, time: Time) -> None:
    carry(link, time, 5000, 1e6)
    carry(link, time, 20, 100.0)
    assert link.rate == pytest.approx(1e6)


@pytest.mark.parametrize(("rate", "room"), [(10.0, LEAST_WINDOW), (1e12, MOST_WINDOW)])
def test_the_room_has_bounds(link: Link, time: Time, rate: float, room: int) -> None:
    carry(link, time, 4000, rate)
    assert link.room() == room


def test_a_lap_is_how_long_the_link_was_busy(link: Link, time: Time) -> None:
    carry(link, time, 9996, 20_000.0)
    assert link.lap() == pytest.approx(0.5)
    carry(link, time, 1996, 20_000.0)
    assert link.lap() == pytest.approx(0.1)
    assert link.lap() == 0.0


def test_a_terminal_that_does_not_answer_is_asked_once_and_taken_for_a_slow_one(
    link: Link, time: Time
) -> None:
    assert link.sending(3000)
    assert not link.sending(3000)
    time.now += MUTE + 0.01
    assert link.clear
    assert link.rate == MUTE_RATE
    assert link.room() == pytest.approx(MUTE_RATE * DELAY)
    assert not link.sending(2000)
    assert link.room() == 0
    assert not link.waits_for_answer
    time.now += 2000 / MUTE_RATE + 0.001
    assert link.clear


def test_a_terminal_that_makes_writes_wait_is_slower_still(link: Link, time: Time) -> None:
    link.sending(3000)
    time.now += MUTE + 0.01
    link.room()
    link.wrote(1000, 0.0001)
    assert link.rate == MUTE_RATE
    link.wrote(1000, 0.2)
    assert link.rate == pytest.approx(5000.0)


def test_a_terminal_that_answers_late_is_believed(link: Link, time: Time) -> None:
    link.sending(3000)
    time.now += MUTE + 0.01
    assert link.room() == pytest.approx(MUTE_RATE * DELAY)
    link.answered()
    assert link.sending(2000)
    time.now += 0.002
    link.answered()
    assert link.clear
    assert link.rate is not None
    assert link.rate > 500_000


def test_an_answer_that_is_lost_is_asked_for_again(link: Link, time: Time) -> None:
    carry(link, time, 1000, 1e6)
    link.sending(1000)
    assert not link.asks_again()
    time.now += 2 * LOST
    assert [link.asks_again() for _ in range(3)] == [True, False, False]
    time.now += 0.01
    link.answered()
    assert link.clear
    assert not link.asks_again()


def test_a_terminal_that_answers_no_more_is_taken_for_a_slow_one(link: Link, time: Time) -> None:
    carry(link, time, 1000, 1e6)
    link.sending(1000)
    for _ in range(3):
        assert link.rate == pytest.approx(1e6, rel=0.01)
        time.now += 2 * LOST
        link.asks_again()
    assert link.rate == MUTE_RATE
    assert link.clear


def test_an_answer_to_no_question_changes_nothing(link: Link) -> None:
    link.answered()
    assert link.clear
    assert link.rate is None


def test_on_leaving_nothing_more_is_asked(link: Link) -> None:
    assert not link.sending(1000, asking=False)
    assert not link.waits_for_answer


def test_whoever_waits_for_an_answer_may_have_the_terminal_asked_once_it_is_known_to_answer() -> (
    None
):
    link = Link(lambda: 1.0)
    assert not link.answers
    assert not link.asks_now()
    assert link.sending(10)
    link.answered()
    assert link.answers
    assert link.asks_now()
    assert link.waits_for_answer
    link.answered()
    assert not link.waits_for_answer
