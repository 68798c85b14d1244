"""Cells as numbers: how a data file writes them, and what is wrong with one that is none.

Nothing is guessed: ``1,234`` is 1234 to one and 1.234 to another, so it is refused until the
preset says which.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..text.spelling import show
from .columns import Column
from .sheet import Sheet
from .text_column import WHITE, TextColumn

MAX_NUMBER: Final = 1e30
"""Numbers beyond this leave float32 no room to compute with them."""

MISSING: Final = frozenset(
    ("?", "-", "--", ".", "*", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "missing")
)
"""What files have where a value is missing, in small letters."""

LEAVE_OUT: Final = "leave its row out of the file, or its column out of data.inputs"
"""What can be done about a cell that has no value."""

_DRESSED: Final = re.compile(r"([^\d+\-.,]*)([+-]?[\d.,' ]*\d)(\D*)")
"""Something before a number, the number, something after it."""

_DATE: Final = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([T ].*)?")

_TRUTHS: Final = ("true", "false", "yes", "no")

_LEADING: Final = r"[+-]?[1-9]\d{0,2}"
"""What stands before the first mark of thousands: 0.013 has none, whoever writes it."""

_COMMAS: Final = re.compile(rf"{_LEADING}(?:,\d{{3}})+")
"""Whole thousands parted by commas."""


@dataclass(frozen=True)
class Notation:
    """How numbers are written."""

    decimal: str = "."
    """The decimal mark."""
    thousands: str = ""
    """What parts thousands; empty where nothing does."""

    def plain(self, cell: str) -> str | None:
        """Return a cell without blanks around it as Python writes numbers; None where the marks
        stand at wrong places.
        """
        if self == _PYTHON:
            return cell
        whole, mark, fraction = cell.partition(self.decimal)
        if self.thousands and self.thousands in whole:
            groups = re.escape(self.thousands) + r"\d{3}"
            if not re.fullmatch(rf"{_LEADING}(?:{groups})+", whole):
                return None
            whole = whole.replace(self.thousands, "")
        if self.decimal != "." and "." in whole + fraction:
            return None
        return f"{whole}{'.' if mark else ''}{fraction}"

    def number(self, cell: Any) -> float | None:
        """Return a cell as a number, if it is one; underscores are Python's, not a data file's."""
        written = cell
        if isinstance(cell, str):
            # Python takes fewer characters for blanks around a number than around a text.
            written = None if "_" in cell else self.plain(cell.strip())
        try:
            return None if written is None else float(written)
        except ValueError:
            return None


_PYTHON: Final = Notation()


@dataclass(frozen=True, kw_only=True)
class Remedies:
    """What somebody can do about a cell that is no number, which depends on what it is for."""

    missing: str = LEAVE_OUT
    """Where it has no value."""
    words: str = ""
    """Where it is a text."""
    dates: str = ""
    """Where it is a date; as for any text where left out."""
    truths: str = ""
    """Where it is a truth value; as for any text where left out."""

    def of(self, text: str) -> str:
        """Return what can be done about a text."""
        if self.dates and _DATE.fullmatch(text):
            return self.dates
        if self.truths and text.lower() in _TRUTHS:
            return self.truths
        return self.words


def numbers(
    sheet: Sheet,
    name: str,
    notation: Notation,
    remedies: Remedies,
    passed: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Return a column as numbers.

    Args:
        sheet: Where it is.
        name: The column's.
        notation: How its numbers are written.
        remedies: What to advise where a cell is none.
        passed: Rows whose cells need not be any, and become NaN.

    Raises:
        DataError: A cell is no number that can be computed with; says which, why and what to do.
    """
    column = sheet.columns[name]
    values = _values(column, notation)
    wrong = ~(np.abs(values) <= MAX_NUMBER)
    if passed is not None:
        wrong, values[passed] = wrong & ~passed, np.nan
    if not wrong.any():
        return values
    # One odd cell among numbers: the column is no column of words.
    if np.isnan(values).mean() < 0.5:
        remedies = Remedies(missing=remedies.missing, words=f"correct it, or {remedies.missing}")
    row = int(np.flatnonzero(wrong)[0])
    cell = next(itertools.islice(column, row, None))
    if isinstance(cell, str) and not cell.strip():
        raise DataError(f"{sheet.place(name, row)}: {sheet.empty}; {remedies.missing}")
    raise DataError(f"{sheet.place(name, row)}: {_wrong(cell, notation, remedies)}")


def _values(column: Column, notation: Notation) -> NDArray[np.float64]:
    """Return a column's cells as numbers, with NaN where they are none."""
    if isinstance(column, np.ndarray):
        with np.errstate(over="ignore"):
            return column.astype(np.float64)
    text = column if isinstance(column, TextColumn) else TextColumn.of([[*column]])
    values, at = np.empty(len(text)), 0
    for part in text.parts:
        values[at : at + len(part)] = _cast(part, notation)
        at += len(part)
    return values


