"""Sweeps for tests: small ones, trained in this process."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from engine.headless.progress import Progress
from engine.headless.run import Interrupts
from engine.presets.preset import resolve
from engine.sweeps.folder import SweepFolder
from engine.sweeps.planning import Asked, Terms, Work, folder_for, plan_of, work_in
from engine.sweeps.running import Running
from engine.sweeps.table import SweepTable, read

MOONS: dict[str, Any] = {
    "title": "moons",
    "data": {"kind": "moons", "samples": 60, "split": [40, 10, 10]},
    "model": {"hidden": [2]},
    "optimizer": {"lr": 0.5},
    "train": {"steps": 40, "seed": 3},
}
GRID: dict[str, Any] = {"model.hidden": [[2], [3, 2]], "optimizer.lr": [0.1, 1e30]}


class Inline(Executor):
    """Makes every call at once, in this process."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.calls.append(args[1])
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def asked(name: str = "moons", tables: dict[str, Any] = MOONS, **sweep: Any) -> Asked:
    """Return a preset with what is swept of it."""
    return Asked(name, resolve({**tables, "sweep": {"grid": GRID, "seeds": 2, **sweep}}, name))


def planned(runs_dir: Path, *presets: Asked, **where: Any) -> tuple[SweepFolder, Work]:
    """Return the folder of a sweep, and what is to be done in it, written down."""
    plan = plan_of(presets)
    folder = folder_for(plan, runs_dir, called="moons-sweep", **where)
    work = work_in(folder.plan(), presets, folder, Terms(processes=2))
    work.write(folder)
    return folder, work


def running(folder: SweepFolder, work: Work, executor: Executor, **others: Any) -> Running:
    """Return what trains a sweep in this process."""
    return Running(
        folder=folder,
        work=work,
        executor=others.pop("makes", lambda: executor),
        interrupts=Interrupts(),
        progress=others.pop("progress", Progress(0)),
        say=others.pop("say", lambda text: None),
        **others,
    )


def trained(runs_dir: Path, *presets: Asked) -> SweepTable:
    """Train a sweep and return its table."""
    folder, work = planned(runs_dir, *presets)
    running(folder, work, Inline()).run()
    return read(folder.path)
