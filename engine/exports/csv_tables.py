"""CSV for pandas, R and spreadsheets: the history, and beside it how the run ended and was set.

    people.csv           a row a step, of a population a row for each member of it
    people.result.csv    a row a member: its result, and every key of its experiment

A text that a spreadsheet would take for a formula has an apostrophe before it, as spreadsheets
themselves mark a text; ``--plain`` leaves it as it is.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from ..results.history_table import column_names, table_parts
from ..text.spreadsheet import harmless_cell
from .export import Export, ExportFile
from .facts import facts_of

_UNFINITE: Final = {"nan": "NaN", "inf": "Inf", "-inf": "-Inf"}
"""What is not finite, as pandas and R read it."""


def files(export: Export) -> Iterator[ExportFile]:
    """Yield the history, and the result and the settings beside it."""
    path = export.path
    yield ExportFile(path, lambda file: _write_history(export, file))
    beside = path.with_name(f"{path.stem}.result{path.suffix}")
    yield ExportFile(beside, lambda file: _write_facts(export, file))


def _write_history(export: Export, file: BinaryIO) -> None:
    writer = csv_writer(file)
    writer.writerow(_cell(name, export.plain) for name in column_names(export.history))
    for part in table_parts(export.history, export.members):
        writer.writerows(zip(*map(number_texts, part.values()), strict=True))


def _write_facts(export: Export, file: BinaryIO) -> None:
    writer, rows = csv_writer(file), facts_of(export)
    writer.writerow(_cell(name, export.plain) for name in rows[0])
    writer.writerows([_cell(value, export.plain) for value in row.values()] for row in rows)


def csv_writer(file: BinaryIO) -> Any:
    """Return what writes rows of cells."""
    # A name from a recording may hold half a character, which no encoding has.
    return csv.writer(codecs.getwriter("utf-8")(file, "backslashreplace"))


def number_texts(column: NDArray[Any]) -> list[str]:
    """Return the numbers of a column as their fewest digits, empty where there is none."""
    texts = np.ma.getdata(column).astype(str).astype(object)
    for written, read in _UNFINITE.items():
        texts[texts == written] = read
    texts[np.ma.getmaskarray(column)] = ""
    return [*texts]


def _cell(value: object, plain: bool) -> object:
    return value if plain else harmless_cell(value)
