"""What one column of a file is: a kind, by all of its different values, and what is to be known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...text.spelling import show
from ..cells import MAX_NUMBER, Notation
from .dates import date, formats_of
from .tally import Tally

Kind = Literal["number", "category", "truth", "date", "text", "index", "constant", "empty"]
"""What a column can be; the last four are left out."""

LEARNABLE: Final = frozenset(("number", "category", "truth"))
"""Kinds that can be learned."""

USABLE: Final = LEARNABLE | {"date"}
"""Kinds that can go in."""

MOST_VALUES: Final = 1000
"""Different values of a column that are kept by name."""

FEW: Final = 20
"""Different words that are a category's in any file whose words come again at all."""

SHARE: Final = 0.1
"""Different words for each row, beyond which those that are not few are no category's."""

TRUTHS: Final = (
    *(("yes", "no"), ("true", "false"), ("y", "n"), ("t", "f"), ("on", "off"), ("ja", "nein")),
    *(("j", "n"), ("wahr", "falsch"), ("oui", "non"), ("vrai", "faux"), ("si", "no")),
    *(("sí", "no"), ("sim", "não"), ("1", "0")),
)
"""What files have for true and for false, in small letters."""

MOSTLY: Final = 0.9
"""The share of numbers beyond which a column is one of numbers with something wrong in it."""

_INDEX_NAMES: Final = re.compile(
    r"(?i:(.*[ _.-])?(id|idx|index|row|nr|no|number|key))|.*[a-z]I[dD]"
)
"""What columns are called that number the rows: ``id``, ``Row_No``, ``PassengerId``."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ColumnProfile:
    """What is known of a column."""

    name: str
    """As in the file; of a column without a name its number."""
    kind: Kind
    """What it is taken for."""
    rows: int
    """How many rows there are, missing values included."""
    missing: int
    """How many rows have no value."""
    distinct: int
    """How many different values there are."""
    low: str = ""
    """The smallest number or the first date; empty where the values are words."""
    high: str = ""
    """The largest number or the last date."""
    whole: bool = False
    """Whether all values are whole numbers."""
    counts: Mapping[str, int]
    """How many rows have each value, the most common first; at most ``MOST_VALUES``."""
    yes: tuple[str, ...] = ()
    """Of a truth value: the texts for true; those for false are the others."""
    formats: tuple[str, ...] = ()
    """Of dates: the formats that fit all of them."""
    parts: tuple[str, ...] = ()
    """Of dates: their parts that differ at all."""
    why: str = ""
    """Why it is left out, where it is."""
    may_be: frozenset[Kind]
    """The kinds that it can be taken for."""

    @property
    def values(self) -> list[str]:
        """Its values in order: numbers by size, then texts by letter."""
        return sorted(self.counts, key=_order)

    @property
    def missing_share(self) -> float:
        """The share of rows that have no value."""
        return self.missing / self.rows


def column_of(name: str, tally: Tally, notation: Notation, *, named: bool = True) -> ColumnProfile:
    """Return what a column is.

    Args:
        name: Its name.
        tally: Its values, without those that stand for missing ones.
        notation: How the file writes numbers.
        named: Whether the file gives it that name.
    """
    numbers = tally.numbers(notation)
    formats = [] if tally.values is not None else formats_of(tally.texts)
    yes = _yes(tally.texts)
    ends, may_be = _Ends(), set[Kind]()
    if len(numbers) and not np.isnan(numbers).any():
        ends = _ends_of_numbers(numbers)
        may_be.add("number")
    if formats:
        ends = _ends_of_dates(tally.texts, formats[0])
        may_be.add("date")
    if yes:
        may_be.add("truth")
    if 2 <= len(tally.texts) <= MOST_VALUES or (len(tally.texts) == 1 and tally.missing):
        may_be.add("category")
    kind, why = _kind(name if named else "", tally, numbers, formats, yes)
    return ColumnProfile(
        name=name,
        kind=kind,
        rows=tally.rows + tally.missing,
        missing=tally.missing,
        distinct=len(tally.texts),
        low=ends.low,
        high=ends.high,
        whole=ends.whole,
        counts=dict(zip(tally.texts[:MOST_VALUES], tally.counts.tolist(), strict=False)),
        yes=yes,
        formats=tuple(formats),
        parts=ends.parts,
        why=why,
        may_be=frozenset(may_be),
    )


class _Ends(NamedTuple):
    """From where to where a column's values go, and what else follows from all of them."""

    low: str = ""
    high: str = ""
    whole: bool = False
    parts: tuple[str, ...] = ()


