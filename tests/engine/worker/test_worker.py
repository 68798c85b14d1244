"""The worker, as the process that it is."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks import full_disk
from engine.errors import RunError
from engine.presets import preset as presets
from engine.recording.events import End, Event
from engine.recording.file import Reader, Recorder, read
from engine.recording.history import History
from engine.runs.folder import RunFolder, create_run
from engine.runs.requests import Control
from engine.runs.state import state_of
from engine.runs.summary import glance
from engine.worker import __main__ as worker
from engine.worker.launch import Worker, nameless_file
from tests import forked as forked_workers
from tests.experiments import CUBIC, MOONS, experiment
from tests.patience import DEADLINE


def folder_for(tmp_path: Path, **train: object) -> RunFolder:
    spec = experiment(MOONS, train=train)
    return create_run("moons", presets.dumps(spec), tmp_path)


class Watched:
    """A run that is followed until something is true of it."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder, self.history = folder, History()
        self.control = Control(folder, "ada")
        self._reader = Reader(folder.recording)

    def until(self, true: Callable[[History], object]) -> History:
        deadline = time.monotonic() + DEADLINE
        while not true(self.history):
            assert time.monotonic() < deadline, f"never happened; at step {self.history.last_step}"
            self.history.extend(self._reader.poll())
            time.sleep(0.005)
        return self.history


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Worker]:
    """Start a worker in little time."""
    monkeypatch.setenv(forked_workers.ADDRESS, forked_workers.workshop("workers"))
    return forked_workers.start


