"""Recordings made by hand, for the tests of what reads and writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.recording.events import Event, Header, Series, Snapshot
from engine.recording.lines import encode

COLUMNS = {
    "train": [
        "loss",
        "accuracy",
        "lr",
        "grad_norm",
        "grad_norm/layer1.weight",
        "grad_norm/layer1.bias",
    ],
    "dev": ["loss", "accuracy"],
}
PARAMETERS = {"layer1.weight": [1, 2], "layer1.bias": [1]}


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def header(**changes: Any) -> Header:
    """Return a header of a single linear layer."""
    fields: dict[str, Any] = {
        "run": "moons-20261121-093000-4f1c",
        "experiment": {"title": "月", "train": {"steps": 100}},
        "seeds": [7],
        "parameters": PARAMETERS,
        "columns": COLUMNS,
        "gradients": "autograd",
        "device": "cpu",
        "host": "here",
        "pid": 42,
        "pid_started": 1000.0,
        "time": 2000.0,
    }
    return Header(**{**fields, **changes})


def train_rows(first: int, count: int, **columns: list[float]) -> Series:
    """Return rows of the group ``train``: a value is its step where no column is given."""
    values = np.tile(np.arange(first, first + count, dtype=np.float32), (6, 1))
    for name, given in columns.items():
        values[COLUMNS["train"].index(name)] = given
    return Series(group="train", first=first, values=values[:, :, None])


def dev_rows(first: int, count: int, stride: int = 1) -> Series:
    """Return rows of the group ``dev``."""
    steps = first + stride * np.arange(count, dtype=np.float32)
    values = np.stack([1 / steps, steps / 1000])[:, :, None]
    return Series(group="dev", first=first, stride=stride, values=values)


def weights(step: int) -> Snapshot:
    """Return weights that name their step."""
    return Snapshot(step=step, values=np.array([[step, -step, 0.5]], np.float32))


def write(path: Path, *events: Event) -> Path:
    """Write events as a recording and return its path."""
    path.write_bytes(b"".join(encode(event, COLUMNS) for event in events))
    return path
