"""A run that is broken off anywhere and gone on with comes to what it would have come to."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.experiment.experiment import Experiment
from engine.presets import preset as presets
from engine.recording.events import Event
from engine.recording.file import Recorder, read
from engine.recording.history import History
from engine.runs.folder import RunFolder, create_run
from engine.runs.requests import Inbox, PendingRequest
from engine.training import checkpoints
from engine.worker import __main__ as worker
from tests.engine.training.test_state import shortened
from tests.experiments import CUBIC, MINIBATCHES, MOONS, experiment

pytestmark = pytest.mark.usefixtures("often")


class Killed(BaseException):
    """What a process that is killed does not live to see."""


def folder_for(path: Path, spec: Experiment, name: str = "run") -> RunFolder:
    return create_run(name, presets.dumps(spec, full=True), path)


def work(folder: RunFolder, **order: Any) -> History:
    """Train in this process, whatever that comes to, and return what is recorded."""
    worker.work(folder, device="cpu", allow_code=True, **order)
    return history_of(folder)


def history_of(folder: RunFolder) -> History:
    history = History()
    history.extend(read(folder.recording))
    return history


def killed(folder: RunFolder, monkeypatch: pytest.MonkeyPatch, calls: int, **order: Any) -> None:
    """Train until the recorder is called the so many-th time, and die within that."""
    record, left = Recorder.record, [calls]

    def dies(recorder: Recorder, *events: Event) -> None:
        left[0] -= 1
        if left[0] > 0:
            return record(recorder, *events)
        # What waits in the buffer is lost; the file may end inside a line.
        os.write(recorder._descriptor, b'{"kind":"series","t":1.0,"gro')
        os.close(recorder._descriptor)
        raise Killed

    monkeypatch.setattr(Recorder, "record", dies)
    with pytest.raises(Killed):
        worker.work(folder, device="cpu", allow_code=True, **order)
    monkeypatch.setattr(Recorder, "record", record)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the calls of the recorder from here on."""
    record, count = Recorder.record, [0]

    def counts(recorder: Recorder, *events: Event) -> None:
        count[0] += 1
        record(recorder, *events)

    monkeypatch.setattr(Recorder, "record", counts)
    return count


def came_to(history: History) -> dict[str, Any]:
    """All that a run came to, bit by bit, but how long it took."""
    assert history.end is not None
    rows: dict[str, Any] = {}
    for group, each in history.series.items():
        cells = [(name, member) for name in each.columns for member in range(each.members)]
        values = [each.column(name, member) for name, member in cells]
        rows[group] = (each.steps.tobytes(), [column.tobytes() for column in values])
    weights = [history.snapshot(step) for step in history.snapshot_steps]
    return {
        **rows,
        "weights": [(each.step, each.values.tobytes()) for each in weights if each],
        "best": history.best and (history.best.best, history.best.values.tobytes()),
        "marks": [(mark.step, mark.title, mark.note) for mark in history.marks],
        "end": (history.end.step, history.end.status, history.end.reason),
        "result": {k: repr(v) for k, v in history.end.result.items() if "second" not in k},
    }


SPECS: Mapping[str, Experiment] = {
    "moons": experiment(MOONS, train={"epochs": 150}),
    "ends by patience": experiment(
        MOONS, optimizer={"name": "adam"}, train={"patience": 5, "keep_best": "loss"}
    ),
    "minibatches": experiment(MINIBATCHES, train={"epochs": 20}),
    "a population": experiment(
        CUBIC, population={"vary": {"optimizer.lr": [0.01, 0.3, 9.0]}}, train={"steps": 90}
    ),
}


@pytest.mark.parametrize("name", SPECS)
def test_killed_anywhere_and_gone_on_with_it_comes_to_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch)
    wanted = came_to(work(folder_for(tmp_path, SPECS[name], "straight")))
    most = calls[0]
    for seed in range(3):
        draw, folder = random.Random(f"{name} {seed}"), folder_for(tmp_path, SPECS[name])
        killed(folder, monkeypatch, draw.randint(2, most))
        killed(folder, monkeypatch, draw.randint(1, 5), resume={})
        assert came_to(work(folder, resume={})) == wanted


