"""Runs made by hand and workers that train nothing, for the tests of the lab."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.app import App
from textual.pilot import Pilot

from engine.presets import preset as presets
from engine.recording.events import End, Event, Header, Series
from engine.recording.file import Reader, Recorder
from engine.runs.folder import RunFolder, create_run
from engine.runs.processes import Processes, appoint
from tests.patience import DEADLINE
from tui.app import LabApp
from tui.lab.screen import Lab, Opening
from tui.terminal.frame_clock import Clock
from tui.terminal.leaned_on import is_drawn, is_quiet
from tui.watching import watch as watching


class FakeWorker:
    """A worker that trains nothing; what it was given is kept."""

    pid = os.getpid()

    def __init__(self) -> None:
        self.given: tuple[RunFolder, str, int | None] | None = None
        self.resume: object = None
        self.fork: object = None
        self.status: int | None = None
        self.words = "it said nothing"
        self.closed = False

    def give(
        self,
        folder: RunFolder,
        *,
        device: str = "auto",
        steps: int | None = None,
        allow_code: bool = False,
        resume: object = None,
        fork: object = None,
    ) -> None:
        appoint(folder, Processes().of(self.pid))
        self.given = folder, device, steps
        self.resume, self.fork = resume, fork

    def poll(self) -> int | None:
        return self.status

    def close(self) -> None:
        self.closed = True

    def last_words(self) -> str:
        return self.words


class FakeRun:
    """A run whose recording is written by the test.

    Args:
        runs_dir: Where its folder is made.
        layers: How many layers its network has.
        changes: What differs in its header.
    """

    def __init__(
        self, runs_dir: Path, layers: int = 2, folder: RunFolder | None = None, **changes: Any
    ) -> None:
        experiment = presets.load("two-moons").experiment
        self.folder = folder or create_run("two-moons", presets.dumps(experiment), runs_dir)
        self.layers = layers
        self._changes = changes
        self._experiment = experiment
        self._recorder: Recorder | None = None
        self.step = 0

    @property
    def columns(self) -> dict[str, list[str]]:
        norms = [f"grad_norm/{name}" for name in self.parameters]
        return {
            "train": ["loss", "accuracy", "lr", "grad_norm", *norms],
            "dev": ["loss", "accuracy"],
        }

    @property
    def parameters(self) -> dict[str, list[int]]:
        found = {}
        for layer in range(1, self.layers + 1):
            inputs = 2 if layer == 1 else 3
            found |= {f"layer{layer}.weight": [3, inputs], f"layer{layer}.bias": [3]}
        return found

    def begin(self) -> FakeRun:
        """Write the header."""
        given: dict[str, Any] = {
            "run": self.folder.name,
            "experiment": self._experiment.model_dump(mode="json", exclude_none=True),
            "seeds": [102],
            "parameters": self.parameters,
            "columns": self.columns,
            "steps": self._experiment.steps,
            "steps_per_epoch": self._experiment.steps_per_epoch or 0,
            "gradients": "autograd",
            "device": "cpu",
            **vars(Processes().of(os.getpid())),
            "time": time.time(),
        }
        self._recorder = Recorder.create(
            self.folder.recording, Header(**{**given, **self._changes})
        )
        self._live_on()
        return self

    def tell(self, *events: Event) -> None:
        """Write events."""
        assert self._recorder is not None
        for event in events:
            self._recorder.record(event)
        self._recorder.flush()
        self._live_on()

    def _live_on(self) -> None:
        """Seem to write for as long as a test takes on the slowest of machines."""
        later = time.time() + 3600
        os.utime(self.folder.recording, (later, later))

    def train(self, losses: list[float], norm: float | None = 0.5) -> None:
        """Write rows of these losses, with gradients a tenth of the next layer's."""
        count, first = len(losses), self.step + 1
        norms = [0.5 * 10.0 ** (layer - self.layers) for layer in range(1, self.layers + 1)]
        values = np.empty((len(self.columns["train"]), count, 1), np.float32)
        values[0, :, 0] = losses
        values[1], values[2], values[3] = 0.75, 0.2, 1.0
        for layer, size in enumerate(norms):
            values[4 + 2 * layer] = size if norm is not None else 0
            values[5 + 2 * layer] = size / 2 if norm is not None else 0
        dev = np.stack([values[0] + 0.01, values[1]])
        self.step += count
        self.tell(
            Series(group="train", first=first, values=values),
            Series(group="dev", first=first, values=dev),
        )

    def end(self, status: str = "finished", reason: str = "epochs", **result: Any) -> None:
        """Write how it ended."""
        self.tell(End(step=self.step, status=status, reason=reason, result=result))

    def close(self) -> None:
        """Let go of the file."""
        if self._recorder is not None:
            self._recorder.close()


