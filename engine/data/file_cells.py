"""The cells of a file, each read as the kind of its column has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .cells import Notation, Remedies
from .column_kinds import EPOCH, ColumnKind, DateColumn, NumberColumn, TruthColumn
from .file_column import FileColumn
from .preprocessing import Floats, RawColumn
from .sheet import Sheet


@dataclass(frozen=True, eq=False)
class FileCells:
    """The cells of a sheet's columns, in the rows that count."""

    sheet: Sheet
    notation: Notation
    """How its numbers are written."""
    kinds: Mapping[str, ColumnKind]
    """What columns are; the others are numbers."""
    remedies: Remedies
    """What to advise where a cell is not what it should be."""
    counts: NDArray[np.bool_] | None = None
    """Which rows of the file count; all where left out."""

    @property
    def rows(self) -> int:
        """How many rows count."""
        return self.sheet.rows if self.counts is None else int(np.count_nonzero(self.counts))

    def kind(self, name: str) -> ColumnKind:
        """Return what a column is."""
        return self.kinds.get(name, _NUMBER)

    def column(self, name: str) -> FileColumn:
        """Return a column."""
        return FileColumn(self.sheet, name, self.notation, self.remedies, self.counts)

    def that_count(self, names: Sequence[str]) -> NDArray[np.bool_] | None:
        """Return which rows have a value in each column that leaves out those that have none.

        Returns:
            None where no row is left out.
        """
        dropping = [self.column(name) for name in names if self.kind(name).missing == "drop"]
        if not dropping:
            return None
        gaps: NDArray[np.bool_] = np.any([column.gaps for column in dropping], axis=0)
        return ~gaps

    def inputs(self, names: Sequence[str]) -> tuple[Floats, list[RawColumn]]:
        """Return the codes of columns [rows, raw columns], and what these are.

        Raises:
            DataError: A cell is not what it should be, with its row and column.
        """
        columns = [each for name in names for each in self.kind(name).raw_columns(name)]
        codes, at = np.empty((self.rows, len(columns))), 0
        for name in names:
            of_name = self.codes(name)
            codes[:, at : at + of_name.shape[1]] = of_name
            at += of_name.shape[1]
        return codes, columns

    def codes(self, name: str) -> Floats:
        """Return the codes of a column, [rows, raw columns].

        Raises:
            DataError: A cell is not what it should be, with its row and column.
        """
        kind, column = self.kind(name), self.column(name)
        codes = kind.codes(column)
        if kind.missing == "refuse" and np.isnan(codes).any():
            column.check_there()
        return codes

    def numbers(self, names: Sequence[str]) -> Floats:
        """Return columns of numbers, or of truth values as 0 and 1, [rows, columns].

        Raises:
            DataError: A cell is not what it should be, or missing, with its row and column.
        """
        return np.stack(
            [
                self.codes(name)[:, 0]
                if isinstance(self.kind(name), TruthColumn)
                else self.column(name).numbers(gaps=False)
                for name in names
            ],
            axis=1,
        )

    def times(self, name: str) -> Floats:
        """Return the time of each row in a column of dates, in seconds, or of numbers.

        Raises:
            DataError: A cell is neither, or missing, with its row and column.
        """
        kind, column = self.kind(name), replace(self.column(name), remedies=_TIME)
        if not isinstance(kind, DateColumn):
            return column.numbers(gaps=False)
        column.check_there()
        dates = kind.dates(column)
        times = {text: (date - EPOCH).total_seconds() for text, date in dates.items() if date}
        return column.taken(times)


_NUMBER: Final = NumberColumn()
_TIME: Final = Remedies(
    missing="data.split_by needs a time in every row",
    words='say how its dates are written, by kind = "date" in data.columns',
)
