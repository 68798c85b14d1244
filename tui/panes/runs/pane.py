"""The list of runs: what there is, what came of it, and what can be done with each.

    runs/ ──► a thread that looks every 2 s while the pane is shown ──► facts
    facts ──► filter ──► order ──► the list ──► what is asked of the lab, or done to a run

What a run is, is found out by ``engine.runs.catalogue``; what it looks like is drawn by
``tui.drawing.lists.runs``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from engine.text.safe import plain

from ...commands.spots import Keyed
from ...style.look import Look
from ...style.numbers import count
from ...watching.view import View
from ..picture import State
from .changing import Deletion, NotesEditor
from .filter import RunFilter
from .list import ORDERS, ColumnHeads, RunDetails, RunList
from .messages import RunOpened, RunOverlaid, RunResumed
from .reading import RunReader, RunsRead

if TYPE_CHECKING:
    from engine.runs.catalogue import RunFacts

POLL_SECONDS: Final = 2.0
"""How often the runs are looked at while the list is shown."""

HINT: Final = "c overlays, / filters, n names, m pins, t tags, D deletes, ^o sorts, esc lists all."


class RunsPane(Keyed, Vertical, spot="runs"):
    """All runs; open, overlay, name, pin or delete one.

    Args:
        runs_dir: Where runs are kept.
        clock: Seconds since 1970.
        poll_seconds: How often the runs are looked at.
    """

    DEFAULT_CSS = """
    RunsPane RunDetails { height: 6; margin: 1 0 0 0; }
    """

    facts: State[tuple[RunFacts, ...]] = State(())
    """Every run there is, the newest first."""
    view: State[View] = State(View())
    """Which runs are shown, and in which colours."""
    look: State[Look] = State(Look())
    """What the list is drawn with."""

    def __init__(
        self,
        runs_dir: Path,
        *,
        clock: Callable[[], float] = time.time,
        poll_seconds: float = POLL_SECONDS,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.reader = RunReader(self, runs_dir)
        """Looks at the runs."""
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._notes = NotesEditor(self, self.look_again)
        self._deletion = Deletion(self, self.look_again)
        self._order = 0
        self._chosen = ""
        """The run that is chosen, by its folder's name."""

    def compose(self) -> ComposeResult:
        """A line for the filter, what is wrong with it, the list, and the run that is chosen."""
        yield RunFilter().data_bind(RunsPane.facts)
        runs = RunList(clock=self._clock, id="run-list")
        runs.tooltip = HINT
        for part in (ColumnHeads(), runs, RunDetails(id="run-details")):
            yield part.data_bind(RunsPane.look)

    def on_mount(self) -> None:
        """Name the pane, and look at the runs from now on while it is shown."""
        self.border_title = "Runs"
        self.set_interval(self._poll_seconds, self.poll)
        self.watch_view()

    def on_show(self, event: events.Show) -> None:
        """Look at once."""
        self.poll()

    def on_resize(self, event: events.Resize) -> None:
        """Give the run that is chosen what the list can spare."""
        height = event.size.height
        details = self.query_one(RunDetails)
        details.display = height >= 10
        details.styles.height = 6 if height >= 26 else 4 if height >= 16 else 2
        self.query_one(ColumnHeads).display = height >= 4

    # --- reading ---------------------------------------------------------------------------

    def poll(self) -> None:
        """Look at the runs, if anybody sees the list."""
        shown = all(node.display for node in self.ancestors_with_self if isinstance(node, Widget))
        if shown and self.is_attached:
            self._redraw()
            self.reader.begin()

    @on(RunsRead)
    def take_in(self, event: RunsRead) -> None:
        """List what was found."""
        event.stop()
        self.reader.note(event)
        if event.trouble:
            self.query_one(RunList).words = plain(event.trouble)
        else:
            self.facts = event.facts
        if self.facts:
            self._write_caption()
        else:
            self._list()
        if self.reader.again:
            self.poll()

    def watch_facts(self) -> None:
        """List the runs that there are now."""
        self._list()

    # --- listing ---------------------------------------------------------------------------

    def _list(self) -> None:
        """Filter and order the runs; the one that is chosen stays so."""
        runs, listed = self.query_one(RunList), self.query_one(RunFilter).of(self.facts)
        if order := ORDERS[self._order][1]:
            listed.sort(key=order)
        listed.sort(key=lambda run: not run.notes.pinned)
        runs.show(tuple(listed))
        names = [run.folder.name for run in listed]
        there = self._chosen in names
        self._write_caption()
        self._go_to(names.index(self._chosen) if there else runs.cursor, follow=not there)

    def _write_caption(self) -> None:
        """Write into the border how many runs there are, and in which order."""
        listed, there = len(self.query_one(RunList).runs), len(self.facts)
        dot = self.look.glyphs.dot
        if not self.reader.whole:
            whole = self.reader.count
            words = f"reading {count(there)} of {count(whole)}" if whole else "reading"
        else:
            some = f"{count(listed)} of {count(there)}" if listed != there else count(there)
            words = f"{some} {'run' if there == 1 else 'runs'}{dot}{ORDERS[self._order][0]}"
        if words != str(self.border_subtitle):
            self.border_subtitle = Text(words)
        self.query_one(RunList).words = self._nothing()

    def _nothing(self) -> str:
        """Return what to say where nothing is listed."""
        if not self.reader.whole:
            return "reading the runs"
        if self.facts:
            return "No run is such; escape lists all again."
        return "There are no runs yet: choose a preset in the setup and press space."

    def _go_to(self, index: int, *, follow: bool = True) -> None:
        """Choose a run."""
        runs = self.query_one(RunList)
        runs.cursor = max(min(index, len(runs.runs) - 1), 0)
        if follow:
            self._chosen = runs.chosen.folder.name if runs.chosen else ""
        self._redraw()

    def _redraw(self) -> None:
        runs, details = self.query_one(RunList), self.query_one(RunDetails)
        runs.redraw()
        details.run, rows = self.chosen, runs.rows(runs.cursor, runs.cursor + 1)
        details.row = rows[0] if rows else None
        details.redraw()

    def watch_view(self) -> None:
        """Show which runs' curves are drawn."""
        if not self.is_mounted:
            return
        runs, view = self.query_one(RunList), self.view
        drawn = {trace.run: trace.slot for trace in view.others}
        drawn |= {view.run: view.slot} if view.run else {}
        if drawn != runs.drawn:
            runs.drawn = drawn
            self._redraw()

    @property
    def chosen(self) -> RunFacts | None:
        """The run that is chosen."""
        return self.query_one(RunList).chosen

    def action_move(self, by: int) -> None:
        """Choose the run ``by`` places on."""
        self._go_to(self.query_one(RunList).cursor + by)

    def action_page(self, pages: int) -> None:
        """Choose a run some pages on."""
        self.action_move(pages * self.query_one(RunList).page)

    def action_sort(self) -> None:
        """Use the next order."""
        self._order = (self._order + 1) % len(ORDERS)
        self._list()

    @on(RunList.RunClicked)
    def choose(self, event: RunList.RunClicked) -> None:
        """Choose the run that was clicked; a second click opens it."""
        event.stop()
        self._go_to(event.index)
        if event.twice:
            self.action_open()

    @on(RunList.WheelTurned)
    def turn(self, event: RunList.WheelTurned) -> None:
        """Go on as the wheel does."""
        event.stop()
        self.action_move(event.by)

    # --- the filter ------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Go to the line for the filter."""
        self.query_one(RunFilter).line.open()

    def action_clear(self) -> None:
        """Take the filter away."""
        self.query_one(RunFilter).line.clear_away()

    @on(RunFilter.Filtered)
    def list_filtered(self, event: RunFilter.Filtered) -> None:
        """List what the filter says."""
        event.stop()
        self._list()

    @on(RunFilter.Left)
    def leave_filter(self, event: RunFilter.Left) -> None:
        """Go back to the list."""
        event.stop()
        self.query_one(RunList).focus()

    # --- what can be done with a run -------------------------------------------------------

    def _with_chosen(self, do: Callable[[RunFacts], object]) -> None:
        """Do something with the run that is chosen, if one is."""
        if self.chosen is not None:
            do(self.chosen)

    def action_open(self) -> None:
        """Ask for the run to be shown."""
        self._with_chosen(lambda run: self.post_message(RunOpened(run.folder)))

    def action_overlay(self) -> None:
        """Ask for its curves beside the others, or no more."""
        self._with_chosen(lambda run: self.post_message(RunOverlaid(run.folder)))

    def action_rename(self) -> None:
        """Give the run a name."""
        self._with_chosen(self._notes.rename)

    def action_tag(self) -> None:
        """Give the run tags."""
        self._with_chosen(self._notes.tag)

    def action_pin(self) -> None:
        """Keep the run above the others, or no more."""
        self._with_chosen(self._notes.pin)

    def action_resume(self) -> None:
        """Ask for the run to go on where it was broken off or stopped."""
        self._with_chosen(lambda run: self.post_message(RunResumed(run.folder)))

    def action_delete(self) -> None:
        """Delete the run, after asking."""
        self._with_chosen(self._deletion.begin)

    def look_again(self, words: str = "", *, wrong: bool = False) -> None:
        """Show what has become of the runs, and say so where there is more to say.

        Args:
            words: What else there is to say.
            wrong: Whether that is what went wrong.
        """
        if wrong:
            self.notify(plain(words), severity="error", markup=False, timeout=10)
        elif words:
            self.notify(plain(words), markup=False)
        self.reader.again = self.reader.busy
        self.poll()
