"""A run that is broken off anywhere and gone on with comes to what it would have come to."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.experiment.experiment import Experiment
from engine.presets import preset as presets
from engine.recording.checkpoints import read as read_checkpoint
from engine.recording.events import Event
from engine.recording.file import Recorder, read
from engine.recording.history import History
from engine.recording.kept_weights import last_weights
from engine.runs.folder import RunFolder, create_run
from engine.runs.requests import Control, Inbox, PendingRequest
from engine.training import checkpoints
from engine.training.trainer import Trainer
from engine.worker import __main__ as worker
from tests.engine.training.test_state import shortened
from tests.experiments import CUBIC, MINIBATCHES, MOONS, experiment
from tests.users import another_user, as_root

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


def shared(*runs: dict[str, Any]) -> list[dict[str, Any]]:
    """What runs came to, of their weights only those of steps that all have kept.

    A longer run keeps those of fewer steps, and one that ended those of its end.
    """
    steps = set.intersection(*({step for step, _ in each["weights"]} for each in runs))
    assert len(steps) > 16
    return [
        {**each, "weights": [(step, bits) for step, bits in each["weights"] if step in steps]}
        for each in runs
    ]


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


@pytest.mark.parametrize("seconds", [1e6, 0.0], ids=["before the checkpoint", "after it"])
def test_a_rate_that_was_set_holds_for_whoever_goes_on(
    seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SECONDS", seconds)
    spec, polls = experiment(CUBIC, train={"steps": 80}), [0]

    def poll(inbox: Inbox) -> list[PendingRequest]:
        polls[0] += 1
        asked = PendingRequest("an-id", "ada", "set_lr", {"lr": 0.5})
        return [asked] if polls[0] == 6 else []

    monkeypatch.setattr(Inbox, "poll", poll)
    straight = work(folder_for(tmp_path, spec, "straight"))
    assert {0.05, 0.5} == {round(float(lr), 2) for lr in straight.series["train"].column("lr")}
    polls[0], folder = 0, folder_for(tmp_path, spec)
    killed(folder, monkeypatch, 20)
    assert [each.step for each in history_of(folder).requests] == [21]
    history = work(folder, resume={})
    assert (history.seams[0].from_step > 21) == (seconds == 0.0)
    assert came_to(history) == came_to(straight)


def test_a_run_that_was_paused_when_it_was_killed_goes_on_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, polls = experiment(CUBIC, train={"steps": 60}), [0]

    def poll(inbox: Inbox) -> list[PendingRequest]:
        polls[0] += 1
        return [PendingRequest("an-id", "ada", "pause", {})] if polls[0] == 6 else []

    monkeypatch.setattr(Inbox, "poll", poll)
    folder = folder_for(tmp_path, spec)
    killed(folder, monkeypatch, 20)
    before = history_of(folder)
    assert before.paused
    # The newest one is of the pause, so that nothing is taken again.
    newest = checkpoints.written(folder)[-1]
    assert read_checkpoint(newest)["paused"]
    history = work(folder, resume={})
    assert [each.paused for each in history.seams] == [True]
    assert history.seams[0].from_step == before.last_step == checkpoints.step_of(newest)
    assert history.seams[0].words.endswith("; it was paused there")
    assert came_to(history) == came_to(work(folder_for(tmp_path, spec, "straight")))


def test_of_an_earlier_version_s_checkpoint_it_takes_the_weights_and_begins_anew_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = folder_for(tmp_path, SPECS["moons"], "straight")
    wanted = came_to(work(straight))
    folder = folder_for(tmp_path, SPECS["moons"])
    killed(folder, monkeypatch, 20)
    for path in checkpoints.written(folder):
        state = read_checkpoint(path)
        tensors = {name: torch.tensor(each) for name, each in state["weights"].items()}
        best = {"best_weights": tensors, "best_steps": [0]}
        torch.save({"step": state["step"], "weights": tensors, **best}, path.with_suffix(".pt"))
        path.unlink()
    folder.recording.write_bytes(folder.recording.read_bytes().replace(b".safetensors", b".pt"))
    before = history_of(folder)
    kept = last_weights(before, folder=folder.path)
    assert kept.step == before.last_step
    history = work(folder, resume={})
    assert history.seams[0].words.startswith("the run begins anew from its seed")
    assert "is of an earlier version, which kept too little" in history.seams[0].words
    assert came_to(history) == wanted


class TestOfARunThatIsOver:
    @pytest.fixture
    def done(self, tmp_path: Path) -> RunFolder:
        # At each step, for where "auto" probes a run hangs on where its end was planned.
        folder = folder_for(tmp_path, experiment(MINIBATCHES, train={"epochs": 4, "probe": 1}))
        work(folder)
        return folder

    def test_it_is_lengthened_to_what_it_would_have_been(
        self, done: RunFolder, tmp_path: Path
    ) -> None:
        planned = experiment(MINIBATCHES, train={"epochs": 9, "probe": 1})
        longer = folder_for(tmp_path, planned, "longer")
        wanted = came_to(work(longer))
        history = work(done, resume={"until": 45})
        assert history.header is not None
        assert history.header.steps == 45
        came, wanted = shared(came_to(history), wanted)
        assert came == wanted | {"end": (45, "finished", "epochs")}

    def test_without_another_end_it_is_refused(self, done: RunFolder, capfd: Any) -> None:
        before = done.recording.read_bytes()
        assert worker.work(done, resume={}) == 2
        assert "has done its 20 steps; --until steps=N lengthens it" in capfd.readouterr().err
        assert done.recording.read_bytes() == before


def test_one_that_was_killed_does_not_go_back_to_an_end_that_lies_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    folder = folder_for(tmp_path, SPECS["moons"])
    killed(folder, monkeypatch, 20)
    step = history_of(folder).last_step
    assert worker.work(folder, resume={"until": step - 1}) == 2
    said = f"--until steps={step - 1}: it has gone as far as step {step};"
    assert said in capfd.readouterr().err
    assert work(folder, resume={"until": step}).last_step == step


@pytest.mark.parametrize("ending", [{"patience": 5}, {"loss_threshold": 0.3}], ids=str)
def test_an_early_end_is_ignored_where_that_is_asked_for(
    ending: dict[str, Any], tmp_path: Path, capfd: Any
) -> None:
    changes = {"optimizer": {"name": "adam"}, "train": {"keep_best": "loss", **ending}}
    folder = folder_for(tmp_path, experiment(MOONS, **changes))
    end = work(folder).end
    assert end is not None
    assert end.reason in next(iter(ending))
    assert worker.work(folder, resume={}) == 2
    assert "--ignore-stopping goes on all the same" in capfd.readouterr().err

    without = experiment(MOONS, optimizer={"name": "adam"}, train={"keep_best": "loss"})
    wanted = came_to(work(folder_for(tmp_path, without, "without")))
    came, wanted = shared(came_to(work(folder, resume={"ignore_stopping": True})), wanted)
    assert came == wanted


def test_a_run_that_diverged_is_refused_with_a_remedy(tmp_path: Path, capfd: Any) -> None:
    spec = experiment(CUBIC, model={"activation": "identity"}, optimizer={"name": "sgd", "lr": 1.0})
    folder = folder_for(tmp_path, spec)
    work(folder)
    assert worker.work(folder, resume={}) == 2
    said = capfd.readouterr().err
    named = re.search(rf"epochal fork {folder.name} --at (\d+) --set optimizer.lr=", said)
    assert named, said
    step, history = int(named[1]), history_of(folder)
    assert history.end is not None
    assert 0 < step < history.end.step
    weights = read_checkpoint(folder.checkpoints / f"step-{step}.safetensors")["weights"]
    assert all(np.isfinite(each).all() for each in weights.values())
    # Nothing finite is lost: of the checkpoints after it none is.
    later = [each for each in checkpoints.written(folder) if checkpoints.step_of(each) > step]
    for path in later:
        rows = history.series["train"].between(checkpoints.step_of(path) + 1, history.last_step)
        assert not np.isfinite(rows[0, :1]).any()


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


@pytest.mark.parametrize("cost", [0.001, 0.2, 3.0])
def test_checkpoints_take_two_hundredths_of_a_run_by_what_it_says_itself(
    cost: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SECONDS", 5.0)
    monkeypatch.setattr(checkpoints, "TIMES", 50)
    now = [0.0]

    def write(path: Path, state: Any) -> None:
        path.touch()
        now[0] += cost

    monkeypatch.setattr(checkpoints, "write", write)
    trainer = Trainer(SPECS["moons"], device="cpu")
    wanted = checkpoints.Checkpoints(RunFolder(tmp_path), trainer, lambda: None, lambda: now[0])
    said: list[Any] = []
    for step in range(8000):
        trainer.step = step
        now[0] += 0.05
        said += wanted.take()
    assert len(said) > 1
    seconds = sum(each.seconds for each in said)
    assert seconds == pytest.approx(cost * len(said))
    # The one that was written last is not yet made up for.
    assert seconds - cost <= 0.02 * now[0]


def test_a_checkpoint_in_place_of_another_of_its_step_waits_for_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rate that is set where a run is paused, and whose worker is killed, is nowhere or in both.

    It was in the checkpoint alone: the recording had not been written yet.
    """
    done: list[str] = []
    write = checkpoints.write

    def written(path: Path, state: Any) -> None:
        done.append(path.stem)
        write(path, state)

    monkeypatch.setattr(checkpoints, "write", written)
    trainer = Trainer(SPECS["moons"], device="cpu")
    wanted = checkpoints.Checkpoints(RunFolder(tmp_path), trainer, lambda: done.append("recording"))
    wanted.save(paused=True)
    trainer.step = 7
    wanted.save(paused=True)
    trainer.lr = 2.0
    wanted.save()
    assert done == ["step-0", "step-7", "recording", "step-7"]


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
    # A branch begins with no seed: where it begins, it can be branched off from for ever.
    assert checkpoints.kept([2, *steps], best, 60_000_000, first=2) >= {2, *steps[-2:]}


