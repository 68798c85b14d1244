"""The history of a run as a table: a row for each step, and of a population for each member of it.

    step  member  seconds  train/loss  train/lr …  dev/loss …
       1       1     0.01        0.71       0.2          –
       1       2     0.01        0.69       0.2          –
     100       1     0.53        0.12       0.2       0.15

A group that has no row at a step has nothing there, which is not the same as NaN: that was
measured. The table comes in parts, for there may be millions of steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ..errors import RequestError
from ..recording.history import History
from ..recording.rows import Rows

PART_STEPS: Final = 4096
"""Steps of a part."""

Table = Mapping[str, NDArray[Any]]
"""Columns by name, of equal length; those of a group are masked where it has no row."""


def column_names(history: History) -> list[str]:
    """Return the names of the columns, in their order."""
    several = history.header is not None and history.header.members > 1
    measured = [f"{group}/{name}" for group, rows in _groups(history) for name in rows.columns]
    return ["step", *["member"] * several, "seconds", *measured]


def table_parts(history: History, members: Sequence[int]) -> Iterator[Table]:
    """Yield the table, in the order of the steps; at least one part, which may be empty.

    Args:
        history: What is known of the run.
        members: Which networks, from 0; in the table they are counted from 1.
    """
    nothing = np.empty(0, np.int64)
    steps = np.unique(np.concatenate([nothing, *(rows.steps for _, rows in _groups(history))]))
    for start in range(0, max(len(steps), 1), PART_STEPS):
        yield _part(history, members, steps[start : start + PART_STEPS])


def frame_of(history: History, members: Sequence[int]) -> Any:
    """Return the table as a DataFrame: of pandas where it is installed, else of polars.

    Raises:
        RequestError: Neither is installed.
    """
    parts, join = [*table_parts(history, members)], cast(Any, np.ma.concatenate)
    table = {name: join([part[name] for part in parts]) for name in parts[0]}
    whole = {name: np.ma.filled(column, np.nan) for name, column in table.items()}
    for library in ("pandas", "polars"):
        if find_spec(library) is not None:
            return import_module(library).DataFrame(whole)
    raise RequestError("frame: needs pandas or polars: pip install 'epochal[export]'")


def _groups(history: History) -> list[tuple[str, Rows]]:
    return [(group, rows) for group, rows in history.series.items() if rows.columns]


def _part(history: History, members: Sequence[int], steps: NDArray[np.int64]) -> Table:
    """Return the rows of some steps."""
    count = len(members)
    ends, times = history.blocks()
    # A block begins where the one before it ended, the first with the run.
    seconds = np.interp(steps, [0, *ends], [0.0, *times])
    table: dict[str, NDArray[Any]] = {
        "step": np.repeat(steps, count),
        "member": np.tile(np.add(members, 1), len(steps)),
        "seconds": np.repeat(seconds, count),
    }
    for group, rows in _groups(history):
        values = _spread(rows, members, steps)
        table |= {f"{group}/{name}": each for name, each in zip(rows.columns, values, strict=True)}
    return {name: table[name] for name in column_names(history)}


def _spread(rows: Rows, members: Sequence[int], steps: NDArray[np.int64]) -> Any:
    """Return the rows of a group at these steps: masked [columns, steps × members]."""
    shape = len(rows.columns), len(steps), len(members)
    spread = np.ma.MaskedArray(np.zeros(shape, np.float32), mask=True)
    if len(steps):
        first, last = int(steps[0]), int(steps[-1])
        within = np.arange(rows.count_until(first - 1), rows.count_until(last))
        places = np.searchsorted(steps, rows.steps_of(within))
        spread[:, places] = rows.between(first, last)[:, :, [*members]]
    return spread.reshape(len(rows.columns), -1)
