"""A run as the lab sees it: read in parts, and how it stands."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.recording.events import End, Request
from engine.runs.folder import RunFolder
from engine.runs.processes import Processes
from engine.runs.summary import GlancedRun
from tests.labs import FakeRun, FakeWorker
from tui.terminal.frame_clock import Clock
from tui.watching import watch as watching
from tui.watching.watch import Watch


@pytest.fixture
def run(tmp_path: Path) -> Iterator[FakeRun]:
    fake = FakeRun(tmp_path)
    yield fake
    fake.close()


def test_a_run_without_a_recording_is_starting(run: FakeRun) -> None:
    watch = Watch(run.folder)
    watch.poll()
    assert watch.state == "starting"
    assert watch.going
    assert watch.situation == "live"
    assert watch.standing(0).state == "starting"


def test_a_run_is_followed_from_its_header_to_its_end(run: FakeRun) -> None:
    watch = Watch(run.folder)
    run.begin().train([0.9, 0.5])
    watch.poll()
    assert watch.state == "running"
    standing = watch.standing(2)
    assert standing.loss == pytest.approx(0.5)
    assert standing.dev_accuracy == 0.75
    assert standing.steps == 3000
    assert watch.standing(1).loss == pytest.approx(0.9)
    run.end("stopped", "a request", test_loss=0.1)
    watch.poll()
    assert watch.state == "ended"
    assert watch.situation == "over"
    assert watch.standing(2).result == {"test_loss": 0.1}


def test_a_long_recording_takes_several_polls_and_says_how_far_it_is(
    run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "CHUNK", 1000)
    run.begin()
    for _ in range(20):
        run.train([0.5] * 10)
    watch = Watch(run.folder, clock=iter(range(10_000)).__next__)
    shares = []
    watch.poll()
    while watch.behind:
        shares.append(watch.loaded)
        watch.poll()
    assert watch.history.last_step == 200
    assert len(shares) > 3
    assert shares == sorted(shares)
    assert shares[0] < 0.5
    assert watch.loaded == 1.0


def test_a_worker_of_this_lab_that_is_dead_has_crashed_whatever_the_table_of_processes_says(
    run: FakeRun,
) -> None:
    worker = FakeWorker()
    run.begin().train([0.5])
    watch = Watch(run.folder, worker)  # type: ignore[arg-type]
    watch.poll()
    assert watch.state == "running"
    worker.status = -9
    watch.poll()
    assert watch.state == "crashed"
    assert not watch.going


def test_a_run_that_another_worker_goes_on_with_has_not_crashed(run: FakeRun) -> None:
    worker = FakeWorker()
    worker.pid, worker.status = 2**22 + 1, 2
    run.begin().train([0.5])
    watch = Watch(run.folder, worker)  # type: ignore[arg-type]
    watch.poll()
    assert watch.state == "running"


def test_a_worker_that_ends_while_it_is_looked_at_has_not_crashed(
    run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(*_: object) -> bool:
        run.end()
        return False

    run.begin().train([0.5])
    watch, look = Watch(run.folder), GlancedRun(run.folder)
    watch.poll()
    look.again()
    monkeypatch.setattr(Processes, "has", ends)
    watch.poll()
    assert (watch.state, watch.standing(1).reason) == ("ended", "epochs")
    assert look.glance().state == "ended"


def test_a_worker_that_ended_in_order_has_not_crashed(run: FakeRun) -> None:
    worker = FakeWorker()
    run.begin().train([0.5])
    run.end()
    worker.status = 0
    watch = Watch(run.folder, worker)  # type: ignore[arg-type]
    watch.poll()
    assert watch.state == "ended"


def test_it_is_said_when_a_worker_died_or_wrote_last(tmp_path: Path) -> None:
    then, worker = time.time() - 3600, FakeWorker()
    run = FakeRun(tmp_path, time=then).begin()
    run.train([0.5])
    run.close()
    os.utime(run.folder.recording, (then, then))
    watch, at = Watch(run.folder, worker), time.strftime("%H:%M", time.localtime(then))  # type: ignore[arg-type]
    watch.poll()
    assert watch.state == "silent"
    assert re.match(f"the last word came .*at {at}", watch.standing(1).reason)
    worker.status = -9
    watch.poll()
    assert watch.state == "crashed"
    assert re.match(f"the worker died .*at {at}.*: ", watch.standing(1).reason)


def test_a_worker_that_left_no_log_is_asked_for_its_last_words(run: FakeRun) -> None:
    worker = FakeWorker()
    worker.status, worker.words = 1, "ImportError: no torch"
    watch = Watch(run.folder, worker)  # type: ignore[arg-type]
    watch.poll()
    assert watch.state == "crashed"
    assert "ImportError: no torch" in watch.standing(0).reason


def test_a_recording_alone_can_be_watched(run: FakeRun, tmp_path: Path) -> None:
    run.begin().train([0.5])
    run.tell(End(step=1, status="finished", reason="epochs"))
    alone = tmp_path / "mailed.jsonl"
    alone.write_bytes(run.folder.recording.read_bytes())
    watch = Watch(RunFolder(alone))
    watch.poll()
    assert watch.state == "ended"
    assert watch.title == "Two moons"


@pytest.mark.parametrize(
    ("action", "arguments", "refused", "words"),
    [
        ("pause", {}, "", "paused after step 1"),
        ("step", {"n": 1}, "", "one step at a time"),
        ("continue", {}, "", "goes on after step 1"),
        ("set_lr", {"lr": 0.25}, "", "learning rate 0.25 after step 1"),
        ("set_lr", {"lr": -1}, "must be at least 0", "refused at step 1: must be at least 0"),
        ("dance", {}, "", "dance after step 1"),
    ],
)
def test_what_came_of_a_request_is_said(
    run: FakeRun, action: str, arguments: dict[str, float], refused: str, words: str
) -> None:
    run.begin().train([0.5])
    run.tell(
        Request(id="1", viewer="me", action=action, arguments=arguments, step=1, refused=refused)
    )
    watch = Watch(run.folder)
    watch.poll()
    assert words in watch.standing(1).note


def test_the_learning_rate_is_what_was_asked_for_last(run: FakeRun) -> None:
    run.begin().train([0.5])
    watch = Watch(run.folder)
    watch.poll()
    assert watch.learning_rate() == pytest.approx(0.2)
    watch.lr_asked = 0.25
    assert watch.learning_rate() == 0.25
    run.tell(Request(id="1", viewer="me", action="set_lr", arguments={"lr": 0.25}, step=1))
    watch.poll()
    assert watch.learning_rate() == 0.25
    assert watch.lr_asked is None


def test_the_clock_is_slower_over_ssh_and_where_frames_are_dear() -> None:
    assert Clock.of({}).wait == 0.25
    assert Clock.of({"SSH_CONNECTION": "a b"}).wait == 0.5
    clock = Clock(4.0)
    clock.took(0.01)
    assert clock.wait == 0.25
    clock.took(0.2)
    assert clock.wait == pytest.approx(1.0)
    clock.took(100.0)
    assert clock.wait == 4.0
    for _ in range(40):
        clock.took(0.01)
    assert clock.wait == 0.25
