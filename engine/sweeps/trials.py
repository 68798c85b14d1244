"""The trials that a sweep asks for, and what each has in common with others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..experiment.axes import axes_of, settings_of_sweep
from ..experiment.experiment import Experiment
from ..experiment.members import Original, member_form, setting_of, with_seed
from ..experiment.sweep import Sweep
from .trial import Trial

WORDS: Final = frozenset(("title", "about", "marks", "origin", "population", "sweep"))
"""Tables of an experiment that change no number of one network."""

HEX_DIGITS: Final = 16
"""Of a SHA-256: enough that no two of a hundred thousand trials are ever taken for one."""


@dataclass(frozen=True)
class Candidate:
    """A trial that is asked for, and may be there already."""

    trial: Trial
    form: str
    """What it must have in common with those it is trained with."""
    experiment: Experiment
    """What it is."""


def candidates(
    base: int, experiment: Experiment, settings: Sequence[Mapping[str, Any]] | None = None
) -> Iterator[Candidate]:
    """Yield the trials that an experiment's sweep asks for, the next seed before the next setting.

    They are numbered from 0 for each base: whoever keeps them numbers them anew.

    Args:
        base: Which experiment of the sweep it is.
        experiment: With the table that says what is swept.
        settings: The settings that are meant; all that the table says where they are left out.
    """
    sweep = experiment.sweep
    alone = alone_of(experiment)
    original, number = Original(alone), 0
    if settings is None:
        settings = settings_of_sweep(sweep, axes_of(sweep), experiment.train.seed)
    for setting in settings:
        first = original.changed(setting)
        # Seeds change neither the form nor anything else that is written out here.
        form, plain = form_of(first), _decisive(first)
        for seed in range(first.train.seed, first.train.seed + sweep.seeds):
            plain["train"]["seed"] = seed
            trial = Trial(
                number=number,
                base=base,
                setting=setting_of(setting),
                seed=seed,
                digest=_digest(plain),
            )
            yield Candidate(trial, form, with_seed(first, seed))
            number += 1


def alone_of(experiment: Experiment) -> Experiment:
    """Return an experiment as the one network that a sweep or a population is made of."""
    return experiment.model_copy(update={"sweep": Sweep()})


def form_of(experiment: Experiment) -> str:
    """Return a text that two experiments have in common if they can be trained side by side."""
    return hashlib.sha256(repr(member_form(experiment)).encode()).hexdigest()[:HEX_DIGITS]


def digest_of(experiment: Experiment) -> str:
    """Return the hash of all that decides an experiment's numbers."""
    return _digest(_decisive(experiment))


def _decisive(experiment: Experiment) -> dict[str, Any]:
    return experiment.model_dump(mode="json", exclude=set(WORDS))


def _digest(plain: Mapping[str, Any]) -> str:
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:HEX_DIGITS]
