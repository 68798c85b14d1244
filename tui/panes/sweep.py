"""A sweep in the lab: its heat map, which fills as results come, over the whole screen."""

from __future__ import annotations

import traceback
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.text import Text
from textual import events, on, work
from textual.message import Message
from textual.widget import Widget

from engine.errors import EpochalError
from engine.text.safe import plain

from ..commands.spots import Keyed
from ..dialogs.dialog import Dialog
from ..style.look import Look
from ..style.text import Lines, wrap
from .picture import Picture, State

if TYPE_CHECKING:
    from engine.sweeps.table import SweepReader, SweepTable, TrialRow

    from ..drawing.network.material import RecordedNetwork
    from ..drawing.sweep.cells import HeatCells, HeatChoice
    from ..drawing.sweep.heat_map import HeatMap
    from ..pictures.sweep_row import Networks, SweepRow

POLL_SECONDS: Final = 1.0
"""How often the results are looked at."""

HINT: Final = "enter opens, v pictures, n trial, r rows, c columns, f figure, esc leaves"


@dataclass(frozen=True)
class OpenedCell:
    """What somebody chose to see."""

    trials: tuple[int, ...]
    """The numbers of the cell's trials, that which is best first; those that have begun."""
    trial: int | None
    """The one that was chosen; none where all are to be seen."""
    waiting: int
    """How many more there are."""


