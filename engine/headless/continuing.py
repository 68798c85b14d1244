"""Going on with a recorded run, or branching off from it, without a screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import RequestError, RunError
from ..experiment.experiment import Experiment
from ..presets.preset import dumps
from ..recording.checkpoints import file_of
from ..recording.events import Header
from ..recording.history import History
from ..recording.lacking import check_branched, check_experiment
from ..recording.loading import load_history
from ..runs.branches import AskedBranch, never_began
from ..runs.folder import RunFolder, create_run
from ..runs.resuming import check_resumable, until_step
from ..text.owned import Share
from ..text.run_names import RunName, stem_of
from ..text.safe import plain
from ..training.branching import branched_experiment, check_has_beginning
from ..worker import launch
from .run import Interrupts, Telling, follow_run, print_plain


def resume(
    folder: RunFolder,
    *,
    until: str,
    reschedule: bool,
    ignore_stopping: bool,
    any_way: bool,
    device: str,
    allow_code: bool,
    telling: Telling,
) -> int:
    """Go on with a run that was broken off or stopped, and tell of it.

    Args:
        folder: The run.
        until: As ``epochs=5000``; empty for the end that was planned.
        reschedule: Whether schedules are to be of that length, too.
        ignore_stopping: Whether to go on though patience or a threshold has ended it.
        any_way: Whether to go on where this machine computes in another way.
        device: ``auto`` for where it was trained.
        allow_code: Whether a network of one's own may be run.
        telling: What is told of it.

    Returns:
        The exit status.

    Raises:
        RunError: It cannot be gone on with; says what can be done.
    """
    if reschedule and not until:
        raise RequestError("--reschedule: gives schedules the length that --until says; say that")
    history = load_history(folder.recording) if folder.recording.is_file() else History()
    header = history.header
    check_experiment(folder.name, header, "cannot be gone on with")
    last = until_step(until, header) if until and header else 0
    check_resumable(folder, history, until=last, ignore_stopping=ignore_stopping)
    assert header is not None
    with Interrupts() as interrupts:
        worker = launch.Worker.start(capability=header.capability)
        try:
            wanted = {
                "until": last,
                "reschedule": reschedule,
                "ignore_stopping": ignore_stopping,
                "any_way": any_way,
            }
            worker.give(folder, device=device, allow_code=allow_code, resume=wanted)
        except BaseException:
            worker.close()
            raise
        steps, done = last or header.steps, folder.recording.stat().st_size
        return follow_run(
            folder,
            worker,
            interrupts,
            telling,
            steps=steps,
            done=done,
            seams=len(history.seams) + 1,
            allow_code=allow_code,
        )


@dataclass(frozen=True, eq=False)
class PlannedFork:
    """A run that is to branch off from another, before anything of it is trained."""

    parent: RunFolder
    header: Header
    """The parent's."""
    step: int
    """The last step that both have in common."""
    changes: Sequence[str]
    """What is other from there on, each as ``optimizer.lr=0.1``."""
    experiment: Experiment
    """What is trained from there on."""
    checkpoint: int
    """The nearest step whose state is kept; 0 for the beginning."""
    member: int = 0
    """Which network of a population it is, from 1; 0 for all of them."""

    @property
    def taken_again(self) -> str:
        """How many steps are trained again before it parts from its parent, in words."""
        again = self.step - self.checkpoint
        return f"{again} steps are taken again, from step {self.checkpoint} on" if again else ""

    def give(
        self,
        worker: launch.Worker,
        runs_dir: Path,
        *,
        device: str = "auto",
        allow_code: bool,
        share: Share = "nobody",
    ) -> RunFolder:
        """Make its folder and give it to a worker.

        Args:
            worker: Waits for a folder.
            runs_dir: Where the folder goes.
            device: ``auto`` for where the parent was trained.
            allow_code: Whether a network of one's own may be run.
            share: Who else may read it.

        Raises:
            RunError: No folder can be made, or the worker is gone.
        """
        # Of a group of a sweep it is the sweep's that says what it was made from.
        parent_name = self.header.run.partition("/")[0]
        name = RunName.parse(parent_name)
        called = name.called if name else stem_of(parent_name)
        branch = AskedBranch(
            parent=self.header.run, step=self.step, changes=self.changes, member=self.member
        )
        text = dumps(self.experiment, full=True)
        folder = create_run(called, text, runs_dir, share, first=branch.write)
        parent = str(self.parent.path.resolve())
        wanted = {
            "parent": parent,
            "step": self.step,
            "changes": list(self.changes),
            "member": self.member,
        }
        worker.give(folder, device=device, allow_code=allow_code, fork=wanted)
        return folder


def planned_fork(
    parent: RunFolder, history: History, step: int, changes: Sequence[str], member: int = 0
) -> PlannedFork:
    """Return what a run that branches off from another would be.

    Args:
        parent: The other run.
        history: What it recorded.
        step: The last step that both have in common.
        changes: What is other from there on, each as ``optimizer.lr=0.1``.
        member: Which network of a population it is, from 1; 0 for all of them.

    Raises:
        RunError: There is no such step.
        RequestError: Something is to be other that cannot be from a step on.
        PresetError: What it would be does not hold.
    """
    header = history.header
    check_experiment(parent.name, header, "cannot branch off")
    if header is None or not header.parameters:
        raise RunError(f"{plain(parent.name)}: {never_began(parent)}")
    check_branched(parent.name, history, "cannot branch off")
    if not 0 <= step <= history.last_step:
        raise RunError(f"--at {step}: the run has the steps 0 to {history.last_step}")
    experiment, _ = branched_experiment(history, step, changes, member)
    files = [each.step for each in history.checkpoints if file_of(parent.path, each)]
    there = [each for each in files if each <= step]
    if not there:
        check_has_beginning(history, step)
    return PlannedFork(
        parent=parent,
        header=header,
        step=step,
        changes=changes,
        experiment=experiment,
        checkpoint=max(there, default=0),
        member=member,
    )


def fork(
    parent: RunFolder,
    runs_dir: Path,
    *,
    step: int,
    changes: Sequence[str],
    member: int,
    device: str,
    allow_code: bool,
    telling: Telling,
    share: Share = "nobody",
) -> int:
    """Train a run that branches off from another, and tell of it.

    Args:
        parent: The other run.
        runs_dir: Where the run's folder goes.
        step: The last step that both have in common.
        changes: What is other from there on, each as ``optimizer.lr=0.1``.
        member: Which network of a population it is, from 1; 0 for all of them.
        device: ``auto`` for where the parent was trained.
        allow_code: Whether a network of one's own may be run.
        telling: What is told of it.
        share: Who else may read it.

    Returns:
        The exit status.

    Raises:
        RunError: There is no such step.
        RequestError: Something is to be other that cannot be from a step on.
        PresetError: What it would be does not hold.
    """
    history = load_history(parent.recording) if parent.recording.is_file() else History()
    planned = planned_fork(parent, history, step, changes, member)
    with Interrupts() as interrupts:
        worker = launch.Worker.start(capability=planned.header.capability)
        try:
            folder = planned.give(
                worker, runs_dir, device=device, allow_code=allow_code, share=share
            )
        except BaseException:
            worker.close()
            raise
        if not telling.quiet and planned.taken_again:
            print_plain(planned.taken_again)
        steps = planned.experiment.steps
        return follow_run(folder, worker, interrupts, telling, steps=steps, allow_code=allow_code)
