"""The clock: a period, longer where frames are dear to the machine or to the link."""

from __future__ import annotations

import pytest

from tui.terminal.frame_clock import LOCAL_HZ, REMOTE_HZ, SLOWEST, Clock


def test_over_ssh_it_ticks_half_as_often() -> None:
    assert Clock.of({}).wait == pytest.approx(1 / LOCAL_HZ)
    assert Clock.of({"SSH_CONNECTION": "10.0.0.1 22"}).wait == pytest.approx(1 / REMOTE_HZ)


def test_a_cheap_frame_changes_nothing() -> None:
    clock = Clock(4.0)
    clock.took(0.03)
    clock.carried(0.05)
    assert clock.wait == pytest.approx(0.25)


def test_a_frame_takes_at_most_a_fifth_of_the_machine() -> None:
    clock = Clock(4.0)
    clock.took(0.1)
    assert clock.wait == pytest.approx(0.5)


def test_a_frame_takes_at_most_half_of_the_link() -> None:
    clock = Clock(2.0)
    clock.carried(0.55)
    assert clock.wait == pytest.approx(1.1)


def test_the_dearer_of_the_two_counts() -> None:
    clock = Clock(4.0)
    clock.took(0.1)
    clock.carried(0.4)
    assert clock.wait == pytest.approx(0.8)
    clock.took(0.3)
    assert clock.wait == pytest.approx(1.5)


def test_however_dear_a_frame_is_another_comes() -> None:
    clock = Clock(4.0)
    clock.carried(1e9)
    clock.took(1e9)
    assert clock.wait == SLOWEST


def test_a_link_that_is_fast_again_is_believed_over_a_few_frames() -> None:
    clock = Clock(2.0)
    clock.carried(1.0)
    slow = clock.wait
    clock.carried(0.01)
    assert 0.5 < clock.wait < slow
    for _ in range(10):
        clock.carried(0.01)
    assert clock.wait == pytest.approx(0.5)
