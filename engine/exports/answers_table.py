"""A network's answers as a CSV file: each row's own columns, and behind them what is said of it.

age,job,predicted,probability of no,probability of yes
38,nurse,yes,0.18,0.82
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from ..data.preprocessing import RawColumn
from ..errors import RequestError
from ..results.predict import Answers
from ..text.spreadsheet import harmless_cell
from .csv_tables import csv_writer, number_texts
from .export import ExportFile

PART: Final = 50_000
"""Rows that are written at a time."""

_NUMBER: Final = re.compile(r"[+-][\d.,]+(e[+-]?\d+)?", re.IGNORECASE)
"""A text that begins like a formula, and is a number."""


def answers_file(answers: Answers, path: Path, *, plain: bool) -> ExportFile:
    """Return the file of some answers.

    Args:
        answers: What is said.
        path: Where it is to lie.
        plain: Whether texts that a spreadsheet would take for formulas stay as they are.

    Raises:
        RequestError: It would not be known for what it is.
    """
    if path.suffix.lower() != ".csv":
        raise RequestError(f"--to {path}: answers are written as CSV; let its name end in .csv")
    return ExportFile(path, lambda file: _write(answers, file, plain))


def _write(answers: Answers, file: BinaryIO, plain: bool) -> None:
    writer = csv_writer(file)
    columns = [*_own_columns(answers), *_true_columns(answers), *_said_columns(answers)]
    writer.writerow(_cell(name, plain) for name in _apart(name for name, _ in columns))
    rows = zip(*(cells for _, cells in columns), strict=True)
    writer.writerows([_cell(cell, plain) for cell in row] for row in rows)


def _own_columns(answers: Answers) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield what each row has: of a file all of its columns, or else what went in."""
    asked = answers.rows
    for name, column in asked.own.items():
        cells = _texts(column) if isinstance(column, np.ndarray) else column
        yield name, cells if asked.places is None else _those(cells, asked.places)
    if not asked.own:
        for raw, codes in zip(answers.columns, asked.inputs.T, strict=True):
            yield raw.name, _given(raw, codes)


def _those(cells: Iterable[str], places: NDArray[np.int64]) -> Iterator[str]:
    """Yield the cells at some places, which go up."""
    wanted = np.zeros(int(places.max(initial=-1)) + 1, bool)
    wanted[places] = True
    return itertools.compress(cells, wanted.tolist())


def _given(column: RawColumn, codes: NDArray[np.float64]) -> Iterator[str]:
    for code, number in zip(codes.tolist(), _texts(codes), strict=True):
        cell = column.text(code)
        yield ("" if np.isnan(code) else cell) if isinstance(cell, str) else number


def _true_columns(answers: Answers) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield what is true of each row, which a file has among its own columns."""
    targets = answers.rows.targets
    if targets is None or answers.rows.own:
        return
    if answers.task == "classes":
        yield "truth", (answers.target_names[place] for place in targets.tolist())
        return
    for name, column in zip(answers.target_names, targets.T, strict=True):
        yield name, _texts(column)


def _said_columns(answers: Answers) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield what is said of each row."""
    names = answers.target_names
    if answers.classes is not None:
        yield "predicted", (names[place] for place in answers.classes.tolist())
    elif answers.task == "labels":
        for name, column in zip(names, answers.outputs.T, strict=True):
            yield f"predicted {name}", _texts((column > 0.5).astype(int))
    else:
        for name, column in zip(names, answers.outputs.T, strict=True):
            yield f"predicted {name}", _texts(column)
    if answers.probabilities is not None and answers.task != "shares":
        for name, column in zip(names, answers.probabilities.T, strict=True):
            yield f"probability of {name}", _texts(column)


def _texts(column: NDArray[Any]) -> Iterator[str]:
    for at in range(0, len(column), PART):
        yield from number_texts(column[at : at + PART])


def _apart(names: Iterable[str]) -> Iterator[str]:
    """Yield names that are all different: one that was there has a number behind it."""
    met = set[str]()
    for name in names:
        free = (each for n in itertools.count(2) if (each := f"{name} ({n})") not in met)
        met.add(unlike := name if name not in met else next(free))
        yield unlike


def _cell(cell: str, plain: bool) -> Any:
    return cell if plain or _NUMBER.fullmatch(cell) else harmless_cell(cell)