@pytest.mark.parametrize("name", ["digits-convolution", "init-histograms", "sum-of-30"])
def test_presets_of_each_kind_go_on_to_the_same_bits(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of every preset that holds for what a checkpoint is made of: see the tests of the state.
    spec = shortened(presets.load(name).experiment)
    wanted = came_to(work(folder_for(tmp_path, spec, "straight")))
    folder = folder_for(tmp_path, spec)
    killed(folder, monkeypatch, 4)
    assert came_to(work(folder, resume={})) == wanted


def test_a_rate_that_was_set_after_the_checkpoint_is_set_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SECONDS", 1e6)
    spec, polls = experiment(CUBIC, train={"steps": 80}), [0]

    def poll(inbox: Inbox) -> list[PendingRequest]:
        polls[0] += 1
        asked = PendingRequest("an-id", "ada", "set_lr", {"lr": 0.5})
        return [asked] if polls[0] == 6 else []

    monkeypatch.setattr(Inbox, "poll", poll)
    straight = work(folder_for(tmp_path, spec, "straight"))
    assert {0.05, 0.5} == {round(float(lr), 2) for lr in straight.series["train"].column("lr")}
    polls[0], folder = 0, folder_for(tmp_path, spec)
    killed(folder, monkeypatch, 14)
    assert [each.step for each in history_of(folder).requests] == [21]
    assert came_to(work(folder, resume={})) == came_to(straight)


class TestOfARunThatIsOver:
    @pytest.fixture
    def done(self, tmp_path: Path) -> RunFolder:
        folder = folder_for(tmp_path, experiment(MINIBATCHES, train={"epochs": 4}))
        work(folder)
        return folder

    def test_it_is_lengthened_to_what_it_would_have_been(
        self, done: RunFolder, tmp_path: Path
    ) -> None:
        longer = folder_for(tmp_path, experiment(MINIBATCHES, train={"epochs": 9}), "longer")
        wanted = came_to(work(longer))
        history = work(done, resume={"until": 45})
        assert history.header is not None
        assert history.header.steps == 45
        assert came_to(history) == wanted | {"end": (45, "finished", "epochs")}

    def test_without_another_end_it_is_refused(self, done: RunFolder, capfd: Any) -> None:
        before = done.recording.read_bytes()
        assert worker.work(done, resume={}) == 2
        assert "has done its 20 steps; --until steps=N lengthens it" in capfd.readouterr().err
        assert done.recording.read_bytes() == before


def test_an_end_by_patience_is_ignored_where_that_is_asked_for(tmp_path: Path, capfd: Any) -> None:
    folder = folder_for(tmp_path, SPECS["ends by patience"])
    end = work(folder).end
    assert end is not None
    assert end.reason == "patience"
    assert worker.work(folder, resume={}) == 2
    assert "--ignore-stopping goes on all the same" in capfd.readouterr().err

    without = experiment(MOONS, optimizer={"name": "adam"}, train={"keep_best": "loss"})
    wanted = came_to(work(folder_for(tmp_path, without, "without")))
    assert came_to(work(folder, resume={"ignore_stopping": True})) == wanted


def test_a_run_that_diverged_is_refused_with_a_remedy(tmp_path: Path, capfd: Any) -> None:
    spec = experiment(CUBIC, optimizer={"name": "sgd", "lr": 1e9})
    folder = folder_for(tmp_path, spec)
    work(folder)
    assert worker.work(folder, resume={}) == 2
    assert f"epochal fork {folder.name} --at" in capfd.readouterr().err


def test_where_it_would_come_to_other_bits_it_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    folder = folder_for(tmp_path, SPECS["moons"])
    killed(folder, monkeypatch, 9)
    whole = folder.recording.read_text()
    folder.recording.write_text(whole.replace('"torch":"', '"torch":"0.', 1))
    assert worker.work(folder, resume={}) == 2
    assert re.search(r"torch \S+, then 0\.\S+; --any-way goes on", capfd.readouterr().err)
    history = work(folder, resume={"any_way": True})
    assert history.end is not None
    assert [len(seam.otherwise) for seam in history.seams] == [1]


def test_a_checkpoint_that_cannot_be_read_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = came_to(work(folder_for(tmp_path, SPECS["moons"], "straight")))
    folder = folder_for(tmp_path, SPECS["moons"])
    killed(folder, monkeypatch, 20)
    newest = checkpoints.written(folder)[-1]
    newest.write_bytes(newest.read_bytes()[:-100])
    history = work(folder, resume={})
    assert history.seams[0].from_step < checkpoints.step_of(newest)
    assert came_to(history) == wanted


@pytest.mark.parametrize(
    ("steps", "best", "size", "stay"),
    [
        ([10, 20, 30], 0, 100, {10, 20, 30}),
        ([10, 20, 30, 40], 0, 60_000_000, {30, 40}),
        ([10, 20, 30, 40], 22, 60_000_000, {20, 30, 40}),
        ([3, 5, 6, 9, 12, 17, 20], 0, 100, {3, 5, 9, 17, 20}),
        ([3, 5, 6, 9, 12, 17, 20], 0, 12_500_000, {5, 9, 17, 20}),
    ],
)
def test_few_checkpoints_stay(steps: list[int], best: int, size: int, stay: set[int]) -> None:
    assert checkpoints.kept(steps, best, size) == stay
