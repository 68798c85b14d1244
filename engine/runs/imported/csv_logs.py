"""Logs in CSV: one's own with a column of steps, Keras's, Lightning's, TensorBoard's download.

epoch,accuracy,loss,val_loss            Keras's CSVLogger: a line an epoch
epoch,step,train_loss,val_loss          Lightning's: training and validation on lines of their
0,49,0.61,                              own, with the cells of the other empty
0,49,,0.58
Wall time,Step,Value                    what TensorBoard gives of one curve
"""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from ...errors import RunError
from ...text.safe import plain
from ...text.spelling import nearest, show
from .curves import Log
from .unpacked import log_bytes

LINE_CHARACTERS: Final = 1 << 20
"""Characters of a line: a thousand columns take a fiftieth of it."""

STEPS: Final = ("step", "steps", "global_step", "_step", "iteration", "iter", "epoch", "epochs")
"""Columns that say the step, the best first; case does not matter."""

TIMES: Final = ("wall time", "wall_time", "timestamp", "_timestamp")
"""Columns that say when, in seconds since 1970."""

GAPS: Final = ("", "NA")
"""What stands where nothing was measured: nothing, and Keras's ``NA``."""

NAMED: Final = 12
"""Names of columns that are told where none of them is the step."""

_SEPARATORS: Final = (",", ";", "\t")


class _Heads(NamedTuple):
    """What the columns of a log are."""

    step: int | None
    """None where lines are counted."""
    time: int | None
    numbers: dict[int, str]
    """The names of the columns that are drawn, by their places."""


@dataclass(frozen=True)
class StepColumn:
    """What says the step of a line, where that is no column that is called so."""

    name: str = ""
    """The column; one that is called step or epoch where left out."""
    counted: bool = False
    """Whether lines are counted, from 1 on, and no column says it."""


def read_csv(path: Path, log: Log, steps: StepColumn | None = None) -> None:
    """Read the numbers of a CSV log.

    Args:
        path: The file.
        log: Where they go, and what is said of cells that are no numbers.
        steps: What says the step.

    Raises:
        OSError: It cannot be read.
        RunError: It is no log: no column says the step, or it is no table.
    """
    with _text_of(path) as file:
        lines = _lines(file, path)
        first = next(lines, "")
        separator = max(_SEPARATORS, key=first.count)
        try:
            names = next(csv.reader([first], delimiter=separator, strict=True), [])
            heads = _heads(names, path, steps or StepColumn())
            rows = csv.reader(lines, delimiter=separator, strict=True)
            # A logger that was started again may have written the names again.
            there = (row for row in rows if row and row != names)
            for count, row in enumerate(there, start=1):
                step = count if heads.step is None else _step(row, heads.step)
                if not _read_row(row, step, heads, path, rows.line_num + 1, log):
                    log.complain_of_too_many(path.name, f"line {rows.line_num + 1}")
                    return
        except csv.Error as error:
            raise RunError(f"{path}: is no CSV that can be read: {error}") from None


def says_steps(path: Path) -> bool:
    """Whether a CSV file is a log: whether one of its columns says the step."""
    try:
        with _text_of(path) as file:
            first = next(_lines(file, path), "")
            names = next(csv.reader([first], delimiter=max(_SEPARATORS, key=first.count)), [])
            _heads(names, path, StepColumn())
    except (OSError, csv.Error, RunError):
        return False
    return True


@contextmanager
def _text_of(path: Path) -> Iterator[io.TextIOWrapper]:
    """Open a log as text."""
    with log_bytes(path) as file:
        yield io.TextIOWrapper(file, "utf-8-sig", "replace", newline="")


def _heads(names: list[str], path: Path, steps: StepColumn) -> _Heads:
    """Return what the columns are, by their names.

    Raises:
        RunError: None says the step, or nothing is left to be drawn.
    """
    places = {name.strip().lower(): place for place, name in reversed([*enumerate(names)])}
    wanted = (steps.name.strip().lower(),) if steps.name else STEPS
    step = next((places[name] for name in wanted if name in places), None)
    if step is None and not steps.counted:
        first = [plain(name.strip())[:40] for name in names[:NAMED]]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        has = f"(it has: {', '.join(first)}{more})" if any(first) else "(its first line has none)"
        if steps.name:
            near = nearest(steps.name, names)
            raise RunError(f"{path}: --step: no column is called {show(steps.name)}{near} {has}")
        raise RunError(
            f"{path}: is no log that can be imported: no column is called step or epoch {has}; "
            "epochal import takes --step COLUMN, or --count-rows where none says it; for data to "
            f"train on epochal new {shlex.quote(str(path))} writes a preset"
        )
    if steps.counted:
        step = None
    time = next((places[name] for name in TIMES if name in places), None)
    # Where steps are told, the epoch only says the same in another way.
    told = () if steps.counted or steps.name else ("epoch", "epochs")
    aside = {step, time, *(places.get(name) for name in told)}
    numbers = {place: name.strip() for place, name in enumerate(names) if place not in aside}
    if list(numbers.values()) == ["Value"]:
        numbers = dict.fromkeys(numbers, path.stem)
    if not numbers:
        raise RunError(f"{path}: has steps and nothing that was measured at them")
    return _Heads(step, time, numbers)


def _step(row: list[str], place: int) -> float | None:
    return _number(row[place]) if place < len(row) else None


def _read_row(
    row: list[str], step: float | None, heads: _Heads, path: Path, line: int, log: Log
) -> bool:
    """Read a line of a log; return whether there is room for more."""
    if step is None or not float(step).is_integer():
        log.complain(f"{path.name}: line {line} has no whole number as its step, and is left out")
        return True
    time = None if heads.time is None or heads.time >= len(row) else _number(row[heads.time])
    for place, name in heads.numbers.items():
        cell = row[place].strip() if place < len(row) else ""
        if cell in GAPS:
            continue
        value = _number(cell)
        if value is None:
            log.complain(
                f"{path.name}: line {line}, column {plain(name[:40])}: "
                f"{plain(cell[:40])!r} is no number, and is left out"
            )
        elif not log.add(name, int(step), value, time):
            return False
    return True


def _number(cell: str) -> float | None:
    """Return the number that a cell says; None where it says none."""
    try:
        return float(cell.strip())
    except ValueError:
        return None


def _lines(file: io.TextIOWrapper, path: Path) -> Iterator[str]:
    """Yield the lines of a file.

    Raises:
        RunError: One is longer than any of a log.
    """
    number = 0
    while line := file.readline(LINE_CHARACTERS):
        number += 1
        if len(line) >= LINE_CHARACTERS:
            raise RunError(
                f"{path}: is no log: line {number} has more than {LINE_CHARACTERS} characters"
            )
        yield line
