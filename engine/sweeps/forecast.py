"""What a sweep would take: its trials and groups, and from a look at a few steps its time."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Final

from ..experiment.experiment import Experiment
from ..text.numbers import counted
from ..text.safe import plain
from ..text.tables import aligned, time_text
from .group import TrialGroup
from .grouping import bytes_of, work_of
from .naming import common_text, setting_text
from .planning import Terms, Work
from .training import experiment_of

MOST_TIMED: Final = 6
"""Groups whose steps are timed; of others it is said what they would take beside these."""

TIMED_SECONDS: Final = 0.2
"""How long the longest block of steps takes that is timed."""

MOST_LISTED: Final = 40
"""Groups that are listed by name."""


def forecast(work: Work, terms: Terms) -> str:
    """Return what is left of a sweep, and what it would take, in words.

    Args:
        work: What is to be done.
        terms: How.
    """
    if not work.groups:
        return f"all of its {len(work.digests)} trials are over: nothing is left to be trained"
    examples = {group.number: experiment_of(work.plan, group) for group in work.groups}
    seconds = _seconds(work, examples)
    # The longest group is what the others wait for.
    wall = max(sum(seconds.values()) / terms.processes, max(seconds.values()))
    size = sum(bytes_of(examples[g.number]) * len(g.trials) / g.every for g in work.groups)
    rows = [["group", "of", "trials", "steps", "time"]]
    for group in work.groups[:MOST_LISTED]:
        steps, needs = examples[group.number].steps, time_text(seconds[group.number])
        what = plain(common_text(work.plan, group))
        rows.append([str(group.number), what, str(len(group.trials)), str(steps), needs])
    lines = aligned(rows)
    if more := len(work.groups) - MOST_LISTED:
        lines += [f"and {more} more"] * (more > 0)
    return "\n".join(
        [
            *lines,
            "",
            f"  {_counts(work)}",
            f"  about {time_text(wall)} on {terms.processes} processes, {size / 1e6:.1f} MB",
        ]
    )


def _counts(work: Work) -> str:
    """Return how many trials there are to train, of how many that were asked for."""
    plan = work.plan
    left = [plan.trials[number] for group in work.groups for number in group.trials]
    settings = len({(trial.base, setting_text(trial.setting)) for trial in left})
    over = len(work.digests) - len(left)
    beside = f"; {over} are over" if over else ""
    trials, groups = counted(len(left), "trial"), counted(len(work.groups), "group")
    return f"{trials} of {counted(settings, 'setting')} in {groups}{beside}"


def _seconds(work: Work, examples: Mapping[int, Experiment]) -> Mapping[int, float]:
    """Return how long each group would take, by its number."""
    loads = {g.number: work_of(examples[g.number]) * len(g.trials) for g in work.groups}
    longest = sorted(work.groups, key=lambda group: -loads[group.number])[:MOST_TIMED]
    timed = {group.number: _timed(examples[group.number], group) for group in longest}
    rate = sum(timed.values()) / max(sum(loads[number] for number in timed), 1)
    return {number: timed.get(number, load * rate) for number, load in loads.items()}


def _timed(experiment: Experiment, group: TrialGroup) -> float:
    """Return how long a group would take, from its making and a few steps of it."""
    from ..training.trainer import Trainer

    started = time.perf_counter()
    trainer = Trainer(
        experiment, device=group.device, allow_code=group.allow_code, threads=group.threads
    )
    # The first steps are slow, for they are recorded to be played, and a machine has other work.
    trainer.advance(1)
    count, begun, a_step, lasted = 1, time.perf_counter() - started, math.inf, 0.0
    while trainer.outcome is None and lasted < TIMED_SECONDS:
        before, now = trainer.step, time.perf_counter()
        trainer.advance(count)
        lasted, count = time.perf_counter() - now, count * 2
        a_step = min(a_step, lasted / (trainer.step - before))
    return begun + (0.0 if math.isinf(a_step) else a_step) * experiment.steps
