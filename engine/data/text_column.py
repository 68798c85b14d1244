"""Columns of text, packed: each cell takes its characters and 4 bytes, where Python takes 60."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

PART: Final = 100_000
"""Cells that are held at once as Python has them."""

WHITE: Final = (
    "".join(map(chr, (*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B))))
    + "\u2028\u2029\u202f\u205f\u3000"
)
"""What ``str.strip`` takes for blanks; pyarrow goes by another list."""


class TextColumn(Collection[str]):
    """Cells of text as pyarrow packs them.

    Args:
        cells: A chunked array of strings, or of places in a dictionary of strings; null is empty.
    """

    def __init__(self, cells: Any) -> None:
        self.parts: Sequence[Any] = cells.chunks
        """What it is made of: arrays of strings, or of places in a dictionary of them."""
        self._rows = len(cells)

    @classmethod
    def of(cls, parts: Iterable[Sequence[str]]) -> Self:
        """Return a column of texts as Python has them, in parts."""
        import pyarrow

        kind = pyarrow.string()
        return cls(pyarrow.chunked_array([pyarrow.array(part, kind) for part in parts], kind))

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[str]:
        return itertools.chain.from_iterable(map(_texts, self.parts))

    def __contains__(self, cell: object) -> bool:
        return any(each == cell for each in self)

    def coded(self, most: int) -> tuple[NDArray[np.int64], list[str]] | None:
        """Return the place of each cell's text [rows], and the texts, each once.

        Args:
            most: Texts that there may be.

        Returns:
            None where there are more.
        """
        met, places, at = dict[str, int](), np.empty(len(self), np.int64), 0
        for part in self.parts:
            indices, words = _indexed(part)
            of_words = np.array([met.setdefault(word, len(met)) for word in words], np.int64)
            if len(met) > most:
                return None
            places[at : at + len(part)] = of_words[indices]
            at += len(part)
        return places, list(met)

    def blanks(self) -> NDArray[np.bool_]:
        """Return which cells are empty or white, [rows]."""
        blanks = np.empty(len(self), bool)
        at = 0
        for part in self.parts:
            flags = _changed(part, lambda texts: _are(texts, [""]))
            flags = flags if flags.type == "bool" else flags.dictionary_decode()
            blanks[at : at + len(part)] = flags.fill_null(True)
            at += len(part)
        return blanks

    def counts(self) -> Counter[str]:
        """Return how many rows have each text, without blanks around it."""
        import pyarrow.compute as compute

        counter = Counter[str]()
        for part in self.parts:
            texts, counts = compute.value_counts(part).flatten()
            for text, count in zip(_texts(texts), counts.to_pylist(), strict=True):
                counter[text.strip()] += count
        return counter

    def rows(self, places: NDArray[np.int64]) -> TextColumn:
        """Return some of its cells, in an order of one's own."""
        import pyarrow

        whole = pyarrow.chunked_array(self.parts)
        return TextColumn(pyarrow.chunked_array(whole.take(pyarrow.array(places)).chunks))

    def without(self, missing: Collection[str]) -> TextColumn:
        """Return it with an empty cell wherever one of these texts stands, with or without blanks
        around it.
        """
        import pyarrow
        import pyarrow.compute as compute

        texts = [text.strip() for text in missing]
        parts = [
            _changed(part, lambda cells: compute.if_else(_are(cells, texts), "", cells))
            for part in self.parts
        ]
        return TextColumn(pyarrow.chunked_array(parts)) if parts else self


def _changed(part: Any, change: Callable[[Any], Any]) -> Any:
    """Return a part of a column with its texts changed; each once where it has a dictionary."""
    import pyarrow

    if isinstance(part, pyarrow.DictionaryArray):
        return pyarrow.DictionaryArray.from_arrays(part.indices, change(part.dictionary))
    return change(part)


def _are(cells: Any, texts: Sequence[str]) -> Any:
    """Return which cells are one of these texts, with or without blanks around it."""
    import pyarrow
    import pyarrow.compute as compute

    trimmed = compute.utf8_trim(cells.fill_null(""), characters=WHITE)
    return compute.is_in(trimmed, value_set=pyarrow.array(texts, trimmed.type))


def _indexed(part: Any) -> tuple[NDArray[np.int64], list[str]]:
    """Return the place of each cell among the texts of a part of a column, and these."""
    import pyarrow

    coded = part if isinstance(part, pyarrow.DictionaryArray) else part.dictionary_encode()
    words = [text or "" for text in coded.dictionary.to_pylist()]
    indices = coded.indices.cast(pyarrow.int64()).fill_null(len(words)).to_numpy()
    # A dictionary may hold more than is used.
    used = np.flatnonzero(np.bincount(indices))
    places = np.empty(len(words) + 1, np.int64)
    places[used] = np.arange(len(used))
    words.append("")
    return places[indices], [words[index] for index in used]


def _texts(part: Any) -> Iterator[str]:
    """Yield the texts of a part of a column."""
    import pyarrow

    if isinstance(part, pyarrow.DictionaryArray):
        words = [text or "" for text in part.dictionary.to_pylist()]
        for index in part.indices.to_pylist():
            yield "" if index is None else words[index]
        return
    for at in range(0, len(part), PART):
        for text in part.slice(at, PART).to_pylist():
            yield text or ""