def make_app(runs_dir: Path, **changes: Any) -> tuple[LabApp, list[FakeWorker]]:
    """Return a lab that ticks fast, and the list of the workers that it starts."""
    workers: list[FakeWorker] = []

    def start() -> Any:
        workers.append(FakeWorker())
        return workers[-1]

    given = {"runs_dir": runs_dir, "clock": Clock(50.0), "start_worker": start}
    return LabApp(Opening(**{**given, **changes})), workers


def lab_of(pilot: Pilot[Any]) -> Lab:
    """Return the lab, whatever lies over it."""
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, Lab))


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        await asyncio.sleep(0.01)
    await pilot.pause(0)


async def settled(pilot: Pilot[Any]) -> None:
    """Wait until all that was begun is done and drawn: what a clock brings may still come."""
    for _ in range(3):
        await until(pilot, lambda: is_still(pilot.app))


def is_still(app: App[Any]) -> bool:
    """Whether nothing waits, is computed or is to be drawn."""
    return (
        is_drawn(app.screen)
        and is_quiet(app)
        and not any(worker.is_running for worker in app.workers)
    )


async def ready(pilot: Pilot[Any]) -> Lab:
    """Wait until the presets are there, and the form wherever it is seen; return the lab."""
    lab = lab_of(pilot)
    setup = lab.query_one("#setup")
    await until(
        pilot, lambda: lab.draft is not None and (lab.query("SettingRow") or not setup.display)
    )
    await pilot.pause()
    return lab


def shown(pilot: Pilot[Any]) -> str:
    """Return what is on the screen, as text."""
    height = pilot.app.size.height
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips[:height])


class SlowReader(Reader):
    """A reader on a slow disk: a line at every look, until it is let go."""

    slow = True

    def poll(self, limit_bytes: int | None = None) -> list[Event]:
        return super().poll(1 if limit_bytes and self.slow else limit_bytes)


@contextmanager
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Have the lab read recordings a line at a time until what is yielded is called."""
    monkeypatch.setattr(SlowReader, "slow", True)
    monkeypatch.setattr(watching, "Reader", SlowReader)
    monkeypatch.setattr(watching, "BUDGET", 0.0)
    yield lambda: monkeypatch.setattr(SlowReader, "slow", False)


STALLS_AFTER = 10
"""Looks at a recording after which a disk that stalls has nothing more for it."""


@contextmanager
def stalled_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Have the lab read the beginning of recordings, and no more until what is yielded is called.

    A slow disk gets to a recording's end in the time that a slow machine takes for some keys;
    this one does not.
    """
    looks: Counter[Path] = Counter()
    poll = watching.Watch.poll

    def stalling(watch: watching.Watch) -> None:
        looks[watch.folder.path] += 1
        if not SlowReader.slow or looks[watch.folder.path] <= STALLS_AFTER:
            poll(watch)

    monkeypatch.setattr(watching.Watch, "poll", stalling)
    with slow_disk(monkeypatch) as let_go:
        yield let_go
