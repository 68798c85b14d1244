"""A run that a program of somebody's own records: any numbers, by name, at a step.

    with epochal.record("my-net") as run:
        for step in range(1, 1001):
            run.log(step, loss=train_a_step())

It needs no torch. The run is a recording like any other while it grows: ``epochal attach`` shows
it, ``epochal runs`` lists it, and what kills the program costs at most a second of it. What goes
wrong with the recording is said once, and the program goes on.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, SupportsFloat, cast

from ..errors import RunError
from ..recording.events import End, MarkReached, Status
from ..recording.file import Recorder
from ..recording.scalars import Scalars
from ..runs.folder import RunFolder, create_run, runs_dir
from ..runs.foreign import header_of
from ..runs.meter import Meter
from ..runs.nvidia import gpu_reader
from ..text.numbers import shortest
from ..text.owned import Share
from .writing import LoopWriter


class RecordedRun:
    """A run whose numbers its own program says; ``record`` begins one.

    Args:
        folder: Where it is.
        clock: Seconds, from anywhere.
        meter: Reads what it takes of its machine.
    """

    def __init__(self, folder: RunFolder, clock: Callable[[], float], meter: Meter) -> None:
        self.folder: Final = folder
        """The run's."""
        self._clock, self._started, self._lock = clock, clock(), threading.Lock()
        header = header_of(folder.name, "record")
        self._writer = LoopWriter(folder, header, waiting=self._flush, meter=meter)
        self._scalars = Scalars(cast(Recorder, self._writer), clock)

    @property
    def step(self) -> int:
        """The newest step."""
        return self._scalars.step

    @property
    def is_open(self) -> bool:
        """Whether what is said is recorded: it has not ended, and the disk took all of it."""
        return self._writer.is_open

    def log(
        self,
        step: int | None = None,
        values: Mapping[str, SupportsFloat] | None = None,
        /,
        **named: SupportsFloat,
    ) -> None:
        """Say numbers at a step.

        Args:
            step: Which; the one after the newest where left out.
            values: Numbers by any names, as in ``{"train/loss": 0.5}``.
            named: Numbers by name. Names such as ``loss``, ``val_loss``, ``accuracy`` and ``lr``
                are understood, and others are drawn by themselves.

        Raises:
            ValueError: The step is none.
            TypeError: A value is no number.
        """
        numbers = {name: float(value) for name, value in {**(values or {}), **named}.items()}
        # Asked without the lock: a child that was forked may find it locked for ever.
        if self.is_open:
            with self._lock:
                self._scalars.log(self.step + 1 if step is None else step, numbers)
                self._writer.step = self.step

    def mark(self, title: str, note: str = "") -> None:
        """Set a mark at the newest step: a place to stop at in a replay."""
        self._flush()
        self._writer.record(MarkReached(step=self.step, title=title, note=note))

    def end(self, status: Status = "finished", reason: str = "") -> None:
        """Say how it ended, once; nothing is recorded after that."""
        self._flush()
        newest = self._scalars.newest
        result: dict[str, Any] = {
            f"{role}_{measure}": shortest(newest[role][measure])
            for role in ("train", "dev", "test")
            for measure in ("loss", "accuracy")
            if measure in newest.get(role, {})
        }
        result |= {"steps": self.step, "seconds": self._clock() - self._started}
        self._writer.end(End(step=self.step, status=status, reason=reason, result=result))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it: as failed where its program does, with the type of what went wrong."""
        if kind is None:
            self.end()
        else:
            self.end("failed", f"{kind.__name__}: {error}".removesuffix(": "))

    def _flush(self) -> None:
        """Write the rows that wait."""
        if self.is_open:
            with self._lock:
                self._scalars.flush()


def record(
    name: str,
    *,
    runs: str | os.PathLike[str] | None = None,
    share: Share = "nobody",
    clock: Callable[[], float] = time.monotonic,
    meter: Meter | None = None,
) -> RecordedRun:
    """Begin a run that this program records.

    Args:
        name: What it is called.
        runs: Where runs are kept: ``$EPOCHAL_RUNS``, else ``runs`` in this directory.
        share: Who else may read it.
        clock: Seconds, from anywhere.
        meter: Reads what it takes of its machine, once a second; what this process does where left
            out, and of the GPU where nvidia-ml-py is installed.

    Raises:
        RunError: There is no such folder to be had.
        RecordingError: The recording cannot be written.
    """
    if not name.strip():
        raise RunError("a run that is recorded needs a name")
    # A program may go to other places later.
    place = (runs_dir() if runs is None else Path(runs)).absolute()
    folder = create_run(name, "", place, share)
    return RecordedRun(folder, clock, meter or Meter(gpu_reader()))
