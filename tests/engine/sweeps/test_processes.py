"""Sweeps as the processes that they are: detached, stopped, killed, and two at once."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.interrupted import came_to, command
from engine.errors import RunError
from engine.sweeps.detached import detach
from engine.sweeps.folder import SweepFolder, list_sweeps
from engine.sweeps.order import Order, asked_for
from engine.sweeps.planning import Terms, folder_for, plan_of, work_in
from engine.sweeps.table import SweepTable, read
from engine.sweeps.training import train_group
from tests.patience import DEADLINE
from tests.sweeps import make_sweep

STEPS = "train.steps=4000"
SHAPES, RATES = "model.hidden=[3],[4],[5]", "optimizer.lr=0.1,1"
SWEEP = ["two-moons", "--grid", SHAPES, "--grid", RATES, "--set", STEPS, "--executor", "local:1"]


def until(true: Callable[[], Any]) -> Any:
    """Return what is looked for, once it is there."""
    deadline = time.monotonic() + DEADLINE
    while not (there := true()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return there


@contextlib.contextmanager
def started(runs_dir: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """The command that sweeps, as a process."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command(runs_dir, [*SWEEP, *more]), stdout=pipe, stderr=pipe, text=True
    ) as process:
        yield process
        process.kill()


def done(runs_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that was run to its end."""
    asked = [sys.executable, "-m", "engine", *arguments, "--runs-dir", str(runs_dir)]
    return subprocess.run(asked, capture_output=True, text=True, check=False, timeout=DEADLINE)


def only(runs_dir: Path) -> SweepFolder:
    """The one sweep that there is."""
    [folder] = list_sweeps(runs_dir)
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> SweepTable:
    """What the sweep comes to when nobody disturbs it."""
    runs_dir = tmp_path_factory.mktemp("alone")
    order = Order(
        references=("two-moons",), runs_dir=runs_dir, overrides=(STEPS,), grid=(SHAPES, RATES)
    )
    asked = asked_for(order)
    folder = folder_for(plan_of(asked), runs_dir, called="alone")
    work = work_in(folder.plan(), asked, folder, Terms())
    work.write(folder)
    for group in work.groups:
        assert train_group(str(folder.path), group.number) == "finished"
    return read(folder.path)


def test_broken_off_three_times_it_comes_to_the_same_table(
    tmp_path: Path, alone: SweepTable
) -> None:
    """The command is killed, then a process that trains, then it is asked to stop by Ctrl-C."""
    with started(tmp_path) as process:
        trainer = until(lambda: trainer_of(tmp_path, group=1))
        process.kill()
    until(lambda: not trainer.is_running())
    with started(tmp_path) as process:
        until(lambda: trainer_of(tmp_path, group=1, other=trainer)).kill()
        assert "a process died; what it was training is trained again" in process.stderr.readline()
        until(lambda: trainer_of(tmp_path, group=2))
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 130
    over = read(only(tmp_path).path).over
    assert over < 6
    assert f"{over} of 6 trials are over" in out
    again = done(tmp_path, "sweep", str(only(tmp_path).path), "--csv")
    assert again.returncode == 0, again.stderr
    assert len(again.stdout.splitlines()) == 7
    assert came_to(read(only(tmp_path).path)) == came_to(alone)


def trainer_of(
    runs_dir: Path, *, group: int, other: psutil.Process | None = None
) -> psutil.Process | None:
    """The process that trains a group now, where it is not the other one."""
    for folder in list_sweeps(runs_dir):
        with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
            lines = folder.group(group).recording.read_text().splitlines()
            process = psutil.Process(json.loads(lines[0])["pid"])
            return None if process == other else process
    return None


def test_detached_it_returns_at_once_and_is_seen_and_stopped(tmp_path: Path) -> None:
    # So long that it is stopped in the midst of it, however slow everything else is.
    detached = done(tmp_path, "sweep", *SWEEP, "--set", "train.steps=1000000", "--detach")
    folder = only(tmp_path)
    assert (detached.returncode, detached.stdout) == (0, f"{folder.path}\n")
    assert f"epochal stop take its name, {folder.name}" in detached.stderr
    [line] = done(tmp_path, "runs").stdout.splitlines()[1:]
    assert line.split()[:2] == [folder.name, "running"]
    stopped = done(tmp_path, "stop", "two-moons-grid")
    assert stopped.stdout.startswith(f"{folder.name}: stopped after ")
    assert not folder.busy()
    assert read(folder.path).over < 6


def test_a_detached_sweep_that_ends_at_once_says_why(tmp_path: Path) -> None:
    folder = make_sweep(tmp_path)
    with pytest.raises(RunError, match="No such option: --faster"):
        detach(folder, [str(folder.path), "--faster"])


def test_of_two_at_once_one_trains(tmp_path: Path) -> None:
    """The other is refused: it makes no folder of its own, and writes in no plan."""
    with started(tmp_path) as one, started(tmp_path) as other:
        until(lambda: one.poll() is not None or other.poll() is not None)
        refused, training = (one, other) if one.poll() is not None else (other, one)
        assert refused.wait() == 2
        assert "is being trained by another process" in refused.stderr.read()
        assert training.poll() is None
        plan = only(tmp_path).plan()
    assert len(plan.trials) == 6
    assert [group.trials for group in plan.groups] == [(0, 1), (2, 3), (4, 5)]
