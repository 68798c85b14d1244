"""Dask with a real scheduler and two worker processes, one of them killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from engine.sweeps.executors import dask as dask_workers
from engine.sweeps.executors.dask import DaskExecutor
from engine.sweeps.executors.errors import ExecutorError
from engine.sweeps.executors.registry import executor_of


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler that has two workers, each a process of its own."""
    folder = tmp_path_factory.mktemp("dask")
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
        deadline = time.monotonic() + 60
        while not place.exists() or not place.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield json.loads(place.read_text())["address"]
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_worker_that_is_killed_in_the_middle_loses_nothing(
    scheduler: str, tmp_path: Path
) -> None:
    """Each call leaves a file when it is done. The one that was interrupted is made again, and so
    may be one whose result the dead worker had kept to itself.
    """
    code = (
        "import os, time; from pathlib import Path; here = Path({here!r});"
        "(here / 'begun-{n}').open('a').write(f'{{os.getpid()}} '); time.sleep(0.3);"
        "(here / 'done-{n}').open('a').write('x')"
    )
    with executor_of(f"dask:{scheduler}", tmp_path) as executor:
        assert isinstance(executor, DaskExecutor)
        executor._client.wait_for_workers(2, timeout=60)
        calls = [executor.submit(exec, code.format(here=str(tmp_path), n=n)) for n in range(8)]
        calls[0].result(60)
        begun = {path.name.partition("-")[2] for path in tmp_path.glob("begun-*")}
        done = {path.name.partition("-")[2] for path in tmp_path.glob("done-*")}
        [victim, *_] = begun - done
        os.kill(int((tmp_path / f"begun-{victim}").read_text().split()[0]), signal.SIGKILL)
        assert [call.result(60) for call in calls] == [None] * 8
    assert len(list(tmp_path.glob("done-*"))) == 8
    assert len((tmp_path / f"begun-{victim}").read_text().split()) == 2


def test_workers_of_this_machine_need_no_address(tmp_path: Path) -> None:
    with executor_of("dask:1", tmp_path) as executor:
        assert executor.submit(os.getpid).result(60) != os.getpid()
        assert executor.submit(os.getenv, "OMP_NUM_THREADS").result(60) == "1"
        with pytest.raises(ZeroDivisionError):
            executor.submit(divmod, 1, 0).result(60)


def test_where_no_scheduler_answers_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_workers, "REACH_SECONDS", 0.5)
    with pytest.raises(ExecutorError, match="no scheduler answers there"):
        executor_of("dask:tcp://127.0.0.1:1", tmp_path)
