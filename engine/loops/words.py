"""What a loop says of its steps itself: numbers, marks, and what is to be known of them."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ..recording.events import MarkReached, RunWarning
from .steps import Steps


class LoopWords:
    """What a loop says of its steps.

    Args:
        steps: Where they are kept.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        # Not a method that calls it: what a step costs is what it calls.
        self.log = steps.said.log
        """Say what this step came to: see ``RowWords.log``."""

    @property
    def step(self) -> int:
        """The last optimizer step."""
        return self._steps.step

    @property
    def kept(self) -> int:
        """How often each parameter is kept for the record's sake, and not the loop's."""
        return 1 + self._steps.norms.keeps

    def log_step(self, said: Mapping[str, float | Tensor], *, taken: bool) -> None:
        """Say what a step came to, whichever others are told of.

        Args:
            said: Numbers by name.
            taken: Whether it is the one that was taken last, and not the one to come.
        """
        self._steps.said.log_step(said, taken=taken)

    def mark(self, title: str, note: str = "") -> None:
        """Mark this step, as a place to go to in a replay.

        Args:
            title: What is to be seen there.
            note: What to say about it.
        """
        # Whatever a script has there: a line without sense would be passed over by readers.
        note = "" if note is None else str(note)
        self._steps.events.append(MarkReached(step=self.step, title=str(title), note=note))

    def _fall_silent(self) -> None:
        """Have whatever is said from here on be told to be too late."""
        self._steps.said.end()

    def _say(self, message: str) -> None:
        self._steps.events.append(RunWarning(step=self.step, message=message))
