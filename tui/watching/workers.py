"""The lab's workers: one that is warm and waits for a run, and those that were given one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import EpochalError

if TYPE_CHECKING:
    from engine.experiment.experiment import Experiment
    from engine.headless.continuing import PlannedFork
    from engine.runs.folder import RunFolder
    from engine.text.owned import Share
    from engine.worker.launch import Worker


class WorkshopError(EpochalError):
    """A run that could not be started."""


class Workshop:
    """Starts workers ahead of time, and hands runs to them.

    Args:
        start: Starts a worker that gets ready; none where nothing is to be trained.
        runs_dir: Where run folders are made.
        allow_code: Whether a preset may run a network from a Python file.
        share: Who else may read what is made.
    """

    def __init__(
        self,
        start: Callable[[], Worker] | None,
        runs_dir: Path,
        *,
        allow_code: bool = False,
        share: Share = "nobody",
    ) -> None:
        self._start = start
        self._runs_dir = runs_dir
        self._allow_code = allow_code
        self._share = share
        self._warm: Worker | None = None
        self._given: list[Worker] = []

    def warm_up(self) -> None:
        """Have a worker ready for the next run.

        One that has died is not replaced before it is needed: the next would die as well.

        Raises:
            OSError: None could be started.
        """
        if self._start is not None and self._warm is None:
            self._warm = self._start()

    def train(
        self, name: str, experiment: Experiment, *, device: str, steps: int | None
    ) -> tuple[RunFolder, Worker]:
        """Make a run and give it to a worker.

        Args:
            name: The preset's.
            experiment: What to train.
            device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
            steps: Pause after so many; run freely where there are none.

        Raises:
            WorkshopError: It could not be started.
        """
        from engine.experiment.changes import called
        from engine.presets.preset import dumps
        from engine.runs.folder import create_run

        try:
            worker = self.take()
            written = dumps(experiment, full=True)
            folder = create_run(called(experiment, name), written, self._runs_dir, self._share)
            worker.give(folder, device=device, steps=steps, allow_code=self._allow_code)
        except (EpochalError, OSError) as error:
            raise WorkshopError(f"the run could not be started: {error}") from error
        return folder, worker

    def resume(self, folder: RunFolder) -> Worker:
        """Give a run that was broken off or stopped to a worker, which goes on with it.

        Raises:
            WorkshopError: It could not be started.
        """
        try:
            worker = self.take()
            worker.give(folder, allow_code=self._allow_code, resume={})
        except (EpochalError, OSError) as error:
            raise WorkshopError(f"the run could not be gone on with: {error}") from error
        return worker

    def fork(self, planned: PlannedFork) -> tuple[RunFolder, Worker]:
        """Give a run that branches off from another to a worker.

        Raises:
            WorkshopError: It could not be started.
        """
        try:
            worker = self.take()
            folder = planned.give(
                worker, self._runs_dir, allow_code=self._allow_code, share=self._share
            )
        except (EpochalError, OSError) as error:
            raise WorkshopError(f"the fork could not be started: {error}") from error
        return folder, worker

    def take(self) -> Worker:
        """Return a worker that waits for a folder.

        Raises:
            WorkshopError: There is nothing here that could train.
            OSError: None could be started.
        """
        if self._start is None:
            raise WorkshopError("there is nothing here that could train")
        worker, self._warm = self._warm, None
        if worker is None or worker.poll() is not None:
            worker = self._start()
        self._given.append(worker)
        return worker

    def look_after(self) -> None:
        """Ask after the workers: one that ended stays a process until somebody does."""
        self._given = [worker for worker in self._given if worker.poll() is None]

    def close(self) -> None:
        """Let the worker that has no run go."""
        if self._warm is not None:
            self._warm.close()
