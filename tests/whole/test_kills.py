"""Workers that are killed at random moments: some of what ``make torture`` kills by the hundred."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import pytest

from benchmarks.reliability import OFTEN, came_to, history_of
from engine.presets import preset as presets
from engine.runs.folder import RunFolder, create_run
from engine.worker.launch import Worker
from tests import forked
from tests.experiments import MOONS, experiment
from tests.patience import DEADLINE

EPOCHS = 20_000
HELD = (
    "import time; from engine.recording.file import Recorder; record = Recorder.record\n"
    "def held(recorder, *events):\n"
    f"    any(event.kind == 'end' for event in events) and time.sleep({DEADLINE})\n"
    "    record(recorder, *events)\n"
    f"Recorder.record = held; {OFTEN}"
)
"""Such a worker whose run does not end before it is killed, however busy its killer is."""


def begun(place: Path, program: str = OFTEN) -> tuple[RunFolder, Worker]:
    """Start a run in a process that writes checkpoints often."""
    text = presets.dumps(experiment(MOONS, train={"epochs": EPOCHS}), full=True)
    folder, worker = create_run("moons", text, place), forked.start("-c", program)
    worker.give(folder, device="cpu")
    return folder, worker


def test_killed_at_any_moment_and_gone_on_with_it_comes_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(forked.ADDRESS, forked.workshop("workers"))
    folder, worker = begun(tmp_path)
    assert worker.wait(DEADLINE) == 0
    wanted = came_to(history_of(folder))
    for seed in range(3):
        size = Random(seed).uniform(0.02, 0.6) * folder.recording.stat().st_size
        killed, worker = begun(tmp_path, HELD)
        deadline = time.monotonic() + DEADLINE
        while not killed.recording.exists() or killed.recording.stat().st_size < size:
            assert time.monotonic() < deadline, "nothing is recorded"
            time.sleep(0.005)
        worker.kill()
        worker.wait(DEADLINE)
        assert history_of(killed).end is None
        worker = forked.start()
        worker.give(killed, device="cpu", resume={})
        assert worker.wait(DEADLINE) == 0
        assert history_of(killed).seams
        assert came_to(history_of(killed)) == wanted, f"seed {seed}"
