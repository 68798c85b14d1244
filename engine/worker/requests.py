"""Where a worker answers requests: what they change, and what the recording says of them.

Each takes effect between two steps and is recorded with the step it came after, or with why it
was refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, Protocol

from ..recording.events import Event, MarkReached, Request
from ..runs.requests import PendingRequest

MAX_STEPS: Final = 1_000_000
"""Steps that can be asked for at a time."""


class Controls(Protocol):
    """What requests can change of a trainer."""

    lr: float

    @property
    def step(self) -> int:
        """The last step that was taken."""

    def stop(self, status: str, reason: str) -> None:
        """End the run where it is."""


class RequestHandler:
    """Pause, continue, step, stop, learning rate and mark of one run.

    Args:
        bench: The trainer.
    """

    def __init__(self, trainer: Controls) -> None:
        self._trainer = trainer
        self.owed: int | None = None
        """Steps to take before it pauses; none where it runs freely, 0 where it is paused."""

    @property
    def paused(self) -> bool:
        """Whether no step is to be taken now."""
        return self.owed == 0

    def taken(self, count: int) -> None:
        """Count steps that were taken."""
        if self.owed is not None:
            self.owed = max(0, self.owed - count)

    def answer(self, request: PendingRequest, refused: str = "") -> list[Event]:
        """Carry a request out, and return what the recording says of it.

        Args:
            request: What is asked.
            refused: Why it is not carried out, where that is known before.
        """
        actions: dict[str, Callable[..., list[Event] | None]] = {
            "pause": self._pause,
            "continue": self._continue,
            "step": self._step,
            "stop": self._stop,
            "set_lr": self._set_lr,
            "mark": self._mark,
        }
        step, also = self._trainer.step, list[Event]()
        try:
            if not refused:
                also = actions[request.action](request.viewer, **request.arguments) or []
        except KeyError:
            refused = f"{request.action!r} is no request that this version knows"
        except (TypeError, ValueError) as error:
            refused = str(error)
        said = {key: value for key, value in vars(request).items() if key != "time"}
        return [Request(**said, step=step, refused=refused), *also]

    def _pause(self, viewer: str) -> None:
        self.owed = 0

    def _continue(self, viewer: str) -> None:
        self.owed = None

    def _step(self, viewer: str, n: int = 1) -> None:
        if not (isinstance(n, int) and 1 <= n <= MAX_STEPS):
            raise ValueError(f"n must be a whole number from 1 to {MAX_STEPS} (got {n!r})")
        self.owed = (self.owed or 0) + n

    def _stop(self, viewer: str, **_: Any) -> None:
        self._trainer.stop("stopped", f"request of {viewer}")

    def _set_lr(self, viewer: str, lr: float) -> None:
        if not (isinstance(lr, int | float) and 0 <= lr < math.inf):
            raise ValueError(f"lr must be a number of at least 0 (got {lr!r})")
        self._trainer.lr = float(lr)

    def _mark(self, viewer: str, title: str = "", note: str = "") -> list[Event]:
        return [MarkReached(step=self._trainer.step, title=title or f"Mark of {viewer}", note=note)]
