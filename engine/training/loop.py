"""Training as a stream of events: whoever stops pulling stops the run.

    for events in train(trainer, Pace()):
        ...
    events = closing(trainer)

There are no flags and no callbacks in the loop. To pause is not to pull; to take one step is to
ask the pace for one; to stop is to tell the trainer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from ..recording.events import End, Event, RunWarning
from .marks import Marks
from .trainer import Trainer

BLOCK_SECONDS: Final = 0.05
"""What a block should take: short enough to answer a request at once, long enough to be cheap."""

MAX_BLOCK: Final = 4096
"""Steps a block may have, however quick they are."""

GROWTH: Final = 8
"""How many times as long as the one before a block may be: it takes few to come to the longest."""


class Pace:
    """How many steps the next block has: what fits ``BLOCK_SECONDS``, or what a person asked.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._fitting = 1
        self._started = 0.0
        self.limit: int | None = None
        """Steps the next block may have at most, where someone counts them."""

    def begin(self) -> int:
        """Return how many steps the next block may have."""
        self._started = self._clock()
        # A person who asks for three steps gets three, however many would fit.
        return min(self._fitting, self.limit or MAX_BLOCK)

    def end(self, count: int) -> None:
        """Learn from how long ``count`` steps took; grow no faster than eightfold."""
        seconds = max(self._clock() - self._started, 1e-6)
        # Measured anew after every block: other work on the machine makes blocks shorter, not
        # rarer.
        fitting = int(count * BLOCK_SECONDS / seconds)
        # The first block has a single step, which also warms everything up: its time says little.
        self._fitting = max(1, min(fitting, GROWTH * max(count, self._fitting), MAX_BLOCK))


def train(trainer: Trainer, pace: Pace, marks: Marks | None = None) -> Iterator[list[Event]]:
    """Train until the run is over, yielding what each block gave; ``closing`` has the rest.

    Args:
        trainer: What to train.
        pace: How many steps at a time; it changes no number.
        marks: Those that are still to come of a run that is gone on with.
    """
    opening: list[Event] = []
    if marks is None:
        marks = Marks(trainer.experiment, trainer.columns)
        # Step 0 is the untrained network: a replay begins before anything was learned.
        weights = [trainer.snapshot()] if trainer.snapshots.ends else []
        notices = [RunWarning(step=trainer.step, message=said) for said in trainer.data.notices]
        opening = [*weights, *notices, *marks.reached(trainer.step)]
    yield opening
    while trainer.outcome is None:
        # A mark that may pause the run must find it at just its step, so that a block ends there.
        block = trainer.advance(min(pace.begin(), marks.steps_until_next(trainer.step, MAX_BLOCK)))
        pace.end(block.count)
        yield [*block.events(), *marks.reached(trainer.step, block.series, trainer.ended_at)]


def closing(trainer: Trainer) -> list[Event]:
    """Return the events that end a run whose outcome is known: the weights it keeps, the end."""
    return [*weights_to_keep(trainer), ending(trainer)]


def weights_to_keep(trainer: Trainer) -> list[Event]:
    """Return the weights that are recorded at the end of a run: the best, and the last."""
    if not trainer.snapshots.ends:
        return []
    # Written though its step is past: whoever opens the recording finds the weights of the result.
    best = trainer.best_snapshot()
    # The last step's may be among those that were written all along.
    kept = trainer.snapshots.keeps(trainer.step)
    return [*([best] if best else []), *([] if kept else [trainer.snapshot()])]


def ending(trainer: Trainer) -> End:
    """Return how a run ended whose outcome is known, with its result."""
    over = trainer.outcome
    assert over is not None
    result = trainer.result()
    return End(step=trainer.step, status=over.status, reason=over.reason, result=result)
