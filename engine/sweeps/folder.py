"""The folder of a sweep, and the places in it.

runs/two-moons-sweep-20261129-093000-4f1c/
    sweep.jsonl             the plan: what is tried, and who is trained with whom
    group-1/                a group's run, as any other: experiment.toml, recording.jsonl
    stop                    left there by whoever wants it to stop
    sweep.log               what a detached sweep has to say
    failure                 why the last command that trained it came to nothing, if it did; while
                            one trains it, that it died, which then holds if it does
    study.log               what a search was told, as Optuna keeps it
    trial-4/                the run of a trial that was trained again, alone
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import RunError
from ..runs.finding import order_of
from ..runs.folder import RunFolder, new_folder
from ..text.files import read_file, replace_file, why, why_not_asked
from ..text.lock_holder import HELD, stranger_with
from ..text.owned import Share, create, foreign
from ..text.safe import plain
from . import plan as plans
from .locks import locked
from .plan import Plan

MOST_FAILURE: Final = 1000
"""Bytes of a failure that are told."""

DIED: Final = "its process died without a word; the same command goes on with it"
"""What stands as a sweep's failure while it is trained."""

ASKED_SECONDS: Final = 1.0
"""How long a sweep may be locked by those who ask whether it is busy."""


@dataclass(frozen=True)
class SweepFolder:
    """A sweep's folder and the places in it."""

    path: Path

    @property
    def name(self) -> str:
        """The sweep's name."""
        return self.path.name

    @property
    def plan_file(self) -> Path:
        """What is tried, and who is trained with whom."""
        return self.path / "sweep.jsonl"

    @property
    def stop_file(self) -> Path:
        """What is there while the sweep is asked to stop."""
        return self.path / "stop"

    @property
    def is_asked_to_stop(self) -> bool:
        """Whether somebody who may wants it to stop."""
        with contextlib.suppress(OSError):
            return not foreign(self.stop_file.lstat(), self.path)
        return False

    def ask_to_stop(self) -> None:
        """Want it to stop.

        Raises:
            RunError: The sweep is another user's, or its disk is full.
        """
        try:
            os.close(create(self.stop_file))
        except FileExistsError:
            pass
        except OSError as error:
            said = f"it could not be asked to stop: {why_not_asked(error, self.path)}"
            raise RunError(f"{plain(self.name)}: {said}") from None

    @property
    def log(self) -> Path:
        """What a detached sweep has to say."""
        return self.path / "sweep.log"

    @property
    def failure_file(self) -> Path:
        """Where it stands why the last command that trained it came to nothing."""
        return self.path / "failure"

    @property
    def failure(self) -> str:
        """Why the last command that trained it came to nothing, in a line; empty if it did not."""
        try:
            said = read_file(self.failure_file, MOST_FAILURE).decode("utf-8", "replace")
        except OSError:
            return ""
        return " ".join(said.split())

    @property
    def study(self) -> Path:
        """What a search was told, as Optuna keeps it."""
        return self.path / "study.log"

    def plan(self) -> Plan:
        """Return its plan.

        Raises:
            RunError: There is none that can be read.
        """
        return plans.read(self.plan_file)

    def group(self, number: int) -> RunFolder:
        """Return the folder of a group's run, which need not be there yet."""
        return RunFolder(self.path / f"group-{number}")

    def place_of(self, number: int) -> tuple[RunFolder, int]:
        """Return the run of a trial's group, and which of its networks the trial is, from 0.

        Raises:
            RunError: The sweep has no such trial, or nobody has begun to train it.
        """
        plan, called = self.plan(), f"{self.name}/trial-{number + 1}"
        if not 0 <= number < len(plan.trials):
            raise RunError(f"{called}: the sweep has trial-1 to trial-{len(plan.trials)}")
        if number not in plan.places:
            raise RunError(f"{called}: is in no group yet; the same sweep again trains it")
        group, member = plan.places[number]
        return self.group(group.number), member

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other process out of the sweep while this is entered.

        Raises:
            RunError: Another trains it, or it is another user's.
        """
        # Whoever only asks whether it is busy has the lock for a moment.
        with contextlib.ExitStack() as stack:
            try:
                mine = stack.enter_context(locked(self.plan_file, seconds=ASKED_SECONDS))
            except OSError as error:
                raise RunError(f"{self.plan_file}: cannot be held: {why(error)}") from None
            if not mine and (stranger := self._stranger()):
                raise RunError(f"{self.path}: {HELD.format(stranger)}")
            if not mine:
                raise RunError(
                    f"{self.path}: is being trained by another process; epochal runs says how far "
                    "it is, and epochal stop ends it"
                )
            yield

    @contextlib.contextmanager
    def trained(self) -> Iterator[None]:
        """Hold the sweep while it is trained, and leave there why that comes to nothing.

        Who started it may be gone by then, and reads no log.

        Raises:
            RunError: Another trains it.
        """
        with self.held():
            # Said beforehand: nobody else says it of a process that is killed.
            self._leave(DIED)
            came_to = ""
            try:
                yield
            except Exception as error:
                came_to = str(error) or type(error).__name__
                raise
            finally:
                self._leave(came_to)

    def _leave(self, failure: str) -> None:
        """Leave there why it came to nothing, or that it did not; on a full disk it is not said."""
        with contextlib.suppress(OSError):
            if failure:
                said = failure.encode(errors="replace")[:MOST_FAILURE]
                replace_file(self.failure_file, said, durable=False)
            else:
                self.failure_file.unlink(missing_ok=True)

    def busy(self) -> bool:
        """Return whether a process of this machine trains it now."""
        try:
            with locked(self.plan_file, shared=True) as mine:
                return not mine and not self._stranger()
        except OSError:
            return False

    def _stranger(self) -> str:
        """Return who holds its lock and does not train it, in words; nobody where that is empty."""
        return stranger_with(self.plan_file.stat())


def is_sweep(path: Path) -> bool:
    """Return whether a folder is a sweep's."""
    with contextlib.suppress(OSError):
        return (path / "sweep.jsonl").is_file()
    return False


