"""What a user trains is that user's alone: files, folders, requests, and what a presenter shows.

A run, its resumption, its branch, its notes, its requests, a sweep and a presentation, all made
under a umask that forbids nothing; and then every file and folder there is looked at.
"""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from engine.errors import RunError
from engine.presets import preset as presets
from engine.recording.events import Resume
from engine.recording.file import Recorder, read
from engine.recording.history import History
from engine.runs.folder import create_run
from engine.runs.notes import Notes
from engine.runs.requests import Control
from engine.sweeps.training import train_group
from engine.worker import __main__ as worker
from engine.worker.launch import Worker
from tests.experiments import MOONS, experiment
from tests.sweeps import make_sweep
from tests.users import another_user, as_root, umask
from tui.lab.opening import Choices, Memory
from tui.lecture.presented import Presented
from tui.lecture.presenting import Presenter


def modes(place: Path) -> dict[str, int]:
    """Return what may be done with every file and folder below one."""
    return {
        str(path.relative_to(place)): stat.S_IMODE(path.lstat().st_mode)
        for path in place.rglob("*")
    }


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training in this process leaves its signals alone."""
    monkeypatch.setattr(worker, "_stop_on_signals", lambda inbox: None)


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_nothing_that_is_made_is_anybody_elses(mask: int, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    with umask(mask):
        run = create_run("a", presets.dumps(experiment(MOONS, train={"epochs": 5})), runs)
        Control(run, "ada").send("mark", title="a mark")
        assert worker.work(run) == 0
        Recorder.reopen(run.recording, Resume(from_step=5, pid=1))
        Notes(name="mine").save(run)
        sweep = make_sweep(runs)
        with pytest.raises(RunError, match="no longer what was planned"):
            train_group(str(sweep.path), 1)
        sweep.ask_to_stop()
        assert train_group(str(sweep.path), 2) == "stopped"
        Presenter(runs, "a lecture").show(Presented())
        Memory(tmp_path / "state" / "lab.json").keep(Choices(palette="dark"))
    found = modes(tmp_path)
    assert {name.rpartition("/")[2] for name in found} >= {
        *("recording.jsonl", "experiment.toml", "notes.toml", "checkpoints", "control"),
        *("ada.jsonl", "sweep.jsonl", "stop", "a-lecture.json", "lab.json", ".recording.reserve"),
    }
    assert {name: f"{mode:o}" for name, mode in found.items() if mode & 0o077} == {}


def test_neither_is_what_a_worker_leaves(tmp_path: Path) -> None:
    with umask(0o000):
        run = create_run("a", presets.dumps(experiment(MOONS, train={"epochs": 5})), tmp_path)
        process = Worker.start()
        process.give(run)
        assert process.wait(60.0) == 0
    found = modes(tmp_path)
    assert {path.name for path in run.path.iterdir()} >= {"worker.json", "worker.log"}
    assert {name: f"{mode:o}" for name, mode in found.items() if mode & 0o077} == {}


@as_root
@pytest.mark.usefixtures("signals")
def test_a_forged_request_has_no_effect_and_is_said_once(common_place: Path) -> None:
    run = create_run("a", presets.dumps(experiment(MOONS, train={"epochs": 50})), common_place)
    Control(run, "ada").send("mark", title="hers")
    for path in (run.path, run.control):
        path.chmod(0o777)
    own = next(run.control.iterdir()).read_bytes()
    with another_user():
        for viewer in (b"ada", b"mallory"):
            forged = own.replace(b'"mark"', b'"stop"').replace(b'"ada"', b'"%s"' % viewer)
            (run.control / f"{viewer.decode()}-too.jsonl").write_bytes(forged)
    assert worker.work(run) == 0
    history = History(read(run.recording))
    assert history.end is not None
    assert (history.end.status, history.end.step) == ("finished", 50)
    assert [request.action for request in history.requests] == ["mark"]
    (said,) = [each.message for each in history.warnings if "another user" in each.message]
    assert "-too.jsonl belongs to nobody, another user: nothing is done that is asked for" in said
