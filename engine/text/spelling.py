"""Words and values as people type them: the word that is meant, and how a message shows a value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

LOOKED_AT: Final = 8
"""Words that are so alike another that it is counted what was typed wrong in each."""


def closest(word: str, words: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the word of ``words`` that is meant, if any is near enough: of those that are much
    alike it, the one from which the fewest slips of a finger lead to it.

    Args:
        word: What was typed.
        words: What can be meant.
        cutoff: How much of two words must be alike, from 0 to 1; two letters that changed places
            are alike enough.
    """
    import difflib

    # A word of a megabyte is no typing mistake, and comparing it would take minutes.
    word, words = word[:100], list(words)
    near = difflib.get_close_matches(word, words, n=LOOKED_AT, cutoff=cutoff)
    letters = sorted(word)
    near += [each for each in words if sorted(each) == letters and slips(word, each) == 1]
    return min(near, key=lambda each: slips(word, each), default=None)


def slips(word: str, other: str) -> int:
    """Return how many slips of a finger lead from one word to another: a letter too many, one
    missing, a wrong one, or two that changed places (the optimal string alignment distance).
    """
    before, above = [0], [0]
    row: list[int] = [*range(len(other) + 1)]
    for at, letter in enumerate(word, 1):
        before, above, row = above, row, [at]
        for place, each in enumerate(other, 1):
            least = min(row[-1], above[place], above[place - 1] - (letter == each)) + 1
            if at > 1 and place > 1 and letter == other[place - 2] and each == word[at - 2]:
                least = min(least, before[place - 2] + 1)
            row.append(least)
    return row[-1]


def nearest(word: str, words: Iterable[str]) -> str:
    """Return `` (did you mean …?)`` for the word of ``words`` that is meant, or nothing."""
    near = closest(word, words)
    return f" (did you mean {near!r}?)" if near else ""


def one_of(word: str, words: Iterable[str]) -> str:
    """Return ``word`` if it is one of ``words``.

    Raises:
        ValueError: Naming all of them, and the nearest.
    """
    words = list(words)
    if word not in words:
        close = closest(word, words)
        near = f"; did you mean {close!r}?" if close else ""
        raise ValueError(f"must be one of {', '.join(map(repr, words))} (got {show(word)}{near})")
    return word


def show(value: object) -> str:
    """Return a value as a message shows it: short and on one line."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            text = repr(value)
            return text if len(text) <= 60 else f"{text[:56]}…{text[-1]}"
        case int() if abs(value) >= 10**40:
            return "a huge number"
        case dict():
            return "a table"
        case list():
            return "a list" if value else "an empty list"
        case _:
            return str(value)
