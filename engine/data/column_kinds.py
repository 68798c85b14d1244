"""The kinds of columns that a file's can be: each a table of a preset, ``[data.columns]``.

To add a kind, add its class here and to ``ColumnKind``: which columns of codes it becomes, and how
its cells are read. A class that leaves out a part fails on import. What becomes of the codes is
``preprocessing``'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import BeforeValidator, Field
from typing_extensions import override

from ..components.section import Section, check_whole, named
from ..text.spelling import show
from .file_column import FileColumn
from .preprocessing import Floats, Missing, RawColumn

MAX_VALUES: Final = 1000
"""Values of a category: each is an input of the network."""

Texts = Annotated[list[str], Field(min_length=1, max_length=MAX_VALUES)]


class ColumnBase(Section):
    """What every kind of column has."""

    missing: Missing = "refuse"
    """What becomes of a row that has no value here."""

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def raw_columns(self, name: str) -> list[RawColumn]:
        """Return the columns that this one goes in as; nothing is learned from data yet."""
        raise NotImplementedError

    def codes(self, column: FileColumn) -> Floats:
        """Return the cells as codes [rows, raw columns], NaN where there is no value.

        Raises:
            DataError: A cell is none, with its row and column.
        """
        raise NotImplementedError

    @classmethod
    def __pydantic_init_subclass__(cls, **given: Any) -> None:
        """Hold every kind to be whole.

        Raises:
            TypeError: It lacks something.
        """
        check_whole(cls, ColumnBase, ("kind", "raw_columns", "codes"))


class NumberColumn(ColumnBase):
    """A number: one input."""

    kind: Literal["number"] = "number"
    missing: Literal["refuse", "drop", "mean", "median", "most-common"] = "refuse"
    """What becomes of a row that has no number here: it is refused, left out (``"drop"``), or given
    the mean, the median or the most common one of the training set."""
    indicator: bool = False
    """Whether a further input says where a number is missing."""

    @override
    def raw_columns(self, name: str) -> list[RawColumn]:
        indicator = f"{name} missing" if self.indicator else ""
        return [RawColumn(name=name, missing=self.missing, indicator=indicator)]

    @override
    def codes(self, column: FileColumn) -> Floats:
        return column.numbers(gaps=self.missing != "refuse")[:, None]


class CategoryColumn(ColumnBase):
    """One of several values: an input for each, 1 for the row's own and 0 for the others."""

    kind: Literal["category"] = "category"
    values: Texts | None = None
    """The values, in the order of their inputs. They must be said, so that no row that a network is
    tested on has a say in its shape; where they are not, the file's are listed."""
    rest: bool = True
    """Whether a further input stands for every other value; else another value is refused."""
    missing: Literal["refuse", "drop", "most-common", "own"] = "refuse"
    """What becomes of a row that has no value here: it is refused, left out (``"drop"``), given the
    most common value of the training set, or told apart by an input of its own (``"own"``)."""

    @override
    def raw_columns(self, name: str) -> list[RawColumn]:
        values = tuple(map(str.strip, self.values or ()))
        return [
            RawColumn(
                name=name, kind="category", missing=self.missing, values=values, rest=self.rest
            )
        ]

    @override
    def codes(self, column: FileColumn) -> Floats:
        (raw,) = self.raw_columns(column.name)
        if not self.values:
            raise column.wrong(_unsaid(column))
        places = {value: place for place, value in enumerate(raw.values)}
        codes = column.taken(places, len(places))
        codes[column.gaps] = np.nan
        if not self.rest and (unknown := codes == len(places)).any():
            row = int(np.flatnonzero(unknown)[0])
            raise column.wrong_at(row, raw.unknown(column.label(row)))
        return codes[:, None]

    def _problems(self) -> Iterator[str]:
        values = [value.strip() for value in self.values or ()]
        if "" in values:
            yield "values: an empty one is no value; set missing"
        if twice := [value for value in values if values.count(value) > 1]:
            yield f"values: {show(twice[0])} stands there twice"


MOST_LISTED: Final = 50
"""Values of a category that are listed for a preset to say."""


def _unsaid(column: FileColumn) -> str:
    """Say which values a category has in the file, ready for the preset."""
    places, labels = column.coded
    met = Counter(dict(zip(labels, np.bincount(places).tolist(), strict=True)))
    del met[""]
    common = sorted(value for value, _ in met.most_common(MOST_LISTED))
    listed = ", ".join(f'"{value}"' for value in common)
    many = f"; the {MOST_LISTED} most common of {len(met)}" if len(met) > MOST_LISTED else ""
    return f"its values must be said: set values = [{listed}]{many} (epochal new writes them)"


