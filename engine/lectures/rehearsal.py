"""A rehearsal: what a preset or a lecture shows is trained, and its figures are held against that.

    figures ─► which runs, and how far ─► train ─► histories ─► what each figure is ─► Proof

It trains here and now, on the CPU, and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import EpochalError, Problem
from ..experiment.experiment import Experiment
from ..figures.figures import Figure, figures, nothing, number
from ..figures.proofreading import Passage, passages
from ..figures.readings import of_history, of_named
from ..presets import preset as presets
from ..presets.preset import Preset
from ..recording.history import History
from ..recording.loading import load_history
from . import lecture as lectures
from .lecture import Script
from .passages import passages_of

if TYPE_CHECKING:
    from ..figures.figures import Quantity, Readings

WHOLE: Final = 2**62
"""A step that only a whole run reaches."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A figure of a text beside what a run gives."""

    source: str
    """The file."""
    key: str
    """Where in it the text stands."""
    figure: Figure
    """The figure."""
    value: float | None
    """What it is; None where no run gives it."""

    @property
    def holds(self) -> bool:
        """Whether there is such a number, and it is what is said."""
        return self.value is not None and self.figure.holds(self.value)

    @property
    def problem(self) -> Problem:
        """What is wrong with it, where it does not hold."""
        name = f"{{{' '.join(self.figure.text.split())}}}"
        if self.value is None:
            return Problem(self.source, self.key, f"{name} is never known; the run has no such row")
        percent = self.figure.percent
        is_, said = number(self.value, percent=percent), self.figure.said
        right = said.like(self.value) if said is not None and self.figure.sign == "=" else is_
        return Problem(self.source, self.key, f"{name} is {is_} here; write {right}")


@dataclass(kw_only=True)
class Rehearsal:
    """Runs that texts speak of, each trained once and as far as it is asked for."""

    allow_code: bool = False
    """Whether networks of one's own may be trained."""
    runs: Path = Path("runs")
    """Where runs are kept, for scenes that show one."""
    _trained: dict[str, tuple[int, History]] = field(default_factory=dict)

    def of_preset(self, preset: Preset) -> list[Proof]:
        """Return the proofs of a preset's figures."""
        experiment, proofs = preset.experiment, list[Proof]()
        texts = passages(experiment)
        if not any(figures(passage.text) for passage in texts):
            return []
        history = self.history(experiment, max(_reach(passage) for passage in texts))
        others = self._others([quantity for passage in texts for quantity in _quantities(passage)])
        for passage in texts:
            step = _step_of(passage, experiment, history)
            readings = of_history(history, step or 0)
            readings = readings if step is not None or passage.kind != "mark" else nothing
            proofs += _proofs(str(preset.path), passage, of_named({**others, "": readings}))
        return proofs

    def _others(self, quantities: list[Quantity]) -> dict[str, Readings]:
        """Return what quantities of other presets are."""
        others = {}
        for name in {quantity.run for quantity in quantities if quantity.run}:
            experiment = presets.load(name).experiment
            asked = [_at(quantity, None) for quantity in quantities if quantity.run == name]
            history = self.history(experiment, max(asked))
            others[name] = of_history(history, history.last_step)
        return others

    def of_lecture(self, script: Script) -> list[Proof]:
        """Return the proofs of a lecture's figures.

        Raises:
            EpochalError: What a scene shows is not there.
        """
        texts = passages_of(script.lecture)
        reach: dict[tuple[int, str], int] = {}
        for index, passage in texts:
            for quantity in _quantities(passage):
                if place := lectures.referred(script.lecture, index, quantity.run):
                    reach[place] = max(_at(quantity, None), reach.get(place, 0))
        histories = {place: self._shown(script, place, last) for place, last in reach.items()}

        def readings(index: int | None) -> Readings:
            def reading(quantity: Quantity) -> float | None:
                place = lectures.referred(script.lecture, index, quantity.run)
                if place is None:
                    return None
                history = histories[place]
                return of_history(history, history.last_step)(quantity.of_one_run)

            return reading

        source = str(script.path)
        return [
            proof for index, passage in texts for proof in _proofs(source, passage, readings(index))
        ]

    def history(self, experiment: Experiment, last: int) -> History:
        """Return what a run gives up to a step at least, or to its end."""
        key = experiment.model_dump_json()
        reached, history = self._trained.get(key, (-1, None))
        if history is None or reached < last:
            history = trained(experiment, last, allow_code=self.allow_code)
            self._trained[key] = (last, history)
        return history

    def _shown(self, script: Script, place: tuple[int, str], last: int) -> History:
        shown = lectures.shown_as(script, place[0], place[1], self.runs)
        if isinstance(shown, Preset):
            return self.history(shown.experiment, last)
        return load_history(shown.recording)


def trained(experiment: Experiment, last: int, *, allow_code: bool = False) -> History:
    """Train up to a step at least, or to the end, and return what was measured.

    Args:
        experiment: What to train.
        last: The last step that is asked for.
        allow_code: Whether a network of one's own may run.

    Raises:
        EpochalError: It cannot be trained.
    """
    # Here, for it loads torch, which nobody waits for who only proofreads.
    from ..training.header import header_of
    from ..training.loop import Pace, closing, train
    from ..training.trainer import Trainer

    trainer, history = Trainer(experiment, device="cpu", allow_code=allow_code), History()
    history.add(header_of(trainer, "rehearsal"))
    for events in train(trainer, Pace()):
        history.extend(events)
        if trainer.step >= last:
            break
    if trainer.outcome is not None:
        history.extend(closing(trainer))
    return history


def proofs(of: Callable[[], Iterable[Proof]], source: str) -> tuple[list[Proof], list[Problem]]:
    """Return the proofs that a rehearsal gives, and what is wrong.

    Args:
        of: Rehearses.
        source: The file, for what stands in the way.
    """
    try:
        compared = list(of())
    except EpochalError as error:
        return [], [Problem(source, "", str(error))]
    return compared, [each.problem for each in compared if not each.holds]


def _proofs(source: str, place: Passage, readings: Readings) -> Iterator[Proof]:
    for figure in figures(place.text):
        yield Proof(source=source, key=place.key, figure=figure, value=figure.value(readings))


def _quantities(place: Passage) -> list[Quantity]:
    return [each for figure in figures(place.text) for each in figure.quantities]


def _reach(place: Passage) -> int:
    """Return how far a run must go for the figures of a text; 0 where it has none."""
    quantities = [each for each in _quantities(place) if not each.run]
    return max((_at(each, place.step) for each in quantities), default=0)


def _at(quantity: Quantity, step: int | None) -> int:
    """Return how far a run must go for a quantity."""
    at = step if quantity.at == "own" else quantity.at
    return at if isinstance(at, int) and quantity.group != "result" else WHOLE


def _step_of(place: Passage, experiment: Experiment, history: History) -> int | None:
    """Return the step a text stands at in a run; None where that was not reached."""
    if place.kind != "mark" or place.step is not None:
        return place.step or 0
    index = int(place.key.partition("[")[2].partition("]")[0])
    title = experiment.marks[index].title
    return next((mark.step for mark in history.marks if mark.title == title), None)