def _cast(part: Any, notation: Notation) -> NDArray[np.float64]:
    """Return a part of a column as numbers, with NaN where they are none."""
    import pyarrow

    if isinstance(part, pyarrow.DictionaryArray):
        words = np.append(_cast(part.dictionary, notation), np.nan)
        places: NDArray[np.int64] = part.indices.fill_null(-1).to_numpy()
        return words[places]
    for tidied in (False, True):
        try:
            # The library reads numbers as Python does, but gives up where one of them is none.
            cells = _plain(part, notation) if tidied or notation != _PYTHON else part
            values = cells.cast(pyarrow.float64()).to_numpy(zero_copy_only=False)
            return np.asarray(values, np.float64)
        except pyarrow.ArrowInvalid:
            continue
    numbers = map(notation.number, part.fill_null("").to_pylist())
    return np.fromiter((np.nan if each is None else each for each in numbers), np.float64)


def _plain(part: Any, notation: Notation) -> Any:
    """Return cells as Python writes numbers, null where they are empty.

    Raises:
        ArrowInvalid: The marks stand at wrong places in one of them.
    """
    import pyarrow
    import pyarrow.compute as compute

    cells = compute.utf8_trim(part, characters=WHITE)
    cells = compute.if_else(compute.equal(cells, ""), None, cells)
    decimal, thousands = notation.decimal, notation.thousands
    wrong = []
    if thousands:
        mark = re.escape(thousands)
        whole = rf"^{_LEADING}({mark}\d{{3}})+({re.escape(decimal)}[^{mark}]*)?$"
        is_parted = compute.match_substring(cells, thousands)
        wrong += [compute.and_not(is_parted, compute.match_substring_regex(cells, whole))]
        cells = compute.replace_substring(cells, thousands, "")
    if decimal != ".":
        wrong += [compute.match_substring(cells, ".")]
        cells = compute.replace_substring(cells, decimal, ".", max_replacements=1)
    if any(compute.any(each).as_py() for each in wrong):
        raise pyarrow.ArrowInvalid("a mark at a wrong place")
    return cells


def _wrong(cell: Any, notation: Notation, remedies: Remedies) -> str:
    """Say what is wrong with a cell that should be a number and is not empty."""
    if isinstance(cell, str) and cell.strip().lower() in MISSING:
        key = f"data.missing = [{show(cell.strip())}]"
        return (
            f"is no number (got {show(cell)}) but stands for a missing one; {remedies.missing} "
            f"(and set {key})"
        )
    number = notation.number(cell)
    if number is None:
        remedy = _remedy(cell.strip(), notation) or remedies.of(cell.strip())
        return f"is no number (got {show(cell)}){f'; {remedy}' if remedy else ''}"
    if not np.isfinite(number):
        correct = "correct it, or " * (isinstance(cell, str) or not np.isnan(number))
        return f"is no finite number (got {show(str(cell))}); {correct}{remedies.missing}"
    if abs(number) > MAX_NUMBER:
        larger = "write it in a larger unit"
        return f"is beyond {MAX_NUMBER:g} (got {show(str(cell))}); {larger}, or {remedies.missing}"
    return ""


def _remedy(cell: str, notation: Notation) -> str:
    """Say what to do about a number that is written in another way; nothing where it is none."""
    if notation.decimal == "," and _PYTHON.number(cell) is not None:
        return "data.decimal says that a comma is the decimal mark here"
    if _COMMAS.fullmatch(cell) and notation.decimal == ".":
        thousands = f'{cell.replace(",", "")} with data.thousands = ","'
        point = f', or {cell.replace(",", ".")} with data.decimal = ","'
        return f"it is {thousands}{point if cell.count(',') == 1 else ''}"
    for ways, keys in _WAYS:
        if ways.number(cell) is not None and ways != notation:
            return keys
    if "_" in cell and notation.number(cell.replace("_", "")) is not None:
        return "write the number without '_'"
    dressed = _DRESSED.fullmatch(cell)
    if dressed and (dressed[1] or dressed[3]):
        core, dress = dressed[2].strip(), (dressed[1].strip(), dressed[3].strip())
        if dress[0][-1:] in ("\u2212", "\u2013", "\u2014"):
            return "its minus is another sign than '-'; write '-'"
        if dress == ("(", ")"):
            return f"in accounts brackets are a minus; write '-{core}' if they are one here"
        extra = " and ".join(show(part) for part in dress if part)
        if extra and any(way.number(core) is not None for way in (_PYTHON, *dict(_WAYS))):
            return f"write the number without {extra}"
    return ""


def _way(decimal: str, thousands: str = "") -> tuple[Notation, str]:
    """Return a way of writing numbers, and what to do about it."""
    keys = [f'data.thousands = "{thousands}"'] if thousands else []
    keys += [f'data.decimal = "{decimal}"'] if decimal != "." else []
    also = "write a decimal point, or " if decimal != "." else ""
    return Notation(decimal, thousands), f"{also}set {' and '.join(keys)}"


_WAYS: Final[Sequence[tuple[Notation, str]]] = (
    _way(","),
    *(_way(".", thousands) for thousands in (",", " ", "'")),
    *(_way(",", thousands) for thousands in (".", " ", "'")),
)
"""How numbers are written elsewhere than in Python, the most common first."""
