"""Runs that branch off from others, and runs that are trained once more to be verified."""

from __future__ import annotations

import random
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import RequestError, RunError
from engine.experiment.experiment import Experiment
from engine.headless.continuing import planned_fork
from engine.presets import preset as presets
from engine.recording.events import End, Header, Series, Snapshot
from engine.recording.file import read
from engine.recording.history import History
from engine.runs.folder import RunFolder
from engine.runs.requests import Inbox, PendingRequest
from engine.training import checkpoints
from engine.training.branching import branched_experiment
from engine.training.retaking import Retaking, trainer_before
from engine.training.trainer import Trainer
from engine.training.verification import verify
from engine.worker import __main__ as worker
from tests.engine.training.test_resuming import came_to, folder_for, history_of, killed, work
from tests.engine.training.test_state import shortened
from tests.experiments import CUBIC, FRESH, MINIBATCHES, MOONS, experiment

pytestmark = pytest.mark.usefixtures("often")

SPECS: Mapping[str, Experiment] = {
    "cubic": experiment(CUBIC, train={"steps": 60}),
    "cubic by autograd": experiment(CUBIC, train={"steps": 60, "gradients": "autograd"}),
    "moons": experiment(MOONS, train={"epochs": 60}),
    "minibatches": experiment(MINIBATCHES, schedule={"name": "cosine"}, train={"epochs": 12}),
    "fresh rows": experiment(FRESH, train={"steps": 60}),
    "a population": experiment(CUBIC, population={"seeds": 3}, train={"steps": 60}),
}


def forked(parent: RunFolder, at: int, *changes: str, path: Path) -> RunFolder:
    """Train a branch of a run."""
    child, _ = branched_experiment(history_of(parent), at, changes)
    folder = folder_for(path, child)
    fork = {"parent": str(parent.path), "step": at, "changes": list(changes)}
    worker.work(folder, device="cpu", fork=fork)
    return folder


def rows_of(history: History, first: int, last: int) -> dict[str, bytes]:
    return {name: rows.between(first, last).tobytes() for name, rows in history.series.items()}


@pytest.mark.parametrize("name", SPECS)
def test_a_run_is_verified_to_the_bit(name: str, parents: Mapping[str, RunFolder]) -> None:
    history = history_of(parents[name])
    verification = verify(name, history)
    assert verification.words.startswith(f"bit-equal: {history.last_step} steps")


@pytest.mark.parametrize("seed", range(4))
def test_one_number_that_was_changed_is_found_at_its_step(
    seed: int, parents: Mapping[str, RunFolder]
) -> None:
    draw, history = random.Random(seed), History()
    events = list(read(parents["minibatches"].recording))
    series = [at for at, each in enumerate(events) if isinstance(each, Series)]
    at = draw.choice(series)
    part = events[at]
    assert isinstance(part, Series)
    values = part.values.copy()
    column, row = draw.randrange(values.shape[0]), draw.randrange(values.shape[1])
    values[column, row, 0] = np.nextafter(values[column, row, 0], np.float32(np.inf))
    events[at] = replace(part, values=values)
    history.extend(events)
    name = f"{part.group}/{history.series[part.group].columns[column]}"
    said = verify("a-run", history).difference
    assert said.startswith(f"{name} of step {part.first + row * part.stride} was recorded as")


def test_rows_that_were_left_out_are_no_difference(parents: Mapping[str, RunFolder]) -> None:
    events: list[Any] = []
    for each in read(parents["minibatches"].recording):
        if isinstance(each, Series) and each.group == "train" and each.count > 2:
            each = replace(each, stride=2, values=each.values[:, ::2])
        events.append(each)
    history = History(events)
    assert history.series["train"].count < history.last_step
    assert verify("thinned", history).words.startswith("bit-equal")


def without(events: list[Any], group: str, place: float) -> tuple[list[Any], int]:
    """The same without one of the lines with rows of a group, and the first step of that."""
    lines: list[Any] = []
    for each in events:
        if not isinstance(each, Series) or each.group != group or each.count < 2:
            lines.append(each)
            continue
        # However many rows came at once when it was trained, there are several lines.
        first, second = each.values[:, :1], each.values[:, 1:]
        lines.append(replace(each, values=first))
        lines.append(replace(each, first=each.first + each.stride, values=second))
    those = [each for each in lines if isinstance(each, Series) and each.group == group]
    gone = those[round(place * (len(those) - 1))]
    return [each for each in lines if each is not gone], gone.first


@pytest.mark.parametrize("group", ["train", "dev", "probe", "epoch"])
@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
def test_rows_that_are_missing_among_others_are_one(
    group: str, place: float, parents: Mapping[str, RunFolder]
) -> None:
    events, step = without(list(read(parents["minibatches"].recording)), group, place)
    assert (
        verify("a-run", History(events)).words == f"differs: {group} of step {step} is not recorded"
    )


