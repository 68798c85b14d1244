"""Numbers of a line that are read without an array."""

from __future__ import annotations

import numpy as np
import pytest

from engine.recording.events import Series
from engine.recording.lines import decode, encode
from engine.recording.packed import Packed


def test_every_number_is_that_of_the_array() -> None:
    values = np.random.default_rng(1).normal(size=(3, 4, 2)).astype(np.float32)
    values[1, 2, 0] = np.nan
    line = encode(Series(group="train", first=1, values=values))
    packed = decode(line, unpack=Packed)
    assert isinstance(packed, Series)
    assert packed.values.shape == values.shape
    assert (packed.count, packed.last_step) == (4, 4)
    numbers = [[packed.values.members_of(column, row) for row in range(4)] for column in range(3)]
    np.testing.assert_array_equal(np.array(numbers, np.float32), values)


@pytest.mark.parametrize(
    ("data", "words"), [("AAAA", "3 bytes"), ("AAAAAAA=", "5 bytes"), ("no base64", "base64")]
)
def test_what_is_not_so_many_rows_is_refused(data: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Packed(data, 1, 1)
    Packed("AAAAAA==", 1, 1)


@pytest.mark.parametrize(("step", "row"), [(4, None), (5, 0), (7, 1), (8, 1), (99, 2)])
def test_the_newest_row_until_a_step_is_found(step: int, row: int | None) -> None:
    values = np.zeros((1, 3, 1), np.float32)
    even = Series(group="train", first=5, stride=2, values=values)
    uneven = Series(group="train", first=5, steps=[5, 7, 9], values=values)
    assert even.row_until(step) == uneven.row_until(step) == row
