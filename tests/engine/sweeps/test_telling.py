"""Whoever wants to be told what becomes of runs is told of a sweep once, at its end."""

from __future__ import annotations

import json
import os
from concurrent.futures import Executor
from pathlib import Path

import pytest

from engine.notices.watcher import Watcher
from engine.presets.preset import dumps
from engine.sweeps import headless, telling
from engine.sweeps.executors.errors import ExecutorError
from engine.sweeps.folder import list_sweeps
from engine.sweeps.headless import run_sweep
from engine.sweeps.order import Order
from tests.engine.sweeps.small import MOONS, Inline
from tests.experiments import experiment


class Watches:
    """What is told of sweeps, each as its watch hears it to the end of its pipe."""

    def __init__(self) -> None:
        self._pipes: list[int] = []

    def start(self, folder: Path, log: Path | None = None) -> Watcher:
        here, there = os.pipe()
        self._pipes.append(here)
        assert log == folder / "sweep.log"
        return Watcher(there)

    def heard(self) -> list[list[dict[str, object]]]:
        said = []
        for pipe in self._pipes:
            with os.fdopen(pipe) as lines:
                said.append([json.loads(line) for line in lines])
        self._pipes = []
        return said


@pytest.fixture
def watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watches:
    monkeypatch.chdir(tmp_path)
    watches = Watches()
    monkeypatch.setattr(headless, "executor_of", lambda said, folder: Inline())
    monkeypatch.setattr(telling.Watcher, "start", watches.start)
    (tmp_path / "moons.toml").write_text(dumps(experiment(MOONS, train={"steps": 20})))
    return watches


def order(*rates: str, **others: object) -> Order:
    grid = ("optimizer.lr=" + ",".join(rates),)
    what = {"references": ("moons.toml",), "runs_dir": Path("runs"), "quiet": True, "grid": grid}
    return Order(**{**what, **others})  # type: ignore[arg-type]


SILENT = {"step": 0, "paused": True}
"""Of a sweep no steps are counted, so that it never stalls."""


def test_a_sweep_that_is_over_is_told_of_once_and_its_trials_are_not(watches: Watches) -> None:
    assert run_sweep(order("0.1", "1")) == 0
    assert watches.heard() == [[SILENT, {"ended": ["finished", "2 trials"]}]]
    # Nothing is left, so nothing has become of it.
    assert run_sweep(order("0.1", "1")) == 0
    assert watches.heard() == []
    # It grows by one that diverges, and is told of as a whole.
    run_sweep(order("0.1", "1", "1e30"))
    assert watches.heard() == [[SILENT, {"ended": ["finished", "3 trials, 1 diverged"]}]]


def test_a_sweep_of_which_nothing_came_is_told_of(watches: Watches) -> None:
    run_sweep(order("1e29", "1e30"))
    assert watches.heard() == [[SILENT, {"ended": ["diverged", "2 trials, 2 diverged"]}]]


def test_a_sweep_that_nobody_trains_is_told_of(
    watches: Watches, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> Executor:
        raise ExecutorError("--executor dask: no scheduler answers there")

    monkeypatch.setattr(headless, "executor_of", unreachable)
    with pytest.raises(ExecutorError):
        run_sweep(order("0.1", "1"))
    reason = "--executor dask: no scheduler answers there"
    assert watches.heard() == [[SILENT, {"ended": ["failed", reason]}]]


def test_a_sweep_that_is_asked_to_stop_is_told_of_as_stopped(
    watches: Watches, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopping(Inline):
        def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
            list_sweeps(Path("runs"))[0].ask_to_stop()
            return super().submit(fn, *args, **kwargs)

    monkeypatch.setattr(headless, "executor_of", lambda said, folder: Stopping())
    run_sweep(order("0.1", "1"))
    (told,) = watches.heard()
    words = "0 of 2 trials; the same command goes on with it"
    assert told == [SILENT, {"ended": ["stopped", words]}]
