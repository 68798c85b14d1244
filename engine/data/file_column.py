"""A column of a file on its way to codes: its cells, which of them are missing, what is wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..text.spelling import show
from .cells import Notation, Remedies, numbers
from .columns import Column
from .preprocessing import Floats, label_of
from .sheet import Sheet
from .text_column import TextColumn

MOST_LABELS: Final = 1_000_000
"""Different values of a column that are told apart."""


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
        return _text_of(column).blanks()

    def _counted(self, values: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return values if self.rows is None else values[self.rows]

    @cached_property
    def coded(self) -> tuple[NDArray[np.int64], list[str]]:
        """The place of each cell's label, [rows that count], and the labels, each once: cells as
        text, 1.0 and 1 alike, empty where there is no value.

        Raises:
            DataError: There are more labels than are told apart.
        """
        column = self.sheet.columns[self.name]
        places, cells = _coded(column)
        if cells is None:
            raise self.wrong(
                f"has more than {MOST_LABELS} different values, as numbers and remarks have; leave "
                "it out by data.inputs, or set data.task = 'numbers' where it is to be learned"
            )
        places = places if self.rows is None else places[self.rows]
        counted = np.flatnonzero(np.bincount(places)).tolist()
        met, of_cells = dict[str, int](), np.empty(len(cells), np.int64)
        of_cells[counted] = [met.setdefault(label_of(cells[at]), len(met)) for at in counted]
        return of_cells[places], list(met)

    def taken(self, codes: Mapping[str, Any], missing: Any = np.nan) -> Floats:
        """Return what stands for each cell's label, [rows that count, …].

        Args:
            codes: What stands for labels.
            missing: What stands for the others.
        """
        places, labels = self.coded
        return np.array([codes.get(label, missing) for label in labels], np.float64)[places]

    def label(self, row: int) -> str:
        """Return the label of one of the rows that count."""
        places, labels = self.coded
        return labels[int(places[row])]

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
            raise self.wrong_at(row, f"{self.sheet.empty}; {self.remedies.missing}")

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


def _text_of(cells: Collection[str]) -> TextColumn:
    return cells if isinstance(cells, TextColumn) else TextColumn.of([[*cells]])


def _coded(column: Column) -> tuple[NDArray[np.int64], Sequence[Any] | None]:
    """Return the place of each cell, and the cells, each once; none of them where they are too
    many.
    """
    if isinstance(column, np.ndarray):
        cells, places = np.unique(column, return_inverse=True)
        return places, list(cells)
    return _text_of(column).coded(MOST_LABELS) or (np.empty(0, np.int64), None)
