import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text.averages import deviation_of, mean_of

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(NUMBERS, min_size=1, max_size=6))
def test_a_mean_and_a_deviation_are_had_of_any_figures(values: list[float]) -> None:
    assert min(values) * (1 + 1e-12 * (min(values) < 0)) <= mean_of(values) or math.isclose(
        mean_of(values), min(values)
    )
    assert math.isfinite(mean_of(values))
    assert deviation_of(values) >= 0


@given(st.lists(st.floats(-1e100, 1e100), min_size=2, max_size=6))
def test_ordinary_ones_are_those_of_the_library(values: list[float]) -> None:
    assert mean_of(values) == statistics.fmean(values)
    assert deviation_of(values) == statistics.stdev(values)


def test_those_whose_sum_or_squares_leave_the_range_are_scaled() -> None:
    assert mean_of([1e308, 1.5e308]) == pytest.approx(1.25e308)
    assert deviation_of([1e308, 1.5e308]) == pytest.approx(0.5e308 / math.sqrt(2))
    assert deviation_of([-1.7e308, 1.7e308]) == math.inf
    assert deviation_of([3.0]) == 0
