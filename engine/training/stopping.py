"""What is decided from a run's rows: the best weights, and which member is through, and why.

It sees the rows of every block in order and finds the first that decides, for each member
by itself and by its own settings. A member ends where it would end alone; the run is over when
all have. It never sees the test set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..experiment.experiment import Members
from ..recording.best import NEVER_BETTER, scores
from ..recording.checkpoints import State
from ..recording.events import PRUNED
from ..recording.values import Values
from .block import Outcome

NEVER: Final = np.iinfo(np.int64).max
"""Where a member ends that goes on."""

Rung = tuple[int, float]
"""A step, and the loss there beyond which a network is not worth going on with: on the dev set
where that is measured, else in training."""

PRUNED_EARLY: Final = Outcome("finished", PRUNED)
THRESHOLD: Final = Outcome("finished", "threshold")
PATIENCE: Final = Outcome("finished", "patience")


@dataclass(frozen=True, eq=False)
class Decision:
    """What a block's rows decide."""

    count: int
    """Rows that stand; those after the one at which the last member ends do not."""
    outcome: Outcome | None
    """Why the run is over, if it is."""
    best_rows: NDArray[np.int64]
    """For each member the row with its new best weights, or -1 where it has none."""
    last_rows: NDArray[np.int64]
    """For each member the last row that counts: -1 where it had ended before this block."""
    ended: tuple[int, ...]
    """The members that end in these rows, in the order in which they do."""


