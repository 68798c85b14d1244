"""What is known of several runs at one step: their losses, their layers, where they part.

Layers are matched by their names, so that one run's normalisations are not another's layers.
``tui.drawing.race.race`` puts it side by side; nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.recording.history import History
from engine.text.safe import plain

from ...replay.lockstep import lane
from ..gradients.layers import LayerRow, matched, read_layers
from .parting import Members, Partings

if TYPE_CHECKING:
    from engine.diagnosis import Verdict


@dataclass(frozen=True, kw_only=True, eq=False)
class RunAt:
    """One run of a race."""

    label: str
    """What it is called."""
    slot: int
    """Its place among the colours of runs."""
    history: History


@dataclass(frozen=True, kw_only=True, eq=False)
class Racer:
    """One run at one step of a race. None is what it does not have."""

    label: str
    """What it is called."""
    members: int = 1
    """How many networks its figures are of: their medians, and means of loss and accuracy."""
    slot: int = 0
    """Its place among the colours of runs."""
    step: int = 0
    """The step that is shown of it."""
    held: str = ""
    """Why that is an earlier one than the others'; empty where it keeps up."""
    loss: float | None = None
    accuracy: float | None = None
    whole: float | None = None
    """Norm of all parameters' gradients together."""
    layers: tuple[LayerRow, ...] = ()
    parted: int | None = None
    """The first step at which its loss is not the first run's; None where there was none yet."""
    starts_alike: bool | None = None
    """Whether it begins with the first run's weights; None where nobody knows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Race:
    """Everything that the picture of a race shows."""

    step: int
    """The step that is shown of every run that has it."""
    runs: tuple[Racer, ...]
    """The first is the one to which the others are compared."""

    @property
    def figures(self) -> tuple[RaceRow, ...]:
        """What there is of the whole network: its loss, its accuracy."""
        loss = RaceRow("loss", tuple(run.loss for run in self.runs))
        shares = tuple(run.accuracy for run in self.runs)
        accuracy = RaceRow("accuracy", shares, short="acc.", is_share=True)
        return tuple(row for row in (loss, accuracy) if row.is_known)

    @property
    def rows(self) -> tuple[RaceRow, ...]:
        """The gradients: a line for each layer, and one for all of them together."""
        whole = RaceRow("whole", tuple(run.whole for run in self.runs))
        layers = (_layer_row(line) for line in matched([run.layers for run in self.runs]))
        return (*layers, *([whole] if whole.is_known else []))


@dataclass(frozen=True, eq=False)
class RaceRow:
    """One line of the table: a value of each run. None is what a run does not have."""

    name: str
    values: tuple[float | None, ...]
    verdicts: tuple[Verdict | None, ...] = ()
    short: str = ""
    """A shorter name, where there is one."""
    is_share: bool = False
    """Whether it lies between 0 and 1, where a ratio says little."""

    @property
    def is_known(self) -> bool:
        """Whether any run has it."""
        return any(value is not None for value in self.values)


def _layer_row(layers: Sequence[LayerRow | None]) -> RaceRow:
    names = dict.fromkeys(layer.name for layer in layers if layer is not None)
    return RaceRow(
        " / ".join(names),
        tuple(None if layer is None else layer.weight for layer in layers),
        tuple(None if layer is None else layer.verdict for layer in layers),
    )


def gather_race(
    runs: Sequence[RunAt], step: int, member: int | None = 0, partings: Partings | None = None
) -> Race:
    """Return what is shown of runs at a step; of one that is over, its last.

    Args:
        runs: Two to four of them, or more; the first is the one to compare with.
        step: Which step.
        member: Which network, where a run has so many; None for all of a run's together.
        partings: Remembers where runs part from one picture to the next.
    """
    remembered = Partings() if partings is None else partings
    racers = (_gathered(run, runs[0], step, member, remembered) for run in runs)
    return Race(step=step, runs=tuple(racers))


def _gathered(run: RunAt, first: RunAt, step: int, member: int | None, partings: Partings) -> Racer:
    history = run.history
    shown, mine = lane(history, step), _member_of(history, member)
    table = read_layers(history, shown.step, lambda kinds, longest: 0, member=mine)
    rows = history.series.get("train")

    def read(column: str) -> float | None:
        if rows is None or rows.row_at(shown.step) is None or column not in rows.columns:
            return None
        return rows.value(column, shown.step, mine)

    parted, start = None, None
    if first is not run:
        theirs = _member_of(first.history, member)
        parted = partings.parting(first.history, history, step, (theirs, mine))
        start = starts_alike(first.history, history, (theirs, mine))
    return Racer(
        label=plain(run.label),
        members=rows.members if rows is not None and mine is None else 1,
        slot=run.slot,
        step=shown.step,
        held=shown.held,
        loss=read("loss"),
        accuracy=read("accuracy"),
        whole=read("grad_norm"),
        layers=table.layers if table is not None else (),
        parted=parted,
        starts_alike=start,
    )


def _member_of(history: History, member: int | None) -> int | None:
    """Return the network of a run that is shown: the last where it has not so many."""
    if member is None:
        return None
    return min(member, history.header.members - 1) if history.header is not None else 0


def starts_alike(one: History, other: History, members: Members = (0, 0)) -> bool | None:
    """Return whether two runs begin with the same weights; None where that is not known.

    Of a population whose members are all shown, the first one's count.
    """
    ours, theirs = one.snapshot(0), other.snapshot(0)
    if one.header is None or other.header is None or ours is None or theirs is None:
        return None
    if list(one.header.parameters.values()) != list(other.header.parameters.values()):
        return False
    return np.array_equal(ours.values[members[0] or 0], theirs.values[members[1] or 0])
