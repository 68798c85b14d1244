"""Numbers, texts and axes as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.drawing.base.axis import LABEL_WIDTH, horizon, linear_axis, log_axis, step_axis
from tui.style.numbers import count, duration, figure, percent, rate, short
from tui.style.text import fit, pad, pad_left, wrap


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.1423456, "0.1423"),
        (0.9, "0.9000"),
        (12.345, "12.35"),
        (1234.5, "1234"),
        (1.83e-11, "1.83e-11"),
        (1e30, "1.00e30"),
        (-2.5e-7, "-2.50e-7"),
        (math.nan, "NaN"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_a_figure_is_short_and_hides_nothing(value: float, words: str) -> None:
    assert figure(value) == words


@given(st.floats(width=32, allow_nan=True, allow_infinity=True))
def test_no_figure_is_wider_than_its_column(value: float) -> None:
    assert len(figure(value)) <= 9


@given(st.floats(min_value=1e-30, max_value=1e30))
def test_a_figure_says_the_number_to_a_hundredth(value: float) -> None:
    assert float(figure(value)) == pytest.approx(value, rel=0.01)


def test_thousands_rates_times_and_shares_are_short() -> None:
    assert [count(7), count(1200), count(1_000_000)] == ["7", "1 200", "1 000 000"]
    assert [rate(0.42), rate(12.3), rate(8123), rate(2e6)] == ["0.42", "12", "8.12k", "2M"]
    assert [rate(0), rate(math.nan), rate(math.inf), rate(-1)] == ["0"] * 4
    assert [duration(0.31), duration(42), duration(185), duration(7385)] == [
        "0.3 s",
        "42 s",
        "3:05",
        "2:03:05",
    ]
    assert duration(math.inf) == "?"
    assert [percent(0.999), percent(1.0), percent(0)] == ["99 %", "100 %", "0 %"]
    assert [short(0.2), short(1e-5), short(0.0)] == ["0.2", "1e-5", "0"]


@given(st.text(max_size=40), st.integers(-1, 30))
def test_text_is_made_exactly_as_wide_as_asked(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) <= max(width, 0)
    assert cell_len(pad(text, width)) == max(width, 0)
    assert cell_len(pad_left(text, width)) == max(width, 0)


def test_wide_characters_count_twice() -> None:
    assert fit("神经网络训练", 7) == "神经网…"
    assert pad("神经", 6) == "神经  "


@given(st.text(alphabet="ab 神\n", max_size=60), st.integers(2, 20))
def test_wrapped_lines_fit_and_lose_no_word(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


finite = st.floats(min_value=-1e30, max_value=1e30)


@given(finite, finite, st.integers(1, 20))
def test_a_linear_axis_holds_its_values_between_round_ticks(a: float, b: float, most: int) -> None:
    low, high = min(a, b), max(a, b)
    axis = linear_axis(low, high, most)
    slack = 1e-9 * max(abs(axis.low), abs(axis.high))
    assert axis.low - slack <= low <= high <= axis.high + slack
    assert axis.low < axis.high
    assert 1 <= len(axis.ticks) <= most + 3
    assert all(len(label) <= LABEL_WIDTH for _, label in axis.ticks)


@given(st.floats(1e-30, 1e30), st.floats(1e-30, 1e30), st.integers(1, 20))
def test_a_log_axis_holds_its_values_and_has_ticks(a: float, b: float, most: int) -> None:
    low, high = min(a, b), max(a, b)
    axis = log_axis(low, high, most)
    assert axis.low - 1e-6 <= math.log10(low) <= math.log10(high) <= axis.high + 1e-6
    assert axis.low < axis.high
    assert axis.ticks
    assert len(axis.ticks) <= most + 2
    assert all(len(label) <= LABEL_WIDTH for _, label in axis.ticks)


def test_log_ticks_stand_at_decades() -> None:
    axis = log_axis(3e-12, 0.5, 20)
    assert [label for _, label in axis.ticks][:3] == ["1e-12", "1e-11", "1e-10"]
    assert axis.ticks[-1] == (0.0, "1")


def test_an_accuracy_axis_never_goes_beyond_one() -> None:
    assert linear_axis(0.42, 1.0, 5, top=1.0).high == 1.0
    assert linear_axis(1.0, 1.0, 5, top=1.0).high == 1.0
    assert linear_axis(0.42, 0.43, 5, top=1.0).high <= 1.0


@given(st.integers(0, 10**9), st.integers(1, 300))
def test_a_step_axis_begins_at_nothing_and_has_room_for_its_labels(last: int, width: int) -> None:
    axis = step_axis(last, width)
    assert axis.low == 0
    assert axis.high >= max(last, 1)
    assert all(value == int(value) for value, _ in axis.ticks)
    assert sum(len(label) + 1 for _, label in axis.ticks[1:-1]) <= width + 1


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_the_axis_of_a_run_that_goes_on_holds_it_and_stands_still(step: int, total: int) -> None:
    end = horizon(step, total)
    assert end >= step
    assert end <= max(total, step)
    if 16 < step < total:
        assert horizon(max(step - 1, (end + 1) // 2 + 1), total) == end


def test_what_is_cut_ends_with_no_beginning_of_a_number() -> None:
    words = "an error of 0.0316, as a mean of 12 345.6 rows"
    assert fit(words, 14) == "an error of…"
    assert fit(words, 20) == "an error of 0.0316,…"
    assert fit("0.031622", 5) == "0.03…"
    assert fit("net-20261130", 8) == "net-202…"