def test_what_another_worker_has_answered_is_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_for(tmp_path, experiment(MOONS))
    name = Control(folder, "ada").send("set_lr", lr=0.01)
    killed(folder, monkeypatch, 9)
    # Ordered before the first worker looked: only the recording tells that it did.
    history = work(folder, resume={}, heard={})
    assert [request.id for request in history.requests] == [name]


def test_a_recording_is_held_before_it_is_read(tmp_path: Path, capfd: Any) -> None:
    folder = folder_for(tmp_path, experiment(MOONS))
    work(folder)
    before, held = folder.recording.read_bytes(), Recorder.hold(folder.recording)
    assert worker.work(folder, resume={"until": 10_000}) == 2
    assert "another worker is writing it" in capfd.readouterr().err
    held.close()
    assert folder.recording.read_bytes() == before


@pytest.mark.parametrize("linked", ["the checkpoint", "its folder"])
def test_a_checkpoint_that_is_a_link_is_refused(
    linked: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_for(tmp_path, experiment(CUBIC, train={"steps": 40}))
    killed(folder, monkeypatch, 6)
    before = folder.recording.read_bytes()
    link = checkpoints.written(folder)[-1] if linked == "the checkpoint" else folder.checkpoints
    outside = link.rename(tmp_path / f"outside{link.suffix}")
    link.symlink_to(outside)
    assert worker.work(folder, resume={}) == 2
    assert (
        f"{link.name}: is a link, and none is followed here; remove it" in capsys.readouterr().err
    )
    assert folder.recording.read_bytes() == before


def test_no_checkpoint_is_written_through_a_link(tmp_path: Path) -> None:
    folder, outside = folder_for(tmp_path, experiment(CUBIC, train={"steps": 40})), tmp_path / "out"
    folder.checkpoints.rename(outside)
    folder.checkpoints.symlink_to(outside)
    history = work(folder)
    assert [warning.message for warning in history.warnings if "is a link" in warning.message]
    assert list(outside.iterdir()) == []


@as_root
def test_a_checkpoint_of_another_user_is_refused(
    common_place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_for(common_place, experiment(CUBIC, train={"steps": 40}))
    killed(folder, monkeypatch, 6)
    for path in (folder.path, folder.checkpoints):
        path.chmod(0o777)
    newest = checkpoints.written(folder)[-1]
    body = newest.read_bytes()
    newest.unlink()
    with another_user():
        newest.write_bytes(body)
    assert worker.work(folder, resume={}) == 2
    assert "belongs to nobody, another user" in capsys.readouterr().err
