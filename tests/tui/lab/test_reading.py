"""A recording that takes its time to be read: what is said of it meanwhile is true at its end."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.recording.events import Heartbeat, Request
from engine.runs.processes import Processes
from tests.labs import FakeRun, lab_of, make_app, settled, shown, slow_disk, stalled_disk, until
from tui.cli import app as command
from tui.lab.screenshot import words_of
from tui.panes.diagnosis import DiagnosisPane
from tui.watching import watch as watching
from tui.watching.traces import gather_view
from tui.watching.watch import Watch

DEAD = {"pid": 2**22 + 1}
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> FakeRun:
    """A finished run of 8 MB whose loss rose from its middle on, so that something is wrong."""
    run = FakeRun(tmp_path_factory.mktemp("runs"), **DEAD).begin()
    for block in range(100):
        run.train([0.5 + (block > 50) * block] * 2000)
    assert run.folder.recording.stat().st_size > 8 * MEGABYTE
    run.end(test_loss=0.25, test_accuracy=0.875)
    run.close()
    return run


def ended(run: FakeRun) -> None:
    run.end(test_loss=0.25)


def diverged(run: FakeRun) -> None:
    run.end("diverged", "the loss is nan at step 7")


def paused(run: FakeRun) -> None:
    run.tell(Request(id="1", viewer="me", action="pause", step=run.step))
    for _ in range(200):
        run.tell(Heartbeat(step=run.step))


HOW = {
    "finished": ({}, ended, "ended"),
    "finished, and its worker is gone": (DEAD, ended, "ended"),
    "diverged": (DEAD, diverged, "ended"),
    "crashed": (DEAD, lambda run: None, "crashed"),
    "running": ({}, lambda run: None, "running"),
    "paused for long": ({}, paused, "paused"),
}


@pytest.mark.parametrize("how", HOW)
def test_state_and_result_are_those_of_the_last_line_from_the_first_look_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    changes, finish, state = HOW[how]
    run = FakeRun(tmp_path, **changes).begin()
    for _ in range(40):
        run.train([0.5] * 10)
    finish(run)
    run.close()
    os.utime(run.folder.recording, (0, 0))
    monkeypatch.setattr(watching, "GLIMPSE", 1000)
    seen, shares = set(), []
    with slow_disk(monkeypatch):
        watch = Watch(run.folder)
        watch.poll()
        assert watch.reading
        while watch.reading:
            standing = watch.standing(watch.history.last_step)
            seen.add((watch.state, standing.status, str(standing.result), standing.step))
            shares.append(watch.loaded)
            watch.poll()
    standing = watch.standing(watch.history.last_step)
    assert seen == {(watch.state, standing.status, str(standing.result), standing.step)}
    assert watch.state == state
    assert watch.loaded == 1.0
    assert standing.step == 400
    assert len(shares) >= 40
    assert shares == sorted(shares)
    assert shares[0] < 0.3


def test_of_a_long_recording_the_first_look_reads_the_end_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = FakeRun(tmp_path).begin()
    for _ in range(40):
        run.train([0.5] * 10)
    run.end(test_loss=0.25)
    run.close()
    monkeypatch.setattr(watching, "GLIMPSE", 1000)
    monkeypatch.setattr(watching, "LONG", 1000)
    watch = Watch(run.folder)
    watch.poll()
    assert (watch.reading, watch.state, watch.history.last_step) == (True, "ended", 400)
    # Nothing was read on the way there but what the run is.
    assert watch.whole.header is not None
    assert (watch.whole.last_step, watch.whole.series["train"].count) == (0, 0)
    assert watch.history.series["train"].count < 200
    watch.poll()
    assert (watch.reading, watch.history.series["train"].count) == (False, 400)


def test_a_run_that_goes_on_while_it_is_read_is_followed_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = FakeRun(tmp_path).begin()
    for _ in range(20):
        run.train([0.5] * 10)
    with slow_disk(monkeypatch) as let_go:
        watch = Watch(run.folder)
        watch.poll()
        assert (watch.state, watch.history.last_step) == ("running", 200)
        run.train([0.4] * 10)
        watch.poll()
        assert watch.history.last_step == 210
        run.end()
        watch.poll()
        assert watch.state == "ended"
        let_go()
        watch.poll()
    assert not watch.reading
    assert watch.history is watch.whole
    run.close()


def test_whoever_falls_behind_later_does_not_take_the_run_for_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is gone, and what it last said has not been read yet."""
    run = FakeRun(tmp_path).begin()
    run.train([0.5])
    watch = Watch(run.folder)
    watch.poll()
    with slow_disk(monkeypatch):
        watch._reader.__class__ = watching.Reader
        for _ in range(20):
            run.train([0.5] * 10)
        run.end()
        monkeypatch.setattr(Processes, "has", lambda *_: False)
        states = set()
        watch.poll()
        while watch.behind:
            assert not watch.reading
            states.add(watch.state)
            watch.poll()
    assert states == {"running"}
    assert watch.state == "ended"
    run.close()


