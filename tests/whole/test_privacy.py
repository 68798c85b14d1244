"""What a user trains is that user's alone: files, folders, requests, and what a presenter shows.

A run, its resumption, its branch, its notes, its requests, a sweep and a presentation, all made
under a umask that forbids nothing; and then every file and folder there is looked at.
"""

from __future__ import annotations

import contextlib
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.errors import RecordingError, RunError
from engine.presets import preset as presets
from engine.recording.events import Resume
from engine.recording.file import Recorder, read
from engine.recording.history import History
from engine.runs.finding import find_run, list_runs
from engine.runs.folder import RunFolder, create_run
from engine.runs.notes import Notes
from engine.runs.requests import Control
from engine.sweeps.training import train_group
from engine.text.owned import Share
from engine.worker import __main__ as worker
from engine.worker.launch import Worker
from tests.experiments import MOONS, experiment
from tests.labs import FakeWorker
from tests.patience import DEADLINE
from tests.runs import header, rows
from tests.sweeps import make_sweep
from tests.users import another_user, as_root, umask
from tui.cli import app
from tui.lab.opening import Choices, Memory
from tui.lecture.presented import Presented
from tui.lecture.presenting import Audience, Presenter
from tui.watching.workers import Workshop


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
@pytest.mark.parametrize(("share", "of_folders"), [("nobody", 0), ("group", 0o050), ("all", 0o055)])
def test_what_is_made_is_shared_with_whom_it_is_said_to_be(
    share: Share, of_folders: int, mask: int, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    with umask(mask):
        spec = presets.dumps(experiment(MOONS, train={"epochs": 5}))
        run = create_run("a", spec, runs, share)
        Control(run, "ada").send("mark", title="a mark")
        assert worker.work(run) == 0
        Recorder.reopen(run.recording, Resume(from_step=5, pid=1))
        Notes(name="mine").save(run)
        sweep = make_sweep(runs, share=share)
        with pytest.raises(RunError, match="no longer what was planned"):
            train_group(str(sweep.path), 1)
        sweep.ask_to_stop()
        assert train_group(str(sweep.path), 2) == "stopped"
        Presenter(runs, "a lecture", share=share).show(Presented())
        Memory(tmp_path / "state" / "lab.json").keep(Choices(palette="dark"))
    others = {name: mode & 0o077 for name, mode in modes(tmp_path).items()}
    assert {name.rpartition("/")[2] for name in others} >= {
        *("recording.jsonl", "experiment.toml", "notes.toml", "checkpoints", "control"),
        *("ada.jsonl", "sweep.jsonl", "stop", "a-lecture.json", "lab.json", ".recording.reserve"),
    }
    private = {name for name in others if "/control" in name or name.startswith("state")}
    assert {name: f"{others[name]:o}" for name in private if others[name]} == {}
    for name in others.keys() - private:
        is_folder = (tmp_path / name).is_dir()
        assert (name, others[name]) == (name, of_folders if is_folder else of_folders & 0o044)


def test_neither_is_what_a_worker_leaves(tmp_path: Path) -> None:
    with umask(0o000):
        run = create_run("a", presets.dumps(experiment(MOONS, train={"epochs": 5})), tmp_path)
        process = Worker.start()
        process.give(run)
        assert process.wait(DEADLINE) == 0
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


REFUSED = "it belongs to root, who alone may ask for anything"


@pytest.fixture
def shared(common_place: Path) -> RunFolder:
    """A run of this user's that is being trained and that all may read."""
    run = create_run("a", 'title = "A"\n', common_place / "runs", "all")
    recorder = Recorder.create(run.recording, header(run.name))
    recorder.record(rows(1, [0.5] * 3))
    recorder.flush()
    # What commands import lies where that other user may not be able to read.
    for command in ("show", "runs", "stop", "open", "follow"):
        said(command, run.name if command != "stop" else "nothing", runs=run.path.parent)
    return run


def said(*arguments: str, runs: Path) -> str:
    result = CliRunner().invoke(app, [*arguments, "--runs-dir", str(runs)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return " ".join(result.output.split())


@as_root
def test_another_user_follows_a_run_that_is_shared_and_can_ask_nothing_of_it(
    shared: RunFolder,
) -> None:
    runs = shared.path.parent
    Presenter(runs, "a lecture", share="all").show(Presented())
    with another_user():
        assert find_run("last", runs) == shared
        assert "● running step 3 · loss 0.5000" in said("show", shared.name, runs=runs)
        assert f"{shared.name} running 3" in said("runs", runs=runs)
        assert Audience(runs, "a lecture").poll() == Presented()
        assert REFUSED in said("stop", shared.name, runs=runs)
        with pytest.raises(RecordingError, match="cannot be written"):
            Recorder.reopen(shared.recording, Resume(from_step=3, pid=1))
        with pytest.raises(RunError, match="the notes cannot be written"):
            Notes(name="theirs").save(shared)
    assert not list(shared.control.iterdir())


@contextlib.contextmanager
def locked_elsewhere(path: Path) -> Iterator[None]:
    """Hold a file's lock in another process of this user's: this one turns into somebody else."""
    held = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, 2); print(flush=True); input()"
    command = [sys.executable, "-S", "-c", held, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield
        process.communicate(b"\n")


@as_root
def test_another_user_reads_a_sweep_that_is_shared_and_cannot_stop_it(shared: RunFolder) -> None:
    sweep = make_sweep(shared.path.parent, share="all")
    for command in ("show", "stop"):
        said(command, sweep.name, runs=shared.path.parent)
    with locked_elsewhere(sweep.plan_file), another_user():
        assert "0 of 8" in said("show", sweep.name, runs=shared.path.parent)
        assert REFUSED in said("stop", sweep.name, runs=shared.path.parent)
    assert not sweep.is_asked_to_stop
    sweep.path.chmod(0o777)
    with another_user():
        sweep.ask_to_stop()
    assert not sweep.is_asked_to_stop, "nothing is done that another user's file asks for"


@as_root
def test_what_another_user_cannot_read_says_so_and_how_it_is_shared(shared: RunFolder) -> None:
    runs = shared.path.parent
    Presenter(runs, "a lecture").show(Presented())
    shared.path.chmod(0o700)
    words = "may not be read here: it belongs to root, and others read only what is made with"
    with another_user():
        for name in (shared.name, "a-", "last", str(shared.path)):
            for command in ("show", "open", "follow", "stop"):
                assert words in said(command, name, runs=runs), (command, name)
        assert "no runs in" in said("runs", runs=runs)
        assert words in said("follow", runs=runs)
    own = create_run("mine", "", runs, "all")
    with another_user():
        assert list_runs(runs) == [own], "one that cannot be read hides no other"
        assert own.name in said("runs", runs=runs)
    runs.chmod(0o700)
    with another_user():
        for command in ("runs", "follow"):
            assert f"{runs}: {words}" in said(command, runs=runs)


def test_where_others_cannot_look_nothing_is_shared(tmp_path: Path) -> None:
    create_run("a", "", tmp_path / "runs")
    for share, letters in (("group", "g"), ("all", "go")):
        with pytest.raises(
            RunError, match=rf"--share {share}: .*; chmod {letters}\+rx .*runs lets"
        ):
            create_run("a", "", tmp_path / "runs", share)  # type: ignore[arg-type]
    (tmp_path / "runs").chmod(0o755)
    assert modes(create_run("a", "", tmp_path / "runs", "all").path)["checkpoints"] == 0o755


def test_a_lab_shares_what_it_trains(tmp_path: Path) -> None:
    workshop = Workshop(FakeWorker, tmp_path / "runs", share="group")
    folder, _ = workshop.train("a", experiment(MOONS), device="cpu", steps=None)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o750
