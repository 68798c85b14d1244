"""What a sweep would take: its trials and groups, and from a look at a few steps its time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from ..experiment.experiment import Experiment
from ..text.safe import plain
from ..text.tables import aligned, time_text
from .group import TrialGroup
from .groups import bytes_of, work_of
from .naming import setting_text
from .planning import Terms, Work
from .training import experiment_of

MOST_TIMED: Final = 6
"""Groups whose steps are timed; of others it is said what they would take beside these."""

TIMED_SECONDS: Final = 0.3
"""How long each is timed."""

MOST_LISTED: Final = 40
"""Groups that are listed by name."""


def forecast(work: Work, terms: Terms) -> str:
    """Return what a sweep of new trials would take, in words.

    Args:
        work: What is to be done, of which nothing is written down.
        terms: How.
    """
    seconds = _seconds(work)
    total = sum(seconds.values())
    # The longest group is what the others wait for.
    wall = max(total / terms.processes, max(seconds.values()))
    size = sum(_bytes(work.examples[g.number], g) for g in work.groups)
    rows = [["group", "of", "trials", "steps", "time"]]
    for group in work.groups[:MOST_LISTED]:
        steps = work.examples[group.number].steps
        rows.append([str(group.number), _words(work, group), str(len(group.trials)), str(steps),
                     time_text(seconds[group.number])])  # fmt: skip
    lines = aligned([[plain(cell) for cell in row] for row in rows])
    if more := len(work.groups) - MOST_LISTED:
        lines += [f"and {more} more"] * (more > 0)
    trials = sum(len(group.trials) for group in work.groups)
    settings = len({(t.base, setting_text(t.setting)) for t in work.plan.trials})
    return "\n".join(
        [
            *lines,
            "",
            f"  {trials} trials of {settings} settings in {len(work.groups)} groups",
            f"  about {time_text(wall)} on {terms.processes} processes, {size / 1e6:.1f} MB",
        ]
    )


def _words(work: Work, group: TrialGroup) -> str:
    trials = [work.plan.trials[number] for number in group.trials]
    first = trials[0].setting
    common = {k: v for k, v in first.items() if all(t.setting[k] == v for t in trials)}
    preset = work.plan.bases[trials[0].base].preset
    return ", ".join(part for part in (preset, setting_text(common)) if part)


def _bytes(example: Experiment, group: TrialGroup) -> float:
    return bytes_of(example) * len(group.trials) / group.every


def _seconds(work: Work) -> Mapping[int, float]:
    """Return how long each group would take, by its number."""
    loads = {g.number: work_of(work.examples[g.number]) * len(g.trials) for g in work.groups}
    longest = sorted(work.groups, key=lambda group: -loads[group.number])[:MOST_TIMED]
    timed = {group.number: _timed(work, group) for group in longest}
    rate = sum(timed.values()) / max(sum(loads[number] for number in timed), 1)
    return {number: timed.get(number, load * rate) for number, load in loads.items()}


def _timed(work: Work, group: TrialGroup) -> float:
    """Return how long a group would take, from its making and a few steps of it."""
    from ..training.trainer import Trainer

    started = time.perf_counter()
    experiment = experiment_of(work.plan, group)
    trainer = Trainer(
        experiment, device=group.device, allow_code=group.allow_code, threads=group.threads
    )
    trainer.advance(1)
    begun = time.perf_counter()
    while trainer.outcome is None and time.perf_counter() - begun < TIMED_SECONDS:
        trainer.advance(8)
    taken = max(trainer.step - 1, 1)
    return begun - started + (time.perf_counter() - begun) / taken * experiment.steps
