"""The program as it is, but that no worker gets ready: for terminals in which nothing trains.

A worker imports PyTorch, which takes more of a core than all that such a test is about.
"""

from __future__ import annotations

from engine.worker.launch import Worker
from tui.cli import main


class Idle:
    """A worker that is none."""

    def close(self) -> None:
        """There is nothing to let go of."""

    def poll(self) -> None:
        """It never ends."""

    def last_words(self) -> str:
        """It has nothing to complain of."""
        return ""


Worker.start = Idle  # type: ignore[assignment, method-assign]

if __name__ == "__main__":
    main()
