"""Workers whose user wants to be told, as the processes that they are."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.presets import preset as presets
from engine.recording.file import read
from engine.recording.history import History
from engine.runs.folder import RunFolder, create_run
from engine.worker.launch import Worker
from tests import forked
from tests.engine.notices.conftest import Configure
from tests.experiments import CUBIC, experiment
from tests.patience import DEADLINE

ADDRESS = "https://127.0.0.1:1/s3cret"
PROGRAM = """
import os, sys
with open(sys.argv[1], "a") as file:
    print(*[os.environ[f"EPOCHAL_{each}"] for each in ("RUN", "STATUS", "REASON")], file=file)
"""


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def history_of(folder: RunFolder) -> History:
    return History(read(folder.recording) if folder.recording.is_file() else ())


@pytest.fixture
def told(tmp_path: Path, configure: Configure, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a command writes what it is told, and a webhook that nobody answers stands beside."""
    out = tmp_path / "told"
    command = json.dumps([sys.executable, "-c", PROGRAM, str(out), "s3cret"])
    configure(f"[notify]\ncommand = {command}\nwebhook = {ADDRESS!r}\n")
    monkeypatch.setenv(forked.ADDRESS, forked.workshop("workers"))
    return out


def trained(tmp_path: Path, steps: int) -> tuple[RunFolder, Worker]:
    spec = experiment(CUBIC, train={"steps": steps})
    folder = create_run("cubic", presets.dumps(spec), tmp_path / "runs")
    worker = forked.start()
    worker.give(folder)
    return folder, worker


@pytest.mark.parametrize("ending", ["finished", "crashed"])
def test_what_becomes_of_a_run_is_told_and_its_address_is_nowhere(
    ending: str, told: Path, tmp_path: Path
) -> None:
    folder, worker = trained(tmp_path, 40 if ending == "finished" else 100_000_000)
    if ending == "crashed":
        until(lambda: history_of(folder).last_step)
        until(lambda: list((tmp_path / "state" / "epochal" / "watched").glob("*.json")))
        worker.kill()
    worker.wait(DEADLINE)
    until(lambda: history_of(folder).warnings)
    (line,) = told.read_text().splitlines()
    assert line.startswith(f"{folder.name} {ending} ")
    (warning,) = history_of(folder).warnings
    assert warning.message.endswith("the webhook of [notify] could not be reached")
    for path in folder.path.rglob("*"):
        assert path.is_dir() or b"s3cret" not in path.read_bytes(), path
    assert list((tmp_path / "state" / "epochal" / "watched").iterdir()) == []
