"""Two runs on the same rows: which is better, and whether so many rows can tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import RequestError
from engine.results.evaluation.comparison import compared
from tests.engine.results.evaluation.answers import told_classes, told_numbers

TRUTH = [0, 1] * 50


def of_right(right: int, run: str = "one"):
    """Answers to a hundred rows of which the first so many are right."""
    said = [(0.8 if truth else 0.2) for truth in TRUTH]
    wrong = [1 - one for one in said]
    return told_classes(TRUTH, said[:right] + wrong[right:], run)


def test_one_that_is_right_far_more_often_is_better() -> None:
    told = compared(of_right(95), of_right(60, "two"))
    accuracy = told.differences[0]
    assert (told.other, told.rows) == ("two", 100)
    assert (accuracy.first, accuracy.second) == (0.95, 0.6)
    assert accuracy.better_by == pytest.approx(0.35)
    assert accuracy.is_told
    assert accuracy.ahead == 1


def test_one_row_of_a_hundred_tells_nothing() -> None:
    accuracy = compared(of_right(91), of_right(90)).differences[0]
    assert not accuracy.is_told
    assert accuracy.low == 0 < accuracy.high


def test_a_run_is_as_good_as_itself() -> None:
    for each in compared(of_right(80), of_right(80)).differences:
        assert (each.better_by, each.low, each.high, each.ahead) == (0, 0, 0, 0)


def test_the_interval_is_that_of_the_mean_of_paired_differences() -> None:
    accuracy = compared(of_right(90), of_right(70)).differences[0]
    deviation = np.std([1] * 20 + [0] * 80) / np.sqrt(100)
    assert accuracy.low == pytest.approx(0.2 - 1.96 * deviation, abs=0.012)
    assert accuracy.high == pytest.approx(0.2 + 1.96 * deviation, abs=0.012)


def test_smaller_errors_are_better_and_the_other_way_round_it_is_the_opposite() -> None:
    truth = np.linspace(0, 1, 60)
    near, far = told_numbers([*truth], [*truth + 0.1]), told_numbers([*truth], [*truth - 0.3])
    (there,), (back,) = compared(near, far).differences, compared(far, near).differences
    assert there.better_by == pytest.approx(0.2)
    assert (back.better_by, back.low, back.high) == pytest.approx(
        (-there.better_by, -there.high, -there.low)
    )


def test_only_the_rows_of_a_file_that_both_have_count() -> None:
    whole, part = of_right(90), of_right(90).taken(np.arange(10, 100))
    assert compared(whole, part).rows == 90


def test_other_rows_are_refused() -> None:
    one = of_right(90)
    other = replace(one, rows=replace(one.rows, inputs=one.rows.inputs + 1), run="two")
    with pytest.raises(RequestError, match="of one has other rows than that of two, which may"):
        compared(one, other)
    with pytest.raises(RequestError, match="have not learned the same"):
        compared(one, told_numbers([0] * 100, [0] * 100, "two"))
