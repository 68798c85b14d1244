"""Which mark a run comes to next: one of its recording, or one that its experiment still promises.

A recording has the marks that were reached; the experiment in its header also those to come, at a
step that is known beforehand or at one that only training finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..style.numbers import short
from .tempo import Stop

if TYPE_CHECKING:
    from engine.experiment.marks import At
    from engine.recording.events import Header

WORDS: Final = {
    "first_dead_unit": "at the first dead unit",
    "first_saturated_unit": "at the first saturated unit",
    "all_right": "when all are right",
    "zero_gradient": "when every gradient is 0",
    "not_finite": "when the loss is no finite number",
}
"""What a mark waits for that stands at no step."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """A mark of an experiment, reached or not."""

    step: int | None
    """Where it stands, if that is known beforehand."""
    when: str = ""
    """What it waits for otherwise."""
    title: str
    note: str = ""
    pause: bool = False

    @classmethod
    def kept(cls, stop: Stop) -> Promise:
        """Return a mark that was reached."""
        return cls(step=stop.step, title=stop.title, note=stop.note, pause=stop.pause)


def promises_of(header: Header) -> tuple[Promise, ...]:
    """Return the marks of a run's experiment; none where this version does not understand it."""
    # Here, for it loads pydantic, which no first frame waits for.
    from engine.figures.figures import spoken
    from engine.presets.preset import understood

    experiment = understood(header)
    if experiment is None:
        return ()
    return tuple(
        Promise(
            step=experiment.step_of(mark),
            when=_when(mark.at),
            title=mark.title,
            note=spoken(mark.note),
            pause=mark.pause,
        )
        for mark in experiment.marks
        if not mark.of
    )


def _when(at: At) -> str:
    if at.event is not None:
        return WORDS[at.event]
    return f"when the loss is below {short(at.loss_below)}" if at.loss_below is not None else ""


def next_mark(
    stops: Sequence[Stop], promises: Iterable[Promise], step: int, *, going: bool
) -> Promise | None:
    """Return the first mark after a step; None where there is none any more.

    Args:
        stops: The marks of the recording, and those added later, by their steps.
        promises: Those of the experiment.
        step: The step that is shown.
        going: Whether the run may still reach what it has not reached.
    """
    later = [Promise.kept(stop) for stop in stops if stop.step > step and not stop.of]
    reached = {stop.title for stop in stops}
    awaited: list[Promise] = []
    if going:
        open_ = [promise for promise in promises if promise.title not in reached]
        later += [each for each in open_ if each.step is not None and each.step > step]
        awaited = [each for each in open_ if each.step is None]
    mark = min(later, key=lambda each: each.step or 0, default=None)
    return mark or (awaited[0] if awaited else None)
