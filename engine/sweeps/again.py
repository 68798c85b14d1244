"""A trial trained again, alone: a group keeps the weights of its start, best and end, no others.

    SWEEP/group-1, member 4 ──► SWEEP/trial-4, a run like any other: every weight that one keeps

What it comes to is what the trial came to, up to rounding: ``apart`` says how far it is.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..errors import RunError
from ..experiment.experiment import Experiment
from ..headless.progress import progress_for
from ..headless.run import Follower, Interrupts
from ..presets.preset import Preset, dumps
from ..recording.history import History
from ..runs.folder import RunFolder, make_inside
from ..runs.summary import glance
from ..text.owned import ensure_folder, sharing
from ..worker.launch import Worker
from .folder import SweepFolder, is_sweep
from .training import experiment_of

_GROUP: Final = re.compile(r"group-([0-9]{1,6})")


@dataclass(frozen=True, kw_only=True)
class SweptTrial:
    """A trial of a sweep, and where its runs are."""

    sweep: SweepFolder
    number: int
    """Counted from 0; in names it is counted from 1."""
    group: RunFolder
    """The run that it was trained in."""
    member: int
    """Which network of that."""

    @property
    def alone(self) -> RunFolder:
        """The run of this trial alone, which need not be there yet."""
        return RunFolder(self.sweep.path / f"trial-{self.number + 1}")

    @property
    def name(self) -> str:
        """What commands call it."""
        return f"{self.sweep.name}/{self.alone.name}"

    @property
    def experiment(self) -> Experiment:
        """What it is.

        Raises:
            PresetError: It does not hold in this version.
            RunError: There is no plan that can be read.
        """
        plan = self.sweep.plan()
        group, _ = plan.places[self.number]
        return experiment_of(plan, replace(group, trials=(self.number,)))

    @property
    def is_trained_again(self) -> bool:
        """Whether its own run is over."""
        return self.alone.recording.exists() and glance(self.alone).end is not None

    @property
    def shown(self) -> tuple[RunFolder, int]:
        """The run to look at, and which network of it: its own as soon as that is over."""
        return (self.alone, 0) if self.is_trained_again else (self.group, self.member)

    def train_again(self, start: Callable[[], Worker] = Worker.start) -> Worker | None:
        """Have it trained alone, beside what goes on; return its process.

        Args:
            start: Returns a worker that has no run yet.

        Returns:
            None where that was done already, or is being done.

        Raises:
            EpochalError: It cannot be trained.
            OSError: Its folder cannot be made, or no process can be started.
        """
        run, experiment = self.alone, self.experiment
        if experiment.model.kind == "python":
            # A plan says that code may be run: whoever sent the folder, not whoever looks into it.
            raise RunError(
                f"{self.name}: its network is code, which looking at a sweep never runs; train it "
                "by itself with epochal run and --allow-code"
            )
        if run.recording.exists():
            if glance(run).state != "crashed":
                return None
            run.recording.unlink()
        ensure_folder(run.path, sharing(self.sweep.path))
        make_inside(run, dumps(experiment, full=True))
        group, _ = self.sweep.plan().places[self.number]
        worker = start()
        try:
            worker.give(run, device=group.device)
        except BaseException:
            worker.close()
            raise
        return worker


def trial_in(run: RunFolder, member: int) -> SweptTrial | None:
    """Return the trial that a network of a run is; None where the run is no sweep's group."""
    match, sweep = _GROUP.fullmatch(run.path.name), SweepFolder(run.path.parent)
    if match is None or not is_sweep(sweep.path):
        return None
    with contextlib.suppress(RunError, IndexError):
        group = sweep.plan().groups[int(match[1]) - 1]
        return SweptTrial(sweep=sweep, number=group.trials[member], group=run, member=member)
    return None


def trial_numbered(sweep: SweepFolder, number: int) -> SweptTrial:
    """Return a trial of a sweep by its number, counted from 0.

    Raises:
        RunError: The sweep has no such trial, or nobody has begun to train it.
    """
    folder, member = sweep.place_of(number)
    return SweptTrial(sweep=sweep, number=number, group=folder, member=member)


def preset_of(trial: SweptTrial, overrides: Sequence[str]) -> Preset:
    """Return the experiment of a trial, as a preset.

    Raises:
        RunError: It is to be changed.
    """
    if overrides:
        raise RunError(f"{trial.name}: is what it was trained as; leave out {' '.join(overrides)}")
    experiment = trial.experiment
    return Preset(trial.alone.name, trial.alone.experiment_file, experiment, dumps(experiment))


def trained_again(trial: SweptTrial) -> RunFolder:
    """Return the run of a trial alone, trained now where it was not yet; that is told on stderr.

    Raises:
        RunError: It cannot be trained, or is being trained by another process.
    """
    if trial.is_trained_again:
        return trial.alone
    worker = trial.train_again()
    if worker is None:
        raise RunError(f"{trial.name}: another process trains it again; ask once it has ended")
    progress = progress_for(trial.experiment.steps, quiet=False)
    with Interrupts() as interrupts:
        progress.say(f"{trial.name}: its group keeps few weights; it is trained again, alone")
        follower = Follower(
            folder=trial.alone, worker=worker, interrupts=interrupts, progress=progress
        )
        end = follower.follow()
    if end is None or end.status in ("failed", "stopped") or interrupts.count:
        why = end.reason if end else "its process died"
        raise RunError(f"{trial.name}: could not be trained again: {why}")
    return trial.alone


def apart(group: History, member: int, alone: History) -> float:
    """Return how far the losses of a trial that was trained again are from those of its group.

    Returns:
        The largest difference at any recorded step, as a share of the loss; 0 where all are equal
        to the bit.

    Raises:
        RunError: One of them has no losses.
    """
    there, again = group.series.get("train"), alone.series.get("train")
    for rows in (there, again):
        if rows is None or "loss" not in rows.columns:
            raise RunError("there are no losses that could be compared")
    assert there is not None
    assert again is not None
    _, of_group, of_alone = np.intersect1d(there.steps, again.steps, return_indices=True)
    before = there.column("loss", member)[of_group].astype(np.float64)
    after = again.column("loss", 0)[of_alone].astype(np.float64)
    both = np.isfinite(before) & np.isfinite(after)
    if not both.any():
        return 0.0
    largest = np.maximum(np.abs(before[both]), np.finfo(np.float32).tiny)
    return float(np.max(np.abs(after[both] - before[both]) / largest))
