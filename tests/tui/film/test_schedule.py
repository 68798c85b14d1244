"""Which steps a film shows, and for how long."""

from __future__ import annotations

import pytest

from tui.film.schedule import schedule


@pytest.mark.parametrize("last", [0, 1, 7, 3000, 1_000_000])
@pytest.mark.parametrize("seconds", [1.0, 12.0, 120.0])
def test_a_film_takes_as_long_as_it_was_asked_to_and_goes_to_the_end(
    last: int, seconds: float
) -> None:
    film = schedule(last, [], seconds)
    steps = [each.step for each in film]
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1]) == (0, last)
    assert sum(each.seconds for each in film) == pytest.approx(seconds)
    assert film[-1].seconds >= 0.2 * seconds


def test_most_of_it_is_early_and_marks_have_their_own_step() -> None:
    steps = [each.step for each in schedule(10_000, [0, 3, 777, 778, 10_000, 20_000], 12)]
    assert steps == sorted(set(steps))
    assert {3, 778} <= {*steps}
    assert sum(step < 2_500 for step in steps) > len(steps) / 3
