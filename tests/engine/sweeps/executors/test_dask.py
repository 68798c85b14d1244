"""Dask with a real scheduler and two worker processes, one of them killed in the middle."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.sweeps import plan as plans
from engine.sweeps.executors import dask as dask_workers
from engine.sweeps.executors.errors import ExecutorError
from engine.sweeps.executors.registry import executor_of
from engine.sweeps.folder import list_sweeps
from engine.sweeps.headless import run_sweep
from engine.sweeps.order import Order, asked_for
from engine.sweeps.planning import folder_for, plan_of
from engine.sweeps.table import read
from engine.sweeps.training import train_group
from tests.patience import DEADLINE


@pytest.fixture(autouse=True)
def _dask() -> None:
    """Not on import, which takes a third of a second of every process of tests."""
    pytest.importorskip("distributed")


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """The address of a scheduler that has two workers, each a process of its own."""
    folder = tmp_path / "scheduler"
    folder.mkdir()
    place = folder / "scheduler.json"
    shared = ["--scheduler-file", str(place), "--no-dashboard"]
    worker = ["distributed.cli.dask_worker", *shared, "--nthreads", "1", "--no-nanny"]
    commands = [
        ["distributed.cli.dask_scheduler", *shared, "--port", "0"],
        *([*worker, "--local-directory", str(folder / name)] for name in ("one", "two")),
    ]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for command in commands
    ]
    try:
        deadline = time.monotonic() + DEADLINE
        while not place.exists() or not place.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield json.loads(place.read_text())["address"]
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_workers_of_this_machine_need_no_address(tmp_path: Path) -> None:
    with executor_of("dask:1", tmp_path) as executor:
        assert executor.submit(os.getpid).result(DEADLINE) != os.getpid()
        assert executor.submit(os.getenv, "OMP_NUM_THREADS").result(DEADLINE) == "1"
        with pytest.raises(ZeroDivisionError):
            executor.submit(divmod, 1, 0).result(DEADLINE)


def test_where_no_scheduler_answers_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_workers, "REACH_SECONDS", 0.5)
    with pytest.raises(ExecutorError, match="no scheduler answers there"):
        executor_of("dask:tcp://127.0.0.1:1", tmp_path)


def test_a_sweep_of_which_a_worker_is_killed_comes_to_the_same_table(
    scheduler: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The group that was interrupted is trained again whole, and none is trained twice."""
    order = Order(
        references=("two-moons",),
        runs_dir=tmp_path / "dask",
        overrides=("train.steps=100",),
        grid=("model.hidden=[5],[6],[7]", "optimizer.lr=0.1,1"),
        executor=f"dask:{scheduler}",
        quiet=True,
    )
    killed: list[int] = []
    killer = threading.Thread(target=kill_first_trainer, args=(order.runs_dir, killed))
    killer.start()
    assert run_sweep(order) == 0
    killer.join()
    assert len(killed) == 1
    [over] = list_sweeps(order.runs_dir)
    alone = folder_for(plan_of(asked_for(order)), tmp_path / "alone", called="two-moons-sweep")
    plans.add(alone.plan_file, over.plan().trials, over.plan().groups)
    for group in over.plan().groups:
        train_group(str(alone.path), group.number)
    assert [each.figures for each in read(over.path).trials] == [
        each.figures for each in read(alone.path).trials
    ]
    for group in over.plan().groups:
        events = over.group(group.number).recording.read_bytes()
        assert events.count(b'{"kind":"header"') == events.count(b'{"kind":"end"') == 1


def kill_first_trainer(runs_dir: Path, killed: list[int]) -> None:
    """Kill the process that writes the first recording of a sweep."""
    deadline = time.monotonic() + DEADLINE
    while not killed and time.monotonic() < deadline:
        for path in runs_dir.glob("*/group-*/recording.jsonl"):
            with contextlib.suppress(IndexError, ValueError, KeyError):
                killed.append(json.loads(path.read_text().splitlines()[0])["pid"])
                os.kill(killed[0], signal.SIGKILL)
                return
        time.sleep(0.01)