def _ends_of_numbers(numbers: NDArray[np.float64]) -> _Ends:
    whole = bool((numbers == np.rint(numbers)).all())
    return _Ends(f"{numbers.min():.6g}", f"{numbers.max():.6g}", whole)


def _ends_of_dates(texts: tuple[str, ...], format_: str) -> _Ends:
    days = [day for text in texts if (day := date(text, format_))]
    parts = {
        "month": {day.month for day in days},
        "weekday": {day.weekday() for day in days},
        "days": {day.toordinal() for day in days},
    }
    differing = tuple(part for part, values in parts.items() if len(values) > 1)
    return _Ends(f"{min(days):%Y-%m-%d}", f"{max(days):%Y-%m-%d}", parts=differing)


def _yes(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return which texts say true where the others say false; nothing where they do not."""
    small = {text.lower() for text in texts}
    for yes, no in TRUTHS:
        if small == {yes, no}:
            return tuple(text for text in texts if text.lower() == yes)
    return ()


def _kind(
    name: str, tally: Tally, numbers: NDArray[np.float64], formats: list[str], yes: tuple[str, ...]
) -> tuple[Kind, str]:
    """Return a column's kind, and why it is left out where it is.

    Args:
        name: Its name; empty where it has none.
        tally: Its values.
        numbers: The same as numbers [texts], NaN where one is none.
        formats: The formats of dates that fit them.
        yes: Those that say true, where they are truth values.
    """
    distinct, is_number = len(tally.texts), ~np.isnan(numbers)
    if not distinct:
        return "empty", "has no value in any row"
    if distinct == 1 and (is_number.all() or not tally.missing):
        return "constant", f"has {show(tally.texts[0])} in every row"
    if yes:
        return "truth", ""
    if formats:
        return "date", ""
    if is_number.all():
        return _kind_of_numbers(name, numbers, tally.rows)
    if tally.counts[is_number].sum() >= MOSTLY * tally.rows:
        odd = tally.texts[int(np.flatnonzero(~is_number)[0])]
        return "text", f"has numbers and {show(odd)}; correct it, or name it in data.missing"
    return _kind_of_words(tally)


def _kind_of_numbers(name: str, numbers: NDArray[np.float64], rows: int) -> tuple[Kind, str]:
    if not np.isfinite(numbers).all() or np.abs(numbers).max() > MAX_NUMBER:
        return "text", f"has numbers beyond {MAX_NUMBER:g}, or infinite ones"
    all_differ = len(numbers) == rows and rows > 2 and (numbers == np.rint(numbers)).all()
    if all_differ and numbers.min() in (0, 1) and np.ptp(numbers) == rows - 1:
        return "index", "counts the rows"
    if all_differ and (not name or _INDEX_NAMES.fullmatch(name)):
        return "index", "has another number in every row, and is called so"
    return "number", ""


def _kind_of_words(tally: Tally) -> tuple[Kind, str]:
    distinct, rows = len(tally.texts), tally.rows
    if distinct == rows and rows > 2:
        return "text", "has another text in every row"
    few = distinct <= FEW and distinct * 2 <= max(rows, 2 * 2)
    if not few and distinct > SHARE * rows:
        return "text", f"has {distinct} different texts in {rows} rows, as names or remarks have"
    if distinct > MOST_VALUES:
        return "text", f"has {distinct} different texts; at most {MOST_VALUES} are a category's"
    return "category", ""


def _order(text: str) -> tuple[bool, float, str]:
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    return (False, number, text) if np.isfinite(number) else (True, 0.0, text)
