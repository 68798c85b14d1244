"""The networks of a row of a heat map side by side: the best of each cell, with its best weights.

hidden [5] · decision region of each cell's best test accuracy
lr 0.01 · seed 105 · 0.8500     lr 1 · seed 103 · 1.000        lr 5 · seed 102 · 1.000
(picture)                       (picture)                      (picture)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from engine.errors import EpochalError
from engine.recording.history import History
from engine.recording.loading import load_history
from engine.text.safe import plain

from ..drawing.base.frame import beside, filled, widths_beside
from ..drawing.lists.result import weights_at_end
from ..drawing.network.material import Material, RecordedNetwork
from ..drawing.sweep.cells import HeatCells, HeatChoice, best_of_cell, figure_words, value_words
from ..drawing.sweep.trials import apart_words
from ..style.look import Look
from ..style.text import Lines
from .gallery import VIEWS, Surface, exhibits
from .shown import MOST_ROWS, READING

if TYPE_CHECKING:
    from engine.sweeps.table import TrialRow

LEAST_WIDTH: Final = 22
"""Cells of a picture at least: beyond, the row goes on out of sight."""


class Networks:
    """Reads the networks of trials, each recording once."""

    def __init__(self) -> None:
        self._histories: dict[Path, History] = {}
        self._networks: dict[int, RecordedNetwork | str] = {}
        self._lock = Lock()

    def of(self, trial: TrialRow) -> RecordedNetwork | str:
        """Return a trial's network with its best weights, or why there is none; it may take long.

        Args:
            trial: One that is over.
        """
        # A row that is left is still being read while the next one is asked for.
        with self._lock:
            if trial.number not in self._networks:
                try:
                    self._networks[trial.number] = self._network(trial)
                except (EpochalError, OSError) as error:
                    self._networks[trial.number] = str(error)
            return self._networks[trial.number]

    def _network(self, trial: TrialRow) -> RecordedNetwork | str:
        history = self._histories.get(trial.run)
        if history is None:
            history = load_history(trial.run / "recording.jsonl")
            self._histories[trial.run] = history
        if history.header is None or not history.header.experiment:
            return f"failed: {trial.reason}"
        material = Material(history, trial.member, MOST_ROWS, folder=trial.run)
        material.prepare()
        return material.result_network(weights_at_end(history, trial.member, ""))


@dataclass(frozen=True)
class SweepRow:
    """A row of a heat map, and the best trial of each of its cells."""

    name: str
    """The setting that is the same in all of it; empty where there is one row."""
    columns: tuple[str, ...]
    """What the cells differ in."""
    trials: tuple[TrialRow | None, ...]
    """The best of each cell; none where none has begun."""
    figure: str
    """What it is best by."""
    keys: frozenset[str] = frozenset()
    """The settings that are the same in all of a cell."""

    @property
    def over(self) -> Iterator[TrialRow]:
        """The trials whose networks can be read."""
        return (trial for trial in self.trials if trial is not None and is_over(trial))


def row_of(cells: HeatCells, choice: HeatChoice, row: int) -> SweepRow:
    """Return a row of a heat map, counted from 0."""
    name = f"{_last(choice.rows)} {value_words(cells.rows[row])}" if choice.rows else ""
    columns = [f"{_last(choice.columns)} {value_words(value)}" for value in cells.columns]
    trials = [
        best_of_cell(cells.trials.get((row, column), ()), choice.figure)
        for column in range(len(columns))
    ]
    keys = frozenset((choice.rows, choice.columns)) - {*cells.ranges}
    return SweepRow(name, tuple(columns), tuple(trials), choice.figure, keys)


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def draw_row(
    row: SweepRow,
    networks: Mapping[int, RecordedNetwork | str],
    size: tuple[int, int],
    look: Look,
    *,
    view: str = "",
    column: int | None = None,
) -> Lines:
    """Return a row's pictures side by side, as many as have room.

    Args:
        row: What is shown.
        networks: The networks of its trials by their numbers; what is not there is being read.
        size: Cells and lines.
        look: What to draw with.
        view: Which picture; the first that the networks have where it is empty.
        column: The cell that is chosen, which must be among them.
    """
    width, height = size
    room = max(min(width // (LEAST_WIDTH + 2), len(row.columns)), 1)
    first = max(min((column or 0) - room // 2, len(row.columns) - room), 0)
    shown = range(first, first + room)
    name = view or _first_view(networks)
    facts = [f"the best {figure_words(row.figure)} of each cell"] if row.figure else []
    if room < len(row.columns):
        facts.append(f"{first + 1} to {first + room} of {len(row.columns)}")
    what = VIEWS[name].title.lower() if name else READING
    told = look.glyphs.dot.join(filter(None, (row.name, what, *facts)))
    # All of one size, so that what differs is what the networks say.
    widths = [min(widths_beside(width, room))] * room
    pictures = []
    for place, cells in zip(shown, widths, strict=True):
        heads = _heads(row, place, place == column, cells, look)
        size = cells, height - 1 - len(heads)
        pictures.append([*heads, *_picture(row.trials[place], networks, name, size, look)])
    head = look.line(look.fit(told, width), "text", bold=True)
    return filled([head, *beside(pictures, widths)], width, height)


def _first_view(networks: Mapping[int, RecordedNetwork | str]) -> str:
    drawn = [each for each in networks.values() if not isinstance(each, str)]
    views = exhibits(drawn[0].material.header) if drawn else []
    return next((name for name in views if not VIEWS[name].of_rows), "")


def _heads(row: SweepRow, place: int, chosen: bool, width: int, look: Look) -> Lines:
    """Return what a cell differs in, and which of its trials is shown."""
    trial = row.trials[place]
    pointer = f"{look.glyphs.choice[1]} " * chosen
    name = look.line(look.fit(pointer + plain(row.columns[place]), width), "text", bold=chosen)
    parts = [] if trial is None else apart_words(trial, row.keys)
    if trial is not None and row.figure in trial.figures:
        parts.append(look.figure(trial.figures[row.figure]))
    if trial is not None and trial.state == "diverged":
        parts.append("diverged")
    return [name, look.line(look.fit(look.glyphs.dot.join(parts), width), "muted")]


def _picture(
    trial: TrialRow | None,
    networks: Mapping[int, RecordedNetwork | str],
    name: str,
    size: tuple[int, int],
    look: Look,
) -> Lines:
    if trial is None:
        return look.centred("no trial has begun", *size)
    network = networks.get(trial.number, READING if is_over(trial) else trial.state)
    if isinstance(network, str):
        return look.centred(plain(network), *size)
    surface = Surface(width=size[0], height=size[1], look=look, framed=True)
    try:
        return VIEWS[name].draw(network, surface)
    except EpochalError as error:
        return look.centred(plain(str(error)), *size)


def rows_in(cells: HeatCells, choice: HeatChoice) -> Iterator[SweepRow]:
    """Yield every row of a heat map."""
    for row in range(len(cells.rows)):
        yield row_of(cells, choice, row)


def is_over(trial: TrialRow) -> bool:
    """Whether all weights of a trial are there that will be."""
    return trial.state not in ("waiting", "training")
