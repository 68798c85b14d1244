"""A training that takes no time: its loss is a chain of whole numbers, in which any gap shows."""

from __future__ import annotations

import os
import time
import types
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import numpy as np

from engine.experiment.experiment import Experiment
from engine.recording.events import Group, Header, Series
from engine.training.block import Block, Outcome
from engine.training.stopping import NEVER

from .calls import world

STEPS: Final = 40
"""Steps of a run."""

STEP_SECONDS: Final = 0.01
"""How long one takes."""

RATE: Final = 0.5
"""The learning rate at the beginning."""

EXPERIMENT: Final = Experiment.model_validate(
    {
        "train": {"steps": STEPS},
        "optimizer": {"lr": RATE},
        "marks": [{"at": {"step": 9}, "title": "nine"}, {"at": {"step": 30}, "title": "thirty"}],
    }
)

COLUMNS: Final[dict[Group, list[str]]] = {"train": ["loss", "lr"]}


def load(path: str) -> Any:
    """Read a preset, whatever it says."""
    Path(path).read_text("utf-8")
    return types.SimpleNamespace(experiment=EXPERIMENT)


def next_loss(loss: int, lr: float, step: int) -> int:
    """Return the loss of a step, after that of the one before."""
    return (31 * loss + round(1000 * lr) + step) % 65_521


class Trainer:
    """What a worker takes for a trainer."""

    experiment = EXPERIMENT
    columns = COLUMNS
    device = "cpu"
    ended_at = np.array([NEVER])
    best_steps = np.array([0])
    diverged = 0
    data = SimpleNamespace(notices=())

    def __init__(self, *_: Any, **__: Any) -> None:
        self.until = STEPS
        self.step, self.loss, self.lr, self.seconds = 0, 1, RATE, 0.0
        self.outcome: Outcome | None = None
        self.snapshots = _Nothing()
        self.method = _Nothing()

    def advance(self, n: int) -> Block:
        rows, first = [], self.step + 1
        for _ in range(min(n, self.until - self.step)):
            self.step += 1
            self.loss = next_loss(self.loss, self.lr, self.step)
            rows.append((self.loss, self.lr))
        world().step(STEP_SECONDS * len(rows))
        if self.step >= self.until:
            self.outcome = Outcome("finished", "steps")
        values = np.array(rows, np.float32).T[:, :, None]
        series = Series(group="train", first=first, values=values)
        return Block(first=first, count=len(rows), series=(series,), snapshots=())

    def stop(self, status: str, reason: str) -> None:
        self.outcome = self.outcome or Outcome(status, reason)

    def state(self) -> Mapping[str, Any]:
        return {"step": self.step, "loss": self.loss, "lr": self.lr, "weights": np.zeros(3)}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.step, self.loss, self.lr = state["step"], state["loss"], state["lr"]

    def result(self) -> dict[str, Any]:
        return {"train_loss": float(self.loss), "steps": self.step, "seconds": self.seconds}


class _Nothing:
    ends = False
    name = "none"


class Meter:
    """What measures nothing."""

    def __init__(self, device: object) -> None: ...

    def read(self, step: int) -> list[Any]:
        return []

    def skip(self, step: int) -> None: ...


def header_of(trainer: Trainer, run: str) -> Header:
    """Return the header of a run that the asking process records."""
    return Header(
        run=run,
        experiment=TABLES,
        seeds=[0],
        parameters={"w": [3]},
        columns=COLUMNS,  # type: ignore[arg-type]
        steps=STEPS,
        gradients="none",
        device="cpu",
        time=time.time(),
        **writer(),
    )


TABLES: Final = EXPERIMENT.model_dump(mode="json", exclude_none=True)


def writer() -> dict[str, Any]:
    """Return who the asking process is, as a header says it."""
    from engine.runs.processes import Processes

    return vars(Processes().of(os.getpid()))


class SafeOpen(AbstractContextManager["SafeOpen"]):
    """``safetensors.safe_open``, which is no Python and would look for the file itself."""

    def __init__(self, path: Any, framework: str) -> None:
        import json

        from safetensors.numpy import load

        body = Path(path).read_bytes()
        # Raises what the real one raises for a file that is not whole.
        self._arrays = load(body)
        length = int.from_bytes(body[:8], "little")
        self._metadata = json.loads(body[8 : 8 + length])["__metadata__"]

    def __exit__(self, *_: object) -> None: ...

    def metadata(self) -> dict[str, str]:
        return self._metadata

    def keys(self) -> list[str]:
        return list(self._arrays)

    def get_tensor(self, name: str) -> Any:
        return self._arrays[name]
