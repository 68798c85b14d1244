"""A population at one step: how many of its members train, and how far their figures lie apart.

What is shown of all members is their mean. Here is what a mean does not say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...style.numbers import count

if TYPE_CHECKING:
    from engine.recording.history import History

FIGURES = (
    ("loss", "train", "loss"),
    ("accuracy", "train", "accuracy"),
    ("dev_loss", "dev", "loss"),
    ("dev_accuracy", "dev", "accuracy"),
)
"""A figure's name, its group and its column."""


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """How the members of a population stand."""

    members: int
    """How many there are."""
    training: int = 0
    """Those that go on."""
    diverged: int = 0
    """Those that ended because their numbers were no longer finite."""
    dead: int = 0
    """Those of which every gradient was exactly 0."""
    deviations: Mapping[str, float] = field(default_factory=dict)
    """The standard deviation of each figure over the members that did not diverge."""

    @property
    def ended(self) -> int:
        """Those that ended in good order before the run did: their weights are held."""
        return self.members - self.training - self.diverged

    @property
    def member_endings(self) -> tuple[str, ...]:
        """What became of those that do not go on, or learn nothing, in a few words each."""
        told = (
            (self.diverged, f"{count(self.diverged)} of {count(self.members)} diverged"),
            (self.ended, f"{count(self.ended)} of {count(self.members)} held"),
            (self.dead, f"{count(self.dead)} of {count(self.members)} dead"),
        )
        return tuple(words for number, words in told if number)


def crowd_of(history: History, step: int) -> Crowd | None:
    """Return how the members stand at a step; None of a network alone, or before the first row."""
    header = history.header
    if header is None or header.members == 1:
        return None
    from engine.recording.member_endings import without_diverged

    endings = without_diverged(history, step)
    if endings is None:
        return Crowd(members=header.members, training=header.members)
    deviations = {}
    for name, group, column in FIGURES:
        rows = history.series.get(group)
        row = rows.row_at(step) if rows is not None and column in rows.columns else None
        if rows is not None and row is not None:
            deviations[name] = float(rows.spread(column).deviation[row])
    return Crowd(
        members=header.members,
        training=int(endings.trains.sum()),
        diverged=int(endings.diverged.sum()),
        dead=int(endings.dead.sum()),
        deviations=deviations,
    )


def picture_member(history: History, member: int | None, step: int) -> int:
    """Return whose weights a picture shows: the chosen network's, or the first living one's."""
    if member is not None:
        return member
    from engine.recording.member_endings import member_endings

    endings = member_endings(history, step)
    return 0 if endings is None else endings.first_living
