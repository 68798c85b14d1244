"""How a column lies over members: as numpy says, however rows come, and whoever is left out."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.recording.events import Series
from engine.recording.member_spread import RANGE, Spreads, spread_of
from tests.populations import header_of, population, rows_of

NUMBERS = st.floats(-1e6, 1e6, width=32) | st.sampled_from([np.nan, np.inf, -np.inf])
TABLES = st.tuples(st.integers(1, 6), st.integers(2, 7)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=NUMBERS)
)


@given(TABLES)
def test_it_is_what_numpy_says_of_the_finite_numbers(values: np.ndarray) -> None:
    finite = np.where(np.isfinite(values), values, np.nan).astype(np.float64)
    found = spread_of(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = (
            np.nanmean(finite, axis=1),
            *(np.nanquantile(finite, share, axis=1) for share in RANGE),
            np.nanstd(finite, axis=1, ddof=1),
        )
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-1)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.booleans())
def test_rows_that_come_in_pieces_are_the_same_as_all_at_once(
    pieces: list[int], held: bool
) -> None:
    steps = sum(pieces)
    values = rows_of(3, steps, held={1: 2} if held else None)[0].T
    grown, whole = Spreads(3), Spreads(3)

    def read(start: int, stop: int) -> np.ndarray:
        return values[:, start:stop]

    for stop in np.cumsum(pieces).tolist():
        spread = grown.of("loss", stop, read)
    for mine, theirs in zip(spread, whole.of("loss", steps, read), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_member_that_is_held_keeps_its_last_number() -> None:
    rows = population(members=2, steps=10, held={1: 2}).series["train"]
    means = rows.column("loss", None)
    # Member 1's loss is 1 / step, member 2's stays at 2 / 2.
    assert means[-1] == pytest.approx((1 / 10 + 1.0) / 2)
    assert rows.value("loss", 10, None) == means[-1]


def test_who_is_left_out_is_in_no_row() -> None:
    rows = population(members=3, steps=10, diverge={2: 5}).series["train"]
    before = rows.buckets("loss", 1, 10, 5, None)
    assert rows.value("loss", 1, None) == pytest.approx(2.0)
    rows.leave_out(np.array([False, False, True]))
    assert rows.value("loss", 1, None) == pytest.approx(1.5)
    assert rows.buckets("loss", 1, 10, 5, None).mean[0] < before.mean[0]
    assert rows.buckets("loss", 1, 10, 5, "high").mean[0] < 2


def test_where_all_would_be_left_out_none_is() -> None:
    rows = population(members=2, steps=3).series["train"]
    rows.leave_out(np.array([True, True]))
    assert np.isfinite(rows.column("loss", None)).all()


def test_rows_that_are_taken_back_are_forgotten() -> None:
    history = population(members=2, steps=10, held={1: 3})
    rows = history.series["train"]
    rows.column("loss", None)
    again = rows_of(2, 10)[:, 4:]
    rows.add(Series(group="train", first=5, values=again))
    fresh = population(members=2, steps=4, held={1: 3})
    fresh.series["train"].add(Series(group="train", first=5, values=again))
    np.testing.assert_array_equal(
        rows.column("loss", None), fresh.series["train"].column("loss", None)
    )


def test_of_one_network_the_mean_is_itself() -> None:
    rows = population(members=1, steps=5, diverge={0: 4}).series["train"]
    np.testing.assert_array_equal(rows.column("loss", None), rows.column("loss", 0))
    assert header_of(1).members == 1
    assert rows.value("loss", 4, None) == np.inf
    assert rows.buckets("loss", 1, 5, 9, None).nonfinite.tolist()[3]