def test_where_a_run_was_broken_off_no_row_is_missing(parents: Mapping[str, RunFolder]) -> None:
    events = list(read(parents["minibatches"].recording))[:-1]
    for group in ("dev", "probe", "epoch"):
        shorter, _ = without(events, group, 1.0)
        assert verify("a-run", History(shorter)).words.startswith("bit-equal")


def test_figures_that_are_not_there_or_that_nothing_comes_to_are_one(
    parents: Mapping[str, RunFolder],
) -> None:
    *events, end = read(parents["cubic"].recording)
    assert isinstance(end, End)
    said = "train_loss of the result was recorded as nothing and comes to"
    assert said in verify("a-run", History([*events, replace(end, result={})])).words
    more = replace(end, result={**end.result, "test_accuracy": 1.0})
    said = "test_accuracy of the result was recorded as 1.0 and comes to nothing"
    assert said in verify("a-run", History([*events, more])).words


def test_it_is_said_where_no_weights_were_compared(parents: Mapping[str, RunFolder]) -> None:
    events = [each for each in read(parents["cubic"].recording) if not isinstance(each, Snapshot)]
    assert isinstance(events[0], Header)
    # As one that was made before it was recorded which weights are kept.
    events[0] = replace(events[0], weights_kept="")
    said = "bit-equal: 60 steps and what they come to; no weights are recorded"
    assert verify("a-run", History(events)).words == said


def test_what_cannot_be_verified_is_no_difference(parents: Mapping[str, RunFolder]) -> None:
    history = history_of(parents["cubic"])
    assert history.header is not None
    history.header = replace(history.header, versions={"torch": "1.0", "numpy": np.__version__})
    with pytest.raises(RunError, match=r"cannot be verified, because of torch \S+, then 1\.0"):
        verify("a-run", history)


def test_data_that_is_not_what_it_was_and_code_that_may_not_run_are_no_difference(
    tmp_path: Path,
) -> None:
    table = tmp_path / "points.csv"
    table.write_text("x,y\n" + "".join(f"{x},{x * x}\n" for x in range(30)))
    spec = Experiment.model_validate(
        {
            "data": {"kind": "file", "path": str(table), "task": "numbers", "targets": ["y"]},
            "loss": {"name": "mse"},
            "train": {"steps": 3},
        }
    )
    history = work(folder_for(tmp_path, spec))
    assert verify("a-run", history).words.startswith("bit-equal")
    table.write_text(table.read_text().replace("\n4,16\n", "\n4,17\n"))
    with pytest.raises(RunError, match=r"cannot be verified, because .*is not the file"):
        verify("a-run", history)
    table.unlink()
    with pytest.raises(RunError, match="cannot be verified, because "):
        verify("a-run", history)
    own = shortened(presets.load("digits-convolution").experiment)
    history = work(folder_for(tmp_path, own, "own"))
    with pytest.raises(RunError, match=r"cannot be verified, because .*--allow-code"):
        verify("own", history)


def test_where_the_device_is_not_here_it_is_equal_as_far_as_that_can_be(
    parents: Mapping[str, RunFolder],
) -> None:
    history = history_of(parents["cubic"])
    assert history.header is not None
    history.header = replace(history.header, device="cuda:7")
    said = verify("a-run", history)
    assert said.words == "equal within 0.001 over 60 steps (device cpu, then cuda:7)"


def test_rows_of_two_machines_are_verified_within_what_these_differ_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_for(tmp_path, SPECS["cubic"])
    killed(folder, monkeypatch, 9)
    there = folder.recording.read_text().replace('"device":"cpu"', '"device":"cuda:7"', 1)
    folder.recording.write_text(there)
    assert worker.work(folder, resume={}) == 2
    history = work(folder, resume={"any_way": True})
    assert history.seams[0].words.endswith("bits may differ: device cpu, then cuda:7")
    assert history.header is not None
    history.header = replace(history.header, device="cpu")
    assert verify("a-run", history).words.endswith("(device cpu, then cuda:7)")


