"""A column of a file on its way to codes: its cells, which of them are missing, what is wrong."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..components.section import show
from ..errors import DataError
from .cells import Notation, Remedies, numbers
from .columns import TextColumn
from .preprocessing import Floats, label_of
from .sheet import Sheet


@dataclass(frozen=True, eq=False)
class FileColumn:
    """A column's cells in the rows that count."""

    sheet: Sheet
    name: str
    notation: Notation
    """How its numbers are written."""
    remedies: Remedies
    """What to advise where a cell is no number, or missing."""
    rows: NDArray[np.bool_] | None = None
    """Which rows of the file count; all where left out."""

    @cached_property
    def gaps(self) -> NDArray[np.bool_]:
        """Which rows have no value, [rows that count]."""
        return self._counted(self._all_gaps)

    @cached_property
    def _all_gaps(self) -> NDArray[np.bool_]:
        column = self.sheet.columns[self.name]
        if isinstance(column, np.ndarray):
            return np.isnan(column.astype(np.float64))
        if isinstance(column, TextColumn):
            return column.blanks()
        return np.fromiter((not cell or cell.isspace() for cell in column), bool, len(column))

    def _counted(self, values: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return values if self.rows is None else values[self.rows]

    @cached_property
    def labels(self) -> list[str]:
        """Each cell as text, 1.0 and 1 alike; empty where there is no value."""
        return list(self.each_label())

    def each_label(self) -> Iterator[str]:
        """Yield them one by one: of a long text, a million are not held at once."""
        labels = map(label_of, self.sheet.columns[self.name])
        return labels if self.rows is None else itertools.compress(labels, self.rows)

    def numbers(self, *, gaps: bool) -> Floats:
        """Return the cells as numbers, [rows that count].

        Args:
            gaps: Whether one may be missing, and is NaN then.

        Raises:
            DataError: A cell is no number.
        """
        passed = self._all_gaps if gaps else np.zeros(self.sheet.rows, bool)
        if self.rows is not None:
            passed = passed | ~self.rows
        values = numbers(self.sheet, self.name, self.notation, self.remedies, passed)
        return values if self.rows is None else values[self.rows]

    def check_there(self) -> None:
        """Refuse a row without a value.

        Raises:
            DataError: With its row and column.
        """
        if self.gaps.any():
            row = int(np.flatnonzero(self.gaps)[0])
            raise self.wrong_at(row, f"is empty; {self.remedies.missing}")

    def wrong(self, words: str) -> DataError:
        """Return what to raise where the column does not hold."""
        return DataError(f"{self.sheet.name}: column {show(self.name)}: {words}")

    def wrong_at(self, row: int, words: str) -> DataError:
        """Return what to raise where a cell does not hold.

        Args:
            row: Which of the rows that count, from 0.
            words: What is wrong with it.
        """
        place = row if self.rows is None else int(np.flatnonzero(self.rows)[row])
        return DataError(f"{self.sheet.place(self.name, place)}: {words}")
