"""Looking at every run, beside the screen."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from ..picture import Picture

if TYPE_CHECKING:
    from engine.runs.catalogue import Archive, RunFacts
    from engine.sweeps.listing import SweepArchive

TELL_SECONDS: Final = 0.15
"""How often a first reading shows how far it has come."""


@dataclass
class RunsRead(Message):
    """Runs were looked at."""

    facts: tuple[RunFacts, ...]
    count: int
    """How many there are, read or not."""
    whole: bool
    """Whether these are all."""
    trouble: str = ""


class RunReader:
    """Looks at the runs of a folder, and says what there is with ``RunsRead``.

    Args:
        host: The widget that is told.
        runs_dir: Where runs are kept.
    """

    def __init__(self, host: Widget, runs_dir: Path) -> None:
        self.busy = False
        """Whether a reading goes on."""
        self.again = False
        """Whether something has changed since it began."""
        self.whole = False
        """Whether every run has been read once."""
        self.count = 0
        """How many runs there are."""
        self._host = host
        self._runs_dir = runs_dir
        self._archive: Archive | None = None
        self._sweeps: SweepArchive | None = None

    def begin(self) -> None:
        """Look at the runs, unless that is being done."""
        if not self.busy:
            self.busy, self.again = True, False
            self._host.run_worker(self._read, thread=True, group="runs", exit_on_error=False)

    def note(self, event: RunsRead) -> None:
        """Take in how far a reading has come."""
        self.count = event.count
        self.whole = self.whole or event.whole
        self.busy = not event.whole

    def _read(self) -> None:
        """Look at every run, the newest first."""
        worker, runs, trouble = get_current_worker(), list["RunFacts"](), ""
        count, told = 0, time.monotonic()
        try:
            # It brings numpy, which the first frame does without.
            from engine.runs.catalogue import Archive

            archive = self._archive = self._archive or Archive(self._runs_dir)
            for run in archive.runs():
                if worker.is_cancelled:
                    return
                runs.append(run)
                count = archive.count
                if not self.whole and time.monotonic() - told > TELL_SECONDS:
                    told = time.monotonic()
                    self._host.post_message(RunsRead(tuple(runs), count, False))
            runs = self._with_sweeps(runs)
        except Exception as error:
            Picture.failures.append(traceback.format_exc())
            trouble = f"the runs cannot be read: {type(error).__name__}: {error}"
        self._host.post_message(RunsRead(tuple(runs), len(runs), True, trouble))

    def _with_sweeps(self, runs: list[RunFacts]) -> list[RunFacts]:
        """Return the runs with the sweeps among them, the newest first."""
        from engine.runs.finding import order_of
        from engine.sweeps.listing import SweepArchive

        sweeps = self._sweeps = self._sweeps or SweepArchive(self._runs_dir)
        if not (swept := sweeps.sweeps()):
            return runs
        return sorted([*runs, *swept], key=lambda run: order_of(run.folder), reverse=True)
