"""Runs that no worker made, for the tests of what says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.recording.events import End, Event
from engine.recording.scalars import Scalars
from engine.runs.folder import RunFolder
from engine.runs.foreign import begin

ORIGINS = ("import", "watch", "record", "hologram")
"""Where a recording without an experiment may come from; the last is one of a later version."""


def foreign_run(
    runs: Path,
    origin: Any = "import",
    *,
    called: str = "theirs",
    losses: tuple[float, ...] = (4.0, 2.0, 1.0, 0.5),
    name: str = "loss",
    over: bool = True,
    **said: Any,
) -> RunFolder:
    """Return a run with a loss, a loss on the dev set and a number of its own at every step."""
    clock = iter(range(10**6)).__next__
    folder, recorder = begin(called, origin, runs, clock=lambda: clock() / 10, **said)
    scalars = Scalars(recorder, lambda: 0.0)
    for step, loss in enumerate(losses, start=1):
        scalars.log(step, {name: loss, "val_loss": 2 * loss, "fid": 100 - step})
    scalars.flush()
    last: list[Event] = []
    if over:
        result = {"train_loss": losses[-1], "steps": len(losses)}
        last = [End(step=len(losses), status="finished", reason="", result=result)]
    recorder.record(*last)
    recorder.close()
    return folder
