"""The pyramid says what folding every row by hand would say."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.recording import downsampling as pyramid_module
from engine.recording.downsampling import UNIT, Aggregates, Downsampler, folded
from engine.recording.events import Series
from engine.recording.rows import Rows
from tests.tapes import COLUMNS, train_rows

values = st.one_of(
    st.floats(-(2.0**100), 2.0**100, width=32), st.sampled_from([np.nan, np.inf, -np.inf])
)
columns = hnp.arrays(np.float32, st.integers(1, 2000), elements=values)


class Held(NamedTuple):
    """A column that is all there."""

    values: np.ndarray

    def rows(self, start: int, stop: int) -> np.ndarray:
        return self.values[start:stop]

    def folds(self, start: int, stop: int) -> Aggregates:
        return folded(self.values[start:stop])


def by_hand(rows: np.ndarray, start: int, stop: int, size: int) -> list[tuple]:
    """Fold groups that end at multiples of ``size``, one after the other."""
    groups, first = [], start
    while first < stop:
        last = min((first // size + 1) * size, stop)
        group = rows[first:last].astype(np.float64)
        finite = group[np.isfinite(group)]
        groups.append(
            (finite.min(initial=np.inf), finite.max(initial=-np.inf), finite.sum(), len(finite))
        )
        first = last
    return groups


@given(columns, st.data())
def test_it_agrees_with_folding_by_hand(rows: np.ndarray, data: st.DataObject) -> None:
    downsampler = Downsampler(Held(rows))
    for _ in range(3):
        start = data.draw(st.integers(0, len(rows) - 1))
        stop = data.draw(st.integers(start + 1, len(rows)))
        size = data.draw(st.sampled_from([1, 5, 8, 192, 512, 1024, 1536]))
        fold = downsampler.fold(start, stop, size)
        low, high, total, finite = map(
            np.array, zip(*by_hand(rows, start, stop, size), strict=True)
        )
        np.testing.assert_array_equal(fold.low, low.astype(np.float32))
        np.testing.assert_array_equal(fold.high, high.astype(np.float32))
        np.testing.assert_array_equal(fold.finite, finite)
        np.testing.assert_allclose(fold.total, total, rtol=1e-6, atol=1e24)


@given(columns, st.lists(st.integers(1, 300), max_size=5), st.sampled_from([64, 512]))
def test_growing_rows_change_nothing(rows: np.ndarray, stops: list[int], size: int) -> None:
    growing, whole = Downsampler(Held(rows)), Downsampler(Held(rows))
    for stop in sorted(stops):
        growing.fold(0, min(stop, len(rows)), size)
    one, other = (each.fold(0, len(rows), size) for each in (growing, whole))
    np.testing.assert_array_equal(one.low, other.low)
    np.testing.assert_array_equal(one.high, other.high)
    np.testing.assert_array_equal(one.finite, other.finite)


def test_rows_that_were_cut_are_forgotten() -> None:
    rows = np.arange(10_000, dtype=np.float32)
    downsampler = Downsampler(Held(rows))
    downsampler.fold(0, 10_000, 512)
    downsampler.cut(1000)
    rows[1000:] = -1
    assert downsampler.fold(0, 10_000, 512).low.tolist() == [0, -1] + [-1] * 18


@pytest.mark.parametrize("width", [1, 7, 80, 200])
@pytest.mark.parametrize("at", [0, 314_159, 999_999])
def test_one_spike_in_a_million_rows_is_seen_at_any_zoom(width: int, at: int) -> None:
    rows = Rows(["loss"], 1)
    values = np.zeros((1, 1_000_000, 1), np.float32)
    values[0, at] = 5.0
    for first in range(0, 1_000_000, 50_000):
        series = train_rows(first + 1, 1)
        rows.add(
            type(series)(group="train", first=first + 1, values=values[:, first : first + 50_000])
        )
    for margin in (0, 10, 1_000, 300_000, 1_000_000):
        buckets = rows.buckets("loss", at + 1 - margin, at + 1 + margin, width)
        assert 1 <= len(buckets) <= width
        assert buckets.high.max() == 5.0


@given(st.integers(1, 3000), st.integers(1, 250), st.data())
def test_buckets_are_no_more_than_asked_for_and_cover_every_row(
    count: int, width: int, data: st.DataObject
) -> None:
    rows = Rows(COLUMNS["train"], 1)
    rows.add(train_rows(1, count))
    first = data.draw(st.integers(-5, count + 5))
    last = data.draw(st.integers(first, count + 50))
    buckets = rows.buckets("loss", first, last, width)
    inside = range(max(first, 1), min(last, count) + 1)
    assert len(buckets) <= width
    assert bool(len(buckets)) == bool(inside)
    if inside:
        assert (buckets.low.min(), buckets.high.max()) == (inside[0], inside[-1])
        assert buckets.steps[-1] == inside[-1]
        assert (np.diff(buckets.steps) > 0).all()
        np.testing.assert_array_equal(buckets.high, buckets.steps)
        assert (buckets.low <= buckets.mean).all()
        assert (buckets.mean <= buckets.high).all()


def test_numbers_that_are_none_are_named_and_spoil_no_neighbour() -> None:
    rows = Rows(COLUMNS["train"], 1)
    rows.add(train_rows(1, 8, loss=[1, 2, np.nan, 4, 5, np.inf, np.nan, np.nan]))
    buckets = rows.buckets("loss", 1, 8, 4)
    np.testing.assert_array_equal(buckets.nonfinite, [False, True, True, True])
    np.testing.assert_array_equal(buckets.low, [1, 4, 5, np.nan])
    np.testing.assert_array_equal(buckets.mean, [1.5, 4, 5, np.nan])
    np.testing.assert_array_equal(buckets.high, [2, 4, 5, np.nan])


class Counted:
    """``aggregates_of``, counting the rows that it is given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows = 0
        self._fold_rows = pyramid_module.aggregates_of
        monkeypatch.setattr(pyramid_module, "aggregates_of", self)

    def __call__(self, rows: np.ndarray) -> Aggregates:
        self.rows += len(rows)
        return self._fold_rows(rows)


