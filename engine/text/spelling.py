"""Words and values as people type them: the word that is meant, and how a message shows a value."""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, words: Iterable[str]) -> str | None:
    """Return the word of ``words`` that is meant, if any is near enough."""
    import difflib

    # A word of a megabyte is no typing mistake, and comparing it would take minutes.
    close = difflib.get_close_matches(word[:100], list(words), n=1)
    return close[0] if close else None


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
