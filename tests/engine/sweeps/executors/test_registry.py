"""An executor is found by its name, and what cannot be had is said with its remedy."""

from __future__ import annotations

import importlib.util
import math
import os
from pathlib import Path

import pytest

from engine.sweeps.executors import local
from engine.sweeps.executors.errors import ExecutorError
from engine.sweeps.executors.registry import executor_of
from tests.patience import DEADLINE

PACKAGES = {"dask": "distributed", "slurm": "submitit"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("lokal", "--executor lokal: is none (did you mean 'local'?); one of local, dask, slurm"),
        ("ray:4", "--executor ray:4: is none; one of local, dask, slurm"),
        ("local:0", "'0' is no number of processes; such as local:2"),
        ("local:many", "'many' is no number of processes; such as local:2"),
    ],
)
def test_what_is_no_executor_is_refused(said: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ExecutorError) as refused:
        executor_of(said, tmp_path)
    assert expected in str(refused.value)


@pytest.mark.parametrize("name", PACKAGES)
def test_an_executor_whose_package_is_missing_says_how_to_get_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in PACKAGES.values() else real(name)
    )
    with pytest.raises(ExecutorError, match=rf"pip install 'epochal\[{name}\]'"):
        executor_of(name, tmp_path)


def test_processes_of_this_machine_are_never_more_than_its_cores(tmp_path: Path) -> None:
    for said in ("local", "local:1", "local:9999"):
        with executor_of(said, tmp_path) as executor:
            assert 1 <= executor._max_workers <= local.cores()


def test_a_process_of_this_machine_computes_with_one_thread(tmp_path: Path) -> None:
    with executor_of("local:1", tmp_path) as executor:
        assert executor.submit(os.getenv, "OMP_NUM_THREADS").result(DEADLINE) == "1"
        assert executor.submit(os.getpid).result(DEADLINE) != os.getpid()
        with pytest.raises(ValueError, match=r"math domain|nonnegative"):
            executor.submit(math.sqrt, -1).result(DEADLINE)