@pytest.fixture(params=["started"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    """A run far too long to end by itself, in a worker of its own: one that is started as the
    program starts it, or is ``forked``.
    """
    folder = folder_for(tmp_path, epochs=100_000_000)
    start = Worker.start if request.param == "started" else request.getfixturevalue("forked")
    process = start()
    process.give(folder)
    yield Watched(folder)
    process.kill()
    process.wait(DEADLINE)


def test_a_run_is_paused_stepped_changed_marked_and_stopped(run: Watched) -> None:
    run.until(lambda h: h.last_step > 20 and h.machine)
    assert state_of(run.history, run.folder) == "running"
    run.control.send("pause")
    paused_at = run.until(lambda h: h.paused).last_step
    measured = len(run.history.machine)
    assert state_of(run.history, run.folder) == "paused"
    run.control.send("set_lr", lr=0.05)
    run.control.send("mark", title="here")
    run.control.send("step", n=3)
    run.until(lambda h: len(h.requests) == 4 and h.paused)
    assert run.history.last_step == paused_at + 3
    assert len(run.history.machine) == measured, "a worker that waits measures nothing"
    assert run.history.machine[0].figures["memory"] > 2**20
    train = run.history.series["train"]
    assert train.column("lr")[-4:].tolist() == pytest.approx([0.2, 0.05, 0.05, 0.05])
    assert [(m.title, m.step) for m in run.history.marks] == [("here", paused_at)]
    run.control.send("continue")
    run.until(lambda h: h.last_step > paused_at + 50)
    run.control.send("stop")
    end = run.until(lambda h: h.end).end
    assert end is not None
    assert (end.status, end.reason) == ("stopped", "request of ada")
    assert end.step == run.history.last_step == train.steps[-1]
    assert [r.refused for r in run.history.requests] == [""] * 6
    assert train.count == end.step, "every step is kept"


FORKED = pytest.mark.parametrize("run", ["forked"], indirect=True)


@FORKED
def test_a_request_that_makes_no_sense_is_refused_and_the_run_goes_on(run: Watched) -> None:
    run.control.send("set_lr", lr=-1)
    request = run.until(lambda h: h.requests).requests[0]
    assert "at least 0" in request.refused
    step = run.history.last_step
    run.until(lambda h: h.last_step > step)


@FORKED
@pytest.mark.parametrize("number", worker.STOPPING, ids=lambda number: number.name)
def test_what_asks_a_process_to_end_ends_a_run_cleanly(run: Watched, number: int) -> None:
    header = run.until(lambda h: h.last_step > 5).header
    assert header is not None
    os.kill(header.pid, number)
    end = run.until(lambda h: h.end).end
    assert end is not None
    assert (end.status, end.reason) == ("stopped", f"request of {signal.Signals(number).name}")


@pytest.mark.parametrize("gone", ["removed", "moved"])
def test_a_worker_whose_folder_is_gone_ends(
    gone: str, tmp_path: Path, forked: Callable[[], Worker]
) -> None:
    folder, process = folder_for(tmp_path, epochs=100_000_000), forked()
    process.give(folder)
    Watched(folder).until(lambda h: h.last_step > 5)
    if gone == "removed":
        shutil.rmtree(folder.path)
    else:
        folder.path.rename(tmp_path / "elsewhere")
    assert process.wait(DEADLINE) == 1


@FORKED
def test_kill_9_leaves_what_was_recorded(run: Watched) -> None:
    header = run.until(lambda h: h.last_step > 100).header
    assert header is not None
    os.kill(header.pid, signal.SIGKILL)
    run.until(lambda h: state_of(h, run.folder) == "crashed")
    history = History()
    history.extend(read(run.folder.recording))
    assert history.end is None
    assert history.series["train"].steps.tolist() == list(range(1, history.last_step + 1))


def test_a_run_that_was_given_one_step_waits_for_more(
    tmp_path: Path, forked: Callable[[], Worker]
) -> None:
    process = forked()
    try:
        watched = Watched(folder_for(tmp_path, epochs=50))
        process.give(watched.folder, steps=1)
        watched.until(lambda h: h.paused and h.last_step == 1)
        watched.control.send("continue")
        end = watched.until(lambda h: h.end).end
        assert end is not None
        assert (end.status, end.step) == ("finished", 50)
        assert process.wait(DEADLINE) == 0
        assert not list(tmp_path.glob("*/.*"))
        assert (watched.folder.path / watched.history.checkpoints[0].file).is_file()
    finally:
        process.kill()


def test_a_stop_before_the_workers_first_look_is_obeyed_and_one_of_before_is_not(
    tmp_path: Path, forked: Callable[[], Worker]
) -> None:
    watched = Watched(folder_for(tmp_path, epochs=100_000_000))
    watched.control.send("stop")
    process = forked()
    try:
        process.give(watched.folder)
        watched.until(lambda h: h.last_step > 5)
        watched.control.send("stop")
        watched.until(lambda h: h.end)
        assert process.wait(DEADLINE) == 0
        again = forked()
        try:
            again.give(watched.folder, resume={})
            # It is neither kept waiting nor has it looked: PyTorch takes longer to be asked.
            watched.control.send("stop")
            watched.until(lambda h: h.seams and h.end)
            assert [each.action for each in watched.history.requests] == ["stop", "stop"]
            assert again.wait(DEADLINE) == 0
        finally:
            again.kill()
    finally:
        process.kill()


def test_whose_run_it_is_is_known_before_anything_is_recorded(
    tmp_path: Path, forked: Callable[[], Worker]
) -> None:
    folder, process = folder_for(tmp_path, epochs=100_000_000), forked()
    os.kill(process.pid, signal.SIGSTOP)
    try:
        process.give(folder)
        assert glance(folder).state == "starting"
    finally:
        process.kill()
    process.wait(DEADLINE)
    assert not folder.recording.exists()
    assert glance(folder).state == "crashed"


def test_a_warm_worker_without_a_folder_ends_with_its_lab(tmp_path: Path) -> None:
    process = Worker.start()
    process.close()
    assert process.wait(DEADLINE) == 0
    with pytest.raises(RunError, match="the worker ended before it had a run"):
        process.give(folder_for(tmp_path))


def test_one_that_is_given_no_folder_is_gone_with_the_command_that_started_it() -> None:
    with Worker.start() as process:
        pass
    assert process.wait(DEADLINE) < 0


def test_the_last_words_of_a_worker_are_known_after_it_was_found_dead() -> None:
    said = "import sys; sys.exit('Traceback\\nImportError: no torch\\n')"
    complaints = nameless_file()
    with subprocess.Popen([sys.executable, "-c", said], stderr=complaints) as process:
        process.wait(DEADLINE)
        dead = Worker(process, complaints)
        assert dead.poll() == 1
        assert dead.last_words() == "ImportError: no torch"


def work(folder: RunFolder, device: str = "auto") -> tuple[int, list[Event]]:
    """Work in this process, which keeps its own signal handlers."""
    before = {number: signal.getsignal(number) for number in worker.STOPPING}
    try:
        status = worker.work(folder, device=device)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status, list(read(folder.recording))


def test_sigterm_before_the_first_step_leaves_a_recording_that_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = worker.Trainer

    def asked_to_end_meanwhile(*arguments: object, **options: object) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return make(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(worker, "Trainer", asked_to_end_meanwhile)
    status, events = work(folder_for(tmp_path, epochs=10_000))
    end = events[-1]
    assert status == 0
    assert (end.status, end.step) == ("stopped", 0)  # type: ignore[attr-defined]


def test_a_recording_has_what_design_promises(tmp_path: Path) -> None:
    folder = folder_for(tmp_path, epochs=60)
    status, events = work(folder)
    history = History()
    history.extend(events)
    assert status == 0
    header, end = history.header, history.end
    assert header is not None
    assert end is not None
    assert (header.gradients, header.device, header.threads) == ("manual", "cpu", 1)
    assert header.experiment["train"]["epochs"] == 60
    assert header.versions["torch"]
    assert events[-2].kind == "checkpoint"
    assert history.snapshot_steps == list(range(61))
    assert set(end.result) >= {
        *(f"{part}_{what}" for part in ("train", "dev", "test") for what in ("loss", "accuracy")),
        "steps",
        "epochs",
        "seconds",
        "steps_per_second",
    }


def test_a_device_that_is_not_there_is_said_in_the_recording(tmp_path: Path) -> None:
    status, events = work(folder_for(tmp_path), device="cuda:99")
    assert status == 1
    assert [event.kind for event in events] == ["header", "end"]
    assert events[1].status == "failed"  # type: ignore[attr-defined]
    assert "cuda:99" in events[1].reason  # type: ignore[attr-defined]


def test_an_experiment_that_does_not_hold_is_said_in_the_recording(tmp_path: Path) -> None:
    folder = create_run("bad", "[model]\nhidden = [-5]\n", tmp_path)
    status, events = work(folder)
    assert status == 1
    assert "must be at least 1 (got -5)" in events[1].reason  # type: ignore[attr-defined]


def test_a_run_that_diverges_ends_so(tmp_path: Path) -> None:
    spec = experiment(CUBIC, optimizer={"name": "sgd", "lr": 1e12})
    status, events = work(create_run("cubic", presets.dumps(spec), tmp_path))
    assert status == 1
    end = events[-1]
    assert (end.status, end.kind) == ("diverged", "end")  # type: ignore[attr-defined]
    assert f"at step {end.step}" in end.reason  # type: ignore[attr-defined]


def test_a_full_disk_ends_the_run_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, room = Recorder._append, [6]

    def fills_up(recorder: Recorder, lines: bytes) -> None:
        if room[0] == 0 and recorder._reserve.exists():
            raise OSError(28, "No space left on device")
        room[0] -= room[0] > 0
        append(recorder, lines)

    monkeypatch.setattr(Recorder, "_append", fills_up)
    monkeypatch.setattr("engine.recording.file.FLUSH_SECONDS", 0.0)
    folder = folder_for(tmp_path, epochs=100_000)
    status, events = work(folder)
    end, history = events[-1], History()
    history.extend(events)
    assert status == 1
    assert end.status == "failed"  # type: ignore[attr-defined]
    assert "No space left on device" in end.reason  # type: ignore[attr-defined]
    train = history.series["train"]
    assert train.steps.tolist() == list(range(1, train.count + 1))


def test_wherever_a_disk_runs_full_the_recording_says_how_the_run_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each write but the first few is the first that finds no room, until the reserve is gone."""
    append, room, refused, statuses = Recorder._append, [0], list[int](), list[str]()

    def fills_up(recorder: Recorder, lines: bytes) -> None:
        if room[0] <= 0 and recorder._reserve.exists():
            refused.append(room[0])
            raise OSError(28, "No space left on device")
        room[0] -= 1
        append(recorder, lines)

    monkeypatch.setattr(Recorder, "_append", fills_up)
    monkeypatch.setattr("engine.recording.file.FLUSH_SECONDS", 0.0)
    for writes in itertools.count():
        room[0] = writes
        refused.clear()
        status, events = work(folder_for(tmp_path / str(writes), epochs=3))
        end = events[-1]
        assert isinstance(end, End)
        assert (end.status == "finished") == (end.step == 3)
        statuses.append(end.status)
        if not refused:
            break
        assert "No space left on device" in f"{events[-2]} {end}"
        assert status == 1
    assert {"failed", "finished"} == set(statuses)


def test_no_run_is_made_where_there_is_no_room_to_say_how_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.recording.reserve.os.urandom", full)
    with pytest.raises(RunError, match="no run can be made here: No space left on device"):
        folder_for(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kilobytes", [16, 72, 120, 220])
def test_a_small_disk_says_why(kilobytes: int) -> None:
    try:
        came = full_disk.came_of(kilobytes)
    except PermissionError as error:
        pytest.skip(str(error))
    assert came in ("refused", "failed", "finished")


def test_a_checkpoint_that_cannot_be_written_costs_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.recording.checkpoints.replace_file", full)
    status, events = work(folder_for(tmp_path, epochs=3))
    assert status == 0
    assert [event.kind for event in events[-2:]] == ["warning", "end"]
    assert not list(tmp_path.glob("*/checkpoints/*"))


def test_a_second_worker_does_not_touch_a_recording(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = folder_for(tmp_path, epochs=3)
    work(folder)
    before = folder.recording.read_bytes()
    assert work(folder)[0] == worker.WRONG
    assert "there is a recording already" in capfd.readouterr().err
    assert folder.recording.read_bytes() == before
