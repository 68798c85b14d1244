"""The log of a run: every so many-th row and each improvement, once and in order."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.headless.log import RunLog, logged_rows
from engine.headless.run import EventLines
from engine.recording.events import End, Event
from engine.recording.file import read
from engine.recording.history import History
from engine.recording.improvements import improvements
from tests.experiments import MOONS, experiment
from tests.patience import DEADLINE
from tests.trained import recorded


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """Return what a run of 40 epochs of three batches recorded."""
    given = experiment(MOONS, train={"epochs": 40, "batch_size": 16})
    folder, _ = recorded(given, tmp_path_factory.mktemp("log") / "run")
    return list(read(folder.recording))


def history_of(events: list[Event]) -> History:
    history = History()
    history.extend(events)
    return history


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_however_a_run_is_looked_at_its_log_is_the_same(events: list[Event], size: int) -> None:
    said: list[str] = []
    log, history = RunLog(said.append, every=10, improved=True), History()
    for start in range(0, len(events), size):
        history.extend(events[start : start + size])
        log.tell(history)
    assert history.header is not None
    per_epoch = history.header.steps_per_epoch
    assert per_epoch > 1
    assert said[0] == f"every 10 epochs, means of its {per_epoch} batches:"
    rows = [line for line in said if line.startswith("epoch")]
    assert [line.partition(":")[0] for line in rows] == [f"epoch {n}" for n in (10, 20, 30, 40)]
    better = improvements(history)
    told = [line.partition(" at ")[0] for line in said if line.startswith("best")]
    assert told == [each.words().partition(" at ")[0] for each in better]
    assert f" at epoch {better[-1].step // per_epoch}" in "\n".join(said)
    last = history.series["epoch"].value("loss", history.last_step)
    assert f"loss {last:.4g}"[:10] in rows[-1]
    dev = history.series["dev"].value("accuracy", history.last_step)
    assert rows[-1].endswith(f"dev accuracy {dev:.4f}")


def test_lines_stand_in_the_order_of_their_steps(events: list[Event]) -> None:
    history = history_of(events)
    told = RunLog(lambda _: None, every=5, improved=True).tell(history)
    steps = [each.step for each in told]
    assert steps == sorted(steps)
    assert len({each.plain()["kind"] for each in told}) == 2


def test_a_row_waits_for_what_is_measured_at_its_step(events: list[Event]) -> None:
    """Of the newest block no measurement may be there yet."""
    history, log = History(), RunLog(lambda _: None, every=1)
    for event in events:
        history.add(event)
        for entry in log.tell(history):
            figures = entry.plain()
            dev = history_of(events).series["dev"].value("loss", entry.step)
            assert figures["dev_loss"] == pytest.approx(dev)


def test_the_last_row_is_told_wherever_a_run_ended(events: list[Event]) -> None:
    rows = logged_rows(history_of(events), 1000, after=0, upto=10**9)
    assert [row.epoch for row in rows] == [40]
    going = history_of([event for event in events if not isinstance(event, End)])
    assert not logged_rows(going, 1000, after=0, upto=10**9)


def test_of_a_population_a_line_says_mean_and_spread(tmp_path: Path) -> None:
    given = experiment(MOONS, train={"epochs": 4}, population={"seeds": 3})
    folder, _ = recorded(given, tmp_path / "run")
    said: list[str] = []
    told = RunLog(said.append, every=2).tell(history_of(list(read(folder.recording))))
    assert said[0] == "every 2 epochs, mean ± standard deviation of 3 networks:"
    assert said[1].count(" ± ") == 4
    assert len(told[0].plain()["loss"]) == 3


def test_the_command_prints_it_before_the_result_and_show_prints_the_same(tmp_path: Path) -> None:
    def command(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "tui", *arguments, "--runs-dir", str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=True,
        )
        assert "step 25 of" not in done.stderr
        return done.stdout

    lines = command("run", "cubic", "--set", "train.epochs=250", "--log-every", "100").splitlines()
    assert lines[0] == "every 100 epochs:"
    assert [line.split(":")[0] for line in lines[1:4]] == ["epoch 100", "epoch 200", "epoch 250"]
    assert "finished" in lines[4]
    assert command("show", "last", "--log-every", "100").splitlines() == lines[:4]
    printed = command("show", "last", "--log-every", "100", "--json").splitlines()
    rows = [json.loads(line) for line in printed]
    assert [(row["kind"], row["step"], row["epoch"]) for row in rows] == [
        ("log", step, step) for step in (100, 200, 250)
    ]
    assert lines[3].endswith(f"loss {rows[-1]['loss']:#.4g}")


def test_as_json_the_lines_stand_among_those_of_the_recording(
    events: list[Event], tmp_path: Path
) -> None:
    given = experiment(MOONS, train={"epochs": 4})
    folder, _ = recorded(given, tmp_path / "run")
    history, out = history_of(list(read(folder.recording))), io.BytesIO()
    told = RunLog(lambda _: None, every=2, improved=True).tell(history)
    EventLines(folder.recording, out).pass_on(folder.recording.stat().st_size, history, told)
    kinds = [json.loads(line)["kind"] for line in out.getvalue().splitlines()]
    assert kinds.count("log") == 2
    assert kinds[-1] == "end"
