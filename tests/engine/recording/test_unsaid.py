"""What was not said is no number that is broken, in rows, in what is drawn of them and in lists."""

from __future__ import annotations

import base64
import math

import numpy as np

from engine.recording.events import Series
from engine.recording.packed import Packed
from engine.recording.rows import Rows
from engine.recording.unsaid import UNSAID, is_unsaid
from engine.recording.values import are_broken, are_unsaid


def rows_of(values: list[float]) -> Rows:
    rows = Rows(("loss", "lr"), 1)
    table = np.array([values, [0.1] * len(values)], np.float64).astype(np.float32)[:, :, None]
    rows.add(Series(group="train", first=1, values=table))
    return rows


def test_it_is_told_from_every_other_number_that_is_none() -> None:
    values = np.array([UNSAID, math.nan, -math.nan, math.inf, 1.0]).astype(np.float32)
    assert are_unsaid(values).tolist() == [True, False, False, False, False]
    assert are_broken(values).tolist() == [False, True, True, True, False]
    assert [is_unsaid(each) for each in values.tolist()] == are_unsaid(values).tolist()
    assert are_unsaid(values[::2]).tolist() == [True, False, False]


def test_it_is_that_in_packed_rows_as_well() -> None:
    data = base64.b64encode(np.array([UNSAID, math.nan]).astype("<f4").tobytes())
    [first], [second] = (Packed(data, 2, 1).members_of(0, row) for row in range(2))
    assert is_unsaid(first)
    assert not is_unsaid(second)


def test_what_is_drawn_goes_on_across_it_and_stops_at_what_is_broken() -> None:
    said = [3.0, UNSAID, UNSAID, 2.0, UNSAID, 1.0, UNSAID]
    rows = rows_of(said)
    buckets = rows.buckets("loss", 1, 7, 20)
    assert buckets.steps.tolist() == [1, 4, 6]
    assert buckets.mean.tolist() == [3, 2, 1]
    assert not buckets.nonfinite.any()
    assert rows.first_broken("loss", 0, 7) is None
    assert [rows.value("loss", step) for step in range(1, 8)] == [3, 3, 3, 2, 2, 1, 1]
    broken = rows_of([*said, math.nan])
    assert broken.first_broken("loss", 0, 8) == 7
    assert math.isnan(broken.value("loss", 8))


def test_of_many_rows_only_what_is_broken_is_counted_as_that() -> None:
    values = np.full(5000, UNSAID)
    values[::1000] = [5, 4, 3, 2, math.inf]
    rows = rows_of(values.tolist())
    assert rows.first_broken("loss", 0, 5000) == 4000
    buckets = rows.buckets("loss", 1, 5000, 10)
    assert buckets.mean[~buckets.nonfinite].tolist() == [5, 4, 3, 2]
    assert buckets.nonfinite.sum() == 1
    assert rows.value("loss", 4000) == 2


def test_a_loss_that_no_row_has_is_no_column() -> None:
    rows = rows_of([UNSAID, UNSAID])
    assert rows.columns == ("lr",)
    rows.add(Series(group="train", first=3, values=np.ones((2, 1, 1), np.float32)))
    assert rows.columns == ("loss", "lr")