class HeatPicture(Keyed, Picture, can_focus=True, spot="sweep"):
    """A sweep's heat map, with the cell that is chosen."""

    DEFAULT_CSS = """
    HeatPicture { height: 1fr; }
    """

    table: State[SweepTable | None] = State(None)
    """What there is of the sweep so far."""

    @dataclass
    class CellOpened(Message):
        """A cell's curves are asked for."""

        trials: tuple[TrialRow, ...]
        """The cell's, that which is best first."""
        trial: TrialRow | None
        """The one that was chosen; none where all are to be seen."""

    @dataclass
    class NetworksAsked(Message):
        """The networks of some trials are to be read."""

        trials: tuple[TrialRow, ...]

    words: State[str] = State("reading the sweep")
    """What is said while there is none."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.set_reactive(HeatPicture.look, look)
        self.choice: HeatChoice | None = None
        """Which settings and which figure are shown."""
        self.cursor = (0, 0)
        """The row and the column of the cell that is chosen."""
        self._trial: int | None = None
        """Which trial of the cell is chosen; the best where none is."""
        self.networks: Mapping[int, RecordedNetwork | str] = {}
        """What has been read of the trials' networks, by their numbers."""
        self._pictured = False
        """Whether the networks of the row are shown in place of the map."""
        self._heat: HeatMap | None = None
        self._cells: HeatCells | None = None

    def watch_table(self, table: SweepTable) -> None:
        """Show what is new; what was chosen stays so where it is still there."""
        from ..drawing.sweep.cells import usual_choice

        if not table.trials:
            # What suits a sweep is known with its first trials.
            self.words = "no setting has been asked for yet"
            return
        choice = usual_choice(table) if self.choice is None else self.choice.among(table)
        self._choose(choice)

    def _choose(self, choice: HeatChoice) -> None:
        from ..drawing.sweep.cells import cells_of, heat_map_of

        if self.table is None:
            return
        self.choice = choice
        self._cells, self._heat = cells_of(self.table, choice), heat_map_of(self.table, choice)
        self._go(*self.cursor)

    def _go(self, row: int, column: int) -> None:
        if self._heat is not None:
            rows, columns = len(self._heat.rows), len(self._heat.columns)
            self.cursor = max(min(row, rows - 1), 0), max(min(column, columns - 1), 0)
        self._ask_networks()
        self.redraw()

    def key(self) -> Hashable:
        """Return what the picture depends on."""
        pictured = self._pictured and len(self.networks)
        shown = self.choice, self.cursor, self._trial, pictured
        return self.table, self.words, shown, self.look

    def draw(self, width: int, height: int) -> Lines:
        """Return the heat map, and below it the trials of the cell that is chosen."""
        from ..drawing.sweep.heat_map import draw_failure, draw_heat_map
        from ..drawing.sweep.trials import draw_trials

        if self._heat is None or self._cells is None or self.table is None:
            muted = self.look.style("muted")
            return [Text(line, muted, end="") for line in wrap(self.words, width)]
        rows, look = self._rows(height), self.look
        assert self.choice is not None
        if self._pictured and (row := self._row()) is not None:
            from ..pictures.sweep_row import draw_row

            size, column = (width, height), self.cursor[1]
            return draw_row(row, self.networks, size, look, column=column)
        # The figure of the cells stands first, whatever has room beside it.
        figures = sorted(self.table.figures, key=[self.choice.figure].count, reverse=True)
        below = [*draw_failure(self.table.failure, width, look), Text(end="")]
        left = height - rows - len(below)
        return [
            *draw_heat_map(self._heat, width, rows, look, self.cursor),
            *below,
            *draw_trials(self._trials, figures, width, left, look, self._chosen_place()),
        ][:height]

    @property
    def _trials(self) -> tuple[TrialRow, ...]:
        """The trials of the cell that is chosen."""
        return self._cells.trials.get(self.cursor, ()) if self._cells is not None else ()

    def _chosen_place(self) -> int | None:
        """Return which trial of the cell is chosen, or the best; none where none has begun."""
        from ..drawing.sweep.cells import best_of_cell

        trials = self._trials
        if self._trial is not None and self._trial < len(trials):
            return self._trial
        best = best_of_cell(trials, self.choice.figure) if self.choice is not None else None
        return None if best is None else trials.index(best)

    def _rows(self, height: int) -> int:
        """Return the lines of the heat map."""
        from ..drawing.sweep.heat_map import height_of

        assert self._heat is not None
        return min(height_of(self._heat), height)

    def action_go(self, rows: int, columns: int) -> None:
        """Choose the cell so many rows and columns on."""
        self._trial = None
        self._go(self.cursor[0] + rows, self.cursor[1] + columns)

    def action_rows(self, by: int) -> None:
        """Show another setting in the rows."""
        if self.choice is not None and self.table is not None:
            self._choose(self.choice.next_rows(self.table, by))

    def action_columns(self, by: int) -> None:
        """Show another setting in the columns."""
        if self.choice is not None and self.table is not None:
            self._choose(self.choice.next_columns(self.table, by))

    def action_figure(self, by: int) -> None:
        """Show another figure."""
        if self.choice is not None and self.table is not None:
            self._choose(self.choice.next_figure(self.table, by))

    def action_pictures(self) -> None:
        """Show the networks of this row side by side, or the map again."""
        self._pictured = not self._pictured
        self._ask_networks()
        self.redraw()

    def _row(self) -> SweepRow | None:
        """Return the row that is chosen, with the best trial of each cell."""
        from ..pictures.sweep_row import row_of

        if self._cells is None or self.choice is None or not self._cells.rows:
            return None
        return row_of(self._cells, self.choice, self.cursor[0])

    def _ask_networks(self) -> None:
        """Have read what the pictures of the row lack."""
        if not self._pictured or (row := self._row()) is None:
            return
        lacking = [each for each in row.over if each.number not in self.networks]
        if lacking:
            self.post_message(self.NetworksAsked(tuple(lacking)))

    def action_trial(self, by: int) -> None:
        """Choose another trial of the cell."""
        if self._trials:
            now = self._chosen_place()
            first = 0 if by > 0 else len(self._trials) - 1
            self._trial = first if now is None else (now + by) % len(self._trials)
            self.redraw()

    def action_open(self) -> None:
        """Ask for the curves of all trials of the cell, and to look at the one that is chosen."""
        place, trials = self._chosen_place(), self._trials
        first = () if place is None else trials[place : place + 1]
        ordered = (*first, *(each for each in trials if each not in first))
        self.post_message(self.CellOpened(ordered, None if self._trial is None else ordered[0]))

    def on_click(self, event: events.Click) -> None:
        """Choose the cell under the mouse; a second click opens it."""
        from ..drawing.sweep.heat_map import cell_at

        if self._heat is None:
            return
        size = self.scrollable_content_region.size
        rows = self._rows(size.height)
        at = cell_at(self._heat, size.width, rows, event.x, event.y, self.cursor)
        if at is not None:
            self._trial = self._trial if at == self.cursor else None
            self._go(*at)
            if event.chain == 2:
                self.action_open()


