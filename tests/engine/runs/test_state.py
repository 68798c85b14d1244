"""The state a run is in, as its recording, its folder and the machine tell it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.recording.events import End, Event, Heartbeat, Request, Resume, Writer
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.runs.processes import Processes, appoint
from engine.runs.state import state_of
from tests.tapes import header, train_rows

PAUSE = Request(id="1", viewer="a", action="pause", step=2, t=1.0)
END = End(step=2, status="finished", reason="steps")


class Told(Processes):
    """A machine that says the same of every process."""

    def __init__(self, there: bool | None) -> None:
        super().__init__()
        object.__setattr__(self, "there", there)

    def has(self, process: Writer) -> bool | None:
        there: bool | None = vars(self)["there"]
        return there


def state(
    *events: Event, there: bool | None = True, now: float = 2003.0, folder: Path = Path("nowhere")
) -> str:
    return state_of(History(events), RunFolder(folder), now=now, processes=Told(there))


def test_the_states_of_a_run() -> None:
    assert state() == "starting"
    assert state(header(), train_rows(1, 2)) == "running"
    assert state(header(), train_rows(1, 2), PAUSE) == "paused"
    assert state(header(), train_rows(1, 2), END, there=False) == "ended"


def written(folder: Path, now: float) -> RunFolder:
    """A run whose recording was written to last when this machine's clock said so."""
    run = RunFolder(folder)
    run.recording.touch()
    os.utime(run.recording, (now, now))
    return run


@pytest.mark.parametrize("now", [0.0, 1000.0, 2003.0, 9e9])
def test_where_its_process_is_known_no_clock_settles_it(now: float, tmp_path: Path) -> None:
    folder = written(tmp_path, now - 1).path
    assert state(header(), there=True, now=now, folder=folder) == "running"
    assert state(header(), PAUSE, there=True, now=now, folder=folder) == "paused"
    assert state(header(), there=False, now=now, folder=folder) == "crashed"


def test_a_process_that_is_there_but_writes_nothing_is_silent(tmp_path: Path) -> None:
    for folder in (tmp_path / "gone", written(tmp_path, 2001.0).path):
        assert state(header(), train_rows(1, 2), now=2012.0, folder=folder) == "silent"
        assert state(header(), PAUSE, now=2012.0, folder=folder) == "silent"
        beat = Heartbeat(step=1, t=9.0)
        assert state(header(), beat, now=2012.0, folder=folder) == "running"


def test_from_elsewhere_only_silence_can_be_seen() -> None:
    assert state(header(), there=None) == "running"
    assert state(header(), PAUSE, there=None) == "paused"
    assert state(header(), there=None, now=2020.0) == "silent"


def test_after_a_resume_the_new_writer_counts() -> None:
    resume = Resume(from_step=1, host="there", pid=3, t=500.0, time=9000.0)
    assert state(header(), END, resume, there=True, now=9002.0) == "running"
    assert state(header(), END, resume, there=False, now=9002.0) == "crashed"
    assert state(header(), END, resume, there=None, now=9002.0) == "running"
    beat = Heartbeat(step=1, t=540.0)
    assert state(header(), END, resume, beat, there=None, now=9045.0) == "running"
    assert state(header(), END, resume, there=None, now=9100.0) == "silent"


def test_before_its_first_word_whoever_was_given_the_run_settles_it(tmp_path: Path) -> None:
    appoint(RunFolder(tmp_path), Writer(pid=42))
    for now in (-1e9, 9e9):
        assert state(there=True, now=now, folder=tmp_path) == "starting"
        assert state(there=False, now=now, folder=tmp_path) == "crashed"


def test_where_nobody_can_tell_it_is_not_starting_for_ever(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.experiment_file.write_text("")
    made = folder.made
    assert state(now=made + 59.0, folder=tmp_path) == "starting"
    assert state(now=made + 61.0, folder=tmp_path) == "crashed"
    appoint(folder, Writer(pid=42))
    assert state(there=None, now=made + 59.0, folder=tmp_path) == "starting"
    assert state(there=None, now=made + 61.0, folder=tmp_path) == "crashed"
