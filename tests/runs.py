"""Recordings made by hand, and a worker that is none, for tests of viewers."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine.recording.events import End, Event, Header, Series
from engine.recording.file import Recorder
from engine.runs.folder import RunFolder
from engine.runs.processes import Processes

COLUMNS = {"train": ["loss", "accuracy"], "dev": ["loss", "accuracy"]}


def header(run: str = "a-run", **changes: Any) -> Header:
    """A header of a run that this very process seems to write."""
    given: dict[str, Any] = {
        "run": run,
        "experiment": {"title": "A"},
        "seeds": [0],
        "parameters": {},
        "columns": COLUMNS,
        "gradients": "autograd",
        "device": "cpu",
        **vars(Processes().of(os.getpid())),
        "time": time.time(),
    }
    return Header(**{**given, **changes})


def rows(first: int, losses: list[float], group: str = "train") -> Series:
    """Rows of these losses, all with an accuracy of a half."""
    values = np.array([losses, [0.5] * len(losses)], np.float32)[:, :, None]
    return Series(group=group, first=first, values=values)


def end(step: int = 3, status: str = "finished", reason: str = "epochs", **result: Any) -> End:
    """An end with a few figures."""
    figures = {"train_loss": 0.25, "test_accuracy": 0.875, "steps": step} | result
    return End(step=step, status=status, reason=reason, result=figures)


def record(folder: RunFolder, *events: Event) -> None:
    """Write a whole recording."""
    folder.path.mkdir(parents=True, exist_ok=True)
    recorder = Recorder.create(folder.recording, header(folder.name))
    for event in events:
        recorder.record(event)
    recorder.close()


def requests_in(folder: RunFolder) -> list[str]:
    """The actions that were asked for."""
    lines = [
        line for path in folder.control.glob("*.jsonl") for line in path.read_text().split("\n")
    ]
    return [json.loads(line)["action"] for line in lines if line]


Script = Callable[["FakeWorker"], Iterator[None]]


class FakeWorker:
    """A worker that is no process: each time it is asked whether it lives, it does one more step
    of its script, and when that is over it is dead.
    """

    script: Script
    """What it does; set by the test."""
    made: list[FakeWorker]
    """All that were started."""

    def __init__(self) -> None:
        self.folder = RunFolder(Path("nowhere"))
        self.device = ""
        self.killed = False
        self.status = 0
        self._steps: Iterator[None] = iter(())

    @classmethod
    def start(cls) -> FakeWorker:
        worker = cls()
        cls.made.append(worker)
        return worker

    def __enter__(self) -> FakeWorker:
        return self

    def __exit__(self, *raised: object) -> None:
        if self.folder.path == Path("nowhere"):
            self.kill()

    def give(self, folder: RunFolder, *, device: str = "auto", allow_code: bool = False) -> None:
        self.folder, self.device = folder, device
        self._steps = type(self).script(self)

    def poll(self) -> int | None:
        if self.killed:
            return -9
        return next(self._steps, self.status)

    def kill(self) -> None:
        self.killed = True

    def close(self) -> None:
        self.killed = True
