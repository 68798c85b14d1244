"""A recorded run, trained once more: to be verified, or to branch off from one of its steps.

What was asked of it while it trained is asked again at the same steps, and what comes is held
against what was recorded.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..recording.events import Series, Snapshot
from ..recording.history import History
from ..recording.rows import Rows
from ..recording.values import Values
from ..runs.folder import RunFolder
from .block import Block
from .branching import check_has_beginning
from .repeats import Repeats
from .resuming import newest_state, restore, trainer_of
from .trainer import Trainer

THINNED: Final = 0.75
"""The share of its steps of which a recording has rows at most where some were left out."""

MOST_STEPS: Final = 1024
"""Steps that are taken at a time."""


WEIGHTS: Final = "weights"
"""What differs where it is no column."""

TOLERANCE: Final = 1e-3
"""The share of a number by which it may be another on another CPU or device: sums are split in
other ways there, and rounding errors grow with every step."""


@dataclass(frozen=True)
class Mismatch:
    """The first number that is not as it was recorded."""

    step: int
    """Of which step."""
    what: str
    """Its column, such as ``train/loss``, or ``weights``."""
    member: int
    """Of which network, from 0."""
    recorded: float
    """What the recording says."""
    computed: float
    """What came now."""
    is_missing: bool = False
    """Whether it is not in the recording at all, though what lies around it is."""
    is_of_nothing: bool = False
    """Whether it is in the recording alone: nothing of its kind comes at that step."""

    @property
    def words(self) -> str:
        """The difference, in a line."""
        if self.is_missing:
            are = "are" if self.what == WEIGHTS else "is"
            return f"{self.what} of step {self.step} {are} not recorded"
        if self.is_of_nothing:
            return f"{self.what} of step {self.step} is recorded, and none is taken there"
        of = f" of member {self.member + 1}" if self.member else ""
        # It is one of them that is told.
        what = "a weight" if self.what == WEIGHTS else self.what
        return (
            f"{what}{of} of step {self.step} was recorded as {self.recorded:.9g} and comes to "
            f"{self.computed:.9g}"
        )


class Retaking:
    """Takes the steps of a recorded run again.

    Args:
        history: What was recorded.
        trainer: At the step from which it is taken again.
        tolerance: The share of a number by which it may be another; none where it is 0.
        member: Which network of the trainer's was recorded, from 1; 0 where all of them were.
        whole: Whether a row that is missing among others is a difference.
        kept: At which steps weights were kept, as the recording says it; where that is as they are
            kept now, weights that are missing are a difference, too.
    """

    def __init__(
        self,
        history: History,
        trainer: Trainer,
        tolerance: float = 0.0,
        member: int = 0,
        *,
        whole: bool = False,
        kept: str = "",
    ) -> None:
        self._whole = whole
        self._keeps_weights = kept == trainer.snapshots.rule and trainer.snapshots.ends
        self.weights = 0
        """How many times the weights of a step were held against those that were recorded."""
        self._history, self.trainer, self._tolerance = history, trainer, tolerance
        self._members = slice(member - 1, member) if member else slice(None)
        self._repeats = Repeats(history, trainer.step)
        # A sweep keeps rows of some steps only. Of all others none may be missing, for of those
        # that are far apart nobody could say later that one was left out.
        train = history.series.get("train")
        self._thinned = train is not None and train.count < THINNED * history.last_step
        kept_now = trainer.snapshots.keeps
        self._alone = [step for step in history.snapshot_steps if not kept_now(step)]
        """The steps whose weights are recorded, and that no block has: others were kept then."""
        # What was ignored in the run that this one branched off from is so up to there.
        self._ignores = any(
            [each.ignores_stopping for each in history.seams]
            + [each.ignores_stopping for each in history.forks if each.step > trainer.step]
        )

    def steps(self, until: int) -> Iterator[Mismatch | None]:
        """Take the steps up to one, yielding after each block how it differs, if it does."""
        trainer = self.trainer
        # A recording may say that it ended before it branched off, or before its own last row.
        while trainer.step < min(until, trainer.until):
            if trainer.outcome is not None:
                # It was gone on with here, though something had ended it.
                if not self._ignores:
                    return
                trainer.ignore_stopping()
            most = self._repeats.take(trainer) or MOST_STEPS
            since = trainer.step
            kept = self._alone[bisect(self._alone, since) :]
            end = min(since + min(MOST_STEPS, most), until, *kept[:1])
            block = trainer.advance(end - since)
            yield self._difference(block, since)

    def weights_now(self) -> Mismatch | None:
        """Return how the weights as they are differ from those of their step, if they do.

        For the first and the last, which are kept beside those that a block has.
        """
        return self._first(self.trainer.snapshot()) if self.trainer.snapshots.ends else None

    def best_weights(self) -> str:
        """Return how the best weights are not those that were recorded; nothing where they are."""
        best, recorded = self.trainer.best_snapshot(), self._history.best
        if best is None or (recorded is None and not self._keeps_weights):
            return ""
        if recorded is None:
            return f"the best weights, of step {best.step}, are not recorded"
        if best.values.tobytes() != recorded.values.tobytes():
            return f"the best weights, of step {best.step}, are others than were recorded"
        return ""

    def _difference(self, block: Block, since: int) -> Mismatch | None:
        """Return the first number of a block that is not as it was recorded.

        Args:
            block: What came now.
            since: The step before its first.
        """
        parts: list[Series | Snapshot] = [*block.series, *block.snapshots]
        if self.trainer.step in self._alone:
            parts.append(self.trainer.snapshot())
        # By step and not by part: what goes wrong first is the cause, and the rest follows from it.
        mismatches = [each for part in parts if (each := self._first(part))]
        mismatches += self._of_nothing(block, since) if self._whole else ()
        return min(mismatches, key=lambda each: each.step, default=None)

    def _of_nothing(self, block: Block, since: int) -> Iterator[Mismatch]:
        """Yield the first row of each group that is recorded of a block's steps and was not taken:
        nobody could say that it is equal.
        """
        for group, rows in self._history.series.items():
            places = np.arange(rows.count_until(since), rows.count_until(self.trainer.step))
            recorded, parts = rows.steps_of(places), [p for p in block.series if p.group == group]
            taken = [part.first + part.stride * np.arange(part.count) for part in parts]
            alone = recorded[~np.isin(recorded, np.concatenate([[0], *taken]))]
            if len(alone):
                yield Mismatch(int(alone[0]), group, 0, np.nan, np.nan, is_of_nothing=True)

    def _first(self, part: Series | Snapshot) -> Mismatch | None:
        if isinstance(part, Snapshot):
            recorded = self._history.snapshot(part.step)
            if recorded is None or recorded.step != part.step:
                return self._missing(part.step)
            self.weights += 1
            # [1, numbers, members]: a row that is wrong is then a number of a network that is.
            then, now = recorded.values.T[None], part.values[self._members].T[None]
            return self._unequal(then, now, np.full(then.shape[1], part.step), [WEIGHTS])
        rows = self._history.series.get(part.group)
        if rows is None:
            return None
        over = self._history.end is not None
        if self._whole and part.count:
            hole = _first_without(rows, part, over=over)
            if hole is not None and self._thinned:
                hole = rows.hole(part.first, part.stride, part.count, over=over)
            if hole is not None:
                return Mismatch(hole, part.group, 0, np.nan, np.nan, is_missing=True)
        # A recording that was broken off or thinned out has fewer rows than were taken.
        steps = rows.steps_of(
            np.arange(rows.count_until(part.first - 1), rows.count_until(part.last_step))
        )
        taken = (steps - part.first) % part.stride == 0
        then, steps = rows.between(part.first, part.last_step)[:, taken], steps[taken]
        now = part.values[:, (steps - part.first) // part.stride, self._members]
        names = [f"{part.group}/{name}" for name in rows.columns]
        return self._unequal(then, now, steps, names)

    def _missing(self, step: int) -> Mismatch | None:
        """Return weights of a step that are not recorded, as a difference where they should be."""
        end, steps = self._history.end, self._history.snapshot_steps
        # What was broken off may lack those of its last steps, and nothing before others.
        whole = end is not None and end.status != "failed"
        if not self._keeps_weights or not (whole or step < max(steps, default=-1)):
            return None
        return Mismatch(step, WEIGHTS, 0, np.nan, np.nan, is_missing=True)

    def _unequal(
        self, then: Values, now: Values, steps: NDArray[np.int64], names: list[str]
    ) -> Mismatch | None:
        """Return the first of two tables' numbers that is not the same.

        Args:
            then: As recorded, [columns, rows, members].
            now: As computed, of the same shape.
            steps: The step of each row.
            names: The columns'.
        """
        # A loss that was NaN and is NaN again has come to the same, though NaN equals nothing.
        same = (then == now) | (np.isnan(then) & np.isnan(now))
        if self._tolerance:
            with np.errstate(invalid="ignore"):
                # A share of the number; near 0, where a share is nothing, of a thousandth.
                same |= np.abs(then - now) <= self._tolerance * np.maximum(np.abs(then), 1e-3)
        if same.all():
            return None
        # Row by row, each with all of its columns: the first that is found is of the first step.
        row, column, member = np.argwhere(~same.transpose(1, 0, 2))[0].tolist()
        recorded, computed = (float(each[column, row, member]) for each in (then, now))
        return Mismatch(int(steps[row]), names[column], member, recorded, computed)


def _first_without(rows: Rows, part: Series, *, over: bool) -> int | None:
    """Return the first step of a part that has no row among some, if one has none.

    Args:
        rows: What was recorded.
        part: What came now.
        over: Whether no more rows come: then nothing may be missing behind the last one.
    """
    steps = part.first + part.stride * np.arange(part.count)
    before, behind = rows.count_until(part.first - 1), rows.count_until(part.last_step)
    if behind == rows.count and not over:
        steps = steps[steps < (rows.last_step if rows.count else 0)]
    lacking = steps[~np.isin(steps, rows.steps_of(np.arange(before, behind)))]
    return int(lacking[0]) if len(lacking) else None


def trainer_before(
    folder: RunFolder,
    history: History,
    step: int,
    *,
    device: str = "auto",
    allow_code: bool = False,
) -> Trainer:
    """Return a recorded run at its last checkpoint up to a step, or at its beginning.

    Raises:
        RunError: The step is none of it, or cannot be come to from here.
    """
    header = history.header
    assert header is not None
    if not 0 <= step <= history.last_step:
        raise RunError(f"--at {step}: the run has the steps 0 to {history.last_step}")
    trainer = trainer_of(header, device, until=header.steps, allow_code=allow_code)
    state = newest_state(folder, history.until(step))
    if state is not None:
        restore(trainer, state, header)
    else:
        check_has_beginning(history, step)
    return trainer