def list_sweeps(runs_dir: Path) -> list[SweepFolder]:
    """Return the sweeps in a folder of runs, the newest first."""
    try:
        sweeps = [SweepFolder(path) for path in runs_dir.iterdir() if is_sweep(path)]
    except OSError:
        return []
    return sorted(sweeps, key=lambda each: order_of(RunFolder(each.path)), reverse=True)


def find_sweep(reference: str, runs_dir: Path) -> SweepFolder | None:
    """Return the sweep that is meant, if one is.

    Args:
        reference: Its folder, its name or a unique beginning of it.
        runs_dir: Where runs are kept.
    """
    with contextlib.suppress(OSError, ValueError):
        if reference and is_sweep(Path(reference)):
            return SweepFolder(Path(reference).resolve())
    if not reference or os.sep in reference:
        return None
    beginning = [each for each in list_sweeps(runs_dir) if each.name.startswith(reference)]
    exact = [each for each in beginning if each.name == reference]
    return next(iter(exact or beginning), None) if len(exact or beginning) == 1 else None


def same_sweep(identity: str, runs_dir: Path) -> SweepFolder | None:
    """Return the newest sweep of an identity, if there is one."""
    for folder in list_sweeps(runs_dir):
        if plans.identity_in(folder.plan_file) == identity:
            return folder
    return None


def create_sweep(called: str, plan: Plan, runs_dir: Path, share: Share = "nobody") -> SweepFolder:
    """Make a new sweep's folder, with the beginning of its plan.

    Args:
        called: What its name begins with.
        plan: What it is to try.
        runs_dir: Where runs are kept.
        share: Who else may read it.

    Raises:
        RunError: The folder cannot be written to.
    """
    try:
        folder = SweepFolder(new_folder(runs_dir, called, share=share))
        plan.name = folder.name
        plans.begin(folder.plan_file, plan)
    except OSError as error:
        why = error.strerror or error
        raise RunError(f"{runs_dir}: no sweep can be made here: {why}; set --runs-dir") from None
    return folder
