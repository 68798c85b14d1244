"""The list of runs: what there is, what came of it, and what can be done with each.

    runs/ ──► a thread that looks every 2 s while the pane is shown ──► facts
    facts ──► filter ──► order ──► the list ──► Opened, Overlaid, Renamed, Deleted

What a run is, is found out by ``engine.runs.catalogue``; what it looks like is drawn by
``tui.drawing.lists.runs``.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from engine.errors import EpochalError
from engine.text.safe import plain

from ...commands.command import Spot
from ...commands.spots import bindings_at
from ...style.look import Look
from ...style.numbers import count
from ...watching.view import View
from ..picture import Picture
from .list import FilterLine, Heading, RunDetails, RunList
from .orders import ORDERS

if TYPE_CHECKING:
    from engine.runs.catalogue import Archive, RunFacts
    from engine.runs.filters import Filter
    from engine.runs.folder import RunFolder
    from engine.runs.notes import Notes

POLL_SECONDS: Final = 2.0
"""How often the runs are looked at while the list is shown."""

TELL_SECONDS: Final = 0.15
"""How often a first reading shows how far it has come."""

HINT: Final = "c overlays, / filters, n names, m pins, t tags, D deletes, ^o sorts, esc lists all."

GOING: Final = ("starting", "running", "paused")
"""States in which a worker holds a run."""


class RunsPane(Vertical):
    """All runs; open, overlay, name, pin or delete one.

    Args:
        runs_dir: Where runs are kept.
        clock: Seconds since 1970.
        poll_seconds: How often the runs are looked at.
    """

    SPOT: ClassVar[Spot] = "runs"
    BINDINGS: ClassVar[list[BindingType]] = bindings_at("runs")
    DEFAULT_CSS = """
    RunsPane #why { height: auto; max-height: 3; color: $text-muted; display: none; }
    RunsPane #why.-wrong { color: $error; }
    RunsPane RunDetails { height: 6; margin: 1 0 0 0; }
    """

    facts: reactive[tuple[RunFacts, ...]] = reactive((), init=False, repaint=False)
    """Every run there is, the newest first."""
    view: reactive[View] = reactive(View(), init=False, repaint=False)
    """Which runs are shown, and in which colours."""
    look: reactive[Look] = reactive(Look(), init=False, repaint=False)
    """What the list is drawn with."""

    @dataclass
    class Opened(Message):
        """A run is to be shown."""

        folder: RunFolder

    @dataclass
    class Overlaid(Message):
        """A run's curves are to be drawn beside those of the one that is shown, or no more."""

        folder: RunFolder

    @dataclass
    class Renamed(Message):
        """A run has another name; an empty one is none but its folder's."""

        folder: RunFolder
        name: str

    @dataclass
    class Deleted(Message):
        """A run is gone."""

        folder: RunFolder

    @dataclass
    class Read(Message):
        """Runs were looked at."""

        facts: tuple[RunFacts, ...]
        count: int
        """How many there are, read or not."""
        whole: bool
        """Whether these are all."""
        trouble: str = ""

    @dataclass
    class Measured(Message):
        """How much would be freed by deleting a run."""

        run: RunFacts
        size: int

    @dataclass
    class Done(Message):
        """What was asked of a run's folder is done, or could not be."""

        trouble: str = ""
        kept: tuple[str, ...] = ()
        """What stays in the folder of a run that was deleted."""

    def __init__(
        self,
        runs_dir: Path,
        *,
        clock: Callable[[], float] = time.time,
        poll_seconds: float = POLL_SECONDS,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._runs_dir = runs_dir
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._archive: Archive | None = None
        self._reading = False
        self._again = False
        """Whether something has changed since the reading that goes on began."""
        self._whole = False
        """Whether every run has been read once."""
        self._count = 0
        self._filter: Filter | None = None
        self._order = 0
        self._chosen = ""
        """The run that is chosen, by its folder's name."""
        self._subtitle = ""

    def compose(self) -> ComposeResult:
        """A line for the filter, what is wrong with it, the list, and the run that is chosen."""
        line = FilterLine(id="filter", compact=True, placeholder="words, cfg.optimizer.lr>=0.1 …")
        line.tooltip = "Words, cfg.KEY=…, result.KEY>…, state=…, tag=…; a minus before means not."
        yield line
        yield Static(id="why", markup=False)
        runs = RunList(clock=self._clock, id="run-list")
        runs.tooltip = HINT
        for part in (Heading(), runs, RunDetails(id="run-details")):
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
        self.query_one(Heading).display = height >= 4

    # --- reading ---------------------------------------------------------------------------

    def poll(self) -> None:
        """Look at the runs, if anybody sees the list."""
        shown = all(node.display for node in self.ancestors_with_self if isinstance(node, Widget))
        if shown and self.is_attached:
            self._redraw()
            if not self._reading:
                self._reading, self._again = True, False
                self._read()

    @work(thread=True, group="runs", description="read the runs", exit_on_error=False)
    def _read(self) -> None:
        """Look at every run, the newest first."""
        worker, found, trouble = get_current_worker(), list[Any](), ""
        count, told = 0, time.monotonic()
        try:
            # It brings numpy, which the first frame does without.
            from engine.runs.catalogue import Archive

            archive = self._archive = self._archive or Archive(self._runs_dir)
            for run in archive.runs():
                if worker.is_cancelled:
                    return
                found.append(run)
                count = archive.count
                if not self._whole and time.monotonic() - told > TELL_SECONDS:
                    told = time.monotonic()
                    self.post_message(self.Read(tuple(found), count, False))
        except Exception as error:
            Picture.failures.append(traceback.format_exc())
            trouble = f"the runs cannot be read: {type(error).__name__}: {error}"
        self.post_message(self.Read(tuple(found), count, True, trouble))

    @on(Read)
    def take_in(self, event: Read) -> None:
        """List what was found."""
        event.stop()
        self._count = event.count
        self._whole = self._whole or event.whole
        self._reading = not event.whole
        if event.trouble:
            self.query_one(RunList).words = plain(event.trouble)
        else:
            self.facts = event.facts
        if self.facts:
            self._say()
        else:
            self._list()
        if self._again:
            self.poll()

    def watch_facts(self) -> None:
        """List the runs that there are now."""
        self._list()

    # --- listing ---------------------------------------------------------------------------

    def _list(self) -> None:
        """Filter and order the runs; the one that is chosen stays so."""
        runs, listed = self.query_one(RunList), list(self.facts)
        if self._filter is not None:
            listed = [run for run in listed if self._filter.matches(run)]
        if order := ORDERS[self._order][1]:
            listed.sort(key=order)
        listed.sort(key=lambda run: not run.notes.pinned)
        runs.show(tuple(listed))
        names = [run.folder.name for run in listed]
        there = self._chosen in names
        self._say()
        self._go_to(names.index(self._chosen) if there else runs.cursor, follow=not there)

    def _say(self) -> None:
        """Write into the border how many runs there are, and in which order."""
        listed, there = len(self.query_one(RunList).runs), len(self.facts)
        dot = self.look.glyphs.dot
        if not self._whole:
            words = f"reading {count(there)} of {count(self._count)}" if self._count else "reading"
        else:
            some = f"{count(listed)} of {count(there)}" if listed != there else count(there)
            words = f"{some} {'run' if there == 1 else 'runs'}{dot}{ORDERS[self._order][0]}"
        if words != self._subtitle:
            self._subtitle = words
            self.border_subtitle = Text(words)
        self.query_one(RunList).words = self._nothing()

    def _nothing(self) -> str:
        """Return what to say where nothing is listed."""
        if not self._whole:
            return "reading the runs"
        if self.facts:
            return "No run is such; escape lists all again."
        return "There are no runs yet: choose a preset in the setup and press space."

    def _go_to(self, index: int, *, follow: bool = True) -> None:
        """Choose a run."""
        runs = self.query_one(RunList)
        runs.cursor = max(min(index, len(runs.runs) - 1), 0)
        if follow:
            self._chosen = runs.runs[runs.cursor].folder.name if runs.runs else ""
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
        runs = self.query_one(RunList)
        return runs.runs[runs.cursor] if runs.runs else None

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

    @on(RunList.Clicked)
    def choose(self, event: RunList.Clicked) -> None:
        """Choose the run that was clicked; a second click opens it."""
        event.stop()
        self._go_to(event.index)
        if event.twice:
            self.action_open()

    @on(RunList.Turned)
    def turn(self, event: RunList.Turned) -> None:
        """Go on as the wheel does."""
        event.stop()
        self.action_move(event.by)

    # --- the filter ------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Go to the line for the filter."""
        line = self.query_one(FilterLine)
        line.display = True
        line.focus()

    def action_clear(self) -> None:
        """Take the filter away."""
        line = self.query_one(FilterLine)
        line.value = ""
        line.display = False

    @on(FilterLine.GivenUp)
    def leave_filter(self, event: FilterLine.GivenUp) -> None:
        """Take the filter away and go back to the list."""
        event.stop()
        self.action_clear()
        self.query_one(RunList).focus()

    @on(Input.Submitted)
    def keep_filter(self, event: Input.Submitted) -> None:
        """Go back to the list."""
        event.stop()
        event.input.display = bool(event.value.strip())
        self.query_one(RunList).focus()

    @on(Input.Changed)
    def try_filter(self, event: Input.Changed) -> None:
        """List what the filter says; where it says nothing, why, and the list stays."""
        from engine.runs.filters import parse

        event.stop()
        try:
            self._filter = parse(event.value)
        except EpochalError as error:
            self._explain(str(error), wrong=True)
            return
        self._explain(self._filter.unknown(self.facts))
        self._list()

    def _explain(self, words: str, *, wrong: bool = False) -> None:
        line = self.query_one("#why", Static)
        line.display = bool(words)
        line.set_class(wrong, "-wrong")
        line.update(plain(words))

    # --- what can be done with a run -------------------------------------------------------

    def action_open(self) -> None:
        """Ask for the run to be shown."""
        if self.chosen is not None:
            self.post_message(self.Opened(self.chosen.folder))

    def action_overlay(self) -> None:
        """Ask for its curves beside the others, or no more."""
        if self.chosen is not None:
            self.post_message(self.Overlaid(self.chosen.folder))

    def action_rename(self) -> None:
        """Give the run a name."""
        from ...dialogs.runs import RenameDialog

        run = self.chosen
        if run is None:
            return

        def take(name: str | None) -> None:
            if name is not None:
                self._note(run.folder, lambda notes: notes.named(name))

        self.app.push_screen(RenameDialog(run.folder.name, run.notes.name), take)

    def action_tag(self) -> None:
        """Give the run tags."""
        from ...dialogs.runs import TagDialog

        run = self.chosen
        if run is None:
            return

        def take(text: str | None) -> None:
            if text is not None:
                self._note(run.folder, lambda notes: notes.tagged(text))

        self.app.push_screen(TagDialog(run.name, run.notes.tags), take)

    def action_pin(self) -> None:
        """Keep the run above the others, or no more."""
        if self.chosen is not None:
            from dataclasses import replace

            self._note(self.chosen.folder, lambda notes: replace(notes, pinned=not notes.pinned))

    @work(thread=True, group="notes", description="write notes", exit_on_error=False)
    def _note(self, folder: RunFolder, change: Callable[[Notes], Notes]) -> None:
        """Change what is noted of a run."""
        from engine.runs.notes import Notes

        try:
            before = Notes.load(folder)
            after = change(before)
            after.save(folder)
        except EpochalError as error:
            self.post_message(self.Done(str(error)))
            return
        if after.name != before.name:
            self.post_message(self.Renamed(folder, after.name))
        self.post_message(self.Done())

    def action_delete(self) -> None:
        """Delete the run, after asking."""
        run = self.chosen
        if run is not None and run.state in GOING:
            self._complain(f"{run.name} is {run.state}: stop it before you delete it.")
        elif run is not None:
            self._measure(run)

    @work(thread=True, group="delete", description="measure a run", exit_on_error=False)
    def _measure(self, run: RunFacts) -> None:
        from engine.runs.removal import size_of

        self.post_message(self.Measured(run, size_of(run.folder)))

    @on(Measured)
    def ask(self, event: Measured) -> None:
        """Ask whether the run is really to be deleted."""
        from ...dialogs.runs import DeleteDialog

        event.stop()
        run = event.run

        def take(answer: bool | None) -> None:
            if answer:
                self._delete(run.folder)

        self.app.push_screen(DeleteDialog(run.name, run.folder.name, event.size), take)

    @work(thread=True, group="delete", description="delete a run", exit_on_error=False)
    def _delete(self, folder: RunFolder) -> None:
        from engine.runs.removal import remove

        try:
            kept = remove(folder)
        except EpochalError as error:
            self.post_message(self.Done(str(error)))
            return
        self.post_message(self.Deleted(folder))
        self.post_message(self.Done(kept=tuple(kept)))

    @on(Done)
    def look_again(self, event: Done) -> None:
        """Show what has come of it."""
        event.stop()
        if event.trouble:
            self._complain(event.trouble)
        elif event.kept:
            self.notify(
                f"Kept, for it is not the run's: {plain(', '.join(event.kept))}", markup=False
            )
        self._again = self._reading
        self.poll()

    def _complain(self, words: str) -> None:
        self.notify(plain(words), severity="error", markup=False, timeout=10)
