"""The test of what learned from fresh rows: some that no step ever saw, as a table.

         x1     x2     x3     x4     x5 prediction     target      error
       0.57   0.98   0.11   0.42   0.03      14.77      14.77       0.00

They are drawn from the run's own seed, so that the lab, ``epochal run`` and the printed program
have the same rows, and the same digits of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..randomness import generator
from ..text.safe import plain

if TYPE_CHECKING:
    from ..data import DataBase, Examples
    from .run import LoadedRun

UNSEEN: Final = 1_000_000_000
"""The counter they are drawn with: no training ever comes to it."""

NEW_ROWS: Final = 10
"""How many there are."""

FIRST_INPUTS: Final = 5
"""Inputs of a row that are shown."""

INPUT_WIDTH: Final = 7
ANSWER_WIDTH: Final = 11
"""Columns of an input, and of what is said of a row."""

ANSWERS: Final = ("prediction", "target", "error")

Array = NDArray[np.floating]


def unseen_rows(data: DataBase, seed: int, count: int = NEW_ROWS) -> Examples:
    """Return rows of fresh data that no training of this seed draws.

    Raises:
        RunError: The data is the same in every step, whatever a recording says of it.
    """
    if not data.fresh:
        raise RunError("there are no new rows: every step saw the same ones")
    return data.draw_fresh(generator(seed, "fresh", UNSEEN), count)


def heading(names: Sequence[str]) -> str:
    """Return the table's first line.

    Args:
        names: Of the inputs.
    """
    inputs = "".join(f"{plain(name)[: INPUT_WIDTH - 1]:>{INPUT_WIDTH}}" for name in names)
    return inputs + "".join(f"{what:>{ANSWER_WIDTH}}" for what in ANSWERS)


def inputs_that_fit(width: int) -> int:
    """Return how many inputs a table has beside the answers in so many columns."""
    return min(max((width - len(ANSWERS) * ANSWER_WIDTH) // INPUT_WIDTH, 0), FIRST_INPUTS)


def table(
    names: Sequence[str], inputs: Array, outputs: Array, targets: Array, shown: int = FIRST_INPUTS
) -> list[str]:
    """Return the table, with two decimals of every number and no ``-0.00``.

    Args:
        names: Of the inputs.
        inputs: [rows, features].
        outputs: [rows, outputs]: what the network says; of several the first is shown.
        targets: So too: what is true.
        shown: How many inputs of a row.
    """
    lines = [heading(names[:shown])]
    for row, output, target in zip(inputs, outputs[:, 0], targets[:, 0], strict=True):
        with np.errstate(all="ignore"):
            answers = (output, target, output - target)
        cells = [f"{value:z{INPUT_WIDTH}.2f}" for value in row[:shown]]
        lines.append("".join([*cells, *(f"{value:z{ANSWER_WIDTH}.2f}" for value in answers)]))
    return lines


def tested(run: LoadedRun) -> str:
    """Return the table of a run, with what it is; empty where every step saw the same rows.

    Raises:
        EpochalError: There are no weights, or only its own code computes it.
    """
    data = run.alone.data
    if not data.fresh:
        return ""
    rows = unseen_rows(data, run.alone.train.seed)
    outputs: NDArray[Any] = run.predict(rows.inputs)
    lines = table(data.input_names, rows.inputs, outputs, rows.targets)
    return "\n".join([f"{len(rows)} new rows, never trained on ({run.kept.words()}):", *lines])
