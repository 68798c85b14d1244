"""What a sweep is still to do: what is asked for, less what is over.

    presets ──► bases ──► the same sweep as before? ──► its folder, or a new one
                └─► candidates ─┬─ over: nothing to do
                                ├─ in a group that was broken off: that group, as it was
                                ├─ failed: again, in groups half as large
                                └─ new: new groups, each of one form

Groups are written down before the first is trained, and stay as they are: whenever a sweep is
broken off and gone on with, it comes to the same numbers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ..errors import RunError
from ..experiment.axes import axes_of, trials_in
from ..experiment.experiment import Experiment
from ..experiment.members import SEED, Original, with_seed
from ..presets.preset import dumps
from ..runs.folder import open_place
from ..runs.summary import glance
from ..text.owned import Share
from . import plan as plans
from .folder import SweepFolder, create_sweep, find_sweep, same_sweep
from .group import TrialGroup
from .grouping import bytes_of, parted
from .locks import locked
from .plan import Base, Plan, identity_of
from .trial import Trial
from .trials import alone_of, candidates, digest_of, form_of

ROOM: Final = 600_000_000
"""Bytes that the recordings of a sweep take at most; rows are left out where it would be more."""

TURN_SECONDS: Final = 10.0
"""How long it is waited for another that looks for the folder of its sweep."""


@dataclass(frozen=True)
class Asked:
    """A preset with what is swept of it."""

    name: str
    """The preset's."""
    experiment: Experiment
    """With the table that says what is swept."""
    settings: Sequence[Mapping[str, Any]] | None = None
    """The settings that are meant; all that the table says where they are left out."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How a sweep is to be trained."""

    processes: int = 1
    """How many groups are trained at a time."""
    device: str = "cpu"
    allow_code: bool = False
    rungs: tuple[tuple[int, float], ...] = ()
    """Steps, each with the loss beyond which a trial is ended there."""


@dataclass
class Work:
    """What a sweep is to do now."""

    plan: Plan
    """With what is new in it."""
    digests: set[str]
    """The hashes of the trials that were asked for, whether they are over or not."""
    new_trials: list[Trial] = field(default_factory=list)
    new_groups: list[TrialGroup] = field(default_factory=list)
    groups: list[TrialGroup] = field(default_factory=list)
    """What is to be trained: the new groups, and those that were broken off."""

    def write(self, folder: SweepFolder) -> None:
        """Write down what is new."""
        if self.new_trials or self.new_groups:
            plans.add(folder.plan_file, self.new_trials, self.new_groups)
        self.new_trials, self.new_groups = [], []


def plan_of(asked: Sequence[Asked]) -> Plan:
    """Return the plan of a sweep in which nothing is tried yet.

    Raises:
        RunError: There is nothing to sweep.
    """
    keys = {key: None for request in asked for key in request.experiment.sweep.grid if key != SEED}
    for request in asked:
        sweep = request.experiment.sweep
        if trials_in(sweep, axes_of(sweep)) < 2 and len(asked) == 1:
            raise RunError(
                f"{request.name}: there is nothing to sweep; say what, as in --grid "
                "optimizer.lr=0.01,1 or --seeds 5"
            )
    alone = [(request.name, alone_of(request.experiment)) for request in asked]
    # What a search asks for depends on where it may look: another range is another search.
    searched = [
        repr(request.experiment.sweep.grid) for request in asked if request.experiment.sweep.search
    ]
    # Which seeds are tried is what may be asked for more of.
    digests = [(name, digest_of(with_seed(experiment, 0))) for name, experiment in alone]
    return Plan(
        name="",
        identity=identity_of(digests, [*keys, *searched]),
        keys=tuple(keys),
        bases=tuple(
            Base(preset=name, text=dumps(experiment, full=True)) for name, experiment in alone
        ),
    )


def folder_for(
    plan: Plan,
    runs_dir: Path,
    *,
    called: str,
    into: str = "",
    new: bool = False,
    share: Share = "nobody",
) -> SweepFolder:
    """Return the folder of the same sweep, or a new one.

    Args:
        plan: What is to be swept.
        runs_dir: Where runs are kept.
        called: What a new one's name begins with.
        into: The name or the folder of the sweep that is meant, if one was named.
        new: Whether a new one is wanted in any case.
        share: Who else may read a new one.

    Raises:
        RunError: The folder that is named is another sweep's, or none.
    """
    with contextlib.suppress(OSError):
        open_place(runs_dir, share)
    with contextlib.ExitStack() as stack:
        # Of two that ask for the same at the same moment, the second is to see the first's.
        with contextlib.suppress(OSError):
            stack.enter_context(locked(runs_dir, seconds=TURN_SECONDS))
        there = folder_there(plan, runs_dir, into=into, new=new)
        return there or create_sweep(called, plan, runs_dir, share)


def folder_there(
    plan: Plan, runs_dir: Path, *, into: str = "", new: bool = False
) -> SweepFolder | None:
    """Return the folder of the same sweep, if there is one.

    Raises:
        RunError: The folder that is named is another sweep's, or none.
    """
    if not into:
        return None if new else same_sweep(plan.identity, runs_dir)
    named = find_sweep(into, runs_dir)
    if named is None:
        raise RunError(f"--into {into}: there is no such sweep; see epochal runs")
    if named.plan().identity != plan.identity:
        raise RunError(f"--into {into}: {_other(named.plan(), plan)}")
    return named


