"""What a preset's data looks like: some of its rows, and the functions behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.text.safe import plain

from ..base.arrays import Floats

if TYPE_CHECKING:
    from engine.data import DataBase, Examples
    from engine.data.preprocessing import RawColumn
    from engine.experiment.experiment import Experiment

ROWS: Final = 2000
"""Rows that are drawn at most beside the first ones, evenly chosen from all of them."""


GRID: Final = 400
"""At how many places a function is asked."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Preview:
    """What a preset's data looks like, in its own units."""

    inputs: Floats
    """[rows, columns] of codes: some of the rows, in their order."""
    targets: NDArray[Any]
    """[rows, outputs], or [rows] indices of classes."""
    columns: tuple[RawColumn, ...]
    """What goes in."""
    target_names: tuple[str, ...]
    """The outputs, or the classes."""
    classes: bool = False
    """Whether the targets are classes."""
    sizes: tuple[int, int, int] = (0, 0, 0)
    """The rows of train, dev and test; none where every step draws fresh ones."""
    grid: Floats | None = None
    """[grid]: where the functions were asked, for data that is one of functions."""
    curves: Floats | None = None
    """[grid, outputs]: the functions without noise."""

    @property
    def input_names(self) -> tuple[str, ...]:
        """What the columns are called."""
        return tuple(plain(column.name) for column in self.columns)

    @property
    def is_plane(self) -> bool:
        """Whether the rows are points of the plane."""
        return self.classes and len(self.columns) == 2 and self._are_numbers

    @property
    def _are_numbers(self) -> bool:
        return all(column.kind == "number" for column in self.columns)

    @property
    def is_function(self) -> bool:
        """Whether the targets are functions of one input."""
        return not self.classes and len(self.columns) == 1 and self._are_numbers


def gather_preview(experiment: Experiment) -> Preview:
    """Return what an experiment's data looks like. It may read a file: not for the event loop.

    Raises:
        DataError: A file, or what reads it, is not there.
    """
    data, seed = experiment.data, experiment.train.seed
    part = _some(data, seed)
    grid, curves = data.curves(GRID) or (None, None)
    return Preview(
        inputs=part.inputs.astype(np.float64),
        targets=part.targets if data.class_count else part.targets.astype(np.float64),
        columns=tuple(data.raw_columns),
        target_names=tuple(map(plain, data.target_names)),
        classes=data.class_count > 0,
        sizes=data.sizes,
        grid=grid,
        curves=curves,
    )


def _some(data: DataBase, seed: int) -> Examples:
    """Return some rows of the data, as training would draw them where that takes no time."""
    from engine.randomness import generator
    from engine.results.unseen_rows import unseen_rows

    if data.fresh:
        return unseen_rows(data, seed, ROWS)
    # Of a kind that makes its rows, ten million would take seconds and look the same.
    whole = data.at_most(10 * ROWS).draw(generator(seed, "data"))
    spread = np.linspace(0, len(whole) - 1, min(ROWS, len(whole))).astype(int)
    rows = np.union1d(np.arange(min(TABLE_ROWS, len(whole))), spread)
    return whole.taken(rows)


TABLE_ROWS: Final = 60
"""Rows of a table at most: no pane shows more."""