def test_another_optimizer_begins_anew_and_says_so(
    parents: Mapping[str, RunFolder], tmp_path: Path
) -> None:
    (fork,) = history_of(forked(parents["cubic"], 30, "optimizer.name=sgd", path=tmp_path)).forks
    assert fork.words.endswith(
        " with optimizer.name sgd; begins anew: what the optimizer remembers: it is sgd now"
    )
    (fork,) = history_of(forked(parents["cubic"], 30, "optimizer.lr=0.3", path=tmp_path)).forks
    assert fork.words == f"branches off from {fork.parent} at step 30 with optimizer.lr 0.3"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("cubic", ["optimizer.lr=0.3"]),
        ("cubic", ["optimizer.name=sgd", "optimizer.momentum=0.9"]),
        ("cubic", ["schedule.name=cosine", "train.steps=90"]),
        ("cubic", ["train.clip_norm=0.01", "optimizer.weight_decay=0.1"]),
        ("cubic by autograd", ["optimizer.lr=0.3"]),
        ("cubic by autograd", ["optimizer.name=rmsprop"]),
        ("cubic by autograd", ["schedule.name=step", "schedule.step_size=7"]),
        ("moons", ["loss.name=mse"]),
        ("moons", ["model.dropout=0.3"]),
        ("moons", ["train.patience=3"]),
        ("minibatches", ["train.batch_size=9"]),
        ("minibatches", ["optimizer.momentum=0", "train.epochs=20"]),
        ("fresh rows", ["train.batch_size=3"]),
        ("a population", ["optimizer.lr=0.3"]),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_branch_has_its_parent_s_rows_and_others_from_there_on(
    name: str, changes: list[str], parents: Mapping[str, RunFolder], tmp_path: Path
) -> None:
    before = history_of(parents[name])
    after = history_of(forked(parents[name], 23, *changes, path=tmp_path))
    assert rows_of(after, 1, 23) == rows_of(before, 1, 23)
    assert rows_of(after, 24, 60) != rows_of(before, 24, 60)
    assert after.end is not None
    assert after.end.status == "finished"
    # Its own recording is enough to say all of it once more.
    assert verify("a-branch", after).words.startswith("bit-equal")
    assert [(each.step, each.parent) for each in after.forks] == [(23, parents[name].name)]


def test_a_network_that_had_ended_before_stays_as_it_was(tmp_path: Path) -> None:
    # What its optimizer would remember is of steps that a block happened to take beyond its end.
    vary = {"train.loss_threshold": [1e-9, 0.15]}
    spec = experiment(CUBIC, population={"vary": vary}, train={"steps": 60})
    parent = folder_for(tmp_path, spec, "parent")
    work(parent)
    end = history_of(parent).end
    assert end is not None
    ended_at = end.result["ended_at"][1]
    assert 0 < ended_at < 50
    branch = history_of(forked(parent, 50, "train.steps=70", path=tmp_path))
    losses = branch.series["train"].between(51, 70)[0]
    assert np.isnan(losses).all(axis=0).tolist() == [False, True]
    assert branch.end is not None
    assert branch.end.result["ended_at"] == [70, ended_at]
    assert verify("a-branch", branch).words.startswith("bit-equal")
    said = "networks that had ended before step 50 stay as they were: 2"
    assert [each.message for each in branch.warnings] == [said]
    # What ends it at the very step at which it branches off is asked again.
    again = history_of(forked(parent, ended_at, "train.steps=70", path=tmp_path))
    assert np.isfinite(again.series["train"].between(ended_at + 1, ended_at + 1)[0]).all()
    assert verify("a-branch", again).words.startswith("bit-equal")


def test_a_branch_that_changes_nothing_but_its_length_is_the_longer_run(
    parents: Mapping[str, RunFolder], tmp_path: Path
) -> None:
    longer = work(folder_for(tmp_path, experiment(CUBIC, train={"steps": 80}), "longer"))
    branch = history_of(forked(parents["cubic"], 31, "train.steps=80", path=tmp_path))
    assert came_to(branch) == came_to(longer)


