"""What of a group's stream its recording keeps: rows at a stride, in few lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np

from ..recording.events import Event, Series

SECONDS: Final = 1.0
"""How long rows may wait for others, so that hundreds of members are not named for every block."""


class Thinner:
    """Keeps some rows of each group of columns, and writes many of them at once.

    Kept are the rows of the first step, of every multiple of the stride and of the last step; in
    groups that have a stride of their own, every row at or beyond the stride that is asked for.

    Args:
        every: Steps from one row to the next.
        clock: Seconds.
    """

    def __init__(self, every: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._every, self._clock = every, clock
        self._waiting: dict[str, list[Series]] = {}
        self._last: dict[str, Series] = {}
        """The newest row of each group, where it was left out."""
        self._since = clock()

    def taken(self, events: Iterable[Event]) -> list[Event]:
        """Return what is to be recorded by now, of these events and those before."""
        others: list[Event] = []
        for event in events:
            if isinstance(event, Series):
                self._take(event)
            else:
                others.append(event)
        if not others and self._clock() - self._since < SECONDS:
            return []
        return [*self._written(), *others]

    def rest(self) -> list[Event]:
        """Return what is still to be recorded when the run is over: its last rows."""
        for group, series in self._last.items():
            self._waiting.setdefault(group, []).append(series)
        self._last.clear()
        return [*self._written()]

    def _take(self, series: Series) -> None:
        every = -(-self._every // series.stride) * series.stride
        self._last.pop(series.group, None)
        if every == series.stride:
            self._waiting.setdefault(series.group, []).append(series)
            return
        steps = series.first + series.stride * np.arange(series.count)
        if steps[0] == series.stride:
            self._waiting.setdefault(series.group, []).append(_rows(series, 0, 1, series.stride))
        kept = np.flatnonzero(steps % every == 0)
        if len(kept):
            start = int(kept[0])
            rows = _rows(series, start, series.count, every)
            self._waiting.setdefault(series.group, []).append(rows)
        if steps[-1] % every and steps[-1] != series.stride:
            self._last[series.group] = _rows(series, series.count - 1, series.count, series.stride)

    def _written(self) -> Iterator[Series]:
        self._since = self._clock()
        for waiting in self._waiting.values():
            yield from _joined(waiting)
        self._waiting.clear()


def _rows(series: Series, start: int, stop: int, every: int) -> Series:
    """Return the rows from ``start`` to ``stop`` that are so many steps apart."""
    values = series.values[:, start : stop : every // series.stride]
    first = series.first + start * series.stride
    return Series(group=series.group, first=first, stride=every, values=values)


def _joined(waiting: Iterable[Series]) -> Iterator[Series]:
    """Yield series with those that go on where they end in one piece."""
    pieces: list[Series] = []
    for series in waiting:
        if pieces and not _goes_on(pieces[-1], series):
            yield _one(pieces)
            pieces = []
        pieces.append(series)
    if pieces:
        yield _one(pieces)


def _goes_on(before: Series, after: Series) -> bool:
    return before.stride == after.stride and after.first == before.last_step + before.stride


def _one(pieces: list[Series]) -> Series:
    if len(pieces) == 1:
        return pieces[0]
    values = np.concatenate([piece.values for piece in pieces], axis=1)
    return Series(
        group=pieces[0].group, first=pieces[0].first, stride=pieces[0].stride, values=values
    )
