"""What a program says of itself is a run like any other, whatever becomes of the program."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.errors import RunError
from engine.loops.recorded import record
from engine.loops.writing import ALIVE_SECONDS
from engine.recording.file import Recorder
from engine.recording.loading import load_history
from engine.runs.catalogue import facts_of
from engine.runs.folder import RunFolder
from engine.runs.meter import Meter
from engine.runs.state import state_of
from tests.patience import DEADLINE

LOOP = """
import epochal, sys, time
run = epochal.record("theirs", runs=sys.argv[1])
for step in range(1, 1001):
    run.log(step, loss=1 / step, fid=step)
print(run.folder.path, flush=True)
time.sleep(600)
"""


def test_a_loop_of_ones_own_is_recorded(tmp_path: Path) -> None:
    with record("my net", runs=tmp_path) as run:
        for step in range(1, 4):
            run.log(step, loss=1 / step, lr=0.5)
        run.log(3, {"val/loss": 0.75, "val/accuracy": True})
        run.mark("Here", "Look at it.")
        run.log(loss=0.25)
    history = load_history(run.folder.recording)
    assert run.folder.name.startswith("my-net-")
    assert history.series["train"].column("loss").tolist() == pytest.approx([1, 0.5, 1 / 3, 0.25])
    assert history.series["dev"].value("accuracy", 3) == 1.0
    assert [(mark.step, mark.title) for mark in history.marks] == [(3, "Here")]
    assert history.end is not None
    assert (history.end.status, history.end.step) == ("finished", 4)
    assert history.end.result["dev_loss"] == 0.75
    facts = facts_of(run.folder)
    assert (facts.word, facts.glance.step, facts.figure) == ("finished", 4, ("accuracy", 1.0))


def test_a_program_that_fails_is_a_run_that_failed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), record("theirs", runs=tmp_path) as run:
        run.log(loss=1 / 0)
    end = load_history(run.folder.recording).end
    assert end is not None
    assert (end.status, end.reason) == ("failed", "ZeroDivisionError: division by zero")


@pytest.mark.parametrize("value", ["0.5x", None, [1]])
def test_what_is_no_number_is_an_error_of_its_caller(tmp_path: Path, value: object) -> None:
    with record("theirs", runs=tmp_path) as run, pytest.raises((TypeError, ValueError)):
        run.log(1, loss=value)  # type: ignore[arg-type]


def test_a_run_without_a_name_is_none(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="needs a name"):
        record(" ", runs=tmp_path)


def test_a_program_that_is_killed_has_lost_nothing_that_is_older_than_a_beat(
    tmp_path: Path,
) -> None:
    arguments = [sys.executable, "-c", LOOP, str(tmp_path)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    folder = RunFolder(Path(process.stdout.readline().strip()))
    deadline = time.monotonic() + DEADLINE
    # Nothing follows what was said last: its thread alone can have written it.
    while load_history(folder.recording).last_step < 1000 and time.monotonic() < deadline:
        time.sleep(ALIVE_SECONDS / 20)
    assert state_of(load_history(folder.recording), folder) == "running"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    history = load_history(folder.recording)
    assert history.series["train"].steps.tolist() == list(range(1, 1001))
    assert state_of(history, folder) == "crashed"


def test_a_disk_that_is_full_ends_the_recording_and_not_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, body: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    run = record("theirs", runs=tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("engine.recording.file.os.write", full)
        with pytest.warns(UserWarning, match="records no more"):
            run.mark("Here")
        run.log(1, loss=0.5)
        run.mark("There")
    run.end()
    history = load_history(run.folder.recording)
    assert not history.series
    assert history.end is None


def test_a_child_that_is_forked_writes_nothing_and_holds_nothing(tmp_path: Path) -> None:
    run = record("theirs", runs=tmp_path)
    run.log(1, loss=0.5)
    read, write = os.pipe()
    ready, says_so = os.pipe()
    child = os.fork()
    if not child:
        os.write(says_so, b".")
        run.log(2, loss=0.25)
        run.end("failed", "in the child")
        os.read(read, 1)
        os._exit(0)
    run.end()
    os.read(ready, 1)
    # The child still lives: were the file open there, its lock would be taken.
    Recorder.hold(run.folder.recording).close()
    os.write(write, b".")
    os.waitpid(child, 0)
    for each in (read, write, ready, says_so):
        os.close(each)
    history = load_history(run.folder.recording)
    assert history.series["train"].steps.tolist() == [1]
    assert history.end is not None
    assert history.end.status == "finished"


def test_what_it_takes_of_its_machine_rides_along(tmp_path: Path) -> None:
    now = [0.0]
    with record("theirs", runs=tmp_path, meter=Meter(clock=lambda: now[0])) as run:
        run.log(4, loss=0.5)
        now[0] += 1
        # As its thread does once a second.
        run._writer.record(*run._writer._figures())
        now[0] += 3600
        run._writer.is_paused = True
        assert run._writer._figures() == []
        run._writer.is_paused = False
        run.log(6, loss=0.25)
        now[0] += 1
    history = load_history(run.folder.recording)
    assert [each.step for each in history.machine] == [4, 6]
    assert [each.figures["speed"] for each in history.machine] == [4, 2]
    assert all({"cpu", "memory", "threads"} <= each.figures.keys() for each in history.machine)
