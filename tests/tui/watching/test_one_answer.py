"""How a run stands is answered the same by every command, by the lab and by objects for programs.

situation ─► runs · runs --json · show · show --json · the lab · attach · stop · resume
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.errors import RunError
from engine.recording.events import Event, Request
from engine.recording.file import Recorder
from engine.recording.loading import load_history
from engine.runs.folder import RunFolder, create_run
from engine.runs.processes import Processes, appoint
from engine.runs.resuming import check_resumable
from engine.runs.summary import glance
from tests.runs import end, header, rows
from tui.cli import app
from tui.watching.watch import Watch

NOBODY = 2**22 + 5
"""The pid of no process."""

PAUSE = Request(id="1", viewer="ada", action="pause", step=3)

Make = Callable[[RunFolder], None]


def given_to(pid: int) -> Make:
    return lambda run: appoint(run, Processes().of(pid))


def recorded(*events: Event, pid: int = 0) -> Make:
    """A recording of this process, or of another."""

    def make(run: RunFolder) -> None:
        writer = Processes().of(pid or os.getpid())
        recorder = Recorder.create(run.recording, header(run.name, **vars(writer)))
        recorder.record(*events)
        recorder.flush()

    return make


def made_long_ago(run: RunFolder) -> None:
    os.utime(run.experiment_file, (1e9, 1e9))


SITUATIONS: dict[str, tuple[Make, str]] = {
    "it was made a moment ago": (lambda run: None, "starting"),
    "it was made long ago, and nobody knows by whom": (made_long_ago, "crashed"),
    "its worker loads its data": (given_to(os.getpid()), "starting"),
    "its worker was killed before its first word": (given_to(NOBODY), "crashed"),
    "it has begun": (recorded(), "running"),
    "it trains": (recorded(rows(1, [0.5] * 3)), "running"),
    "it waits": (recorded(rows(1, [0.5] * 3), PAUSE), "paused"),
    "its worker was killed after its first word": (recorded(pid=NOBODY), "crashed"),
    "its worker was killed": (recorded(rows(1, [0.5] * 3), pid=NOBODY), "crashed"),
    "it is over": (recorded(rows(1, [0.5] * 3), end(), pid=NOBODY), "ended"),
    "it was stopped": (recorded(rows(1, [0.5] * 3), end(3, "stopped", "a request")), "ended"),
    "it failed before its first step": (recorded(end(0, "failed", "no data")), "ended"),
}


@pytest.fixture(params=SITUATIONS)
def situation(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[RunFolder, str]:
    make, state = SITUATIONS[request.param]
    run = create_run("a", 'title = "A"\n', tmp_path)
    make(run)
    return run, state


def said(*arguments: str, run: RunFolder) -> tuple[int, str]:
    place = ["--runs-dir", str(run.path.parent)]
    result = CliRunner().invoke(app, [*arguments, *place])
    return result.exit_code, result.output


def test_every_command_gives_one_answer(situation: tuple[RunFolder, str]) -> None:
    run, state = situation
    watch = Watch(run)
    watch.poll()
    over = watch.history.end.status if watch.history.end is not None else ""
    told = {
        "the lab": watch.state,
        "the list of runs": glance(run).state,
        "runs --json": json.loads(said("runs", "--json", run=run)[1])["state"],
        "show --json": json.loads(said("show", run.name, "--json", run=run)[1])["state"],
    }
    assert set(told.values()) == {state}
    assert f" {state} " in said("runs", run=run)[1]
    assert (over or state) in said("show", run.name, run=run)[1].split("\n")[1]


def test_only_a_run_that_somebody_trains_can_be_asked_to_stop(
    situation: tuple[RunFolder, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, state = situation
    monkeypatch.setattr("engine.headless.stopping._await_end", lambda *_: None)
    status, words = said("stop", run.name, run=run)
    wanted = {"ended": "is over: ", "crashed": "has no worker any more"}
    assert wanted.get(state, "was asked to stop") in words
    assert (status == 2) is (state in wanted)


def test_only_a_run_that_nobody_trains_can_be_gone_on_with(
    situation: tuple[RunFolder, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, state = situation
    monkeypatch.setattr("engine.worker.launch.Worker.start", lambda **_: pytest.fail("started"))
    status, words = said("resume", run.name, run=run)
    assert status == 2
    assert (f"is still {state}" in words) is (state in ("starting", "running", "paused"))


def test_a_run_that_nobody_can_tell_of_is_gone_on_with_once_it_was_silent_for_long(
    tmp_path: Path,
) -> None:
    """Its container was started anew: who trained it was another process of the same number."""
    run = create_run("a", "", tmp_path)
    writer = replace(Processes().of(os.getpid()), boot="another", host="elsewhere")
    parameters = {"layer1.weight": [1, 1]}
    told = header(run.name, **vars(writer), time=1000.0, parameters=parameters, steps=9)
    Recorder.create(run.recording, told).close()
    history = load_history(run.recording)
    with pytest.raises(RunError, match="may still be training; stop it where it does, or wait"):
        check_resumable(run, history)
    os.utime(run.recording, (2000.0, 2000.0))
    check_resumable(run, history)