class TruthColumn(ColumnBase):
    """Yes or no: one input, 1 or 0."""

    kind: Literal["truth"] = "truth"
    yes: Texts = Field(default=["yes", "y", "true", "t", "1"])
    """What stands for yes, in capitals or not."""
    no: Texts = Field(default=["no", "n", "false", "f", "0"])
    """What stands for no, in capitals or not."""
    missing: Literal["refuse", "drop", "most-common"] = "refuse"
    """What becomes of a row that has no value here: it is refused, left out (``"drop"``), or given
    the more common one of the training set."""
    indicator: bool = False
    """Whether a further input says where a value is missing."""

    @override
    def raw_columns(self, name: str) -> list[RawColumn]:
        indicator = f"{name} missing" if self.indicator else ""
        return [RawColumn(name=name, kind="truth", missing=self.missing, indicator=indicator)]

    @override
    def codes(self, column: FileColumn) -> Floats:
        said = {text.strip().casefold(): 0.0 for text in self.no}
        said |= {text.strip().casefold(): 1.0 for text in self.yes}
        _, labels = column.coded
        codes = column.taken({label: said.get(label.casefold(), -1) for label in labels})
        codes[column.gaps] = np.nan
        if (neither := codes == -1).any():
            row = int(np.flatnonzero(neither)[0])
            got = show(column.label(row))
            raise column.wrong_at(row, f"is neither yes nor no (got {got}); add it to yes or no")
        return codes[:, None]

    def _problems(self) -> Iterator[str]:
        yes, no = ({text.strip().casefold() for text in texts} for texts in (self.yes, self.no))
        if both := yes & no:
            yield f"no: {show(min(both))} stands for yes as well"


EPOCH: Final = datetime(1970, 1, 1)

_PARTS: Final[Mapping[str, Any]] = {
    "year": lambda date: date.year,
    "month": lambda date: date.month,
    "day": lambda date: date.day,
    "weekday": lambda date: date.weekday(),
    "yearday": lambda date: date.timetuple().tm_yday,
    "hour": lambda date: date.hour + date.minute / 60,
    "days": lambda date: (date - EPOCH).total_seconds() / 86400,
}
"""The numbers that a date can go in as."""


class DateColumn(ColumnBase):
    """A date: a number for each of the parts that one chooses."""

    kind: Literal["date"] = "date"
    format: Annotated[str, Field(min_length=2, max_length=100)] = "%Y-%m-%d"
    """How a date is written, as Python's ``strptime`` has it: ``"%d.%m.%Y"`` for 24.12.2026."""
    parts: list[Literal["year", "month", "day", "weekday", "yearday", "hour", "days"]] = Field(
        default=["year", "month", "weekday", "days"], min_length=1, max_length=7
    )
    """What goes in: the year, the month and the day from 1, the weekday from 0 for Monday, the day
    of the year from 1, the hour of the day, and the days since 1970-01-01."""
    missing: Literal["refuse", "drop", "mean", "median", "most-common"] = "refuse"
    """What becomes of a row that has no date here: it is refused, left out (``"drop"``), or given
    the mean, the median or the most common number of the training set in each part."""
    indicator: bool = False
    """Whether a further input says where a date is missing."""

    @override
    def raw_columns(self, name: str) -> list[RawColumn]:
        columns = [
            RawColumn(name=f"{name} {part}", of=name, missing=self.missing) for part in self.parts
        ]
        if self.indicator:
            columns[-1] = replace(columns[-1], indicator=f"{name} missing")
        return columns

    @override
    def codes(self, column: FileColumn) -> Floats:
        dates = self.dates(column)
        table = {
            text: [np.nan if date is None else float(_PARTS[part](date)) for part in self.parts]
            for text, date in dates.items()
        }
        return column.taken(table)

    def dates(self, column: FileColumn) -> Mapping[str, datetime | None]:
        """Return the date of each text that stands in a column; None where it is missing.

        Raises:
            DataError: One is no date.
        """
        # Each once: many rows are of one day.
        places, labels = column.coded
        dates = {text: self._date(text) if text else None for text in labels}
        wrong = np.array([date is None for date in dates.values()], bool)[places] & ~column.gaps
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            got = show(column.label(row))
            said = f"is no date as {show(self.format)} has it (got {got}); set its format"
            raise column.wrong_at(row, said)
        return dates

    def _date(self, text: str) -> datetime | None:
        try:
            date = datetime.strptime(text, self.format)
        except ValueError:
            return None
        return date.astimezone(UTC).replace(tzinfo=None) if date.tzinfo else date

    def _problems(self) -> Iterator[str]:
        if twice := [part for part in self.parts if self.parts.count(part) > 1]:
            yield f"parts: {show(twice[0])} stands there twice"


ColumnKind = Annotated[
    NumberColumn | CategoryColumn | TruthColumn | DateColumn,
    Field(discriminator="kind"),
    BeforeValidator(named("number", "kind")),
]
"""A column's table, told apart by ``kind``."""