async def test_nothing_is_judged_on_a_half_read_recording(
    long_run: FakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = long_run.folder
    with stalled_disk(monkeypatch) as let_go:
        app, _ = make_app(folder.path.parent, run=folder)
        async with app.run_test(size=(200, 60)) as pilot:
            lab = lab_of(pilot)
            await until(pilot, lambda: re.search(r"reading \d\d? %", shown(pilot)))
            for _ in range(5):
                await settled(pilot)
                screen = shown(pilot)
                assert "crashed" not in screen
                assert "finished" in screen
                assert "test accuracy 0.8750" in screen
                assert re.search(r"reading \d\d? %", screen)
                assert not lab.view.findings
                assert not lab.view.weights
                assert gather_view(lab.view, 80).best is None
                assert "reading" in words_of(lab.query_one(DiagnosisPane))
            assert lab.situation == "over"
            await pilot.press("F")
            assert "still being read" in lab.entries[-1].sentence
            let_go()
            await until(pilot, lambda: lab.view.findings)
            assert lab.view.weights == "best"
            assert gather_view(lab.view, 80).best == 1
            await until(pilot, lambda: "reading" not in words_of(lab.query_one(DiagnosisPane)))
            assert not lab.view.reading
            assert not re.search(r"reading \d", shown(pilot))


async def test_a_race_waits_for_all_of_every_run(
    long_run: FakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = FakeRun(tmp_path).begin()
    short.train([0.5] * 20)
    short.end()
    short.close()
    with stalled_disk(monkeypatch) as let_go:
        app, _ = make_app(tmp_path, run=short.folder)
        async with app.run_test(size=(200, 60)) as pilot:
            lab = lab_of(pilot)
            await until(pilot, lambda: lab.view.step == 20)
            lab.cast.toggle(long_run.folder)
            lab.wake()
            await until(pilot, lambda: lab.view.others)
            assert "reading" in lab.view.reading
            assert not lab.view.findings
            await until(pilot, lambda: "reading" in words_of(lab.query_one("#race-layers")))
            let_go()
            await until(pilot, lambda: not lab.view.reading)
            await until(pilot, lambda: "layer" in words_of(lab.query_one("#race-layers")))


def test_what_is_printed_of_a_long_recording_is_of_all_of_it(long_run: FakeRun) -> None:
    folder = str(long_run.folder.path.parent)
    told = CliRunner().invoke(command, ["show", "last", "--runs-dir", folder])
    assert "finished" in told.output
    assert "reading" not in told.output
    listed = CliRunner().invoke(command, ["runs", "--runs-dir", folder]).output
    assert "finished" in listed
    assert "crashed" not in listed


def test_rows_are_found_before_a_long_line_at_the_end(tmp_path: Path) -> None:
    """The loss that a list shows is that of the newest rows, however long what follows them is."""
    from engine.recording.events import RunWarning
    from engine.runs.summary import LAST, glance

    run = FakeRun(tmp_path).begin()
    run.train([0.5] * 20)
    run.tell(RunWarning(step=20, message="x" * (3 * LAST)))
    run.end()
    run.close()
    assert glance(run.folder).loss == 0.5