def test_a_rate_from_a_step_on_is_that_rate_asked_for_there(
    parents: Mapping[str, RunFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls = [0]

    def poll(inbox: Inbox) -> list[PendingRequest]:
        polls[0] += 1
        return [PendingRequest("an-id", "ada", "set_lr", {"lr": 0.3})] if polls[0] == 6 else []

    branch = history_of(forked(parents["cubic"], 21, "optimizer.lr=0.3", path=tmp_path))
    monkeypatch.setattr(Inbox, "poll", poll)
    asked = work(folder_for(tmp_path, SPECS["cubic"], "asked"))
    assert [each.step for each in asked.requests] == [21]
    assert rows_of(branch, 1, 60) == rows_of(asked, 1, 60)
    assert verify("asked", asked).words.startswith("bit-equal")


def test_a_branch_of_a_branch_is_one_too_and_can_be_gone_on_with(
    parents: Mapping[str, RunFolder], tmp_path: Path
) -> None:
    first = forked(parents["cubic"], 20, "optimizer.lr=0.3", path=tmp_path)
    second = forked(first, 40, "optimizer.lr=0.01", path=tmp_path)
    assert verify("second", history_of(second)).words.startswith("bit-equal")
    history = work(second, resume={"until": 75})
    assert history.last_step == 75
    assert verify("second", history).words.startswith("bit-equal: 75 steps")
    with pytest.raises(RunError, match=f"before the run branched off; fork {first.name} there"):
        trainer_before(second, history_of(second), 30)
    with pytest.raises(RunError, match=f"fork {parents['cubic'].name} there"):
        trainer_before(second, history_of(second), 10)
    with pytest.raises(RunError, match="is before the run branched off"):
        planned_fork(second, history_of(second), 10, ["optimizer.lr=0.1"])
    shutil.rmtree(second.checkpoints)
    with pytest.raises(
        RunError, match="--at 50: none of the run's checkpoints up to there is left"
    ):
        planned_fork(second, history_of(second), 50, ["optimizer.lr=0.1"])


@pytest.mark.parametrize("more", [{}, {"reschedule": True}])
def test_a_branch_that_was_lengthened_before_the_next_branched_off_is_verified(
    more: dict[str, Any], parents: Mapping[str, RunFolder], tmp_path: Path
) -> None:
    first = forked(parents["minibatches"], 20, "optimizer.momentum=0", path=tmp_path)
    work(first, resume={"until": 80, **more})
    second = forked(first, 70, "optimizer.lr=0.01", "train.steps=90", path=tmp_path)
    assert verify("second", history_of(second)).words.startswith("bit-equal: 90 steps")


@pytest.mark.parametrize("of_a_branch", [False, True])
def test_a_branch_that_was_killed_before_it_began_is_no_run(
    of_a_branch: bool, parents: Mapping[str, RunFolder], tmp_path: Path, capfd: Any
) -> None:
    parent = parents["cubic"]
    if of_a_branch:
        parent = forked(parent, 10, "optimizer.lr=0.3", path=tmp_path)
    branch = forked(parent, 30, "optimizer.lr=0.01", path=tmp_path)
    lines = branch.recording.read_bytes().splitlines(keepends=True)
    said = max(at for at, line in enumerate(lines) if line.startswith(b'{"kind":"fork"'))
    again = f"broken off while it branched off from {parent.name}; epochal fork {parent.name} again"
    for count in (said, said // 2, 1):
        branch.recording.write_bytes(b"".join(lines[:count]))
        history = history_of(branch)
        with pytest.raises(RunError, match=f"cannot be verified, because it was {again}"):
            verify("a-branch", history)
        with pytest.raises(RunError, match=f"cannot branch off, because it was {again}"):
            planned_fork(branch, history, 0, ["optimizer.lr=0.1"])
        assert worker.work(branch, resume={}) == 2
        assert f"cannot be gone on with, because it was {again}" in capfd.readouterr().err


def test_a_branch_can_be_branched_off_from_at_all_of_its_steps(
    parents: Mapping[str, RunFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "ROOM_BYTES", 0)  # As of a network whose state is large.
    first = forked(parents["cubic"], 20, "optimizer.lr=0.3", path=tmp_path)
    work(first, resume={"until": 90})
    assert checkpoints.step_of(checkpoints.written(first)[0]) == 20
    second = forked(first, 21, "optimizer.lr=0.01", path=tmp_path)
    assert verify("second", history_of(second)).words.startswith("bit-equal")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["model.hidden=[8,7]"], "model.hidden: cannot be another from a step on"),
        (["train.seed=9"], r"epochal run PRESET --set train\.seed=9"),
        (["train.steps=10"], "leaves no step to take, as it ends at 10"),
    ],
)
def test_what_would_be_another_run_is_refused(
    changes: list[str], said: str, parents: Mapping[str, RunFolder]
) -> None:
    with pytest.raises(RequestError, match=said):
        branched_experiment(history_of(parents["cubic"]), 20, changes)


@pytest.mark.parametrize("steps", [-3, 5])
def test_rows_beyond_where_a_run_is_over_are_no_rows_of_it(
    parents: Mapping[str, RunFolder], steps: int
) -> None:
    events = list(read(parents["cubic"].recording))
    short = [replace(each, steps=steps) if isinstance(each, Header) else each for each in events]
    for rows in (short, short[:-1]):
        said = verify("a-run", History(rows)).words
        at = max(steps, 0)
        assert said == f"differs: the run was recorded to step 60, and is over at step {at}"


@pytest.mark.parametrize("threads", [-1, 10**9])
def test_threads_that_no_machine_has_are_not_begun(
    parents: Mapping[str, RunFolder], threads: int
) -> None:
    events = list(read(parents["cubic"].recording))
    many = [replace(each, threads=threads) if isinstance(each, Header) else each for each in events]
    with pytest.raises(RunError, match=f"cannot be trained with {threads} threads"):
        verify("a-run", History(many))


def test_no_step_is_taken_again_beyond_where_a_trainer_ends() -> None:
    """As where a recording's header was changed, and says that it ended before it branched off."""
    trainer = Trainer(experiment(CUBIC, train={"steps": 5}), device="cpu", until=9)
    trainer.advance(7)
    trainer.until = 5
    assert [*Retaking(History(), trainer).steps(9)] == []
    assert trainer.step == 7
