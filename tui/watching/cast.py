"""The runs on the screen: the one that is shown, and those whose curves stand beside its own.

Each is a recording that is watched; a run keeps its colour for as long as it is there. Nothing
here knows Textual.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .view import Trace

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder
    from engine.worker.launch import Worker

    from .watch import Watch

MOST: Final = 6
"""Runs on the screen at a time: as many as there are colours."""


class Cast:
    """Which runs are on the screen."""

    def __init__(self) -> None:
        self.lead: Watch | None = None
        """The run that is shown."""
        self.others: list[Watch] = []
        """The runs beside it, in the order in which they came."""
        self._before: Watch | None = None
        """The run that was shown before."""
        self._named: set[str] = set()
        """The runs that have been told apart."""

    def show(self, run: RunFolder, worker: Worker | None = None, *, beside: bool = False) -> Watch:
        """Show a run.

        Args:
            run: Which.
            worker: Its process, where this lab started it.
            beside: Whether the run that was shown stays beside it.
        """
        # numpy, which recordings need, is not needed for the first frame.
        from .watch import Watch

        if self.lead is not None and self.lead.folder == run:
            return self.lead
        watch, before = self._take_out(run), self.lead
        self.lead = None
        if before is not None:
            self._before = before
            if beside:
                self._make_room()
                self.others.append(before)
        self.lead = watch or self._coloured(Watch(run, worker))
        return self.lead

    def toggle(self, folder: RunFolder, worker: Worker | None = None) -> bool:
        """Draw a run beside the one that is shown, or take it away; return whether it is there.

        Args:
            folder: The run's.
            worker: Its process, where this lab started it.
        """
        from .watch import Watch

        if self.lead is None or self.lead.folder == folder:
            return False
        if self._take_out(folder) is not None:
            return False
        before = self._before
        watch = before if before is not None and before.folder == folder else None
        self._make_room()
        self.others.append(self._coloured(watch or Watch(folder, worker)))
        return True

    def clear(self) -> None:
        """Show no run."""
        self._before = self.lead or self._before
        self.lead, self.others = None, []

    def before(self) -> RunFolder | None:
        """Return the run that was shown before this one."""
        return self._before.folder if self._before is not None else None

    def drop(self, folder: RunFolder) -> None:
        """Forget a run that is no more."""
        self._take_out(folder)
        if self._before is not None and self._before.folder == folder:
            self._before = None
        if self.lead is not None and self.lead.folder == folder:
            self.lead = None

    def poll(self) -> None:
        """Read what is new; of several long recordings one at a time, the one shown first."""
        read_up = True
        for watch in self.watches:
            if read_up or not watch.behind:
                watch.poll()
            read_up = read_up and not watch.behind
        self.name_apart()

    def lead_place(self, member: int) -> tuple[Path, int] | None:
        """Return the folder in which a network of the run that is shown is recorded, and which
        network of that run it is.
        """
        if self.lead is None:
            return None
        from engine.sweeps.cell import network_in

        run, member = network_in(self.lead.folder, member)
        return run.path, member

    @property
    def watches(self) -> list[Watch]:
        """Every run on the screen, the one that is shown first."""
        return [watch for watch in (self.lead, *self.others) if watch is not None]

    @property
    def behind(self) -> bool:
        """Whether there is more in a recording than has been read."""
        return any(watch.behind for watch in self.watches)

    @property
    def reading(self) -> bool:
        """Whether the run that is shown is read from its beginning, and its newest part shown."""
        return self.lead is not None and self.lead.reading and self.lead.history.last_step > 0

    @property
    def going(self) -> bool:
        """Whether any of them is being trained."""
        return any(watch.going for watch in self.watches)

    @property
    def slot(self) -> int:
        """The place of the run that is shown among the colours."""
        return self.lead.slot if self.lead is not None else 0

    @property
    def seats(self) -> list[tuple[RunFolder, int]]:
        """The runs, the one that is shown first, each with its place among the colours."""
        return [(watch.folder, watch.slot) for watch in self.watches]

    def seat(self, seats: Sequence[tuple[RunFolder, int]]) -> None:
        """Have these runs on the screen and no others, the first one shown."""
        from .watch import Watch

        on_screen = {watch.folder: watch for watch in self.watches}
        watches = [on_screen.get(folder) or Watch(folder) for folder, _ in seats]
        self.lead, self.others = (watches[0] if watches else None), watches[1:]
        for watch, (_, slot) in zip(watches, seats, strict=True):
            watch.slot = slot

    def name_apart(self) -> None:
        """Call every run by what tells it from the others."""
        from engine.sweeps.cell import CellRun

        # A cell is called by its settings, which is what tells it from others.
        named = [each for each in self.watches if not isinstance(each.folder, CellRun)]
        headers = {each.folder.name: each.history.header for each in named}
        experiments = {name: each.experiment for name, each in headers.items() if each is not None}
        if len(experiments) < 2 or experiments.keys() == self._named:
            return
        from ..drawing.members.labels import labels_of

        self._named = set(experiments)
        labels = labels_of(experiments)
        for each in self.watches:
            each.label = labels.get(each.folder.name, each.label)

    def traces(self, head: int | None = None) -> tuple[Trace, ...]:
        """Return the runs beside the one that is shown.

        Args:
            head: The step of a replay, which they are shown at as well.
        """
        shown = ((w, w.history if head is None else w.whole.until(head)) for w in self.others)
        return tuple(
            Trace(
                history=history,
                whole=None if head is None else watch.whole,
                run=watch.folder.name,
                folder=watch.folder.recording.parent,
                title=watch.label,
                version=history.version,
                step=history.last_step,
                slot=watch.slot,
                loading=watch.loaded,
            )
            for watch, history in shown
            if history.header is not None
        )

    def _make_room(self) -> None:
        """Take the oldest of the runs beside away, where there are too many for another."""
        del self.others[: max(len(self.others) - MOST + 2, 0)]

    def _coloured(self, watch: Watch) -> Watch:
        """Return a run with a colour that none on the screen has."""
        watch.slot = min(set(range(MOST + 1)) - {each.slot for each in self.watches})
        return watch

    def _take_out(self, folder: RunFolder) -> Watch | None:
        shown = next((watch for watch in self.others if watch.folder == folder), None)
        if shown is not None:
            self.others.remove(shown)
        return shown
