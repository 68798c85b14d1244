"""Is a recording what its experiment comes to? Trained once more, and held against it.

bit-equal          every row, every weight and every figure is what comes now
equal as far as    on another CPU or device, where bits differ: within ``TOLERANCE``
differs            the first number that does not come
cannot be said     its data, its code or its versions are not here
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

from ..errors import EpochalError, RunError
from ..presets.preset import resolve
from ..recording.events import Fork, Header
from ..recording.fitting import UNSAID
from ..recording.history import History
from ..recording.lacking import check_branched, check_experiment
from ..text.numbers import as_json
from ..text.safe import plain
from .forking import branched
from .probe import recorded_steps
from .resuming import differences_of, trainer_of
from .retaking import TOLERANCE, Retaking
from .trainer import Trainer

_ELSEWHERE: Final = ("device", "the CPU computes with")
"""What may differ while the numbers are still nearly the same."""

_TIMES: Final = frozenset({"seconds", "steps_per_second"})
"""Figures that are of the machine, not of the run."""


@dataclass(frozen=True)
class Verification:
    """What came of training a run once more."""

    steps: int
    """How many steps were compared."""
    difference: str = ""
    """What differs first, in a line; nothing where all is equal."""
    elsewhere: str = ""
    """What is not as it was, so that numbers are compared within a tolerance; nothing where they
    are equal to the bit."""
    weights: int = 1
    """How many times the weights of a step were compared."""

    @property
    def words(self) -> str:
        """What came of it, in a line."""
        if self.difference:
            return f"differs: {self.difference}"
        if self.elsewhere:
            return f"equal within {TOLERANCE:g} over {self.steps} steps ({self.elsewhere})"
        if not self.weights:
            return f"bit-equal: {self.steps} steps and what they come to; no weights are recorded"
        return f"bit-equal: {self.steps} steps, their weights and what they come to"


def verify(
    name: str,
    history: History,
    *,
    allow_code: bool = False,
    progress: Callable[[int], None] = lambda step: None,
) -> Verification:
    """Train a recorded run once more, and compare.

    Args:
        name: The run's.
        history: What was recorded.
        allow_code: Whether a network of one's own may be run.
        progress: Is told each step that is reached.

    Raises:
        RunError: It cannot be verified here; says why.
    """
    header = history.header
    check_experiment(name, header, "cannot be verified")
    if header is None or not header.parameters:
        raise RunError(f"{plain(name)}: cannot be verified, because it never began")
    check_branched(name, history, "cannot be verified")
    # What it branched off from comes first, as it was trained there.
    first: Header | Fork = history.forks[0] if history.forks else header
    try:
        trainer = trainer_of(
            replace(
                header,
                experiment=first.experiment,
                weights_kept=first.weights_kept,
                probe_per_octave=first.probe_per_octave,
            ),
            until=header.steps,
            allow_code=allow_code,
            whole=not history.forks,
        )
    except EpochalError as error:
        raise RunError(f"{plain(name)}: cannot be verified, because {error}") from None
    _check_members(name, history, trainer)
    elsewhere = _elsewhere(name, history, trainer)
    # Bits are to be equal where the machine is the same: any difference is then a finding.
    tolerance = TOLERANCE if elsewhere else 0.0
    experiments = [fork.experiment for fork in history.forks[1:]] + [header.experiment]
    ends, weights = [fork.step for fork in history.forks] + [history.last_step], 0
    stretches: list[Header | Fork] = [*history.forks, header]
    # Of a branch of a branch each stretch is trained as the run that it was then, and hands on what
    # it came to, as it did when the next one branched off.
    for number, (end, stretch) in enumerate(zip(ends, stretches, strict=True)):
        if number:
            fork = history.forks[number - 1]
            try:
                experiment = resolve(experiments[number - 1], header.run, recorded=True)
                trainer, _ = branched(
                    trainer,
                    history,
                    experiment,
                    fork.changes,
                    member=fork.member,
                    # Any of them may have become longer than its experiment says before the next.
                    until=header.steps,
                    allow_code=allow_code,
                    probe_steps=recorded_steps(header.run, stretch.probe_per_octave, experiment),
                )
            except EpochalError as error:
                raise RunError(f"{plain(name)}: cannot be verified, because {error}") from None
        alone = header.members < len(trainer.members)
        # Of all the networks that were trained up to here, one was gone on with.
        member = next((each.member for each in history.forks[number:] if each.member), 0)
        whose, kept = member if alone else 0, stretch.weights_kept
        retaking = Retaking(history, trainer, tolerance, whose, whole=True, kept=kept)
        begun = () if number else (retaking.weights_now(),)
        for difference in chain(begun, retaking.steps(end)):
            progress(trainer.step)
            if difference is not None:
                return Verification(trainer.step, difference.words, elsewhere)
        weights += retaking.weights
        if trainer.step < end and not elsewhere:
            # Whatever a recording says of its length: rows that nothing was held against are none.
            over = f"the run was recorded to step {end}, and is over at step {trainer.step}"
            return Verification(trainer.step, over)
    said = "" if elsewhere else _end_differs(history, trainer, retaking)
    return Verification(trainer.step, said, elsewhere, weights + (history.best is not None))


def _check_members(name: str, history: History, trainer: Trainer) -> None:
    """Refuse a branch of a network that is none of those there were.

    Raises:
        RunError: One is.
    """
    there = len(trainer.members)
    for fork in history.forks:
        if not 0 <= fork.member <= there:
            raise RunError(f"{plain(name)}: cannot be verified, because {UNSAID}")
        # Of one network there is no other to branch off from.
        there = 1 if fork.member else there


def _elsewhere(name: str, history: History, trainer: Trainer) -> str:
    """Return what is not as it was, in words, where numbers can be compared all the same.

    Raises:
        RunError: They cannot.
    """
    assert history.header is not None
    differences = differences_of(history.header, trainer)
    # Another torch may compute anything in another way, by more than rounding: no tolerance fits.
    if versions := [each for each in differences if not each.startswith(_ELSEWHERE)]:
        raise RunError(f"{plain(name)}: cannot be verified, because of {'; '.join(versions)}")
    # Where it was gone on with in any way, its rows are not all of one machine.
    seams = [each.otherwise for each in history.forks] + [each.otherwise for each in history.seams]
    return "; ".join(dict.fromkeys([*differences, *chain.from_iterable(seams)]))


def _end_differs(history: History, trainer: Trainer, retaking: Retaking) -> str:
    """Return how a run's end is not what comes now; nothing where it is."""
    end = history.end
    if end is None or end.status == "failed":
        return ""  # What broke it off is no matter of numbers.
    # A person stopped it, which no training would come to by itself.
    if end.status == "stopped":
        trainer.stop(end.status, end.reason)
    outcome = trainer.outcome
    now = f"{outcome.status if outcome else 'going on'} at step {trainer.step}"
    if (then := f"{end.status} at step {end.step}") != now:
        return f"the run was {then}, and is {now}"
    if wrong := retaking.best_weights():
        return wrong
    if (difference := retaking.weights_now()) is not None:
        return difference.words
    figures: dict[str, Any] = as_json(trainer.result())
    for key in (each for each in {**figures, **end.result} if each not in _TIMES):
        then, now = (each.get(key, "nothing") for each in (end.result, figures))
        if now != then:
            return f"{key} of the result was recorded as {then} and comes to {now}"
    return ""
