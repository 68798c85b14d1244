"""What the lab says: in the message line, under the pictures, and in its log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from textual.timer import Timer

from engine.runs.requests import default_viewer

from ..drawing.lists.log import Entry
from ..drawing.lists.message import Bulletin, bulletin_of
from ..style.severity import Severity
from ..watching.journal import Journal
from .part import HINTS, LabScreen

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder

    from ..watching.watch import Watch

MESSAGE_SECONDS = 8.0
"""For how long the message line says what happened; what went wrong stays until the next key."""
READING: Final = "The presets are still being read."


@dataclass(eq=False)
class Messages:
    """What is said, and for how long."""

    screen: LabScreen
    note: str = HINTS["setup"]
    """What stands under the pictures."""
    _journal: Journal = field(default_factory=lambda: Journal(viewer=default_viewer()))
    _ending: Timer | None = None
    """What ends the message that is shown."""

    @property
    def hint(self) -> str:
        """What to do, where nothing else is said."""
        return HINTS.get(self.screen.run_situation, "")

    def open_journal(self, folder: RunFolder, *, started: bool = False) -> None:
        """Write down what happens to a run from now on."""
        log = str(folder.log) if folder.path.is_dir() else ""
        self._journal.open(folder.name, log=log, started=started)

    def read(self, watch: Watch, *, showing: bool, replayed: bool) -> None:
        """Write down what happened to a run, and say of it what nobody should miss.

        Args:
            watch: The run.
            showing: Whether it is shown more slowly than it is trained: what is not seen yet is
                not told.
            replayed: Whether an earlier step is shown.
        """
        if showing and self.screen.view.history is not None:
            self._journal.read(self.screen.view.history)
        elif not watch.behind and not watch.reading and not replayed:
            self._journal.read(watch.history, trouble=watch.trouble)
        self._tell_new()

    def _tell_new(self) -> None:
        """Say what nobody was told of yet."""
        if new := self._journal.take_new():
            self.tell(bulletin_of(new))
        self.screen.entries = self._journal.entries

    def tell(self, bulletin: Bulletin) -> None:
        """Say something in the message line: for a while, or until the next key."""
        self.hush()
        self.screen.bulletin = bulletin
        if bulletin.entry.severity != "bad":
            self._ending = self.screen.set_timer(MESSAGE_SECONDS, self.hush)

    def hush(self) -> None:
        """Say no longer what has happened."""
        if self._ending is not None:
            self._ending.stop()
        self._ending, self.screen.bulletin = None, None

    def heed(self) -> None:
        """Notice that a key comes: what went wrong has been read."""
        bulletin = self.screen.bulletin
        if bulletin is not None and bulletin.entry.severity == "bad":
            self.hush()

    def refuse(self, why: str) -> None:
        """Say why a key does nothing here; the log has no use for it."""
        self.tell(Bulletin(entry=Entry(words=why, quiet=True), logged=False))

    def complain(self, words: str) -> None:
        """Say what could not be done; the log keeps it."""
        self.say(words, "bad")

    def say(self, words: str, severity: Severity = "note") -> None:
        """Say what was done; the log keeps it."""
        self._journal.say(words, severity)
        self._tell_new()

    def log(self, words: str) -> None:
        """Have the log keep what is said elsewhere."""
        self._journal.say(words, quiet=True)