def work_in(
    plan: Plan,
    asked: Sequence[Asked],
    folder: SweepFolder | None,
    terms: Terms,
    *,
    wanted: Iterable[str] = (),
) -> Work:
    """Return what is to be done so that all that is asked for is over.

    Args:
        plan: As far as it is written.
        asked: What is asked for, of the plan's bases.
        folder: Where the plan and what came of it lie; none where nothing does yet.
        terms: How new groups are to be trained.
        wanted: The hashes of trials of the plan that are asked for as well.
    """
    work = Work(plan, set(wanted))
    planned = {trial.digest for trial in plan.trials}
    forms: dict[str, list[int]] = {}
    examples: dict[str, Experiment] = {}
    bases = {base.preset: place for place, base in enumerate(plan.bases)}
    for each in asked:
        for candidate in candidates(bases[each.name], each.experiment, each.settings):
            digest = candidate.trial.digest
            if digest not in work.digests and digest not in planned:
                work.new_trials.append(replace(candidate.trial, number=len(plan.trials)))
                plan.trials.append(work.new_trials[-1])
                forms.setdefault(candidate.form, []).append(plan.trials[-1].number)
                examples.setdefault(candidate.form, candidate.experiment)
            work.digests.add(digest)
    if folder is not None:
        _check_code(plan, terms)
        _go_on(work, folder)
        _collect(work, forms, examples)
    _group(work, forms, examples, terms)
    return work


def _check_code(plan: Plan, terms: Terms) -> None:
    """Refuse to run code because a plan, which may be anybody's, says that it may be run.

    Raises:
        RunError: The sweep was begun with --allow-code, and is gone on with without.
    """
    if not terms.allow_code and any(group.allow_code for group in plan.groups):
        raise RunError(
            f"{plan.name}: was begun with --allow-code, and its networks may be code; say "
            "--allow-code again if you trust it"
        )


def work_left(plan: Plan, folder: SweepFolder, terms: Terms) -> Work:
    """Return what is left to do of a sweep that is gone on with as it was planned."""
    return work_in(plan, [], folder, terms, wanted={trial.digest for trial in plan.trials})


def _collect(work: Work, forms: dict[str, list[int]], examples: dict[str, Experiment]) -> None:
    """Add the trials that are wanted and whose groups were never written down, by their forms."""
    grouped = {*work.plan.places} | {trial.number for trial in work.new_trials}
    originals = [Original(base.experiment) for base in work.plan.bases]
    for trial in work.plan.trials:
        if trial.digest in work.digests and trial.number not in grouped:
            experiment = originals[trial.base].changed(trial.changes)
            form = form_of(experiment)
            forms.setdefault(form, []).append(trial.number)
            examples.setdefault(form, experiment)


def _go_on(work: Work, folder: SweepFolder) -> None:
    """Add what was broken off, and what failed."""
    plan, wanted = work.plan, work.digests
    current: dict[int, list[Trial]] = {}
    for number, (group, _) in plan.places.items():
        current.setdefault(group.number, []).append(plan.trials[number])
    for number, trials in sorted(current.items()):
        group = plan.groups[number - 1]
        if not any(trial.digest in wanted for trial in trials):
            continue
        end = glance(folder.group(number)).end
        if end is None:
            work.groups.append(group)
        elif end.status == "failed":
            retry(work, group)


def retry(work: Work, group: TrialGroup) -> list[TrialGroup]:
    """Add the trials of a group that failed once more, in groups half as large.

    So one trial that cannot be trained takes ever fewer others with it.
    """
    half = -(-len(group.trials) // 2)
    parts = [part for part in (group.trials[:half], group.trials[half:]) if part]
    first = len(work.plan.groups) + 1
    made = [replace(group, number=at, trials=part) for at, part in enumerate(parts, first)]
    work.plan.groups += made
    work.new_groups += made
    work.groups += made
    return made


def _group(
    work: Work, forms: Mapping[str, Sequence[int]], examples: Mapping[str, Experiment], terms: Terms
) -> None:
    """Put new trials into groups, and say which rows they record."""
    size = sum(bytes_of(examples[form]) * len(trials) for form, trials in forms.items())
    for members in parted(forms, examples, terms.processes):
        group = TrialGroup(
            number=len(work.plan.groups) + 1,
            trials=members,
            device=terms.device,
            allow_code=terms.allow_code,
            every=max(1, -(-size // ROOM)),
            rungs=terms.rungs,
        )
        work.plan.groups.append(group)
        work.new_groups.append(group)
        work.groups.append(group)


def _other(named: Plan, asked: Plan) -> str:
    """Return how a sweep is another than the one that is asked for."""

    def words(plan: Plan) -> str:
        presets = ", ".join(base.preset for base in plan.bases)
        return f"{presets} by {', '.join(plan.keys) or 'seed'}"

    there, here = words(named), words(asked)
    also = " of other experiments" if there == here else ""
    return f"is another sweep, {there}{also}; leave --into out, or name another"
