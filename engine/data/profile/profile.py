"""What stands in a file of one's own: its layout, its rows, and what each of its columns is.

    bytes ─► layout ─► sheet ─► a tally of each column ─► its kind

Nothing here decides what is trained: that is said in a preset, which is drafted from this.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from ...errors import DataError
from ...text.endings import ending_of
from ...text.safe import plain
from ..cells import Notation, Remedies
from ..columns import FEWER, Column, Sampling
from ..file_column import FileColumn
from ..preprocessing import Floats
from ..sheet import read, state_of
from ..text_file import Dialect
from .column import ColumnProfile, column_of
from .layout import TextLayout, layout_of
from .tally import Tally, notation_of

OF_DATA: Final = Sampling(
    remedy=f"take a random sample of its rows by epochal new --rows 100000, or {FEWER}"
)
"""All rows of a file are looked at, or it is refused."""

PREVIEWED: Final = 20
"""Rows that are kept to be looked at."""

USUAL: Final[Mapping[str, str]] = {".csv": ",", ".tsv": "\t", ".csv.gz": ",", ".tsv.gz": "\t"}
"""What parts the cells of a text file, by its ending."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Profile:
    """What stands in a file."""

    path: Path
    """The file."""
    rows: int
    """How many rows of cells were looked at."""
    of: int
    """How many it has, of which those may be drawn at random."""
    sampling: Sampling
    """How many were wanted."""
    layout: TextLayout | None
    """How it is laid out, where it is text."""
    notation: Notation
    """How it writes numbers."""
    doubtful: str
    """A text that could be another number, had the file another notation; empty where none is."""
    missing: tuple[str, ...]
    """The texts that stand for a missing value, beside the empty cell."""
    columns: Mapping[str, ColumnProfile]
    """Each column by its name, in the order of the file."""
    preview: Mapping[str, Sequence[str]]
    """The first cells of each column."""
    nameless: int
    """How many columns have no name: they cannot be used."""

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return plain(self.path.name)


def profile_of(path: Path, sampling: Sampling = OF_DATA) -> Profile:
    """Return what stands in a file.

    Args:
        path: The file.
        sampling: How many of its rows are looked at.

    Raises:
        DataError: It cannot be read: says what is wrong with it, and where.
    """
    state_of(path)
    layout = _layout(path)
    sheet = read(path, _dialect(layout), sampling=sampling)
    tallies = {name: Tally.of(column) for name, column in sheet.columns.items()}
    comma = layout is not None and layout.separator == ","
    notation, doubtful = notation_of(tallies.values(), thousands=comma)
    missing = _missing(tallies.values(), notation)
    named = layout is None or layout.header
    columns = {
        name: column_of(name, tally.without(missing), notation, named=named)
        for name, tally in tallies.items()
    }
    return Profile(
        path=path,
        rows=sheet.rows,
        of=sheet.of,
        sampling=sampling,
        layout=layout,
        notation=notation,
        doubtful=doubtful,
        missing=missing,
        columns=columns,
        preview={name: _first(column) for name, column in sheet.columns.items()},
        nameless=len(sheet.nameless),
    )


def numbers_in(profile: Profile, names: Sequence[str]) -> Floats:
    """Return columns of numbers of a file that has been looked at, in the rows that have one in
    each: [rows, columns].

    Raises:
        DataError: The file cannot be read any more, or a cell is no number.
    """
    dialect = _dialect(profile.layout)
    if dialect is not None:
        dialect = replace(dialect, missing=profile.missing)
    sheet = read(profile.path, dialect, sampling=profile.sampling)
    columns = [FileColumn(sheet, name, profile.notation, Remedies()) for name in names]
    cells = np.stack([column.numbers(gaps=True) for column in columns], axis=1)
    there: Floats = cells[~np.isnan(cells).any(axis=1)]
    return there


def _layout(path: Path) -> TextLayout | None:
    """Return how a text file is laid out; None where the file is none."""
    if (usual := USUAL.get(ending_of(path))) is None:
        return None
    try:
        return layout_of(path, usual)
    except OSError as error:
        raise DataError(f"{plain(path.name)}: cannot be read: {error.strerror}") from None
    except DataError as error:
        raise DataError(f"{plain(path.name)}: {error}") from None


def _dialect(layout: TextLayout | None) -> Dialect | None:
    """Return what the reader is to be told, where the file is text."""
    if layout is None:
        return None
    return Dialect(separator=layout.separator, header=layout.header, encoding=layout.encoding)


def _missing(tallies: Iterable[Tally], notation: Notation) -> tuple[str, ...]:
    """Return the texts that stand for a missing value in any column."""
    return tuple(sorted(set().union(*(tally.markers(notation) for tally in tallies))))


def _first(column: Column) -> list[str]:
    cells = itertools.islice(column, PREVIEWED)
    return [cell.strip() if isinstance(cell, str) else f"{cell:.6g}" for cell in cells]
