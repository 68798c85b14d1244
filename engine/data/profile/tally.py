"""A column's different values, and how often each comes: all that its kind is found out from."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from ..cells import MISSING, Notation
from ..columns import Column
from ..preprocessing import label_of
from ..text_column import TextColumn

NOTATIONS: Final = (
    Notation(),
    Notation(","),
    *(Notation(".", mark) for mark in (",", " ", "'")),
    *(Notation(",", mark) for mark in (".", " ", "'")),
)
"""How numbers are written, the most common first."""

SAMPLE: Final = 20_000
"""Different values, of all columns together, that tell how a file writes its numbers."""

SURE: Final = frozenset(("?", "na", "n/a", "#n/a", "nan", "null"))
"""Texts that stand for a missing value beside words too, in small letters."""


@dataclass(frozen=True, eq=False)
class Tally:
    """A column's different values, the most common first, without those that are none."""

    texts: tuple[str, ...]
    """As the file has them, without blanks around them."""
    counts: NDArray[np.int64]
    """[texts]: how many rows have each."""
    missing: int
    """How many rows have no value."""
    values: NDArray[np.float64] | None = None
    """[texts]: the values themselves, where the file holds numbers and no texts."""

    @classmethod
    def of(cls, column: Column) -> Self:
        """Return the tally of a column as it was read; an empty cell is a missing value."""
        if isinstance(column, np.ndarray):
            return cls._of_numbers(column.astype(np.float64))
        counter = (
            column.counts() if isinstance(column, TextColumn) else Counter(map(str.strip, column))
        )
        missing = counter.pop("", 0)
        return cls(*_parted(counter), missing)

    @classmethod
    def _of_numbers(cls, column: NDArray[np.float64]) -> Self:
        values, counts = np.unique(column[~np.isnan(column)], return_counts=True)
        order = np.argsort(-counts, kind="stable")
        texts = tuple(map(label_of, values[order].tolist()))
        return cls(texts, counts[order], len(column) - int(counts.sum()), values[order])

    @property
    def rows(self) -> int:
        """How many rows have a value."""
        return int(self.counts.sum())

    def without(self, missing: Collection[str]) -> Tally:
        """Return the tally where some texts stand for a missing value."""
        if self.values is not None or not (there := {*missing} & {*self.texts}):
            return self
        counter = dict(zip(self.texts, self.counts.tolist(), strict=True))
        gone = sum(counter.pop(text) for text in there)
        return Tally(*_parted(counter), self.missing + gone)

    def numbers(self, notation: Notation) -> NDArray[np.float64]:
        """Return the values as numbers [texts], NaN where one is none."""
        if self.values is not None:
            return self.values
        if notation == Notation() and not any("_" in text for text in self.texts):
            with contextlib.suppress(ValueError):
                return np.fromiter(map(float, self.texts), np.float64, len(self.texts))
        numbers = map(notation.number, self.texts)
        return np.array([np.nan if number is None else number for number in numbers])

    def markers(self, notation: Notation) -> set[str]:
        """Return the texts that stand for a missing value: whatever may, among numbers alone."""
        if self.values is not None:
            return set()
        maybe = {text for text in self.texts if text.lower() in MISSING}
        sure = {text for text in maybe if text.lower() in SURE}
        return maybe if maybe > sure and _all_numbers(self.texts, notation) else sure


def _parted(counter: dict[str, int]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return what was counted as texts and counts, the most common first and then by letter."""
    order = sorted(counter, key=lambda text: (-counter[text], text))
    return tuple(order), np.array([counter[text] for text in order], np.int64)


def notation_of(tallies: Collection[Tally], *, thousands: bool) -> tuple[Notation, str]:
    """Return how a file writes its numbers, and a text of it that could be read in another way.

    It is what makes the most columns numbers; of equals the most common.

    Args:
        tallies: Of its columns.
        thousands: Whether ``1,234`` is rather 1234 than 1.234, where nothing else tells.
    """
    most = max(20, SAMPLE // max(len(tallies), 1))
    samples = [tally.texts[:most] for tally in tallies if tally.values is None]
    plain, *others = NOTATIONS
    order = [plain, *sorted(others, key=lambda each: thousands and not each.thousands)]
    made = {notation: _numeric(samples, notation) for notation in order}
    best = max(order, key=lambda each: len(made[each]))
    rivals = [each for each in order if made[each] == made[best]]
    return best, _doubtful([samples[at] for at in made[best]], rivals)


def _numeric(samples: Sequence[Sequence[str]], notation: Notation) -> list[int]:
    """Return which samples are of numbers in a notation."""
    return [at for at, texts in enumerate(samples) if _all_numbers(texts, notation)]


def _all_numbers(texts: Sequence[str], notation: Notation) -> bool:
    """Whether texts are numbers but for those that stand for missing ones."""
    there = [text for text in texts if text.lower() not in MISSING]
    return bool(there) and all(notation.number(text) is not None for text in there)


def _doubtful(samples: Sequence[Sequence[str]], rivals: Sequence[Notation]) -> str:
    """Return a text that is another number in a rival notation; empty where there is none."""
    for text in itertools.chain.from_iterable(samples):
        readings = {rival.number(text) for rival in rivals} - {None}
        if len(readings) > 1 and text.lower() not in MISSING:
            return text
    return ""
