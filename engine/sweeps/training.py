"""The unit of work of a sweep: one group, trained as a population into a run of its own.

Whoever makes the call, and however often: a group that is over is left alone, one that was broken
off is trained again whole, and one that another process trains is waited for.
"""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import PresetError, RunError
from ..runs.folder import RunFolder
from ..runs.summary import glance
from ..text.files import replace_file
from ..text.owned import ensure_folder, open_to_append, sharing
from .folder import SweepFolder
from .group import TrialGroup
from .locks import locked
from .plan import Plan
from .trial import SEED, Trial

if TYPE_CHECKING:
    from ..experiment.experiment import Experiment
    from ..training.trainer import Trainer

STOPPED: Final = "stopped"
"""What a group came to that was broken off because the sweep was asked to stop."""

POLL_SECONDS: Final = 0.2
"""How often it is looked whether another process is done with a group."""


def train_group(folder: str, number: int) -> str:
    """Train a group of a sweep, unless it is over.

    Args:
        folder: The sweep's folder.
        number: Which group of its plan.

    Returns:
        ``finished``, ``diverged``, ``failed``, or ``stopped`` where the sweep was asked to stop.
    """
    sweep = SweepFolder(Path(folder))
    run = sweep.group(number)
    while True:
        if (end := glance(run).end) is not None:
            return end.status
        if sweep.is_asked_to_stop:
            return STOPPED
        if _discarded(run):
            break
        time.sleep(POLL_SECONDS)
    plan = sweep.plan()
    group = plan.groups[number - 1]
    try:
        return _train(sweep, plan, group, run)
    finally:
        # A trainer is full of circles: what it holds goes before the next one is made.
        gc.collect()


def experiment_of(plan: Plan, group: TrialGroup) -> Experiment:
    """Return the experiment whose population the trials of a group are.

    Raises:
        PresetError: It does not hold in this version.
    """
    from pydantic import ValidationError

    from ..experiment.changes import described
    from ..experiment.members import Original, member_form
    from ..experiment.problems import explain
    from ..experiment.training import Population

    trials = [plan.trials[number] for number in group.trials]
    base = plan.bases[trials[0].base]
    common, settings = _settings(trials)
    original = Original(base.experiment)
    first = original.changed(trials[0].changes)
    try:
        made = original.changed(common)
    except PresetError:
        # What all have in common may hold only beside what they differ in.
        made = first
    if member_form(made) != member_form(first):
        # Trials with dropout, of a preset without, have a form that their base has not.
        made = first
    told = described(made, base.experiment, base.preset)
    try:
        population = Population(settings=settings) if len(trials) > 1 else Population()
    except ValidationError as error:
        # A plan that somebody has changed.
        tables, source = {"settings": settings}, f"sweep of {base.preset}"
        raise PresetError(explain(error, tables, source, Population)) from None
    return told.model_copy(update={"population": population})


def _settings(trials: Sequence[Trial]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what trials have in common, and what each has beside that."""
    first, *rest = (trial.changes for trial in trials)
    common = {key: first[key] for key in first if all(each.get(key) == first[key] for each in rest)}
    if rest:
        # Trials of a group differ in something; where that is not a key, it is the seed.
        common.pop(SEED, None)
    apart = [{key: each[key] for key in each if key not in common} for each in (first, *rest)]
    return common, apart


def _discarded(run: RunFolder) -> bool:
    """Take away what was broken off, to train it again whole; False where a process writes it."""
    with contextlib.suppress(FileNotFoundError), locked(run.recording) as mine:
        if mine:
            run.recording.unlink()
        return mine
    return True


def _train(sweep: SweepFolder, plan: Plan, group: TrialGroup, run: RunFolder) -> str:
    """Train a group from its first step to its last, and record it."""
    from ..presets.preset import dumps
    from ..recording.file import Recorder
    from ..training.checkpoints import Checkpoints
    from ..training.failures import fail_to_start, record_failure
    from ..training.header import header_of
    from ..training.loop import Pace, closing, train
    from ..training.trainer import Trainer
    from .thinning import Thinner

    ensure_folder(run.path, sharing(sweep.path))
    try:
        experiment = experiment_of(plan, group)
        replace_file(run.experiment_file, dumps(experiment, full=True).encode(), durable=False)
        trainer = Trainer(
            experiment,
            device=group.device,
            allow_code=group.allow_code,
            threads=group.threads,
            few_weights=True,
            rungs=group.rungs,
        )
        _check(plan, group, trainer)
        recorder = Recorder.create(run.recording, header_of(trainer, f"{sweep.name}/{run.name}"))
    except RunError:
        raise
    except Exception as error:  # Whatever it is, the sweep must learn of it from the recording.
        with _complaints_of(run):
            fail_to_start(run, error)
        return "failed"
    thinner = Thinner(group.every)
    try:
        for events in train(trainer, Pace()):
            recorder.record(*thinner.taken(events))
            if sweep.is_asked_to_stop:
                recorder.close()
                run.recording.unlink()
                return STOPPED
        recorder.record(*thinner.rest())
        if not trainer.snapshots.ends:
            recorder.record(*Checkpoints(run, trainer, recorder.flush).save())
        recorder.record(*closing(trainer))
        recorder.close()
    except Exception as error:
        with _complaints_of(run):
            record_failure(recorder, trainer, error)
        return "failed"
    assert trainer.outcome is not None
    return trainer.outcome.status


@contextlib.contextmanager
def _complaints_of(run: RunFolder) -> Iterator[None]:
    """Have what Python complains of stand in a group's log; the sweep says the reason in a line."""
    try:
        log = os.fdopen(open_to_append(run.log), "a", encoding="utf-8")
    except OSError:  # The disk that the group failed of may have no room for why.
        yield
        return
    with log, contextlib.redirect_stderr(log):
        yield


def _check(plan: Plan, group: TrialGroup, trainer: Trainer) -> None:
    """Refuse to train anything but what was planned.

    Raises:
        RunError: A member is another network than its trial.
    """
    from .trials import digest_of

    for number, member in zip(group.trials, trainer.members, strict=True):
        if digest_of(member) != plan.trials[number].digest:
            raise RunError(
                f"trial {number + 1} is no longer what was planned by epochal {plan.version}; "
                "start a new sweep: --new"
            )
