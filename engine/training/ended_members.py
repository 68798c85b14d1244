"""Members that have ended while others go on: their weights are held, their rows say nothing.

A population is computed as one: taking a member out of it would mean other tensors, and other bits
for its neighbours. So a member that has ended is computed on, and overruled afterwards: the
weights it ended with stand in all of its later rows, and what was measured there is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..experiment.experiment import Experiment
from ..experiment.members import Changes, label
from ..network.parameters import ParameterLayout
from ..recording.checkpoints import State
from ..recording.events import RunWarning, Series
from ..recording.values import Values
from .stopping import Decision, EarlyStopping


class EndedMembers:
    """Holds what each member ended with.

    Args:
        stopping: Says which members have ended.
        layout: Where the parameters lie.
        weights: The network's own, [size].
    """

    def __init__(self, stopping: EarlyStopping, layout: ParameterLayout, weights: Tensor) -> None:
        self._stopping, self._layout, self._weights = stopping, layout, weights
        self._before = weights.clone()
        """The weights before a block."""

    def begin_block(self) -> None:
        """Keep the weights that are held, before the next block writes over them."""
        if not self._stopping.going.all():
            self._before.copy_(self._weights)

    def hold(self, decision: Decision, rows: Tensor) -> None:
        """Put the weights that each member ended with into its later rows, and into the network.

        Args:
            decision: What the block's rows decide.
            rows: The weights after each step that was taken, [rows, size].
        """
        # Members that end at the same row go together: at most one copy for each row.
        taken, kept = len(rows), rows[: decision.count]
        early = decision.last_rows[decision.last_rows < decision.count - 1]
        for last in np.unique(early):
            ended = np.flatnonzero(decision.last_rows == last)
            numbers = torch.from_numpy(self._layout.positions[ended].ravel()).to(rows.device)
            # One that had ended before this block began it with the weights that are held.
            held = self._before[numbers] if last < 0 else rows[last, numbers]
            later = kept[last + 1 :]
            # In place, over what was computed of it: every reader of the rows then sees it stand
            # still.
            later.index_copy_(1, numbers, held.expand(len(later), -1))
        if (decision.last_rows < taken - 1).any():
            # The method took all steps that it was asked for. The network goes back to the step
            # that decided, so that a run ends with the same bits however its steps were grouped.
            self._weights.copy_(rows[decision.count - 1])

    def blank(self, series: Series) -> None:
        """Make the rows NaN that come after a member's end, in place."""
        ended_at = self._stopping.ended_at
        if series.last_step > ended_at.min():
            steps = series.first + series.stride * np.arange(series.count)
            # [columns, rows, members]: its rows stay, for the others have theirs in the same ones.
            series.values[:, steps[:, None] > ended_at] = np.nan

    def warnings(self, decision: Decision, variants: Sequence[Changes]) -> list[RunWarning]:
        """Return what is to be said of the members of a population that diverged in a block.

        Args:
            decision: What the block's rows decide.
            variants: What tells each member from the others.
        """
        warnings, ended_at = [], self._stopping.ended_at
        for member in decision.ended if len(variants) > 1 else ():
            outcome, step = self._stopping.outcomes[member], int(ended_at[member])
            if outcome is not None and outcome.status == "diverged":
                name = label(variants[member]).replace(" · ", ", ")
                others = ", the others go on" if (ended_at > step).any() else ""
                what = f"member {member + 1} ({name}) diverged: {outcome.reason}"
                message = f"{what}; its weights are held{others}"
                warnings.append(RunWarning(step=step, message=message))
        return warnings


class LastSteps:
    """The figures of the last step that each member took, by their names in the result.

    Args:
        experiment: Says whether there is an accuracy.
        members: How many there are.
    """

    def __init__(self, experiment: Experiment, members: int) -> None:
        names = ["train_loss", *["train_accuracy"] * experiment.has_accuracy, "grad_norm"]
        nothing = np.full(members, np.nan, np.float32)
        self.figures: dict[str, Values] = {name: nothing.copy() for name in names}
        """[members] each; NaN before the first step."""

    def state(self) -> State:
        """Return the figures, [members] each."""
        return dict(self.figures)

    def restore(self, state: State) -> None:
        """Go on from what ``state`` returned."""
        self.figures = {name: np.array(state[name]) for name in self.figures}

    def keep(self, train: Values, columns: Sequence[str], decision: Decision) -> None:
        """Keep the figures of a block.

        Args:
            train: The train rows, [columns, rows, members].
            columns: What they are.
            decision: Which rows count for each member.
        """
        # A member that had ended before the block keeps what it ended with.
        took: NDArray[np.int64] = np.flatnonzero(decision.last_rows >= 0)
        newest = train[:, decision.last_rows[took], took]
        for name, values in self.figures.items():
            values[took] = newest[columns.index(name.removeprefix("train_"))]
