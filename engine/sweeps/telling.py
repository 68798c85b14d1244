"""Who wants to be told what becomes of runs is told of a sweep once, at its end.

Its trials are parts of it, and tell nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from ..headless.run import DONE, INTERRUPTED
from ..notices.watcher import Watcher
from .folder import SweepFolder
from .table import SweepTable, read


class SweepWatch:
    """What is told of a sweep that is trained while this is entered, if any of it is.

    Args:
        folder: The sweep's.
        complain: Says that nobody can be told.
    """

    def __init__(self, folder: SweepFolder, complain: Callable[[str], None]) -> None:
        self._folder, self._complain = folder, complain
        self._watcher: Watcher | None = None

    def begin(self) -> None:
        """Have the sweep watched: there is something to train."""
        if self._watcher is not None:
            return
        self._watcher = Watcher.start(self._folder.path, self._folder.log)
        if self._watcher.trouble:
            self._complain(self._watcher.trouble)
        # Nobody counts steps of a sweep, so it does not stall.
        self._watcher.at(0, paused=True)

    def broken_off(self) -> None:
        """Say that this process ends at once, because somebody wants it to."""
        self._say("stopped", "it was ended at once; the same command goes on with it")

    def came_to(self, status: int) -> int:
        """Say how the sweep ended; return that exit status."""
        if self._watcher is not None:
            self._say(*outcome(status, read(self._folder.path)))
        return status

    def _say(self, status: str, reason: str) -> None:
        if self._watcher is not None:
            self._watcher.ended(status, reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._watcher is not None:
            if error is not None:
                self._say("failed", str(error) or type(error).__name__)
            self._watcher.close()


def outcome(status: int, table: SweepTable) -> tuple[str, str]:
    """Return how a sweep ended, and in words what its table says.

    Args:
        status: The exit status of whoever trained it.
        table: What it came to.
    """
    failed, diverged = table.count("failed"), table.count("diverged")
    words = f"{table.progress}, {failed} failed" if failed else table.progress
    if status == INTERRUPTED:
        return "stopped", f"{words}; the same command goes on with it"
    if diverged == len(table.trials):
        return "diverged", words
    return "finished" if status == DONE and not failed else "failed", words