class EarlyStopping:
    """Best weights, patience, threshold and divergence of each member of a run.

    Args:
        members: What each is to decide; they are measured alike.
        rungs: Where members end that do worse than others did.
    """

    def __init__(self, members: Members, rungs: Sequence[Rung] = ()) -> None:
        common = members[0]
        self._rungs = rungs
        # Numbers and not None, so that one comparison of arrays serves all members.
        self._thresholds = _settings([each.train.loss_threshold for each in members], -np.inf)
        self._patience = _settings([each.train.patience for each in members], np.inf)
        self._stride = common.evaluation_stride
        self._by_accuracy = common.keep_best == "accuracy"
        self._waits_by_accuracy = (common.train.monitor or common.keep_best) == "accuracy"
        self._least = _settings([each.train.min_delta for each in members], 0.0)
        self._waits_for_best = (
            self._waits_by_accuracy == self._by_accuracy and not self._least.any()
        )
        self.keeps_best: Final = common.keep_best != "off"
        """Whether the result takes the best weights, not the last."""
        self.best_steps: NDArray[np.int64] = np.zeros(len(members), np.int64)
        """The step of each member's best dev measurement; 0 where there is none yet."""
        self.outcomes: list[Outcome | None] = [None] * len(members)
        """Why each member has ended, where it has by itself."""
        self.ended_at: NDArray[np.int64] = np.full(len(members), NEVER)
        """The step at which each member has ended; ``NEVER`` where it goes on."""
        self._best_scores = np.full(len(members), NEVER_BETTER)
        self._counted_scores = self._best_scores
        """What each member's patience was last counted from."""
        self._waited = np.zeros(len(members), np.int64)

    @property
    def going(self) -> NDArray[np.bool_]:
        """Which members go on."""
        going: NDArray[np.bool_] = self.ended_at == NEVER
        return going

    def state(self) -> State:
        """Return what was decided so far, and what is still waited for."""
        ended = [None if each is None else [each.status, each.reason] for each in self.outcomes]
        return {
            "best_steps": self.best_steps,
            # As pairs: real and imaginary part, which files of numbers know nothing of.
            "best_scores": self._best_scores.view(np.float64).reshape(-1, 2),
            "counted_scores": self._counted_scores.view(np.float64).reshape(-1, 2),
            "waited": self._waited,
            "ended_at": self.ended_at,
            "outcomes": ended,
        }

    def restore(self, state: State) -> None:
        """Go on from what ``state`` returned."""
        self.best_steps = np.array(state["best_steps"])
        self._best_scores = _scores_of(state["best_scores"])
        # Before there was a difference, patience was counted from the best.
        self._counted_scores = _scores_of(state.get("counted_scores", state["best_scores"]))
        self._waited, self.ended_at = np.array(state["waited"]), np.array(state["ended_at"])
        self.outcomes = [None if each is None else Outcome(*each) for each in state["outcomes"]]

    def ignore(self) -> None:
        """Let all members go on but those that diverged, whatever the preset asks for."""
        self._patience.fill(np.inf)
        self._thresholds.fill(-np.inf)
        for member, outcome in enumerate(self.outcomes):
            if outcome in (PATIENCE, THRESHOLD):
                self.outcomes[member], self.ended_at[member] = None, NEVER

    def decide(self, first: int, loss: Values, dev: Values) -> Decision:
        """Find the first rows of a block that decide, for each member by itself.

        Args:
            first: The step of the first row.
            loss: The training loss, [rows, members].
            dev: The dev set's loss and accuracy, [2, rows, members], in the rows measured.
        """
        rows, going = len(loss), self.going
        # Whole columns at once: a loop over rows and members would take longer than training them.
        # NaN is smaller than nothing and equal to nothing: a comparison alone would never find it.
        broken = ~np.isfinite(loss)
        pruned = self._pruned(first, dev[0] if self._stride else loss)
        decides = broken | (loss <= self._thresholds) | pruned
        # The argmax of booleans is the first that is true, and 0 where none is: any() tells.
        last = np.where(decides.any(axis=0), decides.argmax(axis=0), rows)
        # Who has ended takes part in no row: what is computed of it meanwhile means nothing.
        last[~going] = -1
        impatient, best_rows = self._compare(first, dev, last)
        # What ends a member at the same row goes first: it happened in the update.
        patience = impatient < last
        last = np.where(patience, impatient, last)
        # Stable: members that end at the same row are told in their own order.
        ended = [int(member) for member in np.argsort(last, kind="stable")]
        ended = [member for member in ended if going[member] and last[member] < rows]
        for member in ended:
            row = int(last[member])
            self.ended_at[member] = first + row
            by_loss = PRUNED_EARLY if pruned[row, member] else THRESHOLD
            if broken[row, member]:
                by_loss = _diverged(loss[row, member], first + row)
            self.outcomes[member] = PATIENCE if patience[member] else by_loss
        # Who goes on has its last row here at the block's end.
        last = np.minimum(last, rows - 1)
        over = not self.going.any()
        # While one goes on, every row stands: the others are blanked in it, not cut off.
        count = int(last.max()) + 1 if over else rows
        outcome = _outcome_of([each for each in self.outcomes if each], last) if over else None
        return Decision(count, outcome, best_rows, last, tuple(ended))

    def _pruned(self, first: int, loss: Values) -> NDArray[np.bool_]:
        """Return at which rows members do worse than a rung allows, [rows, members]."""
        pruned = np.zeros(loss.shape, np.bool_)
        for step, worst in self._rungs:
            if first <= step < first + len(loss):
                pruned[step - first] = loss[step - first] > worst
        return pruned

    def _compare(
        self, first: int, dev: Values, last: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Compare the dev measurements with each member's best; equal ones change nothing.

        Of equal accuracies the smaller loss is the better one, as ``engine.recording.best.scores``
        orders them: so patience by accuracy waits while the loss falls.

        Args:
            first: The step of the first row.
            dev: Loss and accuracy, [2, rows, members].
            last: The last row that counts for each member by what else ends it.

        Returns:
            For each member the row at which its patience is at an end, ``NEVER`` where it is not,
            and the row with its new best weights, -1 where it has none.
        """
        members = len(last)
        # The rows of steps that are multiples of the stride.
        stride = self._stride if self.keeps_best else NEVER
        measured = np.arange(-first % stride, dev.shape[1], stride)
        if not len(measured):
            return np.full(members, NEVER), np.full(members, -1)
        # [measurements, members] each, from here on.
        loss, accuracy = dev[:, measured]
        new_scores = scores(accuracy if self._by_accuracy else None, loss)
        # What comes after a member's end does not count.
        new_scores[measured[:, None] > last] = NEVER_BETTER
        # The best score before each measurement: what was best before the block, then running on.
        before = np.maximum.accumulate(np.vstack([self._best_scores, new_scores]), axis=0)[:-1]
        # Strictly: of equal ones the first is kept, as whoever reads the recording finds it again.
        better = np.greater(new_scores, before)
        counts = better if self._waits_for_best else self._counting(loss, accuracy, measured, last)
        # Measurements since the last one that counts, [measurements, members].
        counted = np.arange(1, len(measured) + 1)[:, None]
        latest, best = (
            np.maximum.accumulate(np.where(each, counted, 0), axis=0) for each in (counts, better)
        )
        # Patience counts across blocks: until a block brings a better one, what was waited goes on.
        waited = np.where(latest > 0, counted - latest, self._waited + counted)
        # Infinite patience, which is none in the preset, is never reached.
        gives_up = waited >= self._patience
        # What a member measured after giving up it would not have measured alone.
        until = np.where(gives_up.any(axis=0), gives_up.argmax(axis=0), len(measured) - 1)
        # Nor is waited for anything after another end: -1 where that came before all of these.
        until = np.minimum(until, (measured[:, None] <= last).sum(axis=0) - 1)
        each = np.arange(members)
        impatient = np.where(gives_up[until, each], measured[until], NEVER)
        place = best[until, each] - 1
        improved = place >= 0
        best_rows = np.where(improved, measured[place], -1)
        self.best_steps = np.where(improved, first + best_rows, self.best_steps)
        self._best_scores = np.where(improved, new_scores[place, each], self._best_scores)
        if self._waits_for_best:
            self._counted_scores = self._best_scores
        self._waited = np.where(until < 0, self._waited, waited[until, each])
        return impatient, best_rows

    def _counting(
        self, loss: Values, accuracy: Values, measured: NDArray[np.int64], last: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return which measurements count for patience: better by enough than the last that did.

        Args:
            loss: On the dev set, [measurements, members].
            accuracy: So too.
            measured: The row of each.
            last: The last row that counts for each member by what else ends it.
        """
        watched = scores(accuracy if self._waits_by_accuracy else None, loss)
        watched[measured[:, None] > last] = NEVER_BETTER
        counts = np.zeros(watched.shape, np.bool_)
        # One after the other: each is held against the last that counted, not against the best.
        for here, enough in zip(watched, counts, strict=True):
            before = self._counted_scores
            by_least = here.real > before.real + self._least
            enough[:] = np.where(self._least > 0, by_least, np.greater(here, before))
            self._counted_scores = np.where(enough, here, before)
        return counts


def _scores_of(pairs: Any) -> NDArray[np.complex128]:
    """Return scores that were kept as pairs: real and imaginary part."""
    return np.array(pairs).view(np.complex128).reshape(-1)


def _settings(values: Sequence[float | None], otherwise: float) -> NDArray[np.float64]:
    """Return a setting of each member; ``otherwise`` stands for none."""
    return np.array([otherwise if value is None else value for value in values], np.float64)


def _diverged(loss: np.float32, step: int) -> Outcome:
    what = "NaN" if np.isnan(loss) else "infinite"
    return Outcome("diverged", f"the loss was {what} at step {step}")


def _outcome_of(outcomes: Sequence[Outcome], last: NDArray[np.int64]) -> Outcome:
    """Return why a run is over whose members have all ended."""
    if len(outcomes) == 1:
        return outcomes[0]
    if all(each.status == "diverged" for each in outcomes):
        latest = outcomes[int(last.argmax())]
        return Outcome("diverged", f"every member did; the last: {latest.reason}")
    reasons = {each.reason for each in outcomes if each.status != "diverged"}
    return Outcome("finished", " and ".join(sorted(reasons)))
