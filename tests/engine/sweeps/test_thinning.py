"""What of a group's rows a recording keeps: some at a stride, the first and the last, all once."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.recording.events import Event, MarkReached, Series
from engine.sweeps.thinning import SECONDS, Thinner

MEMBERS = 2


def rows(first: int, stop: int, stride: int) -> Series:
    """Rows whose numbers say which step they are of."""
    steps = np.arange(first, stop, stride, dtype=np.float32)
    values = np.broadcast_to(steps[:, None], (1, len(steps), MEMBERS))
    return Series(group="train", first=first, stride=stride, values=values)


def kept(series: list[Event]) -> list[int]:
    """The steps of some rows, whose numbers must be theirs."""
    steps: list[int] = []
    for each in series:
        assert isinstance(each, Series)
        those = list(range(each.first, each.last_step + 1, each.stride))
        assert np.array_equal(each.values, rows(each.first, each.last_step + 1, each.stride).values)
        steps += those
    return steps


@given(
    blocks=st.lists(st.integers(1, 12), min_size=1, max_size=12),
    stride=st.integers(1, 4),
    every=st.integers(1, 9),
    data=st.data(),
)
def test_kept_are_the_first_each_so_many_th_and_the_last_row(
    blocks: list[int], stride: int, every: int, data: st.DataObject
) -> None:
    """However the rows come in blocks, and whenever they are written."""
    now = [0.0]
    thinner, written = Thinner(every, lambda: now[0]), list[Event]()
    first = stride
    for block in blocks:
        written += thinner.taken([rows(first, first + block * stride, stride)])
        now[0] += data.draw(st.sampled_from([0.0, SECONDS]))
        first += block * stride
    last = first - stride
    written += thinner.rest()
    apart = -(-every // stride) * stride
    expected = {stride, *range(apart, last + 1, apart), last}
    assert kept(written) == sorted(expected)


def test_rows_that_go_on_where_others_end_are_one_piece() -> None:
    now = [0.0]
    thinner = Thinner(5, lambda: now[0])
    blocks = list(itertools.pairwise(range(1, 102, 20)))
    assert not any(thinner.taken([rows(*block, 1)]) for block in blocks[:-1])
    now[0] = SECONDS
    pieces = thinner.taken([rows(*blocks[-1], 1)])
    assert [(each.first, each.stride, each.count) for each in pieces] == [(1, 1, 1), (5, 5, 20)]


def test_what_is_no_row_waits_for_nothing_and_comes_after_the_rows_before_it() -> None:
    thinner = Thinner(1, lambda: 0.0)
    assert thinner.taken([rows(1, 3, 1)]) == []
    mark = MarkReached(step=2, title="here")
    *before, last = thinner.taken([mark])
    assert (kept(before), last) == ([1, 2], mark)