@pytest.mark.parametrize("width", [1, 2, 13, 80, 200])
def test_looking_at_a_million_rows_again_touches_few(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    rows, count = Rows(["loss"], 1), 1_000_003
    values = np.zeros((1, count, 1), np.float32)
    rows.add(Series(group="train", first=1, values=values))
    rows.buckets("loss", 1, count, width)
    counted = Counted(monkeypatch)
    for first, last in [(1, count), (3, count - 2), (77_777, 999_999), (500_001, 900_000)]:
        rows.buckets("loss", first, last, width)
    assert counted.rows < 4 * 2 * UNIT


def test_rows_that_grow_are_folded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, counted = Rows(["loss"], 1), Counted(monkeypatch)
    rows.add(Series(group="train", first=1, values=np.zeros((1, 40_000, 1), np.float32)))
    values = np.zeros((1, 10, 1), np.float32)
    for first in range(40_001, 60_000, 10):
        rows.add(Series(group="train", first=first, values=values))
        rows.buckets("loss", 1, 80_000, 40)
    # Each row once on its way up, less than a unit for the last bucket, and the room of levels.
    looks = 2_000
    assert counted.rows < 60_000 * 2 + looks * UNIT


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 60)), min_size=1, max_size=6))
def test_rows_written_again_replace_what_was_there(blocks: list[tuple[int, int]]) -> None:
    rows, kept = Rows(COLUMNS["train"], 1), dict[int, float]()
    for value, (first, count) in enumerate(blocks):
        rows.add(train_rows(first, count, loss=[float(value)] * count))
        kept = {step: old for step, old in kept.items() if step < first}
        kept |= dict.fromkeys(range(first, first + count), float(value))
        whole = rows.buckets("loss", 0, 500, 1)
        assert (whole.low[0], whole.high[0]) == (min(kept.values()), max(kept.values()))
    assert rows.steps.tolist() == list(kept)
    assert rows.column("loss").tolist() == list(kept.values())
