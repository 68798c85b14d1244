"""What the lab writes down: what happens to its runs, and what it has to say itself.

    History ── read ──► Journal ◄── say ── the lab
                         │  └──► entries    the log pane
                         └─────► take_new   the toasts

No toast comes for what was in a recording before anybody here looked at it. Nothing here knows
Textual, nor how an event is put into words: that is ``tui.watching.chronicle``'s business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from engine.text.safe import plain

from ..drawing.lists.log import Entry
from ..style.severity import Severity

if TYPE_CHECKING:
    from engine.recording.history import History

    from .chronicle import Chronicle

KEPT: Final = 300
"""Entries that are kept, the newest."""


class Journal:
    """The entries of this lab, and which of them nobody was told of yet.

    Args:
        viewer: Who looks: what others ask of a run is signed.
        clock: Seconds since 1970.
    """

    def __init__(self, viewer: str = "", *, clock: Callable[[], float] = time.time) -> None:
        self.entries: tuple[Entry, ...] = ()
        """Everything that happened, the newest last."""
        self._viewer = viewer
        self._clock = clock
        self._untold: list[Entry] = []
        self._run = ""
        self._live = False
        """Whether what is read now has just happened."""
        self._chronicles: dict[str, Chronicle] = {}
        """Of the run that is followed, and of those that the entries tell of: one that is shown
        again is not told again.
        """

    def open(self, run: str, *, log: str = "", started: bool = False) -> None:
        """Follow a run from now on.

        Args:
            run: Its name.
            log: Where its worker writes what went wrong.
            started: Whether it was started just now; otherwise what it already has is old.
        """
        # numpy is not needed for the first frame.
        from .chronicle import Chronicle

        self._run, self._live = run, started
        told = {entry.run for entry in self.entries} | {run}
        self._chronicles = {name: each for name, each in self._chronicles.items() if name in told}
        self._chronicles.setdefault(run, Chronicle(run, self._viewer, log))
        words = f"{plain(run)} {'was started' if started else 'is shown'}"
        self._write([Entry(words=words, time=self._clock(), quiet=True)])

    def say(self, words: str, severity: Severity = "note", *, quiet: bool = False) -> None:
        """Write down what the lab itself has to say, and tell it unless it is for the log only."""
        entry = Entry(words=plain(words), severity=severity, time=self._clock(), quiet=quiet)
        self._untold += [] if quiet else [entry]
        self._write([entry])

    def read(self, history: History, *, whole: bool = True, trouble: str = "") -> None:
        """Write down what is new in the history of the run that is followed.

        Args:
            history: What is known of it.
            whole: Whether everything that its recording had has been read.
            trouble: Why its worker died, or its recording cannot be read.
        """
        chronicle = self._chronicles[self._run]
        entries = [*chronicle.unread(history), *chronicle.trouble(trouble, self._clock())]
        if self._live:
            self._untold += [entry for entry in entries if not entry.quiet]
        self._write(entries)
        self._live = self._live or whole

    def take_new(self) -> tuple[Entry, ...]:
        """Return what nobody was told of yet, once."""
        untold, self._untold = tuple(self._untold), []
        return untold

    def _write(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        written = list(self.entries)
        for entry in entries:
            if written and _repeats(entry, written[-1]):
                entry = replace(entry, times=written.pop().times + 1)
            written.append(entry)
        self.entries = tuple(written[-KEPT:])


def _repeats(entry: Entry, before: Entry) -> bool:
    """Return whether nobody needs to see both, such as two steps that were taken by hand."""
    quiet = entry.quiet and before.quiet and entry.run == before.run
    return quiet and entry.words == before.words
