"""When checkpoints of a run are written, and which of them stay.

    written   at the end of a block, 5 s after the last one or 50 times as long as that one took,
              whichever is longer: so that all of them together take 2 % of a run at most
    kept      the last two, the last at the best step or before it, the one that a branch begins
              with, and one for each power of two, the latest ones first, as long as all together
              are below 50 MB

A checkpoint is of exactly the step whose row is the newest in the recording. One that takes the
place of another of its step, as where a run was paused, is written after the recording has all that
was asked for at that step: a rate that is set there is in the checkpoint, too.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..recording.checkpoints import SUFFIX, write
from ..recording.events import Checkpoint, Event, RunWarning
from ..runs.folder import RunFolder
from ..text.files import UNFINISHED, why
from ..text.owned import ensure_folder, sharing
from .trainer import Trainer

SECONDS: Final = 5.0
"""How long there is no checkpoint after the last one."""

TIMES: Final = 50
"""The same, in times of what the last one took."""

ROOM_BYTES: Final = 50_000_000
"""What those that are kept for going far back may take together."""

_NAME: Final = re.compile(rf"step-(\d+){re.escape(SUFFIX)}")


class Checkpoints:
    """Writes the checkpoints of a run, and removes those that are no longer wanted.

    Args:
        folder: The run's.
        trainer: What is trained.
        settle: Has what was said of the run so far on the disk.
        clock: Seconds.
    """

    def __init__(
        self,
        folder: RunFolder,
        trainer: Trainer,
        settle: Callable[[], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._trainer, self._settle, self._clock = folder, trainer, settle, clock
        self._due = clock() + SECONDS
        self._failed = False
        self.first = 0
        """The step at which a branch begins: no seed gives what it was there."""
        self._written = (-1, False)
        """The step of the newest, and whether the run was paused."""

    def take(self, *, paused: bool = False) -> list[Event]:
        """Return what is to be recorded of a checkpoint, where one is due and says anything new."""
        due = self._clock() >= self._due and self._written != (self._trainer.step, paused)
        return self.save(paused=paused) if due else []

    def save(self, *, paused: bool = False) -> list[Event]:
        """Write a checkpoint; a full disk costs the file, not the run.

        Raises:
            RecordingError: It takes the place of one that the recording names, and what was said
                since cannot be written there.
        """
        step, started = self._trainer.step, self._clock()
        path = self._folder.checkpoints / f"step-{step}{SUFFIX}"
        if os.path.lexists(path):
            self._settle()
        try:
            ensure_folder(path.parent, sharing(self._folder.path))
            write(path, {**self._trainer.state(), "paused": paused})
        except OSError as error:
            self._due = self._clock() + SECONDS
            if self._failed:
                return []
            # Said once: a disk that is full is full at the next one, too.
            self._failed = True
            said = f"{path}: no checkpoint was written: {why(error)}"
            return [RunWarning(step=step, message=said)]
        with contextlib.suppress(OSError):
            self._tidy()
        # By what this one took, for a disk may be slow, and a network large.
        now = self._clock()
        self._due = now + max(SECONDS, TIMES * (now - started))
        self._failed, self._written = False, (step, paused)
        file = str(path.relative_to(self._folder.path))
        return [Checkpoint(step=step, file=file, seconds=now - started)]

    def _tidy(self) -> None:
        """Remove the checkpoints that are no longer wanted."""
        sizes = {path: path.stat().st_size for path in written(self._folder)}
        steps = {step_of(path): path for path in sizes}
        # Of a population, the member that was the last to do its best counts.
        best = int(self._trainer.best_steps.max())
        size = max(sizes.values(), default=0)
        for step in steps.keys() - kept(list(steps), best, size, first=self.first):
            steps[step].unlink()
        for path in self._folder.checkpoints.glob(f".*{UNFINISHED}"):
            path.unlink()


def kept(steps: list[int], best: int, size: int, *, first: int = 0) -> set[int]:
    """Return the steps whose checkpoints stay.

    Args:
        steps: Those there are.
        best: The best step so far; 0 where there is none.
        size: The bytes of one.
        first: The step at which a branch begins, which none of its other steps could be come to
            from elsewhere; 0 for a run that begins with its seed.
    """
    steps = sorted(steps)
    wanted = [*steps[-2:], *[step for step in steps if 0 < step <= best][-1:]]
    wanted += [step for step in steps if step == first]
    # The first of each power of two: however long a run is, there are few of them.
    octaves = {step.bit_length(): step for step in reversed(steps)}
    room = max(0, ROOM_BYTES // max(size, 1) - len(set(wanted)))
    far = [step for step in sorted(octaves.values(), reverse=True) if step not in wanted]
    return {*wanted, *far[:room]}


def written(folder: RunFolder) -> list[Path]:
    """Return the checkpoints that lie in a run's folder, by their steps."""
    with contextlib.suppress(OSError):
        files = [path for path in folder.checkpoints.iterdir() if _NAME.fullmatch(path.name)]
        return sorted(files, key=step_of)
    return []


def step_of(path: Path) -> int:
    """Return the step whose checkpoint a file is."""
    match = _NAME.fullmatch(path.name)
    assert match is not None
    return int(match[1])
