"""A random sample of a file's rows, drawn while they are read in whatever portions they come.

    rows ─► a random number for each ─► those with the smallest numbers, in the order of the file

Every row is as likely, hardly more than the sample is ever held, and the same file gives the
same rows every time and on every machine: the seed is its own, so that runs of every seed, and
whoever asks about them afterwards, see the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..text.safe import plain

SEED: Final = 20_260_101
"""What every sample is drawn with."""


@dataclass(frozen=True)
class RowsTaken:
    """Which rows of a file were taken."""

    places: NDArray[np.int64]
    """[rows]: their places in the file, from 0, rising."""
    of: int
    """How many rows the file has."""


class RowSample:
    """Draws from rows that come in portions.

    Args:
        most: How many are wanted, at least 1; of fewer all are taken.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._rng = np.random.default_rng(SEED)
        self._numbers = np.empty(0)
        self._places = np.empty(0, np.int64)
        self._offered = 0
        self._bound = np.inf

    @property
    def taken(self) -> RowsTaken:
        """What was taken, once ``kept`` was asked."""
        return RowsTaken(self._places, self._offered)

    @property
    def is_full(self) -> bool:
        """Whether as many are held as should be before some are let go."""
        return len(self._places) >= self._most + self._most // 4 + 1000

    def offer(self, rows: int) -> NDArray[np.int64]:
        """Return which of the next rows are taken for now, [taken], from 0."""
        numbers = self._rng.random(rows)
        taken = np.flatnonzero(numbers < self._bound)
        self._numbers = np.concatenate([self._numbers, numbers[taken]])
        self._places = np.concatenate([self._places, self._offered + taken])
        self._offered += rows
        return taken

    def kept(self) -> NDArray[np.int64]:
        """Return which of all that were taken so far stay, [rows] places among them; the others
        are forgotten.
        """
        kept = np.sort(np.argsort(self._numbers, kind="stable")[: self._most])
        self._numbers, self._places = self._numbers[kept], self._places[kept]
        if len(kept) == self._most:
            self._bound = float(self._numbers.max())
        return kept


def sampled(batches: list[Any], sample: RowSample) -> list[Any]:
    """Return what of batches of Arrow's stays in a sample, as one batch where there are rows."""
    import pyarrow

    table = pyarrow.Table.from_batches(batches).take(pyarrow.array(sample.kept()))
    # Copied together: a slice would hold on to all of what it was taken of.
    batches[:] = table.combine_chunks().to_batches()
    return batches


def drawn_words(file: Mapping[str, Any]) -> str:
    """Say which share of a file's rows was drawn, of what a recording's header says of the file;
    empty where all were read.
    """
    rows, drawn = file.get("rows"), file.get("drawn")
    if not (isinstance(rows, int) and isinstance(drawn, int)):
        return ""
    return f"{drawn} of the {rows} rows of {plain(str(file.get('name')))} were drawn at random"


def drawn_of(files: Iterable[Any]) -> list[str]:
    """Return which share was drawn of each of a header's files that was not read whole."""
    said = [drawn_words(file) for file in files if isinstance(file, Mapping)]
    return [*filter(None, said)]
