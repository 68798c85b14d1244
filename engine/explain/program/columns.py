"""The columns of a program on their way to features: filled, and a feature for each value.

What stands for a missing value is learned from the training rows, as in a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import indent
from typing import Final

from ...data.preprocessing import LEARNED, RawColumn
from ...text.source_code import WIDTH, call, quoted

_LEARNED: Final = {"mean": "np.nanmean", "median": "np.nanmedian", "most-common": "most_common"}
"""The function that learns what stands for a missing value."""

_FUNCTIONS: Final = {
    "most_common(": '''\
def most_common(values):
    """Return the most common number there is, the smallest of several."""
    there, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    return there[counts.argmax()]''',
    "filled(": '''\
def filled(values, number):
    """Return values with a number in place of every missing one."""
    return np.where(np.isnan(values), number, values)''',
    "one_hot(": '''\
def one_hot(places, count):
    """Return a column for each value: 1 where a row has it, 0 elsewhere."""
    return places[:, None] == np.arange(count)''',
}
"""What the features of a row are made by."""

MOST_NAMED: Final = 3
"""Columns that are named beside what becomes of them together."""


def encoding_blocks(columns: Sequence[RawColumn]) -> list[str]:
    """Return the functions that make features of columns; none where each is its own feature."""
    if _are_plain(columns):
        return []
    features = "\n".join(_features(columns))
    doc = "Return the features of rows; what fills a gap is learned of ``seen``."
    made = indent(f"[\n{indent(features, '    ')}\n]", "    ").split("\n")
    lines = ["return np.column_stack(", *made, ")"]
    whole = ["def encoded(rows, seen):", f'    """{doc}"""', *(f"    {line}" for line in lines)]
    return [*(text for call, text in _FUNCTIONS.items() if call in features), "\n".join(whole)]


def encoding_lines(columns: Sequence[RawColumn], seen: str) -> list[str]:
    """Return what calls them.

    Args:
        columns: What the inputs are.
        seen: What takes the training rows of an array; nothing where these are all.
    """
    if _are_plain(columns):
        return []
    about = "# Gaps are filled, and categories told apart."
    return ["", about, f"inputs = encoded(inputs, inputs{seen})"]


def numeric_features(columns: Sequence[RawColumn]) -> list[int] | None:
    """Return the places of the features that are numbers, and not 0 or 1; None where all are."""
    numeric = [
        column.kind == "number" and place == 0
        for column in columns
        for place in range(len(column.features))
    ]
    return None if all(numeric) else [place for place, is_one in enumerate(numeric) if is_one]


def _are_plain(columns: Sequence[RawColumn]) -> bool:
    """Whether every column is a number that is its own feature."""
    return all(
        column.kind != "category" and column.missing not in LEARNED and not column.indicator
        for column in columns
    )


def _features(columns: Sequence[RawColumn]) -> Iterator[str]:
    """Yield the features of each column, a line each; columns that become alike in one."""
    for (way, *_), run in groupby(enumerate(columns), _way):
        (first, column), *others = list(run)
        names = [column.name, *(other.name for _, other in others)]
        yield f"# {_named(names)}"
        if others:
            taken = f"[:, {first}:{first + len(names)}]"
            if way == "":
                yield f"rows{taken},"
            else:
                value = f"{_LEARNED[way]}(seen{taken}, axis=0)"
                yield from _called("filled", [f"rows{taken}", value])
            continue
        taken = f"[:, {first}]"
        cells = [f"rows{taken}"]
        if column.missing in LEARNED:
            cells = call("filled", [*cells, f"{_LEARNED[column.missing]}(seen{taken})"], WIDTH - 13)
        if column.kind == "category":
            yield from _called("one_hot", ["\n".join(cells), str(len(column.values) + column.rest)])
        else:
            yield "\n".join(cells) + ","
        if column.indicator or column.missing == "own":
            yield f"np.isnan(rows{taken}),"


def _way(placed: tuple[int, RawColumn]) -> tuple[str, int]:
    """Return what becomes of a column, and what tells it from those that become alike."""
    at, column = placed
    if column.kind == "category" or column.indicator or column.missing == "most-common":
        return "alone", at
    return column.missing if column.missing in LEARNED else "", 0


def _called(name: str, arguments: Sequence[str]) -> list[str]:
    lines = call(name, arguments, WIDTH - 13)
    return [*lines[:-1], f"{lines[-1]},"]


def _named(names: Sequence[str]) -> str:
    """Return the names of columns as a comment may have them, whatever they hold."""
    if len(names) > MOST_NAMED:
        names = [names[0], "…", names[-1]]
    return ", ".join(quoted(name)[1:-1] if name != "…" else name for name in names)[: WIDTH - 20]