class SweepDialog(Dialog[OpenedCell]):
    """A sweep's heat map over the lab; answers with the cell whose curves are to be seen.

    Args:
        path: The sweep's folder.
        look: What it is drawn with.
        choice: What was shown of it before.
        cursor: The cell that was chosen before.
    """

    DEFAULT_CSS = """
    SweepDialog > .box { width: 100%; max-width: 100%; height: 100%; max-height: 100%; }
    """

    foot = HINT

    def __init__(
        self,
        path: Path,
        look: Look,
        choice: HeatChoice | None = None,
        cursor: tuple[int, int] = (0, 0),
    ) -> None:
        super().__init__()
        self.path, self.heading = path, path.name
        self.picture = HeatPicture(look)
        self.picture.choice, self.picture.cursor = choice, cursor
        self._reader: SweepReader | None = None
        self._networks: Networks | None = None

    def body(self) -> Iterable[Widget]:
        """Return the heat map."""
        return (self.picture,)

    def on_mount(self) -> None:
        """Look at the results, and go on looking."""
        self.read()
        self.set_interval(POLL_SECONDS, self.read)

    @work(thread=True, exclusive=True, group="sweep", exit_on_error=False)
    def read(self) -> None:
        """Read what is new, beside the screen."""
        from engine.sweeps.table import SweepReader

        reader = self._reader = self._reader or SweepReader(self.path)
        try:
            table = reader.table()
        except EpochalError as error:
            self.app.call_from_thread(self._complain, str(error))
            return
        except Exception as error:
            Picture.failures.append(traceback.format_exc())
            words = f"the sweep cannot be read: {type(error).__name__}: {error}"
            self.app.call_from_thread(self._complain, words)
            return
        self.app.call_from_thread(self._show, table)

    @on(HeatPicture.NetworksAsked)
    @work(thread=True, exclusive=True, group="networks", exit_on_error=False)
    def read_networks(self, event: HeatPicture.NetworksAsked) -> None:
        """Read the networks of a row, beside the screen."""
        from ..pictures.sweep_row import Networks

        networks = self._networks = self._networks or Networks()
        read = {trial.number: networks.of(trial) for trial in event.trials}
        self.app.call_from_thread(self._show_networks, read)

    def _show_networks(self, read: Mapping[int, RecordedNetwork | str]) -> None:
        self.picture.networks = {**self.picture.networks, **read}
        self.picture.redraw()

    def _show(self, table: SweepTable) -> None:
        if table != self.picture.table:
            self.picture.table = table

    def _complain(self, words: str) -> None:
        self.picture.words = plain(words)
        self.query_one(".box").border_subtitle = Text(plain(words))

    def on_heat_picture_cell_opened(self, event: HeatPicture.CellOpened) -> None:
        """Leave with the trials that are meant; say so where there is nothing to be seen."""
        event.stop()
        begun = [each for each in event.trials if each.state != "waiting"]
        if not begun or (event.trial is not None and event.trial not in begun):
            waits = "it has not begun yet" if event.trials else "no trial lies here"
            self._complain(f"{waits}; {HINT}")
            return
        chosen = None if event.trial is None else event.trial.number
        waiting = len(event.trials) - len(begun)
        self.dismiss(OpenedCell(tuple(each.number for each in begun), chosen, waiting))
